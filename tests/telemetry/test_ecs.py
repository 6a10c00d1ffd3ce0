"""Events of Ottla's own processes: one a line, in the names of the Elastic Common Schema."""

from __future__ import annotations

import io
import json
import threading
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ottla.local.log_lines import as_text, message_of
from ottla.telemetry.ecs import EcsLog, event

AT = datetime(2026, 11, 22, 0, 51, 14, 7_999, tzinfo=UTC)


@given(st.text(), st.sampled_from(["INFO", "WARN", "ERROR"]))
def test_any_message_is_one_line_and_comes_back(message: str, level: str) -> None:
    written = json.dumps(event(level, message, logger="l", at=AT, labels={"cluster": "c"}))
    assert "\n" not in written
    assert message_of(written) == message
    found = json.loads(written)
    assert (found["@timestamp"], found["log.level"], found["labels.cluster"]) == ("2026-11-22T00:51:14.007Z", level, "c")


def test_an_error_is_one_event_with_its_stack_trace() -> None:
    stream = io.StringIO()
    log = EcsLog(stream, logger="ottla.exporter", labels={})
    try:
        int("no such number\nat all")
    except ValueError as error:
        log.failed("it ends", error)
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert (found["error.type"], found["log.level"]) == ("ValueError", "ERROR")
    assert "no such number" in found["error.message"]
    shown = as_text(line)
    assert shown[0].endswith("] ERROR it ends (ottla.exporter)")
    assert shown[1] == "Traceback (most recent call last):"


def test_events_of_several_threads_are_whole() -> None:
    stream = io.StringIO()
    log = EcsLog(stream, logger="l", labels={})

    def write() -> None:
        for _ in range(200):
            log.info("x" * 100)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["x" * 100] * 800
