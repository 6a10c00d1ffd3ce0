"""The canary on real brokers: healthy, paused, killed, stopped; its topic made, kept, deleted, and nobody's business."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ottla.errors import ClusterError
from ottla.kafka import canary_keeper
from ottla.kafka.acls import create_acls, delete_acls
from ottla.kafka.connection import connect
from ottla.kafka.topics import create_topics, delete_topics, read_metadata
from ottla.metrics.exporter_metrics import (
    CANARY_DELIVERY,
    CANARY_LATE,
    CANARY_LOST,
    CANARY_PRODUCE,
    CANARY_RECEIVED,
    CANARY_REFUSED,
    CANARY_SENT,
)
from ottla.metrics.samples import Distribution, families
from ottla.model.acl import Operation
from ottla.model.client import ClientProfile
from ottla.model.topic import Topic
from ottla.spec.exporter import CanarySpec, ExporterSpec
from ottla.spec.roles import grants
from ottla.telemetry import canary as telemetry
from ottla.telemetry.canary import Canary
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Home, Locked

    from ottla.metrics.metric import Metric
    from ottla.model.topic import Partition

pytestmark = pytest.mark.kafka
SPEC = CanarySpec(enabled=True, interval=100, deadline=1_000)


def counts(canary: Canary, metric: Metric) -> dict[int, int]:
    """By node: a counter, or how often a histogram observed something."""
    values = {int(each.labels[0]): each.value for each in canary.samples() if each.metric is metric}
    return {node_id: sum(each.counts) if isinstance(each, Distribution) else int(each) for node_id, each in values.items()}


def total(canary: Canary, metric: Metric) -> int:
    return sum(counts(canary, metric).values())


def until(canary: Canary, ready: Callable[[], bool], *, what: str, timeout: float = 30) -> None:
    def told() -> object:
        return ready() or (canary.problem, [(each.metric.name, *each[1:]) for each in canary.samples()])

    wait_until(told, lambda seen: seen is True, what=what, timeout=timeout)


def until_more_come(canary: Canary, nodes: int, more: int = 5, *, timeout: float = 30) -> None:
    before = counts(canary, CANARY_RECEIVED)

    def ready() -> bool:
        now = counts(canary, CANARY_RECEIVED)
        return len(now) >= nodes and all(count - before.get(node_id, 0) >= more for node_id, count in now.items())

    until(canary, ready, what=f"{more} more records of each node", timeout=timeout)


def partitions(home: Home) -> tuple[Partition, ...]:
    with home.platform.connected() as connection:
        return read_metadata(connection).partitions.get(SPEC.topic, ())


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records count from the first on, where it is not said how long they take; and no answer is waited for so long."""
    monkeypatch.setattr(telemetry, "WARM_UP", 0.0)
    monkeypatch.setattr(canary_keeper, "ANSWERED", 1.0)


def native_threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))  # librdkafka's too


@contextmanager
def flying(home: Home, spec: CanarySpec = SPEC) -> Iterator[Canary]:
    access = home.platform.access()
    try:
        with Canary(access.settings, access.profile, spec) as canary:
            yield canary
    finally:
        with home.platform.connected() as connection:
            delete_topics(connection, [spec.topic])


def test_times_arrive_for_each_node_and_nothing_is_late_or_lost(three: Home) -> None:
    with flying(three) as canary:
        until_more_come(canary, nodes=3, more=20)
        families(canary.samples())
        assert counts(canary, CANARY_RECEIVED).keys() == {1, 2, 3}
        for metric in (CANARY_PRODUCE, CANARY_DELIVERY):
            assert min(counts(canary, metric).values()) >= 20
            assert all(each.value.sum > 0 for each in canary.samples() if isinstance(each.value, Distribution))
        assert total(canary, CANARY_SENT) - total(canary, CANARY_RECEIVED) <= 30
        assert (total(canary, CANARY_REFUSED), total(canary, CANARY_LOST)) == (0, 0)
        assert canary.problem is None
        made = partitions(three)
        assert [each.replicas[0] for each in made] == [each.leader for each in made] == [1, 2, 3]
        assert {len(each.replicas) for each in made} == {3}


