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

# An idempotent producer of librdkafka sends a batch of a partition once fewer than 5 EVENTS are on their way to it, where one of
# Java sends it once fewer than 5 batches are (rdkafka_broker.c holds RD_KAFKA_IDEMP_MAX_INFLIGHT against rktp_msgs_inflight).
# What Java may have in flight is one batch there; with Java's size it would be held up, for one answer after the other.
JAVA_BATCHES = 5
BATCH, LARGEST = "batch.size", 2**31 - 1


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


def is_idempotent(producer: Mapping[str, str]) -> bool:
    """Whether a producer with these keys of a profile is idempotent.

    librdkafka's default is no; Java's, which a spec is written for, is yes unless acks say otherwise (KIP-679).
    """
    wanted = producer.get("enable.idempotence")
    return wanted == "true" if wanted is not None else producer.get("acks", "all") in {"all", "-1"}


def translated(configs: Mapping[str, str], kind: str) -> dict[str, str | int]:
    """The profile's keys of a ``producer`` or ``consumer``. Raises OttlaError for one that has no meaning there."""
    known: dict[str, str | int] = {}
    for key, value in configs.items():
        if key in LEFT_OUT:
            continue
        if key not in KEPT and key not in RENAMED:
            raise OttlaError(
                f"client.{kind}.{key} is not a key that this client can follow",
                hint="take it out of the profile, or ask for it in an issue",
            )
        known[RENAMED.get(key, key)] = value
    if kind == "producer" and is_idempotent(configs):
        known["enable.idempotence"] = "true"
        if configs.get(BATCH, "").isdecimal():  # anything else is librdkafka's to refuse
            known[BATCH] = min(JAVA_BATCHES * int(configs[BATCH]), LARGEST)
    return known
