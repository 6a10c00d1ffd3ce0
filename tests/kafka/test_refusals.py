"""A locked platform lets in whom it should, and nobody else: each refusal beside the same client with one thing right."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Consumer, Producer
from tests.conftest import lock
from tests.issuer import new_key
from tests.kafka.clients import LET_IN, entrance, of_librdkafka, read, write

from ottla.errors import ClusterError
from ottla.kafka.configs import read_broker_configs
from ottla.kafka.connection import connect
from ottla.kafka.settings import certificate_settings
from ottla.local.client_authority import read_authorities
from ottla.local.issuing import Leaf, issue, new_authority
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Locked
    from tests.issuer import Issuer

    from ottla.local.record import NodeAddress

pytestmark = pytest.mark.kafka

REQUEST = bytes.fromhex("00000014001200000000000100096f74746c612d3031 0000".replace(" ", ""))


def node_of(locked: Locked) -> NodeAddress:
    [node] = locked.platform.cluster.made().nodes
    return node


def config_of(locked: Locked, user: str) -> dict[str, Any]:
    return of_librdkafka(locked.login(user))


# The wire.


def shake_hands(port: int, context: ssl.SSLContext, *, name: str = "127.0.0.1") -> str:
    """The version of TLS that was agreed on; raises ssl.SSLError or OSError where none was, or the peer hung up after."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        tls.sendall(REQUEST)
        if tls.recv(1) == b"":  # with TLS 1.3 a refused client certificate is told after the handshake
            raise ConnectionResetError
        return str(tls.version())


def client_context(locked: Locked, store: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(locked.platform.cluster.layout.client_authorities))
    if store is not None:
        context.load_cert_chain(store)
    return context


def test_client_listeners_speak_tls_1_3_and_1_2_and_nothing_older(locked: Locked) -> None:
    node, store = node_of(locked), locked.platform.cluster.layout.user_keystore("with-certificate")
    for port in (node.tls_port, node.sasl_port):
        assert shake_hands(port, client_context(locked, store)) == "TLSv1.3"
        at_most = client_context(locked, store)
        at_most.maximum_version = ssl.TLSVersion.TLSv1_2
        assert shake_hands(port, at_most) == "TLSv1.2"
        old = client_context(locked, store)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):  # which is the point
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, OSError)):
            shake_hands(port, old)


def test_a_plaintext_client_gets_no_answer_on_any_port(locked: Locked) -> None:
    node = node_of(locked)
    for port in (node.tls_port, node.sasl_port, node.internal_port, node.controller_port):
        with socket.create_connection((node.host, port), timeout=10) as plain:
            plain.sendall(REQUEST)
            answer = plain.recv(100)
            assert answer == b"" or answer[0] == 0x15, "a TLS alert is all that it may be told"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((node.host, node.client_port), timeout=5)


def test_a_server_that_is_reached_by_a_name_that_is_not_in_its_certificate_is_not_trusted(locked: Locked) -> None:
    port = node_of(locked).sasl_port
    assert shake_hands(port, client_context(locked), name="localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)hostname"):
        shake_hands(port, client_context(locked), name="kafka.example")


def test_a_server_of_another_ca_is_not_trusted(locked: Locked) -> None:
    layout = locked.platform.cluster.layout
    right = config_of(locked, "task-service")
    assert entrance(right) == LET_IN
    assert "certificate verify failed" in entrance({**right, "ssl.ca.location": str(layout.authority)})


# Who one is.


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_wrong_password_is_refused(locked: Locked, mechanism: str) -> None:
    right = {**config_of(locked, "task-service"), "sasl.mechanism": mechanism}
    assert entrance(right) == LET_IN
    assert "uthentication failed" in entrance({**right, "sasl.password": "wrong"})
    assert "uthentication failed" in entrance({**right, "sasl.username": "unknown"})


def test_who_does_not_log_in_is_refused(locked: Locked) -> None:
    right = config_of(locked, "task-service")
    assert entrance(right) == LET_IN
    without = {key: value for key, value in right.items() if not key.startswith("sasl.")}
    assert entrance({**without, "security.protocol": "SSL"}) != LET_IN
    assert entrance({**right, "sasl.mechanism": "PLAIN"}) != LET_IN