@pytest.mark.usefixtures("soon")
def test_its_topic_is_nobodys_business(three: Home) -> None:
    with flying(three) as canary:
        until_more_come(canary, nodes=3, more=1)
        assert SPEC.topic not in three.run("topics", "list").stdout
        assert SPEC.topic in three.run("topics", "list", "--internal").stdout
        done = three.run("plan")
        assert SPEC.topic not in done.stdout + done.stderr
        assert three.run("groups", "list").stdout.count("canary") == 0


@pytest.mark.usefixtures("soon")
def test_closing_is_prompt_and_leaves_no_thread_of_python_or_of_the_client(three: Home) -> None:
    before, names = native_threads(), {thread.name for thread in threading.enumerate()}
    with flying(three) as canary:
        until_more_come(canary, nodes=3, more=1)
        assert native_threads() > before + 6
        started = time.monotonic()
        canary.close()
        assert time.monotonic() - started < 1
        assert {thread.name for thread in threading.enumerate()} == names
        wait_until(native_threads, lambda seen: seen <= before, what="the client's threads to end", timeout=10)
        assert total(canary, CANARY_RECEIVED) > 0  # what was counted stays


@pytest.mark.usefixtures("soon")
def test_a_canary_without_a_cluster_says_so_and_counts_nothing() -> None:
    with connect_nowhere() as canary:
        until(canary, lambda: canary.problem is not None, what="a problem")
        assert canary.samples() == []
        started = time.monotonic()
        canary.close()
        assert time.monotonic() - started < 1


@contextmanager
def connect_nowhere() -> Iterator[Canary]:
    from ottla.kafka.settings import ClientSettings  # noqa: PLC0415

    with Canary(ClientSettings(("127.0.0.1:1",)), ClientProfile({}, {}), SPEC) as canary:
        yield canary


def test_a_profile_that_makes_no_producer_is_told_at_once(three: Home) -> None:
    profile = ClientProfile({"compression.type": "nonsense"}, {})
    with pytest.raises(ClusterError, match="cannot make a producer"):
        Canary(three.settings, profile, SPEC).start()


@pytest.mark.long
def test_a_paused_leader_makes_records_late_and_none_is_lost_or_refused(three: Home) -> None:
    with flying(three) as canary:
        until_more_come(canary, nodes=3)
        node = three.platform.cluster.running()[2]
        node.send_signal(signal.SIGSTOP)
        try:
            sent = counts(canary, CANARY_SENT)[2]
            until(canary, lambda: counts(canary, CANARY_SENT)[2] >= sent + 25, what="sends to a node that does not answer")
        finally:
            node.send_signal(signal.SIGCONT)
        until(canary, lambda: counts(canary, CANARY_LATE)[2] >= 10, what="late records")
        until_more_come(canary, nodes=3)
        until(canary, lambda: total(canary, CANARY_SENT) - total(canary, CANARY_RECEIVED) < 10, what="what was late")
        assert (total(canary, CANARY_REFUSED), total(canary, CANARY_LOST)) == (0, 0)


@pytest.mark.long
def test_a_deleted_topic_comes_back_and_records_arrive_again(three: Home) -> None:
    with flying(three) as canary:
        until_more_come(canary, nodes=3)
        before = telemetry_log(canary)
        with three.platform.connected() as connection:
            assert delete_topics(connection, [SPEC.topic]) == {SPEC.topic: None}
        until(canary, lambda: telemetry_log(canary) != before, what="another log")
        until_more_come(canary, nodes=3, more=10)
        for _ in range(3):
            until_it_looked_again(canary)
        assert total(canary, CANARY_LOST) == 0


def until_it_looked_again(canary: Canary) -> None:
    looked = canary._course
    until(canary, lambda: canary._course is not looked, what="another look at the topic")


