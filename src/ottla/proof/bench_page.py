"""A bench as one page for people: figures and pictures, with nothing that has to be fetched. Pure."""

from __future__ import annotations

from html import escape
from math import log10
from typing import TYPE_CHECKING, Any

from ottla.proof.charts import Drawing, Series, lines, picture
from ottla.proof.html import document, pairs, section, table
from ottla.proof.latency import Latencies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FIGURES = {"p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9", "highest": "max"}
MEASURED = {"ack": "to the acknowledgement", "end_to_end": "end to end"}
COUNTED = {"read": "read (what came again after a rebalance counts again)"}
MEANINGS = {
    "met": ("valid", "The platform carried the load, and met every aim."),
    "wanting": ("unknown", "The platform did not meet every aim."),
    "invalid": ("invalid", "The figures tell of the machine, not of the platform: they are shown, and prove nothing."),
}


def page(data: dict[str, Any]) -> str:
    """The whole page of a bench's document."""
    parts = [f"<h1>Bench of {escape(str(data['platform']))}, {escape(str(data['environment']))}</h1>"]
    if len(data["runs"]) > 1:
        parts.append(section("All runs", _all(data["runs"])))
    for run in data["runs"]:
        parts += _run(run)
    parts.append(section("Where", pairs(_where(data))))
    return document(f"bench: {', '.join(run['verdict'] for run in data['runs'])}", parts)


def _run(run: dict[str, Any]) -> list[str]:
    load, (colour, meaning) = run["load"], MEANINGS[run["verdict"]]
    reasons = "".join(f"<br>{escape(reason)}" for reason in run["reasons"])
    return [
        f"<h1>{escape(run['security'])}, {load['rate']:,} events/s of {load['size']:,} bytes</h1>",
        f'<p class="verdict {colour}"><b>{run["verdict"]}</b>: {meaning}<small>{reasons}</small></p>',
        section("Latency from the intended send, ms", _latencies(run)),
        section("Second by second", picture(_drawings(run), told="throughput, latency, lag and processors over time")),
        section("All latencies", picture([_curve(run)], told="latency by percentile")),
        section("Counts", pairs(_counts(run))),
    ]


def _latencies(run: dict[str, Any]) -> str:
    rows = [
        (told, *(_figure(run["latencies"][name][figure]) for figure in FIGURES), f"{run['latencies'][name]['count']:,}")
        for name, told in {
            **MEASURED,
            "delay": "to the real send (ours)",
            "warm_ack": "in the warm-up, from the real send: to the acknowledgement",
            "warm_end_to_end": "in the warm-up, from the real send: end to end",
        }.items()
    ]
    return table(("", *FIGURES.values(), "events"), rows)


def _all(runs: Sequence[dict[str, Any]]) -> str:
    """Side by side, with the price of security: each p99 by that of the first run."""
    first = runs[0]["latencies"]["end_to_end"]["p99"]
    rows = []
    for run in runs:
        end = run["latencies"]["end_to_end"]
        price = f"{end['p99'] / first:.2f}" if first and end["p99"] else "-"
        shown = (run["security"], run["verdict"], f"{run['load']['rate']:,}", f"{run['achieved']:,.0f}")
        rows.append((*shown, *(_figure(end[figure]) for figure in FIGURES), price))
    return table(("", "verdict", "offered/s", "achieved/s", *FIGURES.values(), "p99 by the first"), rows)


def _drawings(run: dict[str, Any]) -> list[Drawing]:
    seconds = run["seconds"]
    warm_up = float(run["load"]["warm_up"])
    told = "seconds; the load is measured from " + f"{warm_up:g} on"

    def over_time(name: str, value: Callable[[dict[str, Any]], float | None]) -> Series:
        return Series(name, [(second["second"], value(second)) for second in seconds])

    latencies = [
        over_time(f"{short} {shown}", lambda second, name=name, figure=figure: second[name][figure])  # type: ignore[misc]
        for name, short in (("ack", "ack"), ("end_to_end", "end to end"))
        for figure, shown in (("p99", "p99"), ("highest", "max"))
    ]
    throughput = [over_time(name, lambda second, name=name: second[name]) for name in ("acked", "read", "sent")]  # type: ignore[misc]
    host = [
        over_time(name, lambda second, name=name: None if second["host"] is None else second["host"][name])  # type: ignore[misc]
        for name in ("busy", "nodes", "clients", "others", "steal", "waiting")
    ]
    return [
        lines(throughput, title="Throughput", x_label=told, y_label="events/s"),
        lines(latencies, title="Latency", x_label=told, y_label="ms", log=True),
        lines([over_time("lag", lambda second: second["lag"])], title="Lag", x_label=told, y_label="events"),
        lines(host, title="Processors", x_label=told, y_label="share of all"),
    ]


def _curve(run: dict[str, Any]) -> Drawing:
    """Percentiles on an axis that gives each further nine as much room as the one before."""
    series = [
        Series(told, [(nines(percentile), value) for percentile, value in Latencies([run["histograms"][name].encode()]).curve()])
        for name, told in MEASURED.items()
    ]
    return lines(
        series, title="Latency by percentile", x_label="nines: 1 is 90 %, 2 is 99 %, 3 is 99.9 %", y_label="ms", log=True
    )


def nines(percentile: float) -> float:
    """How many nines a percentile has: 90 has one, 99.9 has three."""
    return -log10(max(1e-9, 1 - percentile / 100))


def _counts(run: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("sent", "acked", "failed", "unanswered", "read", "damaged", "lag"):
        yield COUNTED.get(name, name), f"{run[name]:,}"
    yield "achieved", f"{run['achieved']:,.1f} events/s"
    yield "tries that found the queue full", f"{run['held_up']:,}"
    yield "time in which somebody waited for a processor", "-" if run["waiting"] is None else f"{run['waiting']:.0%}"
    yield "JVM", " ".join(run["jvm"])
    yield "began", run["began"]


def _where(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    host = data["host"]
    yield "machine", f"{host['processors']} processors, {host['system']}; nodes and clients share them"
    yield "Kafka", data["kafka_version"]
    yield "topic", str(data["topic"])
    yield "aims", f"p99 end to end less than {data['aims']['p99']:g} ms, lag less than {data['aims']['lag']:,}"
    yield "Ottla", f"{data['ottla_version']}, Python {host['python']}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
