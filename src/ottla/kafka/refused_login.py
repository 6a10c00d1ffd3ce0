"""Why a cluster does not let somebody in, where kafka-python only says that nobody answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from ottla.kafka.connection import explain
from ottla.kafka.profile import QUIET

if TYPE_CHECKING:
    from ottla.kafka.settings import ClientSettings

ASK_SECONDS = 4.0
TRY_SECONDS = 0.5
OF_LOGINS = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL})  # noqa: SLF001  (their names)


def refused_login(settings: ClientSettings) -> str | None:
    """What librdkafka is told when it logs in with these settings; None where it gets in, or where nobody answers at all."""
    if not settings.logs_in:
        return None
    heard: list[KafkaError] = []
    config = {"bootstrap.servers": ",".join(settings.bootstrap_servers), **settings.for_data, "error_cb": heard.append}
    try:
        client = AdminClient(config, logger=QUIET)
    except KafkaException as error:  # a certificate that cannot be read
        return explain(error)
    deadline = time.monotonic() + ASK_SECONDS
    while time.monotonic() < deadline:
        try:
            client.list_topics(timeout=TRY_SECONDS)
        except KafkaException:
            client.poll(0)
        else:
            return None
        reasons = [error for error in heard if error.code() in OF_LOGINS]
        if reasons:
            return explain(KafkaException(reasons[-1]))
    return None
