"""Kafka's own config keys with human values, as the text that Kafka takes."""

from __future__ import annotations

from ottla.model.units import MILLISECONDS, UNLIMITED, parse_duration, parse_size

_DURATION_SUFFIXES = {
    ".ms": MILLISECONDS["ms"],
    ".seconds": MILLISECONDS["s"],
    ".minutes": MILLISECONDS["m"],
    ".hours": MILLISECONDS["h"],
}
_SIZE_SUFFIXES = (".bytes", ".size")


def kafka_text(key: str, value: object) -> str:
    """``("retention.ms", "7d")`` -> ``"604800000"``; booleans and numbers as Kafka writes them.

    A key that ends in a unit takes a duration, one that ends in ``.bytes`` or ``.size`` takes a size, any other is
    passed on as it stands. Raises ValueError with a sentence for the reader.
    """
    if not isinstance(value, str | int | float):
        raise ValueError(f"expected one value, not {value!r}")  # noqa: TRY004  (pydantic collects ValueError)
    for suffix, unit in _DURATION_SUFFIXES.items():
        if key.endswith(suffix):
            return str(_in_units(value, unit))
    if key.endswith(_SIZE_SUFFIXES):
        return str(parse_size(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _in_units(value: str | float, unit: int) -> int:
    milliseconds = parse_duration(value, unit=unit)
    if milliseconds == UNLIMITED:
        return UNLIMITED
    count, rest = divmod(milliseconds, unit)
    if rest:
        raise ValueError(f"{value} is not a whole number of the key's unit")
    return count
