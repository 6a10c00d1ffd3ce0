"""Options that are durations and sizes of events."""

from __future__ import annotations

import re

from ottla.errors import UsageError
from ottla.model.units import UNLIMITED, parse_duration, parse_size

MILLISECONDS = 1_000


def seconds_of(option: str, text: str, *, least: int) -> float:
    """A duration with its unit, because a bare number would be milliseconds. Raises UsageError."""
    hint = "a number with its unit, such as 30s, 2m or 1m30s"
    if re.fullmatch(r"\s*-?[0-9]+\s*", text):
        raise UsageError(f"{option} {text}: has no unit", hint=hint)
    try:
        milliseconds = parse_duration(text)
    except ValueError:
        raise UsageError(f"{option} {text}: not a duration", hint=hint) from None
    if milliseconds == UNLIMITED or milliseconds < least * MILLISECONDS:
        raise UsageError(f"{option} {text}: at least {least}s, and not without end", hint=hint)
    return milliseconds / MILLISECONDS


def bytes_of(text: str) -> int:
    """The size of an event. Raises UsageError."""
    hint = "a number of bytes, or one with its unit, such as 1KiB"
    try:
        size = parse_size(text)
    except ValueError:
        raise UsageError(f"--size {text}: not a size", hint=hint) from None
    if size < 1:
        raise UsageError(f"--size {text}: at least 1 byte, and not without end", hint=hint)
    return size
