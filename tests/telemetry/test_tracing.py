"""Where spans go, and that one who is sent them and does not answer delays nobody."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.collector import running_collector

from ottla.telemetry.tracing import ENDPOINTS, EXPORTERS, HEARD, LAST_CHANCE, UNSHOWN, collector, shown, tracing
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDPOINT = ENDPOINTS[1]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def silent() -> Iterator[str]:
    """Somebody who takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, None),
        ({ENDPOINT: ""}, None),
        ({ENDPOINT: "http://one"}, "http://one"),
        ({ENDPOINT: "http://one", ENDPOINTS[0]: "http://two/v1/traces"}, "http://two/v1/traces"),
        ({ENDPOINT: "http://one", "OTEL_SDK_DISABLED": "TRUE"}, None),
        ({ENDPOINT: "http://one", "OTEL_TRACES_EXPORTER": "none"}, None),
    ],
)
def test_the_variables_say_where_spans_go(environ: dict[str, str], address: str | None) -> None:
    assert collector(environ) == address


def test_nothing_is_made_without_an_endpoint() -> None:
    said: list[str] = []
    with tracing({}, said.append) as tracer:
        assert tracer is None
    assert said == []


def test_spans_come_with_the_name_of_the_service_and_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with running_collector() as here:
        monkeypatch.setenv(ENDPOINT, here.url)
        with tracing(os.environ, said.append) as tracer:
            assert tracer is not None
            tracer.start_span("one").end()
        monkeypatch.setenv("OTEL_SERVICE_NAME", "orders")
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
        with tracing(os.environ, said.append) as tracer:
            assert tracer is not None
            tracer.start_span("two").end()
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
        with tracing(os.environ, said.append) as tracer:
            assert tracer is not None
            tracer.start_span("three").end()
    assert said == []
    assert [(span.name, span.resource["service.name"]) for span in here.spans] == [("one", "ottla"), ("two", "orders")]
    assert here.spans[0].resource["service.version"] == "0.1.0"
    assert set(here.paths) == {"/v1/traces"}


@pytest.mark.parametrize("kind", ["silent", "nobody"])
def test_a_collector_that_does_not_answer_is_told_once_and_delays_nothing(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT, request.getfixturevalue(kind))
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    said: list[str] = []
    with tracing(os.environ, said.append) as tracer:
        assert tracer is not None
        started = time.monotonic()
        for _ in range(5_000):  # more than wait in the queue
            tracer.start_span("one").end()
        assert time.monotonic() - started < 3
        ending = time.monotonic()
    assert time.monotonic() - ending < LAST_CHANCE + 0.5
    assert len(said) == 1
    assert said[0].startswith(f"traces do not reach {os.environ[ENDPOINT]}: ")


def test_without_the_sdk_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    said: list[str] = []
    with tracing({ENDPOINT: "http://127.0.0.1:4318"}, said.append) as tracer:
        assert tracer is None
    assert said == [f"no traces are sent: {ENDPOINT} is set, and the SDK is not installed: pip install 'ottla[tracing]'"]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318"),
        ("http://user:p@ss@one:4318/v1/traces?key=k#f", "http://one:4318"),
        ("https://[::1]:4318/", "https://[::1]:4318"),
        ("http://user:p/ss@one:4318", UNSHOWN),
        ("http://user:1/ss@one:4318", UNSHOWN),
        ("one:4318?key=k", UNSHOWN),
        ("key", UNSHOWN),
        ("http://[k", UNSHOWN),
    ],
)
def test_of_an_address_no_more_is_shown_than_where_it_is(address: str, told: str) -> None:
    assert shown(address) == told


@pytest.mark.parametrize("form", ["http://us3r:p@55@{}/p4th?key=k3y", "http://us3r:p55@{}/p4th?key=k3y"])
def test_no_secret_of_the_address_is_told_when_the_collector_is_down(
    form: str, nobody: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(ENDPOINTS[0], form.format(nobody.removeprefix("http://")))
    said: list[str] = []
    with tracing(os.environ, said.append) as tracer:
        assert tracer is not None
        tracer.start_span("one").end()
    (text,) = [*said, *capfd.readouterr().err.splitlines()]
    assert text.startswith(f"traces do not reach {nobody}: ")
    assert "ConnectionError: Connection refused" in text
    assert not any(part in text for part in ("us3r", "p@55", "p55", "55@", "p4th", "k3y"))


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("OtelBatch")]


def filters() -> list[object]:
    return [each for name in HEARD for each in logging.getLogger(name).filters if type(each).__module__ == tracing.__module__]


def test_an_exporter_that_tries_again_ends_with_its_block(nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, nobody)
    said: list[str] = []
    with tracing(os.environ, said.append) as tracer:
        assert tracer is not None
        tracer.start_span("one").end()
    wait_until(senders, lambda left: not left, what="the attempts to end", timeout=2)
    wait_until(filters, lambda left: not left, what="the hearing to end", timeout=2)
    assert len(said) == 1


def test_an_exporter_of_an_earlier_block_is_heard_by_nobody(
    silent: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(ENDPOINT, silent)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    first: list[str] = []
    second: list[str] = []
    with tracing(os.environ, first.append) as tracer:
        assert tracer is not None
        tracer.start_span("one").end()
    assert len(first) == 1
    with running_collector() as here:
        monkeypatch.setenv(ENDPOINT, here.url)
        with tracing(os.environ, second.append) as tracer:
            assert tracer is not None
            assert len(senders()) > 1
            wait_until(lambda: len(senders()), lambda left: left == 1, what="the first exporter to give up", timeout=20)
            tracer.start_span("two").end()
    assert [span.name for span in here.spans] == ["two"]
    assert (len(first), second, capfd.readouterr().err, caplog.records) == (1, [], "", [])


def test_what_others_of_opentelemetry_say_is_no_word_of_the_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    with running_collector() as here:
        monkeypatch.setenv(ENDPOINT, here.url)
        with tracing(os.environ, said.append) as tracer:
            assert tracer is not None
            logging.getLogger("opentelemetry.trace.span").warning("Member doesn't match the w3c identifiers format %s", "s3cret")
            assert said == []
            logging.getLogger(EXPORTERS).warning("it broke")
    assert said == [f"traces do not reach {here.url}: it broke"]
