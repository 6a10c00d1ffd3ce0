"""Faults between the exporter's keys and the rest of an environment."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from ottla.spec.faults import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Path
    from ottla.spec.exporter import ExporterSpec
    from ottla.spec.schema import EnvironmentSpec


OF_KAFKA = frozenset(
    {"__cluster_metadata", "__consumer_offsets", "__remote_log_metadata", "__share_group_state", "__transaction_state"}
)


def exporter_problems(spec: EnvironmentSpec) -> Iterator[tuple[Path, str]]:
    """What the keys of the exporter say against one another, or against the spec."""
    exporter = spec.exporter
    shown = shown_password(exporter)
    if shown is not None:
        yield ("exporter", "basic_auth"), shown
    if exporter.user is not None and exporter.user not in spec.users:
        yield ("exporter", "user"), f"there is no user {exporter.user}; {did_you_mean(exporter.user, spec.users)}"
    if exporter.canary.enabled and spec.shares is not None:
        yield ("exporter", "canary", "enabled"), f"is of the whole cluster: switch the canary on in {spec.shares}, and off here"
    elif exporter.canary.topic in OF_KAFKA:
        yield ("exporter", "canary", "topic"), f"{exporter.canary.topic} is Kafka's own: the canary needs a topic of its own"
    elif exporter.canary.enabled and exporter.canary.topic in spec.topics_by_full_name:
        yield ("exporter", "canary", "topic"), f"{exporter.canary.topic} is a topic of people's: the canary needs one of its own"


def shown_password(exporter: ExporterSpec) -> str | None:
    """What is wrong with a password that would cross a network in the clear; None where it does not."""
    if exporter.basic_auth is None or exporter.tls is not None or is_loopback(exporter.listen.host):
        return None
    return f"the password could be read on the way to {exporter.listen.host}: add exporter.tls"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address or name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
