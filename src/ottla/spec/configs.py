"""Kafka's own config keys with human values: the text that Kafka takes, and whether its key can take it."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from ottla.model.units import MILLISECONDS, UNLIMITED, format_duration, format_size, parse_duration, parse_size

if TYPE_CHECKING:
    from ottla.spec.kafka_configs import ConfigKey

DURATION_SUFFIXES = {
    ".ms": MILLISECONDS["ms"],
    ".seconds": MILLISECONDS["s"],
    ".minutes": MILLISECONDS["m"],
    ".hours": MILLISECONDS["h"],
}
SIZE_SUFFIXES = (
    ".bytes",
    ".buffer.size",
    ".receive.size",
    ".request.size",
    "batch.size",
    "buffer.memory",
)  # other sizes are counts
# -2 means: as long as (as much as) the whole retention (KIP-405)
AS_THE_WHOLE = ("local.retention.ms", "local.retention.bytes")
BITS = {"short": 15, "int": 31, "long": 63}
RANGE = re.compile(r"\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\](?: or (-?\d+))?")
CHOICE = re.compile(r"(\(case insensitive\) )?\[([^\]:]*(?:by_duration:[^\]]*)?)\]")
REPLICAS = re.compile(r"(\*|\d+:\d+(,\d+:\d+)*)?", re.ASCII)
REPLICAS_VALID = "[partitionId]:[brokerId],[partitionId]:[brokerId],..."
BY_DURATION = "by_duration:"


def kafka_text(key: str, value: object) -> str:
    """``("retention.ms", "7d")`` -> ``"604800000"``; booleans and numbers as Kafka writes them, a list with commas.

    A key that ends in a unit takes a duration, one that counts bytes takes a size, any other is passed on as it stands.
    Raises ValueError with a sentence for the reader.
    """
    if isinstance(value, list) and all(isinstance(each, str | int | float) for each in value):
        return ",".join(kafka_text("", each) for each in value)
    if not isinstance(value, str | int | float):
        raise ValueError(f"expected one value, not {value!r}")  # noqa: TRY004  (pydantic collects ValueError)
    if str(value) == "-2" and key.endswith(AS_THE_WHOLE):
        return "-2"
    unit = duration_unit(key)
    if unit is not None:
        return str(_in_units(value, unit))
    if key.endswith(SIZE_SUFFIXES):
        return str(parse_size(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def duration_unit(key: str) -> int | None:
    """How many milliseconds the unit has that a key's name ends in; None where it counts no time."""
    return next((unit for suffix, unit in DURATION_SUFFIXES.items() if key.endswith(suffix)), None)


def _in_units(value: str | float, unit: int) -> int:
    milliseconds = parse_duration(value, unit=unit)
    if milliseconds == UNLIMITED:
        return UNLIMITED
    count, rest = divmod(milliseconds, unit)
    if rest:
        raise ValueError(f"{value} is not a whole number of the key's unit")
    return count


def check_text(key: ConfigKey, text: str) -> None:
    """Raise ValueError, with a sentence for the reader, unless ``text`` is of the key's type and one of its valid values."""
    match key.type:
        case "int" | "short" | "long":
            _check_number(key, _whole(key.type, text), text)
        case "double":
            _check_number(key, _real(text), text)
        case "boolean":
            if text.lower() not in {"true", "false"}:
                raise ValueError(f"expected true or false, not {text!r}")
        case "list":
            _check_words(key, [word.strip() for word in text.split(",") if word.strip()])
        case _:
            _check_words(key, [text])


def _whole(type_: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        raise ValueError(f"expected a whole number, not {text!r}")
    number, bits = int(text), BITS[type_]
    if not -(2**bits) <= number < 2**bits:
        raise ValueError(f"{text} does not fit: the key is Kafka's {type_}, at most {2**bits - 1}")
    return number


def _real(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"expected a number, not {text!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"expected a number, not {text!r}")
    return number


def _check_number(key: ConfigKey, number: float, text: str) -> None:
    least, most, also = number_range(key.valid)
    if also is not None and number == also:
        return
    if least is not None and number < least:
        raise ValueError(f"expected at least {_human(key.name, least)}, not {text}")
    if most is not None and number > most:
        raise ValueError(f"expected at most {_human(key.name, most)}, not {text}")


@cache
def number_range(valid: str) -> tuple[float | None, float | None, float | None]:
    """The least and the most that Kafka names as valid (None: no bound), and one more value that is."""
    found = RANGE.fullmatch(valid)
    if found is None:
        return None, None, None
    least, most, also = (None if part is None else float(part) for part in found.groups())
    return least, most, also


def _human(name: str, number: float) -> str:
    """``1048576 (1 MiB)``: a bound as Kafka has it, and as people say it."""
    plain = f"{number:g}" if number != int(number) else str(int(number))
    unit = duration_unit(name)
    if unit is not None and number * unit >= MILLISECONDS["s"]:
        return f"{plain} ({format_duration(number * unit)})"
    return f"{plain} ({format_size(number)})" if name.endswith(SIZE_SUFFIXES) and number >= 1024 else plain  # noqa: PLR2004


def _check_words(key: ConfigKey, words: list[str]) -> None:
    if key.valid.startswith("non-empty") and not any(words):
        raise ValueError("expected at least one word")
    if key.valid == REPLICAS_VALID and not REPLICAS.fullmatch(",".join(words)):
        raise ValueError(f"expected * or PARTITION:NODE,PARTITION:NODE..., not {','.join(words)!r}")
    known, ignore_case = choices(key.valid)
    for word in words if known else ():
        if not _is_one_of(word, known, ignore_case=ignore_case):
            shown = ", ".join(known)
            raise ValueError(f"expected {'some' if key.type == 'list' else 'one'} of {shown}, not {word!r}")


@cache
def choices(valid: str) -> tuple[tuple[str, ...], bool]:
    """The words that Kafka lists as valid values (none: any will do), and whether case does not matter."""
    found = CHOICE.fullmatch(valid) if ",..." not in valid else None
    return (tuple(word.strip() for word in found[2].split(",")), bool(found[1])) if found else ((), False)


def _is_one_of(word: str, known: tuple[str, ...], *, ignore_case: bool) -> bool:
    if ignore_case:
        return word.upper() in {each.upper() for each in known}
    return word in known or any(each.startswith(BY_DURATION) and word.startswith(BY_DURATION) for each in known)