def telemetry_log(canary: Canary) -> str | None:
    return canary._course.topic.log if canary._course else None


@pytest.mark.long
def test_brokers_that_lead_no_partition_get_one(three: Home) -> None:
    with three.platform.connected() as connection:
        assert create_topics(connection, [Topic(SPEC.topic, 1, 2, {})]) == {SPEC.topic: None}
    with flying(three) as canary:
        until_more_come(canary, nodes=3)
        made = partitions(three)
        assert sorted(each.replicas[0] for each in made) == [1, 2, 3]
        assert {len(each.replicas) for each in made} == {2}
        assert (total(canary, CANARY_REFUSED), total(canary, CANARY_LOST)) == (0, 0)


@pytest.mark.long
def test_a_killed_broker_refuses_or_delays_records_and_loses_none_and_leads_again_when_it_is_back(
    three: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "GIVE_UP", 3.0)
    monkeypatch.setattr(canary_keeper, "RESTRAINT", 1.0)
    with flying(three) as canary:
        until_more_come(canary, nodes=3)
        three.platform.cluster.running()[3].kill()
        until(canary, lambda: total(canary, CANARY_REFUSED) > 10, what="refused records")
        until_more_come(canary, nodes=0, timeout=60)  # others lead now
        three.platform.up()
        until(canary, lambda: {each.leader for each in partitions(three)} == {1, 2, 3}, what="its own leader", timeout=60)
        until_more_come(canary, nodes=3, timeout=60)
        assert total(canary, CANARY_LOST) == 0
        assert total(canary, CANARY_PRODUCE) - total(canary, CANARY_RECEIVED) < 10
        started = time.monotonic()
        canary.close()
        assert time.monotonic() - started < 1


@pytest.mark.long
def test_a_cluster_that_was_stopped_and_started_is_met_again_and_nothing_is_lost(one: Home) -> None:
    with flying(one) as canary:
        until_more_come(canary, nodes=1)
        one.platform.down()
        sent = total(canary, CANARY_SENT)
        until(canary, lambda: total(canary, CANARY_SENT) > sent + 15, what="sends to nobody")
        one.platform.up()
        until_more_come(canary, nodes=1)
        until(canary, lambda: total(canary, CANARY_SENT) - total(canary, CANARY_RECEIVED) < 10, what="what was late")
        assert total(canary, CANARY_LATE) > 0
        assert (total(canary, CANARY_REFUSED), total(canary, CANARY_LOST)) == (0, 0)


def outcome_without(missing: Operation | None, canary: Canary) -> None:
    if missing is None:
        until_more_come(canary, nodes=1)
    elif missing is Operation.CREATE:
        until(canary, lambda: "uthoriz" in (canary.problem or ""), what="a refusal")
    else:
        until(canary, lambda: total(canary, CANARY_SENT) > 10, what="sends")
        assert total(canary, CANARY_RECEIVED) == 0


@pytest.mark.long
def test_the_rights_of_the_exporters_user_are_enough_and_the_least(locked: Locked) -> None:
    user = "nobody"  # a user of the spec to whom it gives nothing
    exporter = ExporterSpec(user=user, canary=SPEC)
    bindings = [
        grant.binding
        for grant in grants(locked.platform.spec.model_copy(update={"exporter": exporter}))
        if grant.binding.name == SPEC.topic
    ]
    settings = locked.login(user)
    with locked.platform.connected() as admin:
        for missing in (Operation.CREATE, Operation.WRITE, Operation.READ, None):
            given = [binding for binding in bindings if binding.operation is not missing]
            assert len(given) == len(bindings) - (missing is not None)
            assert set(create_acls(admin, given).values()) == {None}
            try:
                with Canary(settings, locked.platform.profile, SPEC) as canary:
                    outcome_without(missing, canary)
            finally:
                delete_acls(admin, given)
                delete_topics(admin, [SPEC.topic])
    with connect(settings.bootstrap_servers, options=settings.for_admin) as connection:
        assert SPEC.topic not in read_metadata(connection).partitions
