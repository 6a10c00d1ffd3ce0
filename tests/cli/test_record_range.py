"""What --from and the filters mean."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.cli.record_range import AtOffset, AtTime, Edge, parse_start, wanted
from ottla.errors import UsageError
from ottla.model.record import Record

NOW = 1_800_000_000_000
RECORD = Record("t", 0, 0, None, None, b"task-17", b"v", (("a", b"1"), ("a", None)))


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("beginning", Edge.BEGINNING),
        ("end", Edge.END),
        ("0", AtOffset(0)),
        ("-5", AtOffset(-5)),
        ("@1700000000000", AtTime(1_700_000_000_000)),
        ("15m", AtTime(NOW - 900_000)),
        ("2026-11-20T10:00:00+00:00", AtTime(int(datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp() * 1000))),
        ("99999w", AtTime(0)),
    ],
)
def test_every_way_to_say_where_reading_begins(text: str, start: object) -> None:
    assert parse_start(text, now=NOW) == start


@given(st.text(max_size=30))
def test_any_text_is_a_start_or_a_usage_error(text: str) -> None:
    try:
        parse_start(text, now=NOW)
    except UsageError as error:
        assert "not a place to begin" in str(error)  # noqa: PT017  (either outcome is right)


@pytest.mark.parametrize(
    ("key", "key_match", "headers", "passes"),
    [
        ("task-17", None, [], True),
        ("task-1", None, [], False),
        (None, "^task-[0-9]+$", [], True),
        (None, "^x", [], False),
        (None, None, ["a"], True),
        (None, None, ["a=1"], True),
        (None, None, ["a=2"], False),
        (None, None, ["a", "b"], False),
    ],
)
def test_a_record_passes_if_it_meets_every_condition(
    *, key: str | None, key_match: str | None, headers: list[str], passes: bool
) -> None:
    condition = wanted(key, key_match, headers, None)
    assert condition is not None
    assert condition(RECORD) is passes


def test_a_record_without_a_key_meets_no_condition_on_keys_and_a_bad_pattern_is_told() -> None:
    condition = wanted(None, "", [], None)
    assert condition is not None
    assert not condition(RECORD._replace(key=None))
    with pytest.raises(UsageError, match="not a regular expression"):
        wanted(None, "(", [], None)
    assert wanted(None, None, [], None) is None
