"""The client profile in librdkafka's words: what Java means by a key, and what librdkafka makes of it."""

from __future__ import annotations

import pytest

from ottla.errors import OttlaError
from ottla.kafka.profile import JAVA_BATCHES, is_idempotent, translated


@pytest.mark.parametrize(
    ("producer", "idempotent"),
    [
        ({}, True),  # Java's default (KIP-679), where librdkafka's is no
        ({"acks": "-1"}, True),
        ({"acks": "1"}, False),
        ({"acks": "all", "enable.idempotence": "false"}, False),
        ({"enable.idempotence": "true"}, True),
    ],
)
def test_a_producer_is_idempotent_where_javas_would_be(producer: dict[str, str], *, idempotent: bool) -> None:
    assert is_idempotent(producer) is idempotent
    assert (translated(producer, "producer").get("enable.idempotence") == "true") is idempotent


def test_one_batch_of_an_idempotent_producer_holds_what_java_has_in_flight() -> None:
    profile = {"batch.size": "16384", "acks": "all"}
    assert translated(profile, "producer")["batch.size"] == JAVA_BATCHES * 16384
    assert translated({**profile, "enable.idempotence": "false"}, "producer")["batch.size"] == "16384"
    assert "batch.size" not in translated({"acks": "all"}, "producer")


def test_a_batch_size_stays_within_what_librdkafka_takes_and_one_that_is_no_number_is_left_to_it() -> None:
    assert translated({"batch.size": str(2**31 - 1)}, "producer")["batch.size"] == 2**31 - 1
    assert translated({"batch.size": "much"}, "producer")["batch.size"] == "much"


def test_a_key_without_a_meaning_is_refused_by_name() -> None:
    with pytest.raises(OttlaError, match=r"client\.producer\.buffer\.memory is not a key"):
        translated({"buffer.memory": "1"}, "producer")
