"""Faults between the exporter's keys and the rest of an environment."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from ottla.spec.faults import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Path
    from ottla.spec.schema import EnvironmentSpec


def exporter_problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """What the keys of the exporter say against one another, or against the spec."""
    exporter = spec.exporter
    if exporter.basic_auth is not None and exporter.tls is None and not is_loopback(exporter.listen.host):
        yield ("exporter", "basic_auth"), f"the password could be read on the way to {exporter.listen.host}: add exporter.tls"
    if exporter.user is not None and exporter.user not in spec.users:
        yield ("exporter", "user"), f"there is no user {exporter.user}; {did_you_mean(exporter.user, spec.users)}"
    if exporter.canary.enabled and spec.shares is not None:
        yield ("exporter", "canary", "enabled"), f"is of the whole cluster: switch the canary on in {spec.shares}, and off here"
    elif exporter.canary.enabled and exporter.canary.topic in spec.topics_by_full_name:
        yield ("exporter", "canary", "topic"), f"{exporter.canary.topic} is a topic of people's: the canary needs one of its own"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address or name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
