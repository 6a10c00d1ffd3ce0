from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.spec import desired_state

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

HEAD = "platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}}\n"
TOPIC = HEAD + "topics:\n  orders:\n    partitions: 1\n"


def of_topic(config: str) -> str:
    return TOPIC + f"    config: {{{config}}}\n"


def of_server(config: str, target: str = "local") -> str:
    return HEAD.replace("{name: shop}", f"{{name: shop, config: {{{config}}}}}").replace("target: local", f"target: {target}")


def of_client(kind: str, config: str) -> str:
    return HEAD + f"client: {{{kind}: {{{config}}}}}\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (of_topic("retentoin.ms: 7d"), "unknown key of Kafka 4.3.1; did you mean 'retention.ms'?"),
        (of_topic("frobnicate: 7d"), "unknown key of Kafka 4.3.1"),
        (
            of_topic("log.retention.ms: 7d"),
            "unknown key of Kafka 4.3.1: it is a server property; the topic config is retention.ms",
        ),
        (
            of_server("retention.ms: 7d"),
            "unknown key of Kafka 4.3.1: it is a topic config; the server property is log.retention.ms",
        ),
        (of_client("producer", "max.poll.records: 5"), "unknown key of Kafka 4.3.1: it is a consumer config"),
        (of_client("consumer", "aks: all"), "unknown key of Kafka 4.3.1"),
        (of_server("listener.name.internal.ssl.client.auht: none"), "unknown key of Kafka 4.3.1"),
        (HEAD + "topic_defaults: {config: {retention.sm: 7d}}\n", "unknown key of Kafka 4.3.1; did you mean 'retention.ms'?"),
    ],
)
def test_a_key_that_kafka_does_not_know_there_is_a_fault(faults: Faults, text: str, fault: str) -> None:
    assert [each.split(": ", 2)[2] for each in faults(text)] == [fault]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (of_topic("segment.bytes: 1kB"), "expected at least 1048576 (1 MiB), not 1000"),
        (of_topic("cleanup.policy: compacted"), "expected some of compact, delete, not 'compacted'"),
        (of_topic("min.cleanable.dirty.ratio: 1.5"), "expected at most 1, not 1.5"),
        (of_topic("min.cleanable.dirty.ratio: .nan"), "expected a number, not '.nan'"),
        (of_topic("preallocate: yes"), "expected true or false, not 'yes'"),
        (of_topic("compression.type: brotli"), "expected one of uncompressed, zstd, lz4, snappy, gzip, producer, not 'brotli'"),
        (of_topic("compression.gzip.level: 10"), "expected at most 9, not 10"),
        (of_topic("segment.bytes: 3GiB"), "3221225472 does not fit: the key is Kafka's int, at most 2147483647"),
        (of_topic("retention.ms: [1]"), "expected one value, not [1]"),
        (of_topic("delete.retention.ms: unlimited"), "expected at least 0, not -1"),
        (of_topic("leader.replication.throttled.replicas: 0"), "expected * or PARTITION:NODE,PARTITION:NODE..., not '0'"),
        (of_server("num.io.threads: 0"), "expected at least 1, not 0"),
        (of_server("num.io.threads: many"), "expected a whole number, not 'many'"),
        (of_server("num.io.threads: true"), "expected a whole number, not 'true'"),
        (of_server("group.max.size: 1KiB"), "expected a whole number, not '1KiB'"),
        (of_server("transaction.max.timeout.ms: 0s"), "expected at least 1, not 0"),
        (of_client("producer", "acks: some"), "expected one of all, -1, 0, 1, not 'some'"),
        (
            of_client("producer", "partitioner: murmur3"),
            "expected one of random, consistent, consistent_random, murmur2, murmur2_random, fnv1a, fnv1a_random, not 'murmur3'",
        ),
        (
            of_client("consumer", "auto.offset.reset: first"),
            "expected one of latest, earliest, none, by_duration:PnDTnHnMn.nS, not 'first'",
        ),
    ],
)
def test_a_value_that_kafka_would_refuse_is_a_fault(faults: Faults, text: str, fault: str) -> None:
    assert [each.split(": ", 2)[2] for each in faults(text)] == [fault]


@pytest.mark.parametrize(
    "text",
    [
        of_topic("cleanup.policy: [compact, delete]"),
        of_topic("cleanup.policy: 'compact, delete'"),
        of_topic("compression.gzip.level: -1"),
        of_topic("local.retention.ms: -2, local.retention.bytes: -2"),
        of_topic("preallocate: TRUE, min.cleanable.dirty.ratio: 0.1, flush.ms: 9223372036854775807"),
        of_topic("leader.replication.throttled.replicas: '0:1,1:2', follower.replication.throttled.replicas: '*'"),
        of_server("metrics.jmx.include: 'a|b'"),
        of_server("listener.name.client.ssl.client.auth: required"),
        of_server("config.providers: file, config.providers.file.class: x.Y, rsm.config.dir: /tmp/remote"),
        of_client("producer", "acks: -1, buffer.memory: 32MiB, linger.ms: 5ms"),
        of_client("consumer", "auto.offset.reset: 'by_duration:P1D', group.protocol: CONSUMER"),
    ],
)
def test_what_kafka_takes_is_no_fault(load: Load, text: str) -> None:
    load(text)


