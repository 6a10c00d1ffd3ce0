"""Traces as a person sees them: in Jaeger, sent by `ottla produce` and `ottla consume` as processes of their own."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.companions.go.build import built
from tests.companions.jaeger import PROGRAM, Jaeger, running_jaeger

from ottla.local.ports import LOOPBACK, listening
from ottla.telemetry.tracing import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.conftest import Home

# func_only: a limit for each test, and none for what is built before the first one
pytestmark = [pytest.mark.companions, pytest.mark.kafka, pytest.mark.timeout(120, func_only=True)]
ENDPOINT, SERVICE = ENDPOINTS[1], "OTEL_SERVICE_NAME"
NONE: Mapping[str, str] = {}


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> Iterator[Jaeger]:
    with running_jaeger(built(PROGRAM, say=say), tmp_path_factory.mktemp("jaeger")) as running:
        yield running


def ottla(home: Home, *arguments: str, given: bytes = b"", variables: Mapping[str, str] = NONE) -> bytes:
    """What a command says on stdout, run with none of the variables of traces but these."""
    spec = ["--file", str(home.folder / "platform.yaml"), "--environment", home.environment]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    done = subprocess.run(
        [*home.command(*arguments), *spec], input=given, env={**environment, **variables}, capture_output=True, check=False
    )
    assert (done.returncode, b"note: " in done.stderr) == (0, False), done.stderr
    return done.stdout


def test_produce_and_consume_are_one_trace_of_two_services(one: Home, jaeger: Jaeger) -> None:
    topic = "jaeger-one"
    ottla(one, "topics", "create", topic, "--partitions", "1", "--yes")
    ottla(one, "produce", topic, given=b"hello\n", variables={ENDPOINT: jaeger.endpoint, SERVICE: "task-service"})
    consumer = {ENDPOINT: jaeger.endpoint, SERVICE: "notification-service"}
    assert ottla(one, "consume", topic, "--group", "jaeger-readers", variables=consumer) == b"hello\n"
    sent, processed = jaeger.trace_of(topic, "task-service", spans=2)
    assert (sent.name, sent.service, sent.parents) == (f"send {topic}", "task-service", ())
    assert (processed.name, processed.service) == (f"process {topic}", "notification-service")
    assert processed.parents == ((sent.trace, sent.id),)
    assert sent.trace == processed.trace
    assert jaeger.services() == {"task-service", "notification-service"}
    host, port = one.bootstrap_servers[0].split(":")
    same = {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": "0",
        "messaging.kafka.offset": 0,
        "server.address": host,
        "server.port": int(port),
    }
    assert same.items() <= sent.tags.items()
    assert same.items() <= processed.tags.items()
    kinds = [(span.tags["span.kind"], span.tags["messaging.operation.type"]) for span in (sent, processed)]
    assert kinds == [("producer", "send"), ("consumer", "process")]
    assert processed.tags["messaging.consumer.group.name"] == "jaeger-readers"


def test_without_the_variable_nothing_comes_and_with_it_the_service_is_ottla(one: Home, jaeger: Jaeger) -> None:
    for topic in ("jaeger-off", "jaeger-on"):
        ottla(one, "topics", "create", topic, "--partitions", "1", "--yes")
    ottla(one, "produce", "jaeger-off", given=b"hello\n")
    assert ottla(one, "consume", "jaeger-off") == b"hello\n"
    ottla(one, "produce", "jaeger-on", given=b"hello\n", variables={ENDPOINT: jaeger.endpoint})
    (sent,) = jaeger.trace_of("jaeger-on", "ottla", spans=1)  # it came last, so what came before it would be there
    assert (sent.name, sent.service) == ("send jaeger-on", "ottla")
    assert jaeger.traces("ottla") == [[sent]]
    assert [each for each in jaeger.services() if jaeger.traces(each, **{"messaging.destination.name": "jaeger-off"})] == []


def test_jaeger_listens_on_this_machine_only(jaeger: Jaeger) -> None:
    assert {host for host, _ in listening(jaeger.process)} == {LOOPBACK}
