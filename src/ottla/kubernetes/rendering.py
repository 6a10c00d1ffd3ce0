"""Everything that an environment is in Kubernetes, in the order in which it can be applied."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from ottla.kubernetes.dapr import dapr
from ottla.kubernetes.dashboards import dashboards
from ottla.kubernetes.exporter import exporter
from ottla.kubernetes.monitors import left_out, monitors
from ottla.kubernetes.namespaces import namespaces
from ottla.kubernetes.network import network
from ottla.kubernetes.strimzi_kafka import kafka
from ottla.kubernetes.strimzi_metrics import metrics
from ottla.kubernetes.strimzi_pools import pools, storage_class
from ottla.kubernetes.strimzi_topics import topics
from ottla.kubernetes.strimzi_users import users
from ottla.kubernetes.ui import ui

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site

Part: TypeAlias = "Callable[[Site], Iterator[Resource]]"
STEPS: dict[str, tuple[Part, ...]] = {  # in the order of a rollout; what a step makes is waited for before the next one begins
    "namespaces": (namespaces,),
    "network": (network,),
    "storage": (storage_class,),
    "metrics": (metrics,),
    "cluster": (pools, kafka),
    "topics": (topics,),
    "users": (users,),
    "exporter": (exporter,),
    "monitors": (monitors,),
    "dashboards": (dashboards,),
    "ui": (ui,),
    "dapr": (dapr,),
}
NOTES: tuple[Callable[[Site], Iterator[str]], ...] = (left_out,)


def resources_of(site: Site) -> tuple[Resource, ...]:
    """The resources of an environment, the same ones in the same order each time."""
    return tuple(chain.from_iterable(steps_of(site).values()))


def steps_of(site: Site) -> dict[str, tuple[Resource, ...]]:
    """The same by the step of a rollout that makes them."""
    return {name: tuple(chain.from_iterable(part(site) for part in parts)) for name, parts in STEPS.items()}


def notes_of(site: Site) -> tuple[str, ...]:
    """What an environment could have in Kubernetes and has not, and why."""
    return tuple(chain.from_iterable(notes(site) for notes in NOTES))
