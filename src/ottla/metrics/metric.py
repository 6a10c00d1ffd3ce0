"""What a metric is: its name, type, unit and labels, where it comes from, when it is there, and as what else it is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ottla.model.metric_family import Family


class Type(StrEnum):
    """Prometheus' word for how a metric behaves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Granularity(StrEnum):
    """How many series a metric has: one for each of these. The order is from few to many."""

    CLUSTER = "cluster"
    NODE = "node"
    CONSUMER_GROUP = "consumer_group"
    TOPIC = "topic"
    PARTITION = "partition"


class Presence(StrEnum):
    """When a metric has a sample."""

    ALWAYS = "always"
    ROLE = "role"
    AFTER_EVENT = "after-event"


class Role(StrEnum):
    """What a node does. A combined node is both."""

    BROKER = "broker"
    CONTROLLER = "controller"


@dataclass(frozen=True, slots=True)
class Collected:
    """Read by the exporter. ``collector`` is one of its rounds; ``request`` is Kafka's name of it, or what else it is from."""

    collector: str
    request: str


@dataclass(frozen=True, slots=True)
class MBean:
    """Read by the JMX agent inside a node.

    ``object_name`` is JMX's, with ``*`` where a label's value stands; ``labels`` has the keys of those, in the order of the
    metric's labels, and ``values`` what the last of them may be, if not anything. A text is read as a label, with the value 1.
    ``factor`` turns the attribute's unit into the metric's.
    """

    object_name: str
    attribute: str
    roles: frozenset[Role]
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    text: bool = False
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class AlsoKnownAs:
    """Another name of a metric, which dashboards of ``origin`` look for. ``labels`` are in the metric's order."""

    name: str
    labels: tuple[str, ...]
    origin: str


@dataclass(frozen=True, slots=True)
class Metric:
    """An entry of the catalogue. ``meaning`` is its help text; ``unit`` is Prometheus' base unit, or what is counted.

    ``bounds`` are the upper bounds of a histogram's buckets, without the last one (+Inf).
    """

    name: str
    type: Type
    unit: str
    meaning: str
    family: Family
    granularity: Granularity
    source: Collected | MBean
    labels: tuple[str, ...] = ()
    presence: Presence = Presence.ALWAYS
    when: str = ""
    bounds: tuple[float, ...] = ()
    also: tuple[AlsoKnownAs, ...] = ()


__all__ = ["AlsoKnownAs", "Collected", "Family", "Granularity", "MBean", "Metric", "Presence", "Role", "Type"]
