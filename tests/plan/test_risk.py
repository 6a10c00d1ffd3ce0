from __future__ import annotations

import pytest

from ottla.model.state import Evidence, TopicEvidence
from ottla.model.topic import Topic
from ottla.plan import AddPartitions, AlterNodeProperties, AlterTopicConfigs, Change, ConfigChange, CreateTopic, DeleteTopic
from ottla.plan.risk import Severity, risks_of, topics_in_need_of_evidence

ORDERS = Topic("orders", 3, 3, {})
FULL = Evidence({"orders": TopicEvidence(12_345, 3 * 1024**2)})
EMPTY = Evidence({"orders": TopicEvidence(0, 0)})
UNSEEN = Evidence()
Value = str | None


def codes(change: Change, evidence: Evidence = FULL) -> list[str]:
    return [risk.code for risk in risks_of(change, evidence)]


def alter(key: str, before: Value, after: Value, *, policy: Value = None) -> AlterTopicConfigs:
    return AlterTopicConfigs("orders", (ConfigChange(key, before, after),), cleanup_policy=policy)


RISKY = [
    (DeleteTopic(ORDERS), "deletes-records"),
    (AddPartitions("orders", 3, 6), "re-keys"),
    (alter("retention.ms", "2000", "1000"), "drops-records"),
    (alter("cleanup.policy", "compact", "delete"), "drops-records"),
    (alter("cleanup.policy", "delete", "compact"), "compacts-records"),
]


@pytest.mark.parametrize(("change", "code"), RISKY)
def test_a_change_that_may_lose_data_bears_its_code(change: Change, code: str) -> None:
    [risk] = risks_of(change, FULL)
    assert (risk.code, risk.severity) == (code, Severity.DATA)
    assert "12,345 records (3 MiB over all replicas)" in risk.text


@pytest.mark.parametrize(("change", "code"), RISKY)
def test_a_topic_that_was_not_looked_at_bears_every_risk(change: Change, code: str) -> None:
    [risk] = risks_of(change, UNSEEN)
    assert risk.code == code
    assert "an unknown number of records" in risk.text


@pytest.mark.parametrize("change", [change for change, _ in RISKY])
def test_an_empty_topic_bears_none(change: Change) -> None:
    assert codes(change, EMPTY) == []


def test_a_new_topic_bears_none() -> None:
    assert codes(CreateTopic(ORDERS), UNSEEN) == []


def test_a_restart_wants_a_yes_and_no_code() -> None:
    [risk] = risks_of(AlterNodeProperties(2, (ConfigChange("num.io.threads", "8", "16"),)), UNSEEN)
    assert (risk.code, risk.severity) == ("restarts-node", Severity.NOTICE)
    assert "node 2 is restarted to read num.io.threads" in risk.text


@pytest.mark.parametrize("key", ["retention.ms", "retention.bytes"])
@pytest.mark.parametrize(
    ("before", "after", "risky"),
    [
        ("1000", "999", True),
        ("1000", "1001", False),
        ("-1", "1000", True),
        ("1000", "-1", False),
        (None, "1000", True),
        (None, "-1", False),
        ("1000", None, True),
        ("-1", None, True),
    ],
)
def test_less_retention_drops_records(key: str, before: Value, after: Value, *, risky: bool) -> None:
    assert codes(alter(key, before, after)) == (["drops-records"] if risky else [])


def test_retention_says_nothing_about_a_topic_that_is_only_compacted() -> None:
    assert codes(alter("retention.ms", "1000", "1", policy="compact")) == []
    assert codes(alter("retention.ms", "1000", "1", policy="compact,delete")) == ["drops-records"]


def test_retention_and_a_policy_that_starts_to_delete_are_two_risks() -> None:
    configs = (ConfigChange("cleanup.policy", "compact", "delete"), ConfigChange("retention.ms", "1000", "1"))
    assert codes(AlterTopicConfigs("orders", configs, cleanup_policy="compact")) == ["drops-records", "drops-records"]


def test_retention_does_not_count_where_the_policy_stops_to_delete() -> None:
    configs = (ConfigChange("cleanup.policy", "delete", "compact"), ConfigChange("retention.ms", "1000", "1"))
    assert codes(AlterTopicConfigs("orders", configs, cleanup_policy="delete")) == ["compacts-records"]


def test_a_policy_that_goes_back_to_the_default_may_delete() -> None:
    assert "drops-records" in codes(alter("cleanup.policy", "compact", None, policy="compact"))


def test_a_topic_that_was_compacted_before_is_not_compacted_anew() -> None:
    assert codes(alter("cleanup.policy", "compact", "compact,delete", policy="compact")) == ["drops-records"]
    assert codes(alter("cleanup.policy", "compact,delete", "compact", policy="compact,delete")) == []


@pytest.mark.parametrize(
    ("key", "before", "after", "code"),
    [
        ("min.insync.replicas", "2", "1", "weaker-acks"),
        ("unclean.leader.election.enable", "false", "true", "unclean-election"),
        ("min.compaction.lag.ms", "604800000", "1000", "compacts-sooner"),
        ("delete.retention.ms", "86400000", "1000", "compacts-sooner"),
    ],
)
def test_what_weakens_the_keeping_of_records_bears_a_risk_and_its_opposite_none(
    key: str, before: str, after: str, code: str
) -> None:
    assert codes(alter(key, before, after), UNSEEN) == [code]
    assert codes(alter(key, after, before), UNSEEN) == []


@pytest.mark.parametrize(
    ("key", "before", "after", "code"),
    [
        ("log.retention.hours", "168", "1", "drops-records"),
        ("log.cleanup.policy", "compact", "delete", "drops-records"),
        ("min.insync.replicas", "2", "1", "weaker-acks"),
        ("num.io.threads", "16", "8", None),
    ],
)
def test_a_server_property_that_rules_every_topic_bears_the_risk_to_its_records(
    key: str, before: str, after: str, code: str | None
) -> None:
    found = codes(AlterNodeProperties(1, (ConfigChange(key, before, after),)), UNSEEN)
    assert found == ["restarts-node", *([code] if code else [])]


@pytest.mark.parametrize("key", ["segment.bytes", "max.message.bytes", "compression.type"])
def test_other_configs_bear_none(key: str) -> None:
    assert codes(alter(key, "2", "1"), UNSEEN) == []


def test_evidence_is_needed_of_what_holds_data() -> None:
    changes: list[Change] = [
        CreateTopic(Topic("new", 1, 1, {})),
        DeleteTopic(Topic("old", 1, 1, {})),
        AddPartitions("more", 1, 2),
        AlterTopicConfigs("other", ()),
        AlterNodeProperties(1, ()),
    ]
    assert topics_in_need_of_evidence(changes) == {"old", "more", "other"}
