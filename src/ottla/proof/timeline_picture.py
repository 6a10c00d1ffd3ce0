"""A run as one picture over time: throughput, latency, ISR, with the fault and its healing as bands. From a history alone."""

from __future__ import annotations

from array import array
from collections import defaultdict
from typing import TYPE_CHECKING

from ottla.proof.charts import Band, Drawing, Series, lines, picture
from ottla.proof.history.columns import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ottla.proof.history.columns import Event, History

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
X_LABEL = "seconds since the load began"
LATENCY = "latency, ms (log)"


def timeline_picture(history: History) -> str:
    """One SVG. A latency stands at the second its record was MEANT to be sent in, so that waiting is not hidden."""
    origin = history.first("load-begins") or history.run.began_ns
    bands = list(_bands(history, origin))
    acks, reads = _acks(history, origin), _reads(history, origin)
    length = max([*acks.seconds, *reads.seconds, *(int(band.end) for band in bands), 0]) + 1
    x_range = (0.0, float(length))
    drawings = [
        lines(
            [Series("acknowledged/s", _counts(acks.seconds, length)), Series("read/s", _counts(reads.seconds, length))],
            title="Throughput",
            x_label=X_LABEL,
            y_label="records/s",
            x_range=x_range,
            bands=bands,
        ),
        _latency(acks.latencies, length, "Acknowledged: from intended send to acknowledgement", bands),
        _latency(reads.latencies, length, "End to end: from intended send to first delivery", bands),
    ]
    isr = [event for event in history.timeline if event.what == "isr"]
    if isr:
        drawings.append(_isr(isr, origin, length, bands))
    return picture(drawings, told=f"{history.run.drill}: throughput, latency and in-sync replicas over time")


class _Seen:
    """Events by second: how many happened in it, and how long those waited that were meant in it (ms)."""

    def __init__(self) -> None:
        self.seconds: dict[int, int] = defaultdict(int)
        self.latencies: dict[int, list[float]] = defaultdict(list)


def _acks(history: History, origin: int) -> _Seen:
    seen, kind = _Seen(), int(Kind.ACKED)
    for attempts in history.attempts:
        for each, intended, at in zip(attempts.kind, attempts.intended, attempts.at, strict=True):
            if each == kind:
                seen.seconds[(at - origin) // NS_PER_SECOND] += 1
                seen.latencies[(intended - origin) // NS_PER_SECOND].append((at - intended) / NS_PER_MS)
    return seen


def _reads(history: History, origin: int) -> _Seen:
    """Every delivery counts as throughput; the latency is that of the first."""
    seen = _Seen()
    first = {attempts.producer: array("q", bytes(8 * len(attempts))) for attempts in history.attempts}  # 0: not read
    nothing = array("q")
    for member in history.members:
        for producer, seq, at in zip(member.reads.producer, member.reads.seq, member.reads.at, strict=True):
            seen.seconds[(at - origin) // NS_PER_SECOND] += 1
            times = first.get(producer, nothing)
            if 0 <= seq < len(times) and not 0 < times[seq] <= at:
                times[seq] = at
    for attempts in history.attempts:
        for intended, at in zip(attempts.intended, first[attempts.producer], strict=True):
            if at:
                seen.latencies[(intended - origin) // NS_PER_SECOND].append((at - intended) / NS_PER_MS)
    return seen


def _counts(seconds: Mapping[int, int], length: int) -> list[tuple[float, float | None]]:
    return [(second + 0.5, float(seconds.get(second, 0))) for second in range(length)]


def _latency(latencies: Mapping[int, Sequence[float]], length: int, title: str, bands: Sequence[Band]) -> Drawing:
    ordered = {second: sorted(each) for second, each in latencies.items()}
    series = [
        Series(name, [(second + 0.5, _quantile(ordered.get(second, []), share)) for second in range(length)])
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    ]
    x_range = (0.0, float(length))
    return lines(series, title=title, x_label=X_LABEL, y_label=LATENCY, x_range=x_range, bands=bands, log=True)


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest rank of sorted values; None of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _isr(events: Iterable[Event], origin: int, length: int, bands: Sequence[Band]) -> Drawing:
    """A value holds until the next one, and the last one to the end. What was before the load began holds at its beginning."""
    in_sync: list[tuple[float, float | None]] = []
    wanted: list[tuple[float, float | None]] = []
    for event in events:
        x = max(0.0, (event.at - origin) / NS_PER_SECOND)
        in_sync.append((x, event.facts.get("in_sync")))
        wanted.append((x, event.facts.get("of")))
    for each in (in_sync, wanted):
        each.append((float(length), each[-1][1]))
    series = [Series("in sync", in_sync), Series("replicas", wanted)]
    x_range = (0.0, float(length))
    return lines(
        series,
        title="Replicas in sync",
        x_label=X_LABEL,
        y_label="replicas",
        x_range=x_range,
        bands=bands,
        steps=True,
        height=160,
    )


def _bands(history: History, origin: int) -> Iterator[Band]:
    """From applied to where healing begins, and from there to healed; a fault that was never healed lasts to the end."""
    end = max((event.at for event in history.timeline), default=origin)
    heals = [event for event in history.timeline if event.what in {"heal-begins", "healed"}]
    for event in history.timeline:
        if event.what != "fault-applied":
            continue
        mine = [each for each in heals if each.at >= event.at and _fault(each) == _fault(event)]
        begins = next((each.at for each in mine if each.what == "heal-begins"), None)
        healed = next((each.at for each in mine if each.what == "healed"), None)
        stops = next((at for at in (begins, healed) if at is not None), end)
        yield Band(_seconds(event.at, origin), _seconds(stops, origin), str(event.facts.get("fault", "fault")))
        if begins is not None:
            yield Band(_seconds(begins, origin), _seconds(healed or end, origin), "heal", "heal")


def _fault(event: Event) -> tuple[object, object]:
    return event.facts.get("fault"), event.facts.get("target")


def _seconds(at: int, origin: int) -> float:
    return (at - origin) / NS_PER_SECOND
