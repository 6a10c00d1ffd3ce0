"""Clients: settings of the profile that do not fit the cluster, and clients that Kafka 4 refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found
from ottla.model.units import counted, format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.doctor.evidence import Evidence, TopicSeen
    from ottla.doctor.finding import Finding

ALL = {"all", "-1"}
PRODUCER, FALSE = "producer", "false"
Wrong = tuple[str, list[str], str]  # what, its evidence, the next command
SPEC = "mend it in the spec; what a key does: ottla explain"


def check_settings(evidence: Evidence) -> Iterator[Finding]:
    """The profile of the spec against what brokers and topics have in force."""
    producer, consumer = evidence.wanted.producer, evidence.wanted.consumer
    configs = evidence.cluster.configs if evidence.cluster is not None else {}
    topics = [topic for topic in evidence.topics if topic.in_spec]
    wrong = [
        *_safety(producer),
        *_sizes(producer, configs, topics),
        *_codecs(producer, topics),
        *_sessions(consumer, configs),
        *_resets(consumer, topics),
    ]
    for what, lines, command in wrong:
        yield found(of.CLIENT_SETTINGS, "client profile", what, evidence=lines, command=f"{SPEC} {command}")


def _safety(producer: Mapping[str, str]) -> Iterator[Wrong]:
    acks = producer.get("acks", "all")
    if acks not in ALL:
        yield f"acks is {acks}: an event may be lost with one node", [f"producer: acks={acks}"], "client.producer.acks"
    if producer.get("enable.idempotence", "true") == FALSE:
        lines = ["producer: enable.idempotence=false"]
        yield "a retry may write an event twice, or out of order", lines, "client.producer.enable.idempotence"


def _sizes(producer: Mapping[str, str], configs: Mapping[str, str], topics: list[TopicSeen]) -> Iterator[Wrong]:
    largest = producer.get("max.request.size")
    limits = {f"topic {topic.name}": topic.configs.get("max.message.bytes") for topic in topics}
    limits = {"brokers": configs.get("message.max.bytes"), **limits}
    small = [f"{where} takes {limit}" for where, limit in limits.items() if largest and limit and int(limit) < int(largest)]
    if small:
        what = "a client may send larger records than are taken"
        yield what, [f"producer: max.request.size={largest}", *small[:3]], "client.producer.max.request.size"


def _codecs(producer: Mapping[str, str], topics: list[TopicSeen]) -> Iterator[Wrong]:
    codec = producer.get("compression.type")
    if codec is None:
        return
    other = [
        f"topic {topic.name} is kept in {kept}"
        for topic in topics
        if (kept := topic.configs.get("compression.type", PRODUCER)) not in {PRODUCER, codec}
    ]
    if other:
        what = "brokers compress every record anew"
        yield what, [f"producer: compression.type={codec}", *other[:3]], "client.producer.compression.type"


def _sessions(consumer: Mapping[str, str], configs: Mapping[str, str]) -> Iterator[Wrong]:
    timeout = consumer.get("session.timeout.ms")
    least, most = configs.get("group.min.session.timeout.ms"), configs.get("group.max.session.timeout.ms")
    if timeout and least and most and not int(least) <= int(timeout) <= int(most):
        lines = [f"consumer: session.timeout.ms={timeout}", f"brokers: from {least} to {most}"]
        yield "members are refused for their session timeout", lines, "client.consumer.session.timeout.ms"


def _resets(consumer: Mapping[str, str], topics: list[TopicSeen]) -> Iterator[Wrong]:
    compacted = [topic.name for topic in topics if "compact" in topic.configs.get("cleanup.policy", "")]
    if consumer.get("auto.offset.reset") == "latest" and compacted:
        lines = ["consumer: auto.offset.reset=latest", f"compacted: {', '.join(compacted[:3])}"]
        yield "a new group misses the state that compacted topics hold", lines, "client.consumer.auto.offset.reset"


def check_old(evidence: Evidence) -> Iterator[Finding]:
    """Whoever was refused for the version of a request, as the logs of the brokers have it: a finding for each host."""
    hosts = dict.fromkeys(each.host for each in evidence.refused if each.age <= evidence.limits.old_client_within)
    for host in hosts:
        refused = [each for each in evidence.refused if each.host == host]
        newest = min(refused, key=lambda each: each.age)
        lines = [
            f"{each.request} version {each.version}, {counted(each.times, 'time')}, refused by node {each.node_id}"
            for each in refused
        ]
        what = f"asks in versions that Kafka 4 took away, last {format_duration(newest.age * 1000)} ago"
        command = f"raise its library; whose it is: ss -tnp (on {host}); the lines: ottla logs {newest.node_id}"
        yield found(of.OLD_CLIENT, f"client at {host}", what, evidence=[*lines, newest.line], command=command)
