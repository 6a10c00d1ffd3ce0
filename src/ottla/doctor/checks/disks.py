"""Disks: offline, nearly full, full soon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found
from ottla.metrics.lag import UNLIMITED
from ottla.model.units import format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.doctor.evidence import Evidence, LogDirSeen
    from ottla.doctor.finding import Finding

LEAST_GROWTH = 1024 * 1024  # bytes between two looks; less says nothing of the hours to come
LEAST_SHOWN = 0.01
IN_SPEC = "let the largest topics keep less (retention, retention_bytes in the spec), then: ottla plan"
IN_CLUSTER = "let the largest topics keep less (retention.ms, retention.bytes), or give node {} a larger disk"


def check(evidence: Evidence) -> Iterator[Finding]:
    """Each log_dir against its volume, and each node against the disk that the spec gives it; where it is down, its volume."""
    yield from _of_stopped(evidence)
    if evidence.cluster is None:
        return
    for each in evidence.cluster.log_dirs:
        where = f"node {each.node_id}"
        if not each.is_online:
            again = f"ottla restart {each.node_id}" if evidence.has_spec else f"restart node {each.node_id} where it runs"
            command = f"mend the disk, then: {again}"
            yield found(of.LOG_DIR_OFFLINE, where, "has a log_dir that is offline", evidence=[each.path], command=command)
            continue
        fillings = [*_fillings(evidence, each)]
        full = [filling for filling in fillings if filling[2] > filling[1] * evidence.limits.disk_used]
        for name, size, used in full:
            what = f"{name} is {used / size:.0%} full: {format_size(used)} of {format_size(size)}"
            share = _share(evidence, each, used) if size == each.total else 1.0
            lines, command, cause = _largest(evidence, each), _way_out(evidence, each), ""
            if share < evidence.limits.kafka_share:
                lines, cause = [f"Kafka holds {_percent(share)} of what is used", *lines], "something else fills the volume"
                command = _look(each.path, "" if evidence.has_spec else f", where node {each.node_id} runs")
            no_room = size == each.total and size - used < evidence.limits.disk_least
            kind = of.DISK_FULL if no_room else of.DISK_FILLING
            yield found(kind, where, what, evidence=lines, cause=cause, command=command)
        if fillings and not full:
            name, size, used = min(fillings, key=lambda filling: filling[1] - filling[2])  # what is full first
            yield from _soon(evidence, each, name, size - used)


def _of_stopped(evidence: Evidence) -> Iterator[Finding]:
    """Where there is less room than a node needs to start, that is why it does not, and was said."""
    for node in evidence.nodes:
        size, left = node.disk_size, node.disk_free
        if node.pid is not None or not size or left is None or left < evidence.limits.disk_least:
            continue
        used = size - left
        if used > size * evidence.limits.disk_used:
            what = f"does not run, and its volume is {used / size:.0%} full: {format_size(left)} of {format_size(size)} are left"
            path = f"{node.folder}/data"
            yield found(of.DISK_FILLING, f"node {node.node_id}", what, evidence=[path], command=_look(path))


def _share(evidence: Evidence, seen: LogDirSeen, used: int) -> float:
    """How much of what is ``used`` of its volume Kafka may hold at most: nodes of one machine may share a volume."""
    others = evidence.cluster.log_dirs if evidence.cluster is not None and evidence.nodes else (seen,)
    return sum(each.used for each in others if each.total == seen.total) / used


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= LEAST_SHOWN else "less than 1%"


def _look(path: str, where: str = "") -> str:
    return f"see what is there{where}: du -xahd2 $(df --output=target {path} | tail -1) | sort -h | tail; then make room"


def _fillings(evidence: Evidence, seen: LogDirSeen) -> Iterator[tuple[str, int, int]]:
    """What may be full: a name, its size, what is used of it."""
    if seen.total and seen.usable is not None:
        yield f"the volume of {seen.path}", seen.total, seen.total - seen.usable
    if evidence.wanted.disk:
        yield "cluster.disk", evidence.wanted.disk, seen.used


def _soon(evidence: Evidence, seen: LogDirSeen, name: str, left: int) -> Iterator[Finding]:
    growth = seen.used - seen.before
    if growth < LEAST_GROWTH or seen.elapsed <= 0:
        return
    seconds = left * seen.elapsed / growth
    if seconds < evidence.limits.disk_full_within:
        seconds_seen = f"{seen.elapsed:.1f} s"
        what = f"{name} would be full in {format_duration(seconds * 1000)}, if what {seconds_seen} showed went on"
        rate = f"{format_size(growth / seen.elapsed)}/s, seen over {seconds_seen} only"
        lines = [f"it grew by {rate}, and {format_size(left)} are left", *_largest(evidence, seen)]
        yield found(of.DISK_FULL_SOON, f"node {seen.node_id}", what, evidence=lines, command=_way_out(evidence, seen))


def _way_out(evidence: Evidence, seen: LogDirSeen) -> str:
    return IN_SPEC if evidence.has_spec else IN_CLUSTER.format(seen.node_id)


def _largest(evidence: Evidence, seen: LogDirSeen) -> list[str]:
    """The largest topics, and what retention makes of them."""
    configs = {topic.name: topic.configs for topic in evidence.topics}
    return [f"topic {name}: {format_size(size)}{_kept(configs.get(name, {}))}" for name, size in seen.largest]


def _kept(configs: Mapping[str, str]) -> str:
    if not configs:
        return ""
    if "delete" not in configs.get("cleanup.policy", "delete"):
        return ", compacted: retention takes nothing of it"
    if "retention.ms" not in configs or "retention.bytes" not in configs:
        return ""
    age, size = int(configs["retention.ms"]), int(configs["retention.bytes"])
    limits = [
        *([format_duration(age)] if age != UNLIMITED else []),
        *([f"{format_size(size)} for each partition"] if size != UNLIMITED else []),
    ]
    return f", kept for {' or '.join(limits)}" if limits else ", kept for ever: retention takes nothing of it"
