"""A node as it is declared, and the cluster's brokers and quorum as they are seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AUTHORIZER = "authorizer.class.name"  # the property that locks a node: who may do what is asked from here on

JMX_AGENT = "jmx_agent"  # not Kafka's: whether a node has the JMX agent in it; planned as a property, as it wants a restart too
LOG_FORMAT = "logs.format"  # as that one: whether it writes its log as text or as JSON (ecs)


@dataclass(frozen=True, slots=True)
class Node:
    """A node and the properties that are set for it, as Kafka's own text (no defaults)."""

    node_id: int
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Broker:
    """A registered broker; ``fenced`` while it may not lead or take produce requests (KIP-631).

    ``address`` is HOST:PORT of the listener that was asked.
    """

    node_id: int
    fenced: bool
    address: str


@dataclass(frozen=True, slots=True)
class Quorum:
    """The metadata quorum (KIP-595): its leader (the active controller) and who votes."""

    leader: int | None
    epoch: int
    voters: tuple[int, ...]
    observers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LogDir:
    """A log_dir of a node; sizes in bytes. ``total`` and ``usable`` are the volume's (KIP-827)."""

    node_id: int
    path: str
    total: int
    usable: int
    topic_bytes: Mapping[str, int]
