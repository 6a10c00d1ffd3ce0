"""Records as text: kcat's format strings, and JSON that keeps every byte."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from ottla.cli.output import ENVELOPE_VERSION
from ottla.errors import UsageError
from ottla.model.record import Outgoing, Record

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = "record"
PLAIN = "%s\\n"
_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\"}
_TOKEN = re.compile(r"%(.)|\\(x[0-9a-fA-F]{2}|.)|([^%\\]+)", re.DOTALL)
_BASE64 = "base64"
KEYS = frozenset({"topic", "partition", "offset", "timestamp", "timestamp_type", "key", "value", "headers"})


def _size(data: bytes | None) -> bytes:
    return b"-1" if data is None else str(len(data)).encode()


def _header(name: str, value: bytes | None) -> bytes:
    return name.encode() + b"=" + (b"NULL" if value is None else value)


_PARTS: dict[str, Callable[[Record], bytes]] = {
    "s": lambda record: record.value or b"",
    "S": lambda record: _size(record.value),
    "k": lambda record: record.key or b"",
    "K": lambda record: _size(record.key),
    "t": lambda record: record.topic.encode(),
    "p": lambda record: str(record.partition).encode(),
    "o": lambda record: str(record.offset).encode(),
    "T": lambda record: b"-1" if record.timestamp is None else str(record.timestamp).encode(),
    "h": lambda record: b",".join(_header(name, value) for name, value in record.headers),
    "%": lambda _: b"%",
}
MEANINGS = "%s value, %S its size (-1: null), %k key, %K its size, %t topic, %p partition, %o offset, %T timestamp, %h headers"


def formatter(text: str) -> Callable[[Record], bytes]:
    """A function that writes a record as the format string says. Raises UsageError for a token that has no meaning."""
    if text == PLAIN:
        return lambda record: (record.value or b"") + b"\n"
    parts: list[Callable[[Record], bytes]] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or (token[1] and token[1] not in _PARTS):
            raise UsageError(f"--format: {text[position : position + 2]!r} has no meaning", hint=f"known: {MEANINGS}")
        parts.append(_PARTS[token[1]] if token[1] else _constant(token))
        position = token.end()
    return lambda record: b"".join(part(record) for part in parts)


def _constant(token: re.Match[str]) -> Callable[[Record], bytes]:
    if token[3]:
        constant = token[3].encode()
    elif len(token[2]) > 1:
        constant = bytes.fromhex(token[2][1:])
    else:
        constant = _ESCAPES.get(token[2], token[0].encode())
    return lambda _: constant


def record_line(record: Record) -> bytes:
    """A record as one line of JSON, in the envelope of all our JSON; bytes that are not text become base64."""
    data = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestamp_type": record.timestamp_type,
        "key": _as_json(record.key),
        "value": _as_json(record.value),
        "headers": [[name, _as_json(value)] for name, value in record.headers],
    }
    return json.dumps({"kind": KIND, "version": ENVELOPE_VERSION, "data": data}, ensure_ascii=False).encode() + b"\n"


def _as_json(data: bytes | None) -> str | dict[str, str] | None:
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {_BASE64: base64.b64encode(data).decode()}


def parse_line(line: bytes) -> Outgoing:
    """What ``record_line`` wrote, or an object of one's own with ``value``, ``key``, ``headers``, ``partition``, ``timestamp``.

    Where a record was read is not where it goes: of what ``record_line`` wrote, the partition is not taken over.
    Raises ValueError with a sentence for the reader.
    """
    try:
        document = json.loads(line, parse_constant=_no_number)
    except ValueError as error:  # bad JSON, or bytes that are no text
        raise ValueError(f"not JSON: {error}") from None
    except RecursionError:
        raise ValueError("not JSON: nested too deeply") from None
    read_before = isinstance(document, dict) and document.get("kind") == KIND
    data = document.get("data") if read_before else document
    if not isinstance(data, dict) or "value" not in data:
        raise ValueError('expected an object with a "value" (and "key", "headers", "partition", "timestamp" where wanted)')
    unknown = sorted(data.keys() - KEYS)
    if unknown:
        raise ValueError(f"unknown: {', '.join(unknown)}")
    return Outgoing(
        key=_as_bytes("key", data.get("key")),
        value=_as_bytes("value", data["value"]),
        headers=tuple(_headers(data.get("headers") or [])),
        partition=None if read_before else _number("partition", data.get("partition"), at_most=2**31 - 1),
        timestamp=_number("timestamp", data.get("timestamp"), at_most=2**53),
    )


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number in JSON")


def _headers(given: Any) -> list[tuple[str, bytes | None]]:
    pairs = list(given.items()) if isinstance(given, dict) else given
    if not isinstance(pairs, list) or not all(
        isinstance(pair, list | tuple) and len(pair) == len(("name", "value")) and isinstance(pair[0], str) for pair in pairs
    ):
        raise ValueError('"headers": expected [["name", "value"], ...]')
    for name, _ in pairs:
        name.encode()  # half a surrogate pair is no text: UnicodeEncodeError is a ValueError, and librdkafka would crash
    return [(name, _as_bytes(f'header "{name}"', value)) for name, value in pairs]


def _as_bytes(what: str, given: Any) -> bytes | None:
    """Text as UTF-8, base64 as its bytes, null as null; any other JSON value as the JSON that it is."""
    if given is None:
        return None
    if isinstance(given, str):
        return given.encode()
    if isinstance(given, dict) and given.keys() == {_BASE64}:
        try:
            return base64.b64decode(given[_BASE64], validate=True)
        except (ValueError, TypeError):
            raise ValueError(f"{what}: not base64") from None
    return json.dumps(given, ensure_ascii=False, allow_nan=False).encode()


def _number(what: str, given: Any, *, at_most: int) -> int | None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= at_most):
        return given
    raise ValueError(f'"{what}": expected a whole number, at most {at_most}')
