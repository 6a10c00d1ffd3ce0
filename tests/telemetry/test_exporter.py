"""What an exporter tells of a cluster that it cannot read, round by round."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException

from ottla.errors import ClusterError
from ottla.kafka.connection import explain
from ottla.local.ports import LOOPBACK
from ottla.spec.exporter import Listen
from ottla.telemetry.exporter import Exporter
from ottla.telemetry.outcomes import Outcome, Outcomes
from ottla.telemetry.probe import is_healthy
from ottla.telemetry.server import Server
from ottla.telemetry.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

REASONS = (
    ClusterError("nobody answers at one:1", hint="start it: ottla up"),
    ClusterError("nobody answers at one:1", hint="start it: ottla up"),
    ClusterError("the login is refused"),
    ClusterError("nobody answers at one:1", hint="start it: ottla up"),
)


def told_of(reasons: Sequence[Exception]) -> list[str]:
    """What is told where it cannot connect for these reasons, one after the other."""
    told: list[str] = []
    left, done = list(reasons), threading.Event()

    def refused() -> NoReturn:
        if not left:
            done.set()
            raise reasons[-1]
        raise left.pop(0)

    exporter = Exporter(refused, View(interval=0.01, families=frozenset()), said=told.append)
    exporter.start()
    try:
        assert done.wait(20)
    finally:
        exporter.close()
    return told


def test_a_reason_is_told_once_again_when_it_changes_and_with_its_hint() -> None:
    there = "brokers: nobody answers at one:1\n    start it: ottla up"
    assert told_of(REASONS) == [there, "brokers: the login is refused", there]


def test_neither_who_refuses_a_login_nor_how_long_that_took_makes_it_another_reason() -> None:
    """librdkafka says the one before the reason and the other behind it."""
    reasons = (
        "sasl_ssl://one:1/bootstrap: wrong (SCRAM) (after 301ms in state AUTH_REQ)",
        "sasl_ssl://one:1/bootstrap: wrong (SCRAM) (after 4ms in state AUTH_REQ)",
        "sasl_ssl://two:2/bootstrap: wrong (SCRAM) (after 30ms in state AUTH_REQ, 2 identical error(s) suppressed)",
    )
    heard = [explain(KafkaException(KafkaError(KafkaError._AUTHENTICATION, reason))) for reason in reasons]
    [told] = told_of([ClusterError(f"the login is refused: {each}") for each in heard])
    assert told == "brokers: the login is refused: sasl_ssl://one:1/bootstrap: wrong (SCRAM)"


def test_who_never_saw_the_cluster_is_not_healthy_from_the_first_look_on() -> None:
    """A pod would be Ready, and a deployment of it a success."""

    def refused() -> NoReturn:
        raise REASONS[0]

    exporter = Exporter(refused, View(families=frozenset()))
    exporter.start()
    try:
        first = exporter.wait_first(20)
        assert first is not None
        assert first.age < 20
        assert not exporter.is_fresh
        with closing(Server(exporter, LOOPBACK, 0)) as server:
            server.start()
            assert not is_healthy(Listen(LOOPBACK, server.port))
    finally:
        exporter.close()


def refuse() -> None:
    raise ClusterError("refused", hint="ask somebody")


def test_an_error_ends_its_collector_and_leaves_its_hint() -> None:
    outcomes = Outcomes()
    with outcomes.collecting("quorum") as failures:
        failures.append("node 1 is silent")
        refuse()
    assert outcomes.of["quorum"].told == "node 1 is silent; refused\n    ask somebody"
    assert outcomes.failures == ["quorum: node 1 is silent", "quorum: refused"]
    assert Outcome(failures=["a", "b", "c", "d"]).told == "a; b; c"
