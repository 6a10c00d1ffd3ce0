"""The event contracts of all topics together: who carries which events, and whether compaction would lose them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ottla.spec.faults import did_you_mean
from ottla.spec.policy import cleanup_policy
from ottla.spec.schema import EnvironmentSpec, EventContract, EventValue, TopicSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Path


def contract_problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """Every fault in the events that topics say they carry."""
    for name, topic in spec.topics.items():
        if topic.event is not None:
            yield from _of_topic(spec, name, topic, topic.event)
    yield from _claims(spec)


def _of_topic(spec: EnvironmentSpec, name: str, topic: TopicSpec, event: EventContract) -> Iterator[tuple[Path, str]]:
    path: Path = ("topics", name, "event")
    compacted = "compact" in cleanup_policy(spec, topic)
    if event.tombstones and not compacted:
        yield (*path, "tombstones"), "a tombstone means nothing without cleanup_policy: compact"
    if event.value is not EventValue.STATE and compacted:
        yield path, "events of a compacted topic carry the full state (value: state), or compaction loses it"
    for index, kind in enumerate(event.types):
        if kind in event.types[:index]:
            yield (*path, "types", index), f"{kind} is written twice"
    if event.routed_from is not None:
        yield from ((((*path, "routed_from")), message) for message in _route_problems(spec, name, event, event.routed_from))


def _route_problems(spec: EnvironmentSpec, name: str, event: EventContract, source: str) -> Iterator[str]:
    if source == name:
        yield "a topic is not routed from itself"
        return
    if source not in spec.topics:
        yield f"there is no topic {source}; {did_you_mean(source, spec.topics)}"
        return
    there = spec.topics[source].event
    missing = [kind for kind in event.types if there is not None and there.types and kind not in there.types]
    if missing:
        yield f"{source} does not carry {', '.join(missing)}"


def _claims(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """A type of event has one topic that it is written to first; any other says where it gets it from."""
    origins: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for name, topic in spec.topics.items():
        if topic.event is None or topic.event.routed_from is not None:
            continue
        for index, kind in enumerate(topic.event.types):
            origins[kind].append((("topics", name, "event", "types", index), name))
    for kind, claims in origins.items():
        first = claims[0][1]
        for path, name in claims[1:]:
            if name != first:
                yield path, f"{kind} is claimed by {first} as well; if it comes from there, say `routed_from: {first}`"
