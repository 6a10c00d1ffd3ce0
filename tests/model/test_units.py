from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.model.units import BYTES, MILLISECONDS, UNLIMITED, counted, format_duration, format_size, parse_duration, parse_size

counts = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("7d", 7 * 24 * 3_600_000),
        ("1w", 7 * 24 * 3_600_000),
        ("12h", 43_200_000),
        ("1h30m", 5_400_000),
        ("1h 30m", 5_400_000),
        ("1.5h", 5_400_000),
        (" 250 ms ", 250),
        ("0s", 0),
        ("500", 500),
        (501, 501),
    ],
)
def test_a_duration_is_read_as_milliseconds(text: str | int, milliseconds: int) -> None:
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("100MB", 100 * 10**6),
        ("1MiB", 2**20),
        ("10GiB", 10 * 2**30),
        ("10Gi", 10 * 2**30),
        ("1kB", 1000),
        ("1KB", 1000),
        ("1KiB", 1024),
        ("1.5 KiB", 1536),
        ("2TB", 2 * 10**12),
        ("1Ti", 2**40),
        ("12B", 12),
        ("1048576", 2**20),
        (0, 0),
    ],
)
def test_a_size_is_read_as_bytes(text: str | int, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["-1", " -1 ", "unlimited", " unlimited "])
def test_minus_one_is_unlimited(text: str) -> None:
    assert parse_duration(-1) == parse_size(-1) == UNLIMITED
    assert parse_duration(text) == parse_duration(text, unit=3_600_000) == parse_size(text) == UNLIMITED


def test_a_bare_number_is_in_the_unit_of_its_key() -> None:
    assert parse_duration(168, unit=MILLISECONDS["h"]) == parse_duration("168", unit=MILLISECONDS["h"]) == parse_duration("7d")
    assert parse_duration("7d", unit=MILLISECONDS["h"]) == 7 * 86_400_000


@pytest.mark.parametrize(
    "text", ["", " ", "d", "7y", "7 days", "7D", "7d x", "-7d", "-2", "1e3s", "0.5ms", "1,5h", "h7", "7dd", "1MB", "∞"]
)
def test_a_bad_duration_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a duration such as|is negative"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["", "MB", "7mb", "7gib", "7 megs", "-7MB", "-2", "0.5B", "7Mi B", "1K", "1d"])
def test_a_bad_size_is_told_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a size such as|is negative"):
        parse_size(text)


@pytest.mark.parametrize("value", [True, False, None, 1.5, [], {}, -2])
def test_what_is_no_text_and_no_number_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"expected|is negative"):
        parse_duration(value)
    with pytest.raises(ValueError, match=r"expected|is negative"):
        parse_size(value)


@given(counts, st.sampled_from(sorted(MILLISECONDS)))
def test_every_unit_of_time_is_read(count: int, unit: str) -> None:
    assert parse_duration(f"{count}{unit}") == parse_duration(f" {count} {unit} ") == count * MILLISECONDS[unit]


@given(counts, st.sampled_from(sorted(BYTES)))
def test_every_unit_of_size_is_read(count: int, unit: str) -> None:
    assert parse_size(f"{count}{unit}") == count * BYTES[unit]


@given(st.integers(0, 2**63 - 1))
def test_every_number_that_kafka_holds_is_read_exactly(count: int) -> None:
    assert parse_duration(f"{count}ms") == parse_duration(str(count)) == count
    assert parse_size(f"{count}B") == count


@pytest.mark.parametrize("digits", [30, 5_000, 1_000_001])
@pytest.mark.parametrize("unit", ["ms", "s", "d"])
def test_a_number_that_is_longer_is_read_exactly_or_refused(digits: int, unit: str) -> None:
    with suppress(ValueError):
        assert parse_duration("9" * digits + unit) == (10**digits - 1) * MILLISECONDS[unit]


@given(counts, counts)
def test_parts_add_up(hours: int, minutes: int) -> None:
    assert parse_duration(f"{hours}h{minutes}m") == hours * 3_600_000 + minutes * 60_000


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    for parse in (parse_duration, parse_size):
        with suppress(ValueError):
            assert parse(text) >= UNLIMITED


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0ms"),
        (250, "250ms"),
        (1000, "1s"),
        (1_048_576, "17m 28s"),
        (5_400_000, "1h 30m"),
        (604_800_000, "7d"),
        (90_061_000, "1d 1h"),
        (-1, "unlimited"),
    ],
)
def test_a_duration_is_written_in_its_two_largest_units(milliseconds: int, text: str) -> None:
    assert format_duration(milliseconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (10 * 2**30, "10 GiB"),
        (2**50, "1,024 TiB"),
        (-1, "unlimited"),
    ],
)
def test_a_size_is_written_in_binary_units(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(1, 10**6), st.sampled_from(["d", "h", "m", "s"]))
def test_a_written_duration_is_read_back_to_within_its_smaller_unit(count: int, unit: str) -> None:
    milliseconds = count * MILLISECONDS[unit]
    assert 0 <= milliseconds - parse_duration(format_duration(milliseconds)) < MILLISECONDS["h"]


@given(st.integers(0, 2**60))
def test_a_written_size_is_within_three_figures(size: int) -> None:
    number, unit = format_size(size).replace(",", "").split(" ")
    assert "e" not in number
    assert abs(float(number) * BYTES[unit] - size) <= size * 0.0051


@pytest.mark.parametrize("size", [1_023_590, 1_047_999_000])
def test_a_size_just_below_a_thousand_is_written_in_figures(size: int) -> None:
    assert "e" not in format_size(size)


def test_one_of_a_thing_is_no_plural() -> None:
    assert [counted(count, "topic") for count in (0, 1, 2, 1200)] == ["0 topics", "1 topic", "2 topics", "1,200 topics"]
