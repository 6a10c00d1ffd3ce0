"""Specs as text, rendered: what each file holds, as Kubernetes reads it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.conftest import SHIPPED_SPEC

from ottla.kubernetes.rendering import resources_of
from ottla.kubernetes.site import Site
from ottla.spec import Target, load_spec

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.resource import Resource

NAME = "k8s"
OPEN = """\
platform: shop
cluster: {name: shop, disk: 10GiB}
environments: {k8s: {target: strimzi}}
topics: {orders: {partitions: 2}, paid: {partitions: 1}}
"""
LOCKED = f"{OPEN}security: {{enabled: true}}\n"  # and a last line with its users
ADMIN = "admin: {admin: true}"


def locked(users: str = "", *, security: str = "enabled: true", more: str = "") -> str:
    """A locked platform with an administrator, and with these users."""
    return f"{OPEN}security: {{{security}}}\nusers: {{{ADMIN}{', ' if users else ''}{users}}}\n{more}"


def sites_of(text: str, folder: Path) -> dict[str, Site]:
    """The environments of a text that lie in Kubernetes, by name."""
    path = folder / "platform.yaml"
    path.write_text(text)
    spec = load_spec(path)
    return {name: Site(name, one) for name, one in spec.environments.items() if one.target is Target.STRIMZI}


def site_of(text: str, folder: Path) -> Site:
    """The environment `k8s` of a text."""
    return sites_of(text, folder)[NAME]


def documents(site: Site) -> dict[str, dict[str, Any]]:
    """The rendered files, by name."""
    return {each.file: each.document for each in resources_of(site)}


def of_kind(site: Site, kind: str) -> dict[str, dict[str, Any]]:
    """The rendered resources of one kind, by their names."""
    return {each["metadata"]["name"]: each for each in documents(site).values() if each["kind"] == kind}


@cache
def shipped() -> dict[str, Site]:
    """The shipped environments that lie in Kubernetes."""
    spec = load_spec(SHIPPED_SPEC)
    return {name: Site(name, one) for name, one in spec.environments.items() if one.target is Target.STRIMZI}


def resources(site: Site) -> tuple[Resource, ...]:
    """All of them."""
    return resources_of(site)
