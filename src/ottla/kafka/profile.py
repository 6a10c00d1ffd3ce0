"""The client profile in the words of librdkafka."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import OttlaError
from ottla.model.client import KEPT, LEFT_OUT, RENAMED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.model.client import ClientProfile


def producer_config(profile: ClientProfile, bootstrap_servers: Sequence[str]) -> dict[str, str | int]:
    """Librdkafka's configuration of a producer. Raises OttlaError for a key that has no meaning there."""
    return {**_common(bootstrap_servers), **_translated(profile.producer, "producer")}


def consumer_config(profile: ClientProfile, bootstrap_servers: Sequence[str], *, group: str) -> dict[str, str | int]:
    """Librdkafka's configuration of a consumer. Raises OttlaError for a key that has no meaning there."""
    return {**_common(bootstrap_servers), **_translated(profile.consumer, "consumer"), "group.id": group}


def _common(bootstrap_servers: Sequence[str]) -> dict[str, str | int]:
    return {
        "bootstrap.servers": ",".join(bootstrap_servers),
        "client.id": "ottla",
        "log_level": 0,
        "reconnect.backoff.max.ms": 200,  # a node that boots is found as soon as it takes clients
    }


def _translated(configs: Mapping[str, str], kind: str) -> dict[str, str | int]:
    translated: dict[str, str | int] = {}
    for key, value in configs.items():
        if key in LEFT_OUT:
            continue
        if key not in KEPT and key not in RENAMED:
            raise OttlaError(
                f"client.{kind}.{key} is not a key that this client can follow",
                hint="take it out of the profile, or ask for it in an issue",
            )
        translated[RENAMED.get(key, key)] = value
    return translated
