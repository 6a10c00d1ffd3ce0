"""Everything that an environment is in Kubernetes, in the order in which it can be applied."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site

PARTS: tuple[Callable[[Site], Iterator[Resource]], ...] = ()


def resources_of(site: Site) -> tuple[Resource, ...]:
    """The resources of an environment, the same ones in the same order each time."""
    return tuple(chain.from_iterable(part(site) for part in PARTS))
