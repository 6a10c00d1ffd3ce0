"""Logs of nodes, in both forms that `logs.format` has: the doctor sees the same in each."""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING

import pytest

from ottla.doctor import see_nodes
from ottla.doctor.see_nodes import last_words, tail
from ottla.doctor.see_refused import see_refused
from ottla.doctor.signatures import recognised
from ottla.local.layout import Layout
from ottla.local.node import FIRST_LOG_LINE

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.local.layout import NodeFiles

FORMS = ["text", "ecs"]
AT = dt.datetime(2026, 11, 22, 0, 31, 7, 993_000).astimezone()
BIND = "Socket server failed to bind to 127.0.0.1:9096: Address already in use."
UNSUPPORTED = "Received request for api with key 0 (Produce) and unsupported version 2"
CLOSING = "Closing socket for 127.0.0.1:9092-10.0.0.9:33244-1-1 because of error"


def event(form: str, level: str, message: str, logger: str, *trace: str, later: float = 0.0) -> str:
    """An event as a node writes it: lines of text, or one line of JSON with its stack trace inside."""
    at = AT + dt.timedelta(seconds=later)
    if form == "text":
        return "\n".join([f"[{at:%Y-%m-%d %H:%M:%S},993] {level} {message} ({logger})", *trace]) + "\n"
    written = {"@timestamp": at.isoformat(), "log.level": level, "message": message, "log.logger": logger}
    return json.dumps({**written, **({"error.stack_trace": "\n".join(trace)} if trace else {})}) + "\n"


@pytest.fixture
def files(tmp_path: Path) -> NodeFiles:
    found = Layout(tmp_path).node(1)
    found.server_log.parent.mkdir(parents=True)
    return found


@pytest.mark.parametrize("form", FORMS)
def test_the_last_words_of_a_node_are_told_in_both_forms(files: NodeFiles, form: str) -> None:
    files.server_log.write_text(
        event(form, "ERROR", "of the run before", "kafka.Kafka$")
        + event(form, "INFO", "Registered", f"kafka.utils.{FIRST_LOG_LINE}$")
        + event(form, "INFO", "x" * 400, "kafka.server.KafkaConfig")
        + event(
            form,
            "ERROR",
            "Exiting Kafka due to fatal exception",
            "kafka.Kafka$",
            f"org.apache.kafka.KafkaException: {BIND}",
            "\tat a.b(C.java:1)",
        )
    )
    words = last_words(files, ended_cleanly=False)
    assert words[0].startswith("[2026-11-22 00:31:07,993] ERROR Exiting Kafka due to fatal exception")
    assert words[1:] == (f"org.apache.kafka.KafkaException: {BIND}",)
    assert [each.signature.kind.name for each in recognised(words)] == ["port-taken"]


@pytest.mark.parametrize("form", FORMS)
def test_errors_of_minutes_before_are_not_the_last_words_of_a_node_that_was_killed(files: NodeFiles, form: str) -> None:
    old = event(form, "ERROR", "Something old", "kafka.Kafka$", "java.io.IOException: of a client")
    old += event(form, "ERROR", "Encountered non-fatal metadata fault", "kafka.Kafka$")
    usual = event(form, "INFO", "disconnected by java.io.EOFException", "kafka.Kafka$", later=120)
    files.server_log.write_text(event(form, "INFO", "Registered", f"kafka.utils.{FIRST_LOG_LINE}$") + old + usual)
    files.output.write_text("printed when it started\n")
    os.utime(files.output, (1, 1))
    assert last_words(files, ended_cleanly=False) == ()
    with files.server_log.open("a") as log:
        log.write(event(form, "ERROR", "Something new", "kafka.Kafka$", later=125))
    (word,) = last_words(files, ended_cleanly=False)
    assert "ERROR Something new" in word


@pytest.mark.parametrize("form", FORMS)
def test_what_a_node_ends_of_is_among_its_last_words_however_long_its_end_takes(files: NodeFiles, form: str) -> None:
    files.server_log.write_text(
        event(form, "ERROR", "Encountered fatal fault", "kafka.Kafka$", "java.io.IOException: No space left on device")
        + event(form, "INFO", "shut down completed", "kafka.Kafka$", later=300)
    )
    assert [each.signature.kind.name for each in recognised(last_words(files, ended_cleanly=True))] == ["disk-full"]


def test_a_fault_of_mapped_memory_is_among_the_last_words(files: NodeFiles) -> None:
    fault = "java.lang.InternalError: a fault occurred in an unsafe memory access operation"
    files.server_log.write_text(event("text", "ERROR", "Uncaught exception", "kafka.Kafka$", fault, "\tat a.b(C.java:1)"))
    assert [each.signature.kind.name for each in recognised(last_words(files, ended_cleanly=False))] == ["disk-full"]


@pytest.mark.parametrize("form", FORMS)
def test_clients_that_were_refused_are_told_in_both_forms(files: NodeFiles, form: str) -> None:
    cause = f"org.apache.kafka.common.errors.UnsupportedVersionException: {UNSUPPORTED}"
    files.server_log.write_text(event(form, "ERROR", CLOSING, "kafka.network.Processor", cause, "\tat a.b(C.java:1)") * 2)
    (refused,) = see_refused({1: files.server_log}, now=AT.replace(tzinfo=None, minute=32, microsecond=0))
    assert (refused.host, refused.request, refused.version, refused.times, refused.age) == ("10.0.0.9", "Produce", 2, 2, 60.0)
    assert refused.line == cause


@pytest.mark.parametrize("form", FORMS)
def test_a_line_that_the_tail_cuts_is_left_out(files: NodeFiles, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    last = event(form, "INFO", "last", "a")
    files.server_log.write_text(event(form, "ERROR", "first", "a") + last)
    monkeypatch.setattr(see_nodes, "TAIL_BYTES", len(last) + 10)
    assert tail(files.server_log) == "[2026-11-22 00:31:07,993] INFO last (a)"
