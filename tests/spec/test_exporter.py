"""The exporter's keys: what they take, and what they say against one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.model.metric_family import Family
from ottla.spec.exporter import CHOSEN, Listen

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

HEAD = """\
platform: shop
cluster: {name: shop}
environments: {dev: {target: local}}
topics: {orders: {partitions: 1}}
users: {watcher: {monitor: true}}
"""


def test_the_exporter_is_off_and_listens_on_this_machine_only_unless_it_is_said(load: Load) -> None:
    exporter = load(HEAD).environment("dev")[1].exporter
    assert (exporter.enabled, exporter.listen, exporter.families) == (False, Listen("127.0.0.1", 9308), CHOSEN)


def test_what_it_looks_at_is_chosen(load: Load) -> None:
    said = "{families: [brokers, quorum], partitions: false, interval: 30s, except_groups: 'tmp-.*', listen: '[::1]:9400'}"
    exporter = load(f"{HEAD}exporter: {said}\n").environment("dev")[1].exporter
    assert exporter.families == (Family.BROKERS, Family.QUORUM)
    assert (exporter.partitions, exporter.interval, exporter.listen) == (False, 30_000, Listen("::1", 9400))
    assert exporter.except_groups is not None
    assert exporter.except_groups.fullmatch("tmp-7")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("listen", "9308", "expected HOST:PORT"),
        ("listen", "'localhost:0'", "expected HOST:PORT"),
        ("listen", "'localhost:65536'", "expected HOST:PORT"),
        ("interval", "100ms", "1s or more"),
        ("families", "[lag]", "expected one of brokers, topics, consumer_groups, log_dirs, quorum"),
        ("families", "[node]", "expected one of"),
        ("topics", "'['", "not a regular expression"),
        ("max_series", "0", "at least 1"),
        ("user", "watchr", "there is no user watchr; did you mean 'watcher'?"),
        ("basic_auth", "{user: 'a:b', password: '${env:P}'}", "without ':'"),
        ("basic_auth", "{user: a, password: secret}", "expected a reference to a secret"),
        ("tls", "{certificate: '${file:c.pem}'}", "key"),
        ("canary", "{topic: 'a b'}", "begins with '__'"),
        ("canary", "{topic: __consumer_offsets}", "Kafka's own"),
        ("canary", "{interval: 0s}", "a duration of 10ms or more"),
    ],
)
def test_what_cannot_be_meant_is_a_fault(faults: Faults, key: str, value: str, message: str) -> None:
    [said] = faults(f"{HEAD}exporter: {{{key}: {value}}}\n")
    assert said.startswith(f"6: exporter.{key}")
    assert message in said
    assert "secret}" not in said


def test_a_password_goes_to_no_other_machine_in_the_clear(faults: Faults, load: Load) -> None:
    auth = "basic_auth: {user: a, password: '${env:P}'}"
    assert "add exporter.tls" in faults(f"{HEAD}exporter: {{listen: '0.0.0.0:9308', {auth}}}\n")[0]
    load(f"{HEAD}exporter: {{listen: 'localhost:9308', {auth}}}\n")
    tls = "tls: {certificate: '${file:c.pem}', key: '${file:k.pem}'}"
    load(f"{HEAD}exporter: {{listen: '0.0.0.0:9308', {auth}, {tls}}}\n")
