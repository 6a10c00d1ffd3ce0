"""`ottla bench`: what the platform carries, and how quickly."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003  (typer reads it)
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.amounts import bytes_of, seconds_of
from ottla.cli.output import Output, OutputOption, TerminalReporter, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, alone, explained, open_platform
from ottla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.platform import LocalPlatform
    from ottla.proof.benching import Run, Security
    from ottla.proof.judging import Aims
    from ottla.proof.load import Load
    from ottla.proof.measurement import Second

ALL = "all"
LEAST_DURATION = 1  # seconds
SHOWN = {"p50": "p50", "p95": "p95", "p99": "p99", "p999": "p99.9", "highest": "max"}


@explained
def command(
    context: typer.Context,
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
    rate: Annotated[int | None, typer.Option("--rate", min=1, help="Events a second; those of `load` if not given.")] = None,
    size: Annotated[str | None, typer.Option("--size", help="Size of an event (1KiB); that of `load` if not given.")] = None,
    duration: Annotated[str, typer.Option("--duration", help="How long it is measured.")] = "30s",
    warm_up: Annotated[str, typer.Option("--warm-up", help="How long before that; the JVM needs it.")] = "30s",
    topic: Annotated[
        str | None, typer.Option("--topic", help="The topic of the spec whose shape is used; the first one if not given.")
    ] = None,
    producers: Annotated[int, typer.Option("--producers", min=1, max=64, help="Processes that send.")] = 1,
    consumers: Annotated[int, typer.Option("--consumers", min=1, max=64, help="Processes that read, in one group.")] = 1,
    seed: Annotated[int, typer.Option("--seed", help="The same seed makes the same events.")] = 1,
    security: Annotated[
        str | None,
        typer.Option(
            "--security", help="plain (if not given), tls, tls+scram, or all of them: what security costs.", metavar="KIND"
        ),
    ] = None,
    here: Annotated[
        bool, typer.Option("--here", help="On the platform itself, as it runs, not on a cluster of its own.")
    ] = False,
    find_max: Annotated[bool, typer.Option("--find-max", help="Search the largest rate that meets the aims.")] = False,
    p99: Annotated[float, typer.Option("--p99", min=0.1, help="Aim: p99 end to end, in ms, is less than this.")] = 100.0,
    lag: Annotated[int, typer.Option("--lag", min=1, help="Aim: the lag, in events, is less than this.")] = 1_000,
    compare: Annotated[
        tuple[Path, Path] | None, typer.Option("--compare", help="Measure nothing: put two saved benches side by side.")
    ] = None,
) -> int:
    """Send events at a fixed rate, and measure each from when it was meant to be sent. Exit 6 if the aims are not met.

    It is done on a cluster of its own, made from the spec and removed afterwards; the platform's data is never touched.
    """
    from ottla.proof.judging import Aims
    from ottla.proof.load import Load
    from ottla.proof.subject import check_load

    if compare is not None:
        alone(context, "--compare", "--output", "--file", "--environment")
        return _compare(*compare, output)
    kinds = _securities(security, here=here, find_max=find_max)
    measured, warm = seconds_of("--duration", duration, least=LEAST_DURATION), seconds_of("--warm-up", warm_up, least=0)
    platform = open_platform(file, environment)
    offered = Load.of_spec(platform.spec.load, rate=rate, size=None if size is None else bytes_of(size), duration=measured)
    _enough(offered)
    load = replace(offered, warm_up=warm, producers=producers, consumers=consumers, seed=seed)
    check_load(platform, topic, load)
    return _bench(platform, load, topic, kinds, Aims(p99=p99, lag=lag), output, here=here, find_max=find_max)


def _enough(load: Load) -> None:
    """Raises UsageError for a load of which no percentile could be told."""
    from ottla.proof.judging import LEAST_EVENTS

    events = round(load.rate * load.duration)
    if events < LEAST_EVENTS:
        took = f"{load.rate:,} events/s for {load.duration:g} s are {events:,} events, and {LEAST_EVENTS:,} are the least"
        raise UsageError(took, hint=f"--duration {math.ceil(LEAST_EVENTS / load.rate)}s, or a higher --rate")


def _securities(word: str | None, *, here: bool, find_max: bool) -> list[Security]:
    from ottla.proof.benching import Security

    if here and find_max:
        raise UsageError(
            "--find-max is for a cluster of its own, and --here for the platform itself", hint="take one of them away"
        )
    if here and word is not None:
        raise UsageError(f"--security {word}: with --here it is as the platform is secured", hint="take --security away")
    known = {each.value: each for each in Security}
    word = Security.PLAIN.value if word is None else word
    if word == ALL:
        if find_max:
            raise UsageError("--security all is for one rate, and --find-max tries many", hint="take one of them away")
        return list(known.values())
    if word not in known:
        raise UsageError(f"--security {word}: it is one of {', '.join(known)}, {ALL}")
    return [known[word]]


def _bench(
    platform: LocalPlatform,
    load: Load,
    topic: str | None,
    kinds: list[Security],
    aims: Aims,
    output: Output,
    *,
    here: bool,
    find_max: bool,
) -> int:
    from ottla.proof import benching
    from ottla.proof.judging import Verdict

    heard, best = _Heard(platform, aims), None
    if find_max:
        best, runs = benching.find_max(platform, load, topic, kinds[0], aims, heard)
    elif here:
        runs = benching.bench_here(platform, load, topic, aims, heard)
    else:
        runs = benching.bench(platform, load, topic, kinds, aims, heard)
    if output is Output.TABLE:
        _print_table(runs, best, find_max=find_max)
    else:
        print_document("bench", {**heard.document, "saved": str(heard.path)}, output)
    met = best is not None if find_max else all(run.judgement.verdict is Verdict.MET for run in runs)
    return 0 if met else WANTING


def _print_table(runs: Sequence[Run], best: Run | None, *, find_max: bool) -> None:
    latencies = [
        [
            run.security.value,
            f"{run.measurement.load.rate:,}",
            f"{run.measurement.achieved:,.0f}",
            name.replace("_", " "),
            *row,
        ]
        for run in runs
        for name, each in run.measurement.summary().items()
        if name in ("ack", "end_to_end")
        for row in [[_milliseconds(getattr(each, figure)) for figure in SHOWN]]
    ]
    print_table(["security", "offered/s", "achieved/s", "ms", *SHOWN.values()], latencies)
    for run in runs:
        typer.echo(_sentence(run))
        for reason in run.judgement.reasons:
            typer.echo(f"  {reason}")
    if find_max:
        found = f"{best.measurement.load.rate:,} events/s" if best else "no rate that was tried"
        typer.echo(f"the largest load that meets the aims: {found}")


def _sentence(run: Run) -> str:
    measurement = run.measurement
    hosts = measurement.hosts
    used = f", processors {sum(each.busy for each in hosts) / len(hosts):.0%} busy" if hosts else ""
    return (
        f"{run.judgement.verdict.value.upper()}  {run.security.value}: {len(measurement.ack):,} events measured, lag at most "
        f"{measurement.lag:,}{used}; JVM {' '.join(run.jvm)}"
    )


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


class _Heard:
    """Shows what goes on, on stderr, and saves each run as it ends: an error in a later one loses none.

    ``path`` is where; the ``document`` has a page to look at beside it.
    """

    def __init__(self, platform: LocalPlatform, aims: Aims) -> None:
        self._platform, self._aims = platform, aims
        self._runs: list[Run] = []
        self._reporter = TerminalReporter()
        self.document: dict[str, Any] = {}
        self.path = platform.folder / "bench" / f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}.json"

    def step(self, text: str) -> None:
        self._reporter.step(text)

    def done(self, run: Run) -> None:
        from ottla.proof.bench_document import document, save

        self._runs.append(run)
        self.document = document(self._runs, self._aims, self._platform)
        note(f"saved: {save(self.path, self.document)}")

    def second(self, number: int, second: Second) -> None:
        latency = f"p99 {_milliseconds(second.ack.at(99))} ms to the ack, {_milliseconds(second.end_to_end.at(99))} ms end to end"
        self._reporter.step(f"second: {number + 1}, {second.acked:,} acknowledged, {latency}, lag {second.lag:,}")


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _compare(first: Path, second: Path, output: Output) -> int:
    from ottla.proof.bench_document import compare, differences, read_document

    before, after = read_document(first), read_document(second)
    found, apart = compare(before, after), differences(before, after)
    if output is Output.TABLE:
        rows = [
            [each.security, f"{each.rate:,}", each.figure, *map(_milliseconds, (each.before, each.after)), _ratio(each.ratio)]
            for each in found
        ]
        print_table(["security", "offered/s", "figure", "first", "second", "second/first"], rows)
        for text in apart:
            note(f"not alike: {text}")
    else:
        data = [
            {
                "security": each.security,
                "rate": each.rate,
                "figure": each.figure,
                "first": each.before,
                "second": each.after,
                "ratio": each.ratio,
            }
            for each in found
        ]
        print_document("bench-comparison", {"figures": data, "not_alike": apart}, output)
    return 0