def test_a_rotated_password_lets_in_and_the_one_before_does_not_even_where_the_secrets_were_lost(locked: Locked) -> None:
    kept = locked.platform.identity.store.path
    before = config_of(locked, "nobody")
    assert entrance(before) == LET_IN
    assert locked.run("users", "rotate", "nobody").returncode == 0
    after = config_of(locked, "nobody")
    assert (entrance(before) != LET_IN, entrance(after)) == (True, LET_IN)
    copy = kept.rename(kept.with_name("copy"))
    try:
        lost = locked.run("topics", "list", "--as", "nobody")
        assert (lost.returncode, "ottla users rotate" in lost.stderr) == (1, True), lost.stderr
        assert "unverifiable" in locked.run("plan").stdout
        anew = locked.run("users", "rotate", "nobody")
        assert anew.returncode == 0, anew.stderr
        assert entrance(config_of(locked, "nobody")) == LET_IN
    finally:
        copy.rename(kept)  # what the cluster was sent since is not in it
    again = locked.run("users", "rotate", "nobody")
    assert again.returncode == 0, again.stderr
    assert entrance(config_of(locked, "nobody")) == LET_IN
    assert locked.run("plan", "--exit-code").returncode == 0


def test_a_certificate_lets_in_and_its_name_is_the_user(locked: Locked) -> None:
    right = config_of(locked, "with-certificate")
    assert entrance(right) == LET_IN
    assert write(right, "task-events") == LET_IN
    assert "authoriz" in write(right, "reminder-events").lower()
    without = {key: value for key, value in right.items() if key not in {"ssl.certificate.location", "ssl.key.location"}}
    assert entrance(without) != LET_IN


@pytest.mark.long
def test_a_certificate_of_the_nodes_is_none_of_a_client_and_the_other_way_round(locked: Locked) -> None:
    layout, node = locked.platform.cluster.layout, node_of(locked)
    as_node = {**config_of(locked, "with-certificate"), **librdkafka_store(layout.node(1).keystore)}
    assert entrance(as_node) != LET_IN
    own = {"ssl.ca.location": str(layout.authority), **certificate_settings(str(layout.own_store))}
    as_client = {**own, **certificate_settings(str(layout.user_keystore("with-certificate")))}
    login = locked.platform.access("admin").settings
    internal = replace(login, bootstrap_servers=(f"{node.host}:{node.internal_port}",))
    with connect(internal.bootstrap_servers, options=replace(internal, connection=own).for_admin) as connection:
        assert read_broker_configs(connection, [1])
    for connection_settings in (as_client, {"ssl.ca.location": str(layout.authority), "security.protocol": "SSL"}):
        wrong = replace(internal, connection=connection_settings)
        with pytest.raises(ClusterError), connect(wrong.bootstrap_servers, options=wrong.for_admin, timeout=3):
            pass


def librdkafka_store(path: Path) -> dict[str, str]:
    return {"ssl.certificate.location": str(path), "ssl.key.location": str(path)}


# Tokens.


