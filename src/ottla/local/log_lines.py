"""Lines of a log as people read them, whichever form they were written in. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any


def as_text(line: str) -> list[str]:
    """One line of a file as lines for people: an event in JSON is a line like Kafka's own, and those of its stack trace."""
    event = _event(line)
    if event is None:
        return [line]
    logger = event.get("log.logger")
    said = f"[{_local(str(event['@timestamp']))}] {event.get('log.level', 'INFO')} {event['message']}"
    text = f"{said} ({logger})" if logger else said
    return [*text.splitlines(), *str(event.get("error.stack_trace", "")).splitlines()]


def message_of(line: str) -> str:
    """What a line says, without when and by whom."""
    event = _event(line)
    return line if event is None else str(event["message"])


def level_of(line: str) -> str | None:
    """How grave an event in JSON is; None for a line for people."""
    event = _event(line)
    return None if event is None else str(event.get("log.level", "INFO"))


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:  # the end of a file that is being written
        return None
    return event if isinstance(event, dict) and {"@timestamp", "message"} <= event.keys() else None


def _local(timestamp: str) -> str:
    """The time here, as Kafka writes it (Log4j's %d)."""
    try:
        at = datetime.fromisoformat(timestamp).astimezone()
    except ValueError:
        return timestamp
    return f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d}"
