"""Durations and sizes as people write them: the one parser, and its inverse.

``MB`` is 10^6 bytes and ``MiB`` 2^20; ``7d`` is 7 x 24 h. The base units are Kafka's own: milliseconds and bytes.
"""

from __future__ import annotations

import re
from decimal import Decimal

MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
BYTES = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("kMGT", start=1)},
    "KB": 1000,
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", start=1)},
    **{f"{prefix}i": 1024**power for power, prefix in enumerate("KMGT", start=1)},
}
UNLIMITED = -1
MAXIMUM = 2**63 - 1  # Kafka's LONG
LEAST_FOUR_FIGURES = 999.5
LONGEST = 64  # characters that a duration or size may have
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]+)\s*")


def parse_duration(text: object, *, unit: int = 1) -> int:
    """Read ``7d``, ``1h30m``, ``250ms``, ``unlimited`` or a bare number of ``unit`` milliseconds, as milliseconds.

    Raises ValueError with a sentence for the reader.
    """
    return _parse(text, MILLISECONDS, "a duration such as 7d, 12h, 30s or 250ms", bare=unit)


def parse_size(text: object) -> int:
    """Read ``100MB``, ``10GiB``, ``10Gi``, ``unlimited`` or a bare number of bytes, as bytes.

    Raises ValueError with a sentence for the reader.
    """
    return _parse(text, BYTES, "a size such as 100MB, 10GiB or 1KiB", bare=1)


def _parse(text: object, units: dict[str, int], wanted: str, *, bare: int) -> int:
    if isinstance(text, bool) or not isinstance(text, int | str):
        raise ValueError(f"expected {wanted}, not {text!r}")  # noqa: TRY004  (pydantic collects ValueError)
    stripped = text.strip() if isinstance(text, str) else str(min(text, MAXIMUM + 1))
    if len(stripped) > LONGEST:
        raise ValueError(f"expected {wanted}, not {stripped[:LONGEST]!r}...")
    if re.fullmatch(r"-?[0-9]+", stripped):
        number = int(stripped)
        return number if number == UNLIMITED else _in_range(number * bare, stripped)
    if stripped == "unlimited":
        return UNLIMITED
    total = Decimal(0)
    position = 0
    while position < len(stripped):
        part = _PART.match(stripped, position)
        if part is None or part[2] not in units:
            raise ValueError(f"expected {wanted}, not {text!r}")
        total += Decimal(part[1]) * units[part[2]]
        position = part.end()
    if position == 0 or total != total.to_integral_value():
        raise ValueError(f"expected {wanted}, not {text!r}")
    return _in_range(int(total), stripped)


def _in_range(number: int, text: str) -> int:
    if number < 0:
        raise ValueError(f"{text} is negative; only -1 (unlimited) may be")
    if number > MAXIMUM:
        raise ValueError(f"{text} is more than Kafka can count (2^63 - 1)")
    return number


def counted(count: int, noun: str) -> str:
    """``1 topic``, ``1,200 topics``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_duration(milliseconds: float) -> str:
    """The two largest units that say it: ``7d``, ``17m 28s``, ``250ms``."""
    left = round(milliseconds)
    if left < 0:
        return "unlimited"
    if left < MILLISECONDS["s"]:
        return f"{left}ms"
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, MILLISECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def format_size(size: float) -> str:
    """A size with three figures, in binary units: ``10 GiB``, ``1.5 KiB``, ``512 B``."""
    if size < 0:
        return "unlimited"
    for prefix in ("Ti", "Gi", "Mi", "Ki"):
        factor = BYTES[f"{prefix}B"]
        if size >= factor:
            count = size / factor
            return f"{count:.3g} {prefix}B" if count < LEAST_FOUR_FIGURES else f"{count:,.0f} {prefix}B"
    return f"{size:g} B"
