"""What a process of Ottla's own says in the background, as JSON: one event a line, in the fields of the Elastic Common Schema."""

from __future__ import annotations

import json
import threading
import traceback
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

ECS_VERSION = "1.2.0"  # that of the layout which nodes write by (EcsLayout.json of Log4j); later versions have these fields too
SERVICE = "ottla"
INFO, WARN, ERROR = "INFO", "WARN", "ERROR"  # as Kafka's log has them


def event(
    level: str, message: str, *, logger: str, at: datetime, labels: Mapping[str, str], error: BaseException | None = None
) -> dict[str, str]:
    """An event with its fields, in the names that dots are in. A stack trace is one field of it."""
    failure = {} if error is None else _of_error(error)
    written = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    return {
        "@timestamp": written,
        "ecs.version": ECS_VERSION,
        "log.level": level,
        "message": message,
        "process.thread.name": threading.current_thread().name,
        "log.logger": logger,
        "service.name": SERVICE,
        "service.type": SERVICE,
        "service.version": version(SERVICE),
        "event.dataset": logger,
        **{f"labels.{name}": value for name, value in labels.items()},
        **failure,
    }


def _of_error(error: BaseException) -> dict[str, str]:
    trace = "".join(traceback.format_exception(error))
    return {"error.type": type(error).__name__, "error.message": str(error), "error.stack_trace": trace}


class EcsLog:
    """Writes events to a stream, each at once and whole, whichever thread it comes from."""

    def __init__(self, stream: TextIO, *, logger: str, labels: Mapping[str, str]) -> None:
        self._stream = stream
        self._logger = logger
        self._labels = labels
        self._writing = threading.Lock()

    def info(self, message: str) -> None:
        """Something that happened."""
        self._write(INFO, message)

    def warning(self, message: str) -> None:
        """Something that is not as it should be."""
        self._write(WARN, message)

    def failed(self, message: str, error: BaseException) -> None:
        """What ends this process."""
        self._write(ERROR, message, error)

    def _write(self, level: str, message: str, error: BaseException | None = None) -> None:
        found = event(level, message.strip(), logger=self._logger, at=datetime.now(UTC), labels=self._labels, error=error)
        with self._writing:
            self._stream.write(json.dumps(found, ensure_ascii=False) + "\n")
            self._stream.flush()
