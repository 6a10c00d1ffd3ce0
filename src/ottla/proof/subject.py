"""What a load is put on: the platform itself, or a cluster of its own made from the spec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.local.jvm import flags_of
from ottla.local.processes import command_line
from ottla.proof.messages import Job
from ottla.spec.faults import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ottla.model.topic import Topic
    from ottla.platform import LocalPlatform
    from ottla.platform.access import Access
    from ottla.proof.load import Load

LARGEST_REQUEST, LARGEST_BY_DEFAULT = "max.request.size", 1_048_576  # Kafka's own


@dataclass(frozen=True, slots=True)
class Subject:
    """A cluster, the processes of its nodes, and the topic whose shape the load's own one gets.

    ``types`` and ``key_name`` are those of its events in the spec; ``jvm`` are the flags of its nodes.
    """

    access: Access
    topic: Topic
    types: tuple[str, ...]
    key_name: str
    nodes: Collection[int]
    jvm: tuple[str, ...] = ()

    def job(self, topic: str, load: Load, run: str, history: Path | None) -> Job:
        """What its workers are to do: a load on a topic, which is the name of the group as well; the first of each kind."""
        return Job(
            number=0,
            settings=self.access.settings,
            profile=self.access.profile,
            topic=topic,
            load=load,
            run=run,
            types=self.types,
            key_name=self.key_name,
            group=topic,
            history=history,
        )


def check_load(platform: LocalPlatform, topic: str | None, load: Load) -> None:
    """Raises UsageError, before anything is started, for what ``subject_of`` refuses, and for events that no producer sends."""
    _name_of(platform, topic)
    largest = int(platform.profile.producer.get(LARGEST_REQUEST, LARGEST_BY_DEFAULT))
    if load.size >= largest:
        told = f"an event of {load.size:,} bytes does not fit into a request of {largest:,} bytes"
        raise UsageError(told, hint=f"take a smaller --size, or raise client.producer.{LARGEST_REQUEST} and message.max.bytes")


def subject_of(platform: LocalPlatform, topic: str | None, *, user: str | None = None) -> Subject:
    """A platform that runs, met as ``user`` (None: the administrator, or anybody); topic None: the first of the spec.

    Raises UsageError for a topic that is not in the spec, or a spec without any.
    """
    name = _name_of(platform, topic)
    event = platform.spec.topics[name].event
    nodes = platform.cluster.running().values()
    return Subject(
        access=platform.access(user),
        topic=platform.desired.topics[platform.spec.full_name(name)],
        types=tuple(event.types) if event else (),
        key_name=(event.key if event else None) or "key",
        nodes=[process.pid for process in nodes],
        jvm=tuple(sorted({flag for process in nodes for flag in flags_of(command_line(process))})),
    )


def _name_of(platform: LocalPlatform, topic: str | None) -> str:
    name = topic or next(iter(platform.spec.topics), None)
    if name is None:
        raise UsageError("the spec has no topic whose shape could be used", hint="add one to `topics`")
    if name not in platform.spec.topics:
        raise UsageError(f"there is no topic {name!r} in the spec: {did_you_mean(name, platform.spec.topics)}")
    return name
