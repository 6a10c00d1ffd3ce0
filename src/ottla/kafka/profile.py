"""The client profile in the words of librdkafka."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ottla.errors import OttlaError
from ottla.model.client import KEPT, LEFT_OUT, RENAMED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.settings import ClientSettings
    from ottla.model.client import ClientProfile


QUIET = logging.getLogger("ottla.librdkafka")  # what it would print is raised or told as well
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False


def producer_config(profile: ClientProfile, settings: ClientSettings) -> dict[str, str | int]:
    """Librdkafka's configuration of a producer. Raises OttlaError for a key that has no meaning there."""
    return {**common_config(settings), **translated(profile.producer, "producer"), **settings.for_data}


def consumer_config(profile: ClientProfile, settings: ClientSettings, *, group: str) -> dict[str, str | int]:
    """Librdkafka's configuration of a consumer. Raises OttlaError for a key that has no meaning there."""
    return {**common_config(settings), **translated(profile.consumer, "consumer"), "group.id": group, **settings.for_data}


def common_config(settings: ClientSettings) -> dict[str, str | int]:
    """What every client of librdkafka is given, beside the settings' own keys."""
    return {
        "bootstrap.servers": ",".join(settings.bootstrap_servers),
        "client.id": "ottla",
        "log_level": 0,
        "reconnect.backoff.max.ms": 200,  # a node that boots is found as soon as it takes clients
    }


def heard(_: Any) -> None:
    """Hear an error: one that is fatal and that nobody hears, confluent_kafka raises wherever it happens to be called next."""


def translated(configs: Mapping[str, str], kind: str) -> dict[str, str | int]:
    """The profile's keys of a ``producer`` or ``consumer``. Raises OttlaError for one that has no meaning there."""
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
