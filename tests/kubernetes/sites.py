"""Specs as text, rendered: what each file holds, as Kubernetes reads it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.conftest import SHIPPED_SPEC

from ottla.kubernetes.site import Site
from ottla.kubernetes.strimzi_kafka import kafka
from ottla.kubernetes.strimzi_metrics import metrics
from ottla.kubernetes.strimzi_pools import pools, storage_class
from ottla.kubernetes.strimzi_topics import topics
from ottla.kubernetes.strimzi_users import users
from ottla.spec import Target, load_spec

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.resource import Resource
    from ottla.spec import Spec

PARTS = (storage_class, metrics, pools, kafka, topics, users)  # those that are Strimzi's
NAME = "k8s"
OPEN = """\
platform: shop
cluster: {name: shop, disk: 10GiB}
environments: {k8s: {target: strimzi}}
topics: {orders: {partitions: 2}, paid: {partitions: 1}}
"""
ADMIN = "admin: {admin: true}"


def locked(users: str = "", *, security: str = "enabled: true", more: str = "") -> str:
    """A locked platform with an administrator, and with these users."""
    return f"{OPEN}security: {{{security}}}\nusers: {{{ADMIN}{', ' if users else ''}{users}}}\n{more}"


def loaded(text: str, folder: Path) -> Spec:
    """A spec that has no faults."""
    path = folder / "platform.yaml"
    path.write_text(text)
    return load_spec(path)


def in_kubernetes(spec: Spec) -> dict[str, Site]:
    """The environments of a spec that lie in Kubernetes, by name."""
    return {name: Site(name, one) for name, one in spec.environments.items() if one.target is Target.STRIMZI}


def sites_of(text: str, folder: Path) -> dict[str, Site]:
    """The same of a text."""
    return in_kubernetes(loaded(text, folder))


def site_of(text: str, folder: Path) -> Site:
    """The environment `k8s` of a text."""
    return sites_of(text, folder)[NAME]


def resources(site: Site) -> list[Resource]:
    """What is rendered for Strimzi."""
    return [each for part in PARTS for each in part(site)]


def documents(site: Site) -> dict[str, dict[str, Any]]:
    """The same as Kubernetes takes it, by the names of files."""
    return {each.file: each.document for each in resources(site)}


def of_kind(site: Site, kind: str) -> dict[str, dict[str, Any]]:
    """The rendered resources of one kind, by their names."""
    return {each["metadata"]["name"]: each for each in documents(site).values() if each["kind"] == kind}


@cache
def shipped() -> dict[str, Site]:
    """The shipped environments that lie in Kubernetes."""
    return in_kubernetes(load_spec(SHIPPED_SPEC))
