"""Observe + plan of 1,000 topics against the bare admin calls it needs; creating 1,000 against one bare `create_topics`.

In turns, in the same run, on one node; what counts are the ratios of the medians. Wanted: each at most 2.
  bare read    kafka-python's own describe_topics, describe_configs (topics) and describe_configs (the broker), warm connection
  plan         Platform.plan(): connect, observe, diff, evidence, risk, fingerprints
  bare create  kafka-python's own create_topics, one request
  create       Platform.apply() of a plan that creates them: plan's fingerprints checked first, leaders waited for after
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ottla.kafka.connection import connect
from ottla.kafka.topics import delete_topics, read_metadata
from ottla.platform import LocalPlatform, Platform
from ottla.waiting import wait_until

warnings.simplefilter("ignore")

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic  # noqa: E402  (it warns at import)

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPICS = 1000
ROUNDS = 5
CREATE_ROUNDS = 3
CONFIGS = {"retention.ms": "86400000", "segment.bytes": "104857600"}


def platform(folder: Path, topics: int) -> LocalPlatform:
    """A one-node platform whose spec has that many topics."""
    ones = ("default", "offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
    spec: dict[str, Any] = {
        "platform": "bench",
        "cluster": {"name": "bench", "nodes": 1, "config": {f"{one}.replication.factor": 1 for one in ones}},
        "topic_defaults": {"replication_factor": 1, "min_insync_replicas": 1},
        "topics": {f"bench-{number}": {"partitions": 1, "config": CONFIGS} for number in range(topics)},
        "environments": {"local": {"target": "local"}},
    }
    path = folder / "platform.yaml"
    path.write_text(json.dumps(spec))
    return Platform.load(path).on("local")


def bare_read(admin: KafkaAdminClient) -> None:
    """The admin calls without which no plan can be made."""
    names = [topic["name"] for topic in admin.describe_topics()]
    assert len(names) >= TOPICS
    admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])


def bare_create(admin: KafkaAdminClient) -> None:
    """One request."""
    configs = {**CONFIGS, "min.insync.replicas": "1"}
    admin.create_topics([NewTopic(f"bench-{number}", 1, 1, topic_configs=configs) for number in range(TOPICS)], timeout_ms=60_000)


def remove_topics(servers: tuple[str, ...]) -> None:
    """Delete them all and wait until they are gone."""
    with connect(servers) as connection:
        # by name: a broker shows topics a little after they were created
        outcome = delete_topics(connection, [f"bench-{number}" for number in range(TOPICS)])
        assert set(outcome.values()) == {None}
        wait_until(lambda: len(read_metadata(connection).partitions), lambda left: left < 2, what="deletes", timeout=60)  # noqa: PLR2004


def rounds(folder: Path, empty: LocalPlatform) -> Iterator[tuple[str, float]]:
    """Every figure that was measured."""
    servers = empty.cluster.made().bootstrap_servers
    full = platform(folder, TOPICS)
    admin = KafkaAdminClient(bootstrap_servers=list(servers))
    for number in range(CREATE_ROUNDS):
        started = time.monotonic()
        bare_create(admin)
        yield "bare create", time.monotonic() - started
        remove_topics(servers)
        plan = full.plan()
        assert len(plan.changes) == TOPICS
        started = time.monotonic()
        full.apply(plan)
        yield "create", time.monotonic() - started
        if number < CREATE_ROUNDS - 1:
            remove_topics(servers)
    for _ in range(ROUNDS):
        started = time.monotonic()
        bare_read(admin)
        yield "bare read", time.monotonic() - started
        started = time.monotonic()
        assert full.plan().changes == ()
        yield "plan", time.monotonic() - started
    admin.close()


def main() -> None:
    """Measure in turns and print figures and ratios."""
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        empty = platform(Path(name), 0)
        empty.up()
        try:
            for what, took in rounds(Path(name), empty):
                figures.setdefault(what, []).append(took)
                print(f"{what:12} {took:.3f} s", flush=True)
        finally:
            empty.wipe()
    medians = {what: statistics.median(values) for what, values in figures.items()}
    ratios = {"plan": medians["plan"] / medians["bare read"], "create": medians["create"] / medians["bare create"]}
    print(f"{TOPICS} topics, medians: " + ", ".join(f"{what} {value:.2f} s" for what, value in medians.items()))
    print(f"plan / bare read     {ratios['plan']:.2f} (wanted: at most 2)")
    print(f"create / bare create {ratios['create']:.2f} (wanted: at most 2)")
    print(json.dumps({"medians_seconds": medians, "ratios": ratios}))


if __name__ == "__main__":
    main()
