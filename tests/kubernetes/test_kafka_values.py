"""Kafka's texts in YAML and back: what Strimzi makes of them is what Kafka was meant to get."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ottla.kubernetes.kafka_values import written_value
from ottla.spec.kafka_configs import config_keys
from ottla.spec.versions import DEFAULT_KAFKA_VERSION

SCOPES = ("broker", "topic")
KEYS = [(scope, key) for scope in SCOPES for key in config_keys(scope)]
numbers = st.integers(-(2**63), 2**63 - 1).map(str) | st.floats(allow_nan=True).map(repr)
odd = st.sampled_from(["", "007", "+5", "1e3", "1.50", "TRUE", "true", "false", "inf", "nan", "0.5", "1.0", "-0", "\uff11"])
texts = numbers | odd | st.text(max_size=6)


def as_java_writes(value: object) -> str:
    """Java's toString of what a JSON reader makes of the value (integers, booleans, texts; doubles without an exponent)."""
    read = json.loads(json.dumps(value))
    if isinstance(read, bool):
        return "true" if read else "false"
    return read if isinstance(read, str) else repr(read)


@given(key=st.sampled_from(KEYS), text=texts)
@example(key=("topic", "retention.ms"), text="None")
def test_a_text_comes_back_letter_by_letter(key: tuple[str, str], text: str) -> None:
    scope, name = key
    written = written_value(scope, name, text, DEFAULT_KAFKA_VERSION)  # type: ignore[arg-type]  # one of SCOPES
    assert as_java_writes(written) == text
    assert "e" not in repr(written) or not isinstance(written, float)  # Java would write it in another way


@pytest.mark.parametrize(
    ("key", "text", "written"),
    [
        ("retention.ms", "604800000", 604800000),
        ("retention.bytes", "-1", -1),
        ("min.insync.replicas", "2", 2),
        ("preallocate", "false", False),
        ("min.cleanable.dirty.ratio", "0.5", 0.5),
        ("min.cleanable.dirty.ratio", "1", "1"),
        ("cleanup.policy", "compact,delete", "compact,delete"),
        ("segment.bytes", "007", "007"),
        ("no.such.key", "5", "5"),
    ],
)
def test_numbers_and_booleans_are_written_as_such_and_only_where_the_key_is_one(key: str, text: str, written: object) -> None:
    found = written_value("topic", key, text, DEFAULT_KAFKA_VERSION)
    assert (type(found), found) == (type(written), written)
