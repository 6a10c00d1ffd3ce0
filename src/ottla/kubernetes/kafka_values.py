"""Kafka's configs as an engineer writes them in YAML: numbers and booleans as such, whatever else as text.

Strimzi makes text of them again (OrderedProperties.addIterablePairs, TopicOperatorUtil.configValueAsString: Java's toString),
and compares that with what Kafka says. So a value is no text only where it comes back as what it was, letter by letter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.spec.kafka_configs import find_key

if TYPE_CHECKING:
    from ottla.spec.kafka_configs import Scope

WHOLE = ("int", "short", "long")


def written_value(scope: Scope, key: str, text: str, kafka_version: str) -> str | int | float | bool:
    """Kafka's text of a config, as it is written in YAML."""
    known = find_key(scope, key, kafka_version)
    kind = known.type if known else ""
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    number = _number(text) if kind in WHOLE else None
    if number is not None and str(number) == text:
        return number
    if kind == "double" and _comes_back(text):
        return float(text)
    return text


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _comes_back(text: str) -> bool:
    """Whether Java writes the number with these letters: not with an exponent, nor `1` for 1.0."""
    try:
        return repr(float(text)) == text and "e" not in text and "n" not in text
    except ValueError:
        return False
