"""Records as text and back: no byte is lost on the way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.cli.record_text import formatter, parse_line, record_line
from ottla.errors import UsageError
from ottla.model.record import Outgoing, Record

data = st.none() | st.binary(max_size=40) | st.text(max_size=20).map(str.encode)
records = st.builds(
    Record,
    topic=st.just("t"),
    partition=st.integers(0, 9),
    offset=st.integers(0, 2**40),
    timestamp=st.none() | st.integers(0, 2**41),
    timestamp_type=st.just("CreateTime"),
    key=data,
    value=data,
    headers=st.lists(st.tuples(st.text(max_size=8), data), max_size=4).map(tuple),
)
EXAMPLE = Record("t", 1, 7, 1700000000000, "CreateTime", b"k", b"a\xff", (("h", b"1"), ("h", None)))


@given(records)
def test_json_keeps_every_byte_of_key_value_and_headers(record: Record) -> None:
    line = record_line(record)
    assert line.count(b"\n") == 1
    assert parse_line(line) == Outgoing(record.key, record.value, record.headers, None, record.timestamp)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_line_is_a_record_or_a_sentence(line: bytes) -> None:
    try:
        parse_line(line)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017  (either outcome is right)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[]", "expected an object"),
        (b'{"key": "k"}', '"value"'),
        (b'{"value": "v", "headers": "h"}', '"headers"'),
        (b'{"value": "v", "headers": [["a"]]}', '"headers"'),
        (b'{"value": {"base64": "%%"}}', "not base64"),
        (b'{"value": "v", "partition": -1}', "whole number"),
        (b'{"value": "v", "timestamp": true}', "whole number"),
        (b'{"value": "v", "timestamp": 100000000000000000000000}', "whole number"),
        (b'{"value": "v", "partition": 1099511627776}', "whole number"),
        (b'{"value": "v", "partiton": 1}', "unknown: partiton"),
        (b'{"value": "v", "headers": [["\\ud800", "v"]]}', "surrogates not allowed"),
        (b'{"value": ' + b"[" * 100_000, "not JSON"),
    ],
)
def test_a_line_that_is_no_record_is_refused_with_what_is_wrong(line: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_line(line)


def test_a_persons_own_object_may_name_a_partition_and_json_values_stay_json() -> None:
    found = parse_line(b'{"value": {"task_id": 1}, "key": 7, "partition": 2, "headers": {"a": "b"}}')
    assert found == Outgoing(b"7", json.dumps({"task_id": 1}).encode(), (("a", b"b"),), 2)


def test_only_what_consume_printed_is_an_envelope() -> None:
    with pytest.raises(ValueError, match="unknown: data"):
        parse_line(b'{"value": "x", "data": {"value": "other"}}')


def test_format_strings_mean_what_they_mean_in_kcat() -> None:
    text = r"%t %p %o %T %k %K %S %h%%\t\x41\n"
    assert formatter(text)(EXAMPLE) == b"t 1 7 1700000000000 k 1 2 h=1,h=NULL%\tA\n"
    empty = EXAMPLE._replace(key=None, value=None, timestamp=None, headers=())
    assert formatter("%s|%S|%K|%T")(empty) == b"|-1|-1|-1"
    assert formatter("%s\\n")(EXAMPLE) == b"a\xff\n"


@pytest.mark.parametrize("text", ["%q", "x%", "\\"])
def test_a_format_without_meaning_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="has no meaning"):
        formatter(text)