def test_a_list_is_written_as_kafka_writes_it(load: Load) -> None:
    _, spec = load(of_topic("cleanup.policy: [compact, delete]")).environment(None)
    assert desired_state(spec).topics["orders"].configs["cleanup.policy"] == "compact,delete"


@pytest.mark.parametrize(
    ("key", "instead"),
    [
        ("zookeeper.connect", "Kafka 4 has no ZooKeeper"),
        ("zookeeper.session.timeout.ms", "Kafka 4 has no ZooKeeper"),
        ("inter.broker.protocol.version", "the cluster keeps its metadata.version itself"),
        ("log.message.format.version", "one message format"),
        ("log.message.timestamp.difference.max.ms", "log.message.timestamp.before.max.ms and log.message.timestamp.after.max.ms"),
        ("offsets.commit.required.acks", "waits for every replica in sync"),
        ("delegation.token.master.key", "delegation.token.secret.key"),
        ("metrics.jmx.blacklist", "metrics.jmx.exclude"),
        ("control.plane.listener.name", "controller.listener.names"),
        ("broker.id.generation.enable", "node.id"),
        ("reserved.broker.max.id", "node ids"),
        ("password.encoder.secret", "passwords in ZooKeeper"),
        ("advertised.host.name", "advertised.listeners"),
    ],
)
def test_a_key_that_kafka_4_removed_answers_with_what_to_do(faults: Faults, key: str, instead: str) -> None:
    [fault] = faults(of_server(f"{key}: 1"))
    assert fault.startswith(f"2: cluster.config.{key}: Kafka 4.3.1 has no such key: ")
    assert instead in fault


def test_a_topic_config_that_kafka_4_removed_answers_with_what_to_do(faults: Faults) -> None:
    [fault] = faults(of_topic("message.timestamp.difference.max.ms: 1h"))
    assert "message.timestamp.before.max.ms and message.timestamp.after.max.ms" in fault


@pytest.mark.parametrize(
    "key",
    ["ssl.keystore.password", "sasl.jaas.config", "listener.name.client.plain.sasl.jaas.config", "rsm.config.store.secret"],
)
def test_a_spec_holds_no_secret(faults: Faults, key: str) -> None:
    [fault] = faults(of_server(f"{key}: hunter2"))
    assert "is a secret, and a spec holds none" in fault
    assert "hunter2" not in fault


def test_a_key_of_a_vendor_is_refused_where_apache_kafka_runs(faults: Faults, load: Load) -> None:
    [fault] = faults(of_topic("confluent.tier.enable: true"))
    assert fault.endswith("is a key of Confluent's Kafka, not of Apache Kafka")
    load(of_topic("confluent.tier.enable: true").replace("target: local", "target: confluent"))


@pytest.mark.parametrize(
    "key",
    [
        "node.id",
        "listeners",
        "log.dirs",
        "advertised.listeners",
        "ssl.keystore.location",
        "broker.id",
        "listener.name.internal.ssl.keystore.location",
    ],
)
def test_what_a_local_node_gets_from_ottla_is_refused_there_only(faults: Faults, load: Load, key: str) -> None:
    [fault] = faults(of_server(f"{key}: 1"))
    assert fault.startswith(f"2: cluster.config.{key}: a local node gets this from Ottla itself")
    load(of_server(f"{key}: 1", target="confluent"))


def test_a_reset_names_a_topic_config(faults: Faults) -> None:
    assert faults(TOPIC + "    reset: [segment.ms, retention.mss]\n") == [
        "7: topics.orders.reset.1: retention.mss: unknown key of Kafka 4.3.1; did you mean 'retention.ms'?"
    ]


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("segment_bytes: 1kB", "segment_bytes: expected at least 1048576 (1 MiB), not 1000"),
        ("min_compaction_lag: unlimited", "min_compaction_lag: expected at least 0, not -1"),
        ("compression_type: zip", "compression_type: expected one of uncompressed, zstd, lz4, snappy, gzip, producer, not 'zip'"),
    ],
)
def test_a_key_with_a_name_of_its_own_has_the_range_of_kafkas(faults: Faults, said: str, fault: str) -> None:
    assert faults(TOPIC + f"    {said}\n") == [f"7: topics.orders.{fault}"]
