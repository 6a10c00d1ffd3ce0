"""From the producer to the consumer is one trace, on a real broker and by a real collector."""

from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING

import pytest
from tests.collector import running_collector

from ottla.spec.exporter import CanarySpec
from ottla.telemetry import canary as canary_module
from ottla.telemetry.canary import Canary
from ottla.telemetry.tracing import ENDPOINTS, LAST_CHANCE, tracing
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.collector import Collector, Span
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
PRODUCER, CONSUMER = 4, 5  # SpanKind of the protocol
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with running_collector() as found:
        monkeypatch.setenv(ENDPOINTS[1], found.url)
        yield found


def make_topic(home: Home, name: str) -> str:
    made = home.run("topics", "create", name, "--partitions", "1", "--yes")
    assert made.returncode == 0, made.stderr
    return name


def produce(home: Home, topic: str, given: bytes, *options: str) -> bytes:
    done = home.pipe("produce", topic, *options, given=given)
    assert done.returncode == 0, done.stderr
    return done.stderr


def ids(span: Span) -> tuple[str, str]:
    return span.trace_id, span.parent


def test_produce_and_consume_are_one_trace_and_the_consumer_is_the_child(one: Home, collector: Collector) -> None:
    topic = make_topic(one, "traces-one")
    produce(one, topic, b"a\nb\n")
    assert one.pipe("consume", topic, "--group", "traces-readers").stdout == b"a\nb\n"
    sent, processed = collector.named(f"send {topic}"), collector.named(f"process {topic}")
    assert [len(sent), len(processed), len(collector.spans)] == [2, 2, 4]
    assert [ids(span) for span in processed] == [(span.trace_id, span.span_id) for span in sent]
    assert [span.parent for span in sent] == ["", ""]
    assert len({span.trace_id for span in sent}) == 2
    assert [span.kind for span in (*sent, *processed)] == [PRODUCER, PRODUCER, CONSUMER, CONSUMER]
    assert not any(span.links or span.failed for span in collector.spans)
    host, port = one.bootstrap_servers[0].split(":")
    same = {"messaging.system": "kafka", "server.address": host, "server.port": "int_value"}
    at = {"messaging.destination.name": topic, "messaging.destination.partition.id": "0"}
    of_sent, of_processed = sent[1].attributes, processed[1].attributes
    assert {**of_sent, "server.port": "int_value"} == same | at | {
        "messaging.operation.type": "send",
        "messaging.operation.name": "send",
        "messaging.kafka.offset": 1,
    }
    assert {**of_processed, "server.port": "int_value"} == same | at | {
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.kafka.offset": 1,
        "messaging.consumer.group.name": "traces-readers",
    }
    assert (of_sent["server.port"], of_processed["server.port"]) == (int(port), int(port))


def test_a_trace_that_is_given_goes_on_and_its_header_stays_as_it_was(one: Home, collector: Collector) -> None:
    topic = make_topic(one, "traces-given")
    own = json.dumps({"key": None, "value": "x", "headers": [["traceparent", "00-" + "1" * 32 + "-" + "2" * 16 + "-01"]]})
    produce(one, topic, own.encode(), "-i", "json")
    produce(one, topic, own.encode(), "-i", "json", "-H", f"traceparent={GIVEN}", "-H", "tracestate=vendor=1")
    found = [json.loads(line)["data"]["headers"] for line in one.pipe("consume", topic, "-o", "json").stdout.splitlines()]
    assert found == [json.loads(own)["headers"], [["traceparent", GIVEN], ["tracestate", "vendor=1"]]]
    sent, processed = collector.named(f"send {topic}"), collector.named(f"process {topic}")
    assert [ids(span) for span in sent] == [("1" * 32, "2" * 16), (TRACE, PARENT)]
    assert [ids(span) for span in processed] == [ids(span) for span in sent]
    assert [span.state for span in (sent[1], processed[1])] == ["vendor=1", "vendor=1"]


@pytest.mark.parametrize(
    "headers",
    [
        [["traceparent", GIVEN.upper()]],
        [["traceparent", f"00-{'0' * 32}-{PARENT}-01"]],
        [["traceparent", GIVEN[:-1]]],
        [["traceparent", GIVEN], ["traceparent", GIVEN]],
        [["traceparent", {"base64": "//4A"}], ["tracestate", {"base64": "//4A"}]],
        [["traceparent", None]],
    ],
    ids=["capitals", "zeros", "short", "two", "bytes", "null"],
)
def test_a_foreign_header_breaks_nothing_and_begins_a_new_trace(
    one: Home, collector: Collector, request: pytest.FixtureRequest, headers: list[object]
) -> None:
    topic = make_topic(one, f"traces-foreign-{request.node.callspec.id}")
    given = json.dumps({"key": None, "value": "x", "headers": headers}).encode()
    produce(one, topic, given, "-i", "json")
    done = one.pipe("consume", topic, "-o", "json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["data"]["headers"] == headers
    sent, processed = collector.named(f"send {topic}"), collector.named(f"process {topic}")
    assert [span.parent for span in (*sent, *processed)] == ["", ""]


def test_without_an_endpoint_a_record_has_no_header_of_ours(one: Home) -> None:
    topic = make_topic(one, "traces-off")
    produce(one, topic, b"a\n")
    assert json.loads(one.pipe("consume", topic, "-o", "json").stdout)["data"]["headers"] == []


def test_a_record_that_is_refused_is_a_span_that_failed(one: Home, collector: Collector) -> None:
    topic = make_topic(one, "traces-refused")
    done = one.pipe("produce", topic, "-i", "whole", given=b"x" * 2_000_000)
    assert done.returncode == 1
    (span,) = collector.spans
    assert (span.failed, span.attributes["error.type"]) == (True, "KafkaException")


def test_a_collector_that_is_down_delays_and_fails_no_produce(one: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = make_topic(one, "traces-down")
    produce(one, topic, b"warm\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    started = time.monotonic()
    produce(one, topic, b"a\n" * 100)
    plain = time.monotonic() - started
    monkeypatch.setenv(ENDPOINTS[1], address)
    started = time.monotonic()
    said = produce(one, topic, b"a\n" * 100).decode().splitlines()
    assert time.monotonic() - started < plain + LAST_CHANCE + 1.5  # the SDK takes its time to be imported
    assert [line for line in said if "note: " in line] == [line for line in said if address in line]
    assert sum(f"note: traces do not reach {address}: " in line for line in said) == 1
    assert f"  100 records written to {topic}" in said


def test_the_way_of_each_record_of_the_canary_is_a_trace(
    one: Home, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_module, "WARM_UP", 0.0)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")  # ms; else the SDK gathers spans for five seconds
    spec, access = CanarySpec(enabled=True, topic="__traces_canary", interval=100, deadline=5_000), one.platform.access()
    said: list[str] = []
    with (
        tracing(os.environ, said.append) as tracer,
        Canary(access.settings, access.profile, spec, tracer=tracer) as canary,
    ):
        wait_until(lambda: len(canary.samples()), bool, what="the canary", timeout=20)
        wait_until(lambda: len(collector.named("process __traces_canary")), bool, what="a span", timeout=20)
    assert said == []
    sent = {span.span_id: span for span in collector.named("send __traces_canary")}
    processed = collector.named("process __traces_canary")
    assert processed
    assert all(sent[span.parent].trace_id == span.trace_id for span in processed)
    assert all(span.attributes["messaging.kafka.offset"] >= 0 for span in processed)
