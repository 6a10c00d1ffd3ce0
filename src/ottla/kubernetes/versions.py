"""Kafka's versions and metadata.version in a Kubernetes: which is older, and what is held back until it is asked for. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.resource import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.resource import Resource

NUMBERS = re.compile(r"\d+")


def is_older(one: str, other: str) -> bool:
    """Whether ``4.2.1`` comes before ``4.3.0``, or ``4.2-IV1`` before ``4.3-IV0``."""
    return order(one) < order(other)


def order(version: str) -> tuple[int, ...]:
    """Something that sorts as versions of one kind do."""
    return tuple(map(int, NUMBERS.findall(version)))


def metadata_version(kafka: Mapping[str, Any]) -> str | None:
    """That of a cluster that is there: what its operator has seen, else what it was told."""
    seen = (kafka.get("status") or {}).get("kafkaMetadataVersion")
    said = kafka["spec"]["kafka"].get("metadataVersion")
    return None if seen is None and said is None else str(seen or said)


def _held(kafka: Mapping[str, Any]) -> str | None:
    """What is not to be raised: that of a cluster that is there, or a later one that it was told and has not come to yet."""
    known = (metadata_version(kafka), kafka["spec"]["kafka"].get("metadataVersion"))
    return max((str(each) for each in known if each is not None), key=order, default=None)


def held_back(resource: Resource, live: Mapping[str, Any]) -> Resource:
    """The Kafka resource with the metadata.version that is there, where its own is a later one: raising it is one-way.

    Strimzi itself would raise it as soon as all nodes run the new Kafka (KRaftVersionChangeCreator of 1.2.0). One that was told
    already stays told: whoever finalised an upgrade, and was cut off, does not want it taken back.
    """
    spec = plain(resource.tree)["spec"]
    there, wanted = _held(live), spec["kafka"].get("metadataVersion")
    if there is None or wanted is None or not is_older(there, wanted):
        return resource
    spec["kafka"]["metadataVersion"] = there
    return replace(resource, tree={**resource.tree, "spec": spec})
