"""W3C trace context: what is valid is read and written as it was, what is not is nothing, and breaks nothing."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import TraceState

from ottla.kafka.trace_context import (
    SAMPLED,
    TRACEPARENT,
    TRACESTATE,
    TraceParent,
    format_traceparent,
    has_parent,
    parent_in,
    parse_traceparent,
    states_in,
    without_context,
)

GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"  # the example of the standard
PARENTS = st.builds(
    TraceParent,
    trace_id=st.integers(1, 2**128 - 1),
    span_id=st.integers(1, 2**64 - 1),
    flags=st.integers(0, 255),
)
HEADERS = st.lists(
    st.tuples(st.sampled_from([TRACEPARENT, "Traceparent", TRACESTATE, "type", ""]), st.none() | st.binary() | st.just(GOOD))
)


@given(PARENTS)
def test_what_is_written_is_read_again(parent: TraceParent) -> None:
    assert parse_traceparent(format_traceparent(parent)) == parent


@given(st.binary() | st.text().map(str.encode))
def test_nothing_breaks_the_reading_and_what_is_read_is_written_the_same(value: bytes) -> None:
    parent = parse_traceparent(value)
    assert parent is None or format_traceparent(parent)[2:] == value[2:55]


@given(PARENTS, st.integers(0, 54), st.binary(min_size=1, max_size=1))
def test_a_header_with_one_wrong_byte_is_read_strictly_or_not_at_all(parent: TraceParent, place: int, byte: bytes) -> None:
    changed = bytearray(format_traceparent(parent))
    changed[place : place + 1] = byte
    found = parse_traceparent(bytes(changed))
    assert found is None or format_traceparent(found)[2:] == bytes(changed)[2:]


def test_the_example_of_the_standard_is_read() -> None:
    assert parse_traceparent(GOOD) == (0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331, SAMPLED)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        GOOD.upper(),
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-" + b"0" * 16 + b"-01",
        GOOD[:-1],
        GOOD + b"0",
        GOOD + b"-more",
        GOOD + b"\n",
        b" " + GOOD,
        b"ff" + GOOD[2:],
        b"\xff\xfe\x00",
        bytes(55),
    ],
)
def test_what_is_not_valid_is_not_there(value: bytes | None) -> None:
    assert parse_traceparent(value) is None


@pytest.mark.parametrize(
    ("value", "read"), [(b"01" + GOOD[2:], True), (b"cc" + GOOD[2:] + b"-x", True), (b"cc" + GOOD[2:] + b"x", False)]
)
def test_a_later_version_is_read_as_far_as_it_is_known(value: bytes, *, read: bool) -> None:
    assert (parse_traceparent(value) is not None) is read


@given(HEADERS)
def test_headers_have_one_parent_or_none_and_the_others_are_kept(headers: list[tuple[str, bytes | None]]) -> None:
    parents = [value for name, value in headers if name.lower() == TRACEPARENT]
    assert parent_in(headers) == (parse_traceparent(parents[0]) if len(parents) == 1 else None)
    assert has_parent(headers) == bool(parents)
    left = without_context(tuple(headers))
    assert [header for header in headers if header[0] in {"type", ""}] == list(left)
    assert all(state.isascii() for state in states_in(headers))


def test_two_parents_are_none() -> None:
    assert parent_in([(TRACEPARENT, GOOD), (TRACEPARENT, GOOD)]) is None


@given(
    st.lists(
        st.lists(st.sampled_from(["a=1", "t1@v=x y", "A=1", "a=", "=1", "a=b=c", " b=2\t", "", "\xe4=1", "1=1", "s3cret"])).map(
            lambda members: (TRACESTATE, ",".join(members).encode("latin-1"))
        ),
        max_size=3,
    )
)
def test_a_foreign_state_is_never_said_aloud(headers: list[tuple[str, bytes | None]]) -> None:
    heard: list[logging.LogRecord] = []
    logger = logging.getLogger("opentelemetry.trace.span")

    def hear(record: logging.LogRecord) -> bool:
        heard.append(record)
        return False

    logger.addFilter(hear)
    try:
        read = TraceState.from_header(states_in(headers))
        assert heard == []
        assert dict(read) == dict(TraceState.from_header([(value or b"").decode("latin-1") for _, value in headers]))
    finally:
        logger.removeFilter(hear)


@pytest.mark.parametrize(("members", "read"), [(32, 32), (33, 0)])
def test_of_a_state_that_is_too_long_nothing_is_read(members: int, read: int) -> None:
    assert len(states_in([(TRACESTATE, ",".join(f"k{n}=v" for n in range(members)).encode())])) == read