def with_token(locked: Locked, token: str) -> dict[str, Any]:
    config = {key: value for key, value in config_of(locked, "task-service").items() if not key.startswith("sasl.")}
    login = {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": lambda _: (token, time.time() + 300)}
    return {**config, **login}


def test_a_token_of_the_issuer_lets_in_and_its_subject_is_the_user(locked: Locked) -> None:
    right = with_token(locked, locked.issuer.token("with-token"))
    assert write(right, "task-events") == LET_IN
    assert "authoriz" in write(right, "reminder-events").lower()


def forged(issuer: Issuer) -> str:
    return replace(issuer, key=new_key()).token("with-token")


@pytest.mark.parametrize(
    "claims",
    [{"iss": "https://elsewhere.example"}, {"aud": "somebody-else"}, {"lasts": -300}, {"sub": ""}],
    ids=["another issuer", "another audience", "expired", "nobody"],
)
def test_a_token_with_one_thing_wrong_is_refused(locked: Locked, claims: dict[str, Any]) -> None:
    assert entrance(with_token(locked, locked.issuer.token("with-token"))) == LET_IN
    assert entrance(with_token(locked, locked.issuer.token("with-token", **claims))) != LET_IN


def test_a_token_that_somebody_else_signed_is_refused(locked: Locked) -> None:
    assert entrance(with_token(locked, forged(locked.issuer))) != LET_IN


# What one may do.


def test_another_users_topic_is_neither_written_nor_read(locked: Locked) -> None:
    service = config_of(locked, "reminder-service")
    assert write(service, "reminder-events") == LET_IN
    assert "authoriz" in write(service, "recurring-events").lower()
    assert write(config_of(locked, "task-service"), "task-events") == LET_IN
    assert read(service, "task-events", group="reminder-service") == LET_IN
    assert "authoriz" in read(service, "recurring-events", group="reminder-service").lower()


def test_another_users_group_is_not_joined(locked: Locked) -> None:
    service = config_of(locked, "recurring-service")
    assert write(config_of(locked, "task-service"), "task-events") == LET_IN
    assert read(service, "task-events", group="recurring-service") == LET_IN
    assert "authoriz" in read(service, "task-events", group="reminder-service").lower()


def test_monitoring_sees_metrics_lag_and_configs_and_no_record(locked: Locked) -> None:
    monitoring = config_of(locked, "monitoring")
    assert write(config_of(locked, "task-service"), "task-events") == LET_IN
    for command in (["topics", "list"], ["topics", "describe", "task-events"], ["groups", "list"], ["lag"]):
        done = locked.run(*command, "--as", "monitoring")
        assert done.returncode == 0, done.stderr
    assert "authoriz" in read(monitoring, "task-events").lower()
    assert "authoriz" in write(monitoring, "task-events").lower()
    assert read(config_of(locked, "admin"), "task-events") == LET_IN


@pytest.mark.parametrize("verb", ["create", "delete"])
def test_topics_are_made_and_deleted_by_the_administrator_alone(locked: Locked, verb: str) -> None:
    refused = locked.run("topics", verb, "mine", "--yes", "--as", "task-service")
    assert refused.returncode == 1, refused.stdout
    assert "authoriz" in refused.stderr.lower()
    done = locked.run("topics", verb, "mine", "--yes")
    assert done.returncode == 0, done.stderr


def test_configs_are_described_by_who_may_and_the_cluster_too(locked: Locked) -> None:
    for user, allowed in (("monitoring", True), ("task-service", False)):
        settings = locked.login(user)
        with connect(settings.bootstrap_servers, options=settings.for_admin) as connection:
            if allowed:
                assert read_broker_configs(connection, [1])
            else:
                with pytest.raises(ClusterError, match=r"(?i)authoriz"):
                    read_broker_configs(connection, [1])


# How much.


@pytest.mark.long
def test_who_is_over_the_quota_is_slowed_down_by_as_much(locked: Locked) -> None:
    """A megabyte at 100 kB a second takes some ten seconds; Kafka averages over eleven samples of a second."""
    took = {}
    for user, topic in (("notification-service", "notification-events"), ("slowed", "notification-events")):
        throttled: list[float] = []
        config = {**config_of(locked, user), "throttle_cb": lambda event, seen=throttled: seen.append(event.throttle_time)}
        started = time.monotonic()
        producer = Producer({**config, "batch.size": 100_000, "linger.ms": 0})
        for _ in range(20):
            producer.produce(topic, b"x" * 100_000, b"k")
            producer.flush(60)
            producer.poll(0)
        took[user] = (time.monotonic() - started, sum(throttled))
    assert took["notification-service"][1] == 0
    assert took["slowed"][1] > 0
    assert took["slowed"][0] > took["notification-service"][0] + 5


def stores(locked: Locked, tmp_path: Path) -> dict[str, Path]:
    """Certificates for one user: as it should be, expired, and of a CA that nobody knows."""
    now = dt.datetime.now(dt.UTC)
    own = read_authorities(locked.platform.cluster.layout, None)
    assert own is not None
    leaf = Leaf("user with-certificate", tmp_path / "unused", "with-certificate")
    issued = {
        "right": issue(own.current, leaf, now=now),
        "expired": issue(own.current, leaf, now=now - dt.timedelta(days=400)),
        "of another CA": issue(new_authority("somebody", now=now), leaf, now=now),
    }
    for name, store in issued.items():
        (tmp_path / name).write_bytes(store.pem())
    return {name: tmp_path / name for name in issued}


def test_an_expired_certificate_and_one_of_another_ca_are_refused(locked: Locked, tmp_path: Path) -> None:
    config = config_of(locked, "with-certificate")
    found = {name: entrance({**config, **librdkafka_store(path)}) for name, path in stores(locked, tmp_path).items()}
    assert found["right"] == LET_IN
    assert LET_IN not in {found["expired"], found["of another CA"]}


@pytest.mark.parametrize("name", ["operator", "node-1", "ottla:operator", "CN=node-1"])
def test_a_users_certificate_with_the_name_of_a_node_is_no_node(locked: Locked, tmp_path: Path, name: str) -> None:
    own = read_authorities(locked.platform.cluster.layout, None)
    assert own is not None
    store = tmp_path / f"{name}.pem"
    store.write_bytes(issue(own.current, Leaf("user", store, name), now=dt.datetime.now(dt.UTC)).pem())
    config = {**config_of(locked, "with-certificate"), **librdkafka_store(store)}
    assert entrance(config) == LET_IN
    assert "authoriz" in write(config, "task-events").lower()
    assert write(config_of(locked, "with-certificate"), "task-events") == LET_IN


def test_what_is_refused_stands_in_the_audit_log(locked: Locked) -> None:
    log = locked.platform.cluster.layout.node(1).audit_log
    assert "authoriz" in write(config_of(locked, "nobody"), "task-events").lower()
    said = wait_until(log.read_text, lambda text: "User:nobody" in text, what="the audit log", timeout=10)
    assert "Principal = User:nobody is Denied operation = " in said
    assert locked.run("topics", "list").returncode == 0
    assert "User:admin is Denied" not in log.read_text()


def test_an_acl_that_is_revoked_ends_the_work_of_a_live_consumer_and_of_no_other(locked: Locked) -> None:
    """Both read on and on; then one of them loses the topic."""

    def without(spec: dict[str, Any]) -> None:
        lock(spec, locked.issuer)
        spec["users"]["reminder-service"]["consumes"]["topics"] = ["task-update-events"]

    writer = config_of(locked, "task-service")
    readers = {user: live_consumer(locked, user) for user in ("reminder-service", "recurring-service")}
    try:
        assert write(writer, "task-events") == LET_IN
        assert {user: next_of(reader) for user, reader in readers.items()} == dict.fromkeys(readers, LET_IN)
        locked.variant("revoked.yaml", without)
        done = locked.run("apply", "--allow", "acls", "--yes", spec="revoked.yaml")
        assert done.returncode == 0, done.stderr
        assert write(writer, "task-events") == LET_IN
        assert "authoriz" in until_refused(readers["reminder-service"]).lower()
        assert next_of(readers["recurring-service"]) == LET_IN
    finally:
        for reader in readers.values():
            reader.close()
        assert locked.run("apply", "--yes").returncode == 0


def live_consumer(locked: Locked, user: str) -> Consumer:
    settings = {"group.id": user, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 100}
    consumer = Consumer({**config_of(locked, user), **settings})
    consumer.subscribe(["task-events"])
    return consumer


def next_of(consumer: Consumer) -> str:
    message = consumer.poll(20)
    return "nothing came" if message is None else str(message.error().str()) if message.error() else LET_IN


def until_refused(consumer: Consumer) -> str:
    """What it had fetched before, it may still hand out."""
    return wait_until(lambda: next_of(consumer), lambda said: said != LET_IN, what="a refusal", timeout=30)


@pytest.mark.long
def test_a_command_says_that_the_login_is_refused_and_not_that_nobody_answers(locked: Locked) -> None:
    right = locked.run("topics", "list", "--as", "task-service")
    assert (right.returncode, "task-events" in right.stdout) == (0, True)
    for wrong in (["-X", "sasl.password=wrong"], ["-X", "sasl.mechanism=PLAIN"]):
        refused = locked.run("topics", "list", "--as", "task-service", *wrong, timeout=15)
        assert (refused.returncode, "the login is refused" in refused.stderr) == (1, True), refused.stderr
        assert "in state" not in refused.stderr  # nor how long it took: an exporter tells a reason once
    assert locked.run("topics", "list", "--as", "").returncode == 2


def test_commands_of_a_user_who_may_not_say_so_in_a_line(locked: Locked) -> None:
    writer, reader = (
        locked.pipe("produce", "task-events", "-K", ":", "--as", user, given=b"k:v\n")
        for user in ("task-service", "reminder-service")
    )
    assert writer.returncode == 0, writer.stderr
    assert (reader.returncode, b"uthoriz" in reader.stderr, b"Traceback" in reader.stderr) == (1, True, False), reader.stderr
    assert locked.run("consume", "task-events", "--as", "event-service").returncode == 0
    denied = locked.run("consume", "task-events", "--as", "monitoring")
    assert (denied.returncode, "authorization failed" in denied.stderr) == (1, True), denied.stderr
    assert locked.run("verify", "--write", "--as", "nobody").returncode == 1
    made = locked.run("topics", "create", "quiet", "--yes")
    assert (made.returncode, "unverifiable" in made.stdout) == (0, False), made.stderr
    assert locked.run("topics", "delete", "quiet", "--yes").returncode == 0
