"""Observe -> diff -> plan -> apply on a live cluster."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ottla.errors import ApplyError, PlanRefused, StalePlan
from ottla.kafka.configs import alter_topic_configs
from ottla.kafka.connection import connect
from ottla.kafka.events import Event, send_events
from ottla.kafka.quotas import read_quotas
from ottla.kafka.topics import create_topics, delete_topics, read_metadata
from ottla.model.quota import QuotaEntity
from ottla.model.topic import Topic
from ottla.plan import AddPartitions, AlterTopicConfigs, CreateTopic, DeleteTopic, diff
from ottla.reconcile import observe, read_evidence
from ottla.spec import desired_state
from ottla.spec.identity import SecuritySpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Home

    from ottla.platform import LocalPlatform

pytestmark = pytest.mark.kafka


def with_topic(name: str, **topic: Any) -> Callable[[dict[str, Any]], None]:
    def change(spec: dict[str, Any]) -> None:
        spec["topics"][name] = {"partitions": 1, **topic}

    return change


def changes_of(platform: LocalPlatform, **allow: frozenset[str]) -> list[type]:
    return [type(planned.change) for planned in platform.plan(**allow).changes]


def test_a_topic_is_created_altered_and_grown_and_then_there_is_nothing_left_to_do(one: Home) -> None:
    steps = [
        (with_topic("grows", retention="1d"), [CreateTopic]),
        (with_topic("grows", retention="2d"), [AlterTopicConfigs]),
        (with_topic("grows", retention="2d", partitions=3), [AddPartitions]),
    ]
    for change, expected in steps:
        platform = one.variant("grows.yaml", change)
        plan = platform.plan()
        assert [type(planned.change) for planned in plan.changes] == expected
        assert len(platform.apply(plan)) == 1
        assert platform.plan().changes == ()
    with connect(one.bootstrap_servers) as connection:
        topic = observe(connection).state.topics["grows"]
    assert (topic.partitions, topic.configs["retention.ms"]) == (3, "172800000")


def test_quotas_of_an_open_platform_are_set_and_taken_away_only_if_that_is_allowed(one: Home) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["quotas"] = [{"client_id": "greedy", "producer_byte_rate": "1MB"}]

    entity = QuotaEntity(client_id="greedy")
    with_quota, without = one.variant("quota.yaml", change), one.variant("none.yaml", lambda _: None)
    with_quota.apply(with_quota.plan())
    with connect(one.bootstrap_servers) as connection:
        assert read_quotas(connection) == {entity: {"producer_byte_rate": 1e6}}
    assert with_quota.plan().changes == ()
    assert [each.name for each in without.plan().unlisted_access] == ["client_id greedy"]
    assert changes_of(without) == []
    without.apply(without.plan(allow=frozenset({"quotas"})))
    with connect(one.bootstrap_servers) as connection:
        assert read_quotas(connection) == {}


def test_acls_are_refused_where_no_authorizer_would_keep_them(one: Home) -> None:
    wanted = desired_state(one.platform.spec.model_copy(update={"security": SecuritySpec(enabled=True)}))
    with connect(one.bootstrap_servers) as connection, pytest.raises(PlanRefused, match="no authorizer"):
        diff(observe(connection).state, wanted)


def test_a_config_that_the_spec_does_not_own_is_left_alone_named_and_cleared_only_by_reset(one: Home) -> None:
    platform = one.variant("foreign.yaml", with_topic("foreign"))
    platform.apply(platform.plan())
    with connect(one.bootstrap_servers) as connection:
        alter_topic_configs(connection, {"foreign": {"max.message.bytes": "12345"}})
    plan = platform.plan()
    assert plan.changes == ()
    assert ("topic foreign", "max.message.bytes") in [(each.subject, each.key) for each in plan.unowned]
    resetting = one.variant("foreign.yaml", with_topic("foreign", reset=["max.message.bytes"]))
    resetting.apply(resetting.plan())
    with connect(one.bootstrap_servers) as connection:
        assert "max.message.bytes" not in observe(connection).state.topics["foreign"].configs


def test_partitions_are_added_to_a_topic_with_records_only_if_the_risk_is_accepted_by_name(one: Home) -> None:
    platform = one.variant("keyed.yaml", with_topic("keyed"))
    platform.apply(platform.plan())
    send_events(one.settings, platform.profile, [Event("keyed", b"k", b"v")], timeout=20)
    one.variant("keyed.yaml", with_topic("keyed", partitions=2))
    refused = one.run("apply", "--yes", spec="keyed.yaml")
    assert refused.returncode == 4
    assert "up to 1 record (" in refused.stderr
    assert "--accept re-keys" in refused.stderr
    applied = one.run("apply", "--yes", "--accept", "re-keys", spec="keyed.yaml")
    assert applied.returncode == 0, applied.stderr


def test_apply_without_a_terminal_and_without_yes_is_refused(one: Home) -> None:
    one.variant("asked.yaml", with_topic("asked"))
    done = one.run("apply", spec="asked.yaml")
    assert done.returncode == 4
    assert "+ topic asked" in done.stdout
    assert one.run("plan", "--exit-code", spec="asked.yaml").returncode == 3


def test_impossible_transitions_are_refused_in_the_plan_all_at_once(one: Home) -> None:
    def shrink(spec: dict[str, Any]) -> None:
        spec["environments"]["laptop"]["topics"]["task-events"] = {"partitions": 1}
        spec["environments"]["laptop"]["topics"]["reminder-events"] = {"partitions": 1}

    with pytest.raises(PlanRefused) as caught:
        one.variant("shrunk.yaml", shrink).plan()
    assert len(caught.value.reasons) == 2
    assert one.run("plan", spec="shrunk.yaml").returncode == 4


def test_nothing_is_deleted_unless_it_is_allowed_by_kind(one: Home) -> None:
    with connect(one.bootstrap_servers) as connection:
        create_topics(connection, [Topic("stranger", 1, 1, {}), Topic("__ours", 1, 1, {})])
    try:
        plan = one.platform.plan()
        assert "stranger" in plan.unlisted
        assert not [planned for planned in plan.changes if isinstance(planned.change, DeleteTopic)]
        allowed = one.platform.plan(allow=frozenset({"topics"}))
        deleted = {planned.change.topic.name for planned in allowed.changes if isinstance(planned.change, DeleteTopic)}
        assert "stranger" in deleted
        assert "__ours" not in deleted
        assert one.run("apply", "--allow", "everything").returncode == 2
        done = one.run("apply", "--allow", "topics", "--accept", "deletes-records,deletes-most-topics", "--yes")
        assert done.returncode == 0, done.stderr
        with connect(one.bootstrap_servers) as connection:
            there = read_metadata(connection).partitions
        assert "stranger" not in there
        assert "__ours" in there
    finally:
        with connect(one.bootstrap_servers) as connection:
            delete_topics(connection, ["__ours"])


def test_a_plan_is_refused_once_what_it_saw_has_moved(one: Home) -> None:
    platform = one.variant("stale.yaml", with_topic("stale", retention="1d"))
    platform.apply(platform.plan())
    later = one.variant("stale.yaml", with_topic("stale", retention="2d"))
    plan = later.plan()
    with connect(one.bootstrap_servers) as connection:
        alter_topic_configs(connection, {"stale": {"segment.bytes": "1048576"}})
    with pytest.raises(StalePlan, match="topic:stale"):
        later.apply(plan)


def test_a_part_that_the_broker_refuses_is_named_and_the_rest_is_done(one: Home) -> None:
    def change(spec: dict[str, Any]) -> None:
        spec["topics"]["good"] = {"partitions": 1}
        spec["topics"]["bad"] = {"partitions": 1, "config": {"remote.storage.enable": True}}  # a legal key; this broker has none

    platform = one.variant("partly.yaml", change)
    with pytest.raises(ApplyError) as caught:
        platform.apply(platform.plan())
    assert [line.split(":")[0] for line in caught.value.done] == ["create topic good"]
    assert "Tiered Storage" in caught.value.failed[0]


def requests_for(one: Home, topics: int) -> Counter[str]:
    def change(spec: dict[str, Any]) -> None:
        spec["topics"] |= {f"many-{number}": {"partitions": 1} for number in range(topics)}

    platform = one.variant("many.yaml", change)
    platform.apply(platform.plan())
    with connect(one.bootstrap_servers) as connection:
        names = [f"many-{number}" for number in range(topics)]
        read_evidence(connection, observe(connection), names)  # new leaders may need a moment, and a second question
        connection.requests.clear()
        observation = observe(connection)
        assert diff(observation.state, desired_state(platform.spec)).changes == ()
        assert len(read_evidence(connection, observation, names).topics) == topics
        return connection.requests


def test_the_number_of_requests_does_not_grow_with_the_number_of_topics(one: Home) -> None:
    few, many = requests_for(one, 5), requests_for(one, 60)
    assert few == many
    assert sum(few.values()) <= 13


def test_sixty_topics_are_created_by_one_request(one: Home) -> None:
    topics = [Topic(f"batch-{number}", 1, 1, {}) for number in range(60)]
    with connect(one.bootstrap_servers) as connection:
        outcome = create_topics(connection, topics)
        assert connection.requests == Counter({"Metadata": 1, "CreateTopics": 1})
    assert set(outcome.values()) == {None}


def test_verify_finds_what_is_off_and_exits_6(one: Home) -> None:
    platform = one.variant("off.yaml", with_topic("off", retention="1d"))
    platform.apply(platform.plan())
    with connect(one.bootstrap_servers) as connection:
        alter_topic_configs(connection, {"off": {"retention.ms": "5000"}})
    done = one.run("verify", spec="off.yaml")
    assert done.returncode == 6
    assert "WANTING  topic off: retention.ms: 5000 is in force, the spec says 86400000" in done.stdout
    one.variant("off.yaml", with_topic("absent"))
    missing = one.run("verify", spec="off.yaml")
    assert "WANTING  topic absent: exists: it is not there" in missing.stdout
    assert missing.returncode == 6


def test_a_topic_with_records_takes_an_event_only_where_the_spec_permits_it(one: Home) -> None:
    def never_ask(permission: str) -> Callable[[dict[str, Any]], None]:
        return with_topic("guarded", verify_write=permission)

    platform = one.variant("guarded.yaml", never_ask("when-empty"))
    platform.apply(platform.plan())
    for permission, written in (("never", False), ("when-empty", True), ("when-empty", False), ("always", True)):
        found = one.variant("guarded.yaml", never_ask(permission)).verify(write_as="run")
        assert ("topic guarded" in {check.subject for check in found.events}) is written, permission
        assert ("guarded" in found.left_alone) is not written
        assert all(check.wanting is None for check in found.events)


def test_up_creates_by_itself_and_leaves_the_rest_as_a_plan_with_exit_3(one: Home) -> None:
    platform = one.variant("left.yaml", with_topic("left", retention="1d"))
    platform.apply(platform.plan())

    def change(spec: dict[str, Any]) -> None:
        with_topic("left", retention="2d")(spec)
        with_topic("new-one")(spec)

    one.variant("left.yaml", change)
    done = one.run("up", spec="left.yaml")
    assert done.returncode == 3, done.stderr
    assert "1 topic created" in done.stdout
    assert "~ topic left" in done.stdout
    assert "ottla apply" in done.stderr
    with connect(one.bootstrap_servers) as connection:
        assert observe(connection).state.topics["left"].configs["retention.ms"] == "86400000"
