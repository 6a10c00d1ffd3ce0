"""Faults that are verbs of the platform, on real clusters: each shows what it did, and that the platform is whole after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.kafka.topics import create_topics, delete_topics
from ottla.local.faults.record import recorded
from ottla.model.topic import Topic
from ottla.proof.faults import ApplyPartitions, ApplyTopicConfig, RevokeAcls, RollingRestart, RotateCertificates, RotatePassword
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Home, Locked

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(three: Home) -> Iterator[str]:
    """A topic of a drill, which no spec knows."""
    name = "drilled-by-apply"
    with three.platform.connected() as connection:
        create_topics(connection, [Topic(name, 2, 3, {"min.insync.replicas": "2"})])
    wait_until(lambda: three.platform.look().partitions, lambda seen: len(seen.get(name, ())) == 2, what="the topic", timeout=15)
    yield name
    with three.platform.connected() as connection:
        delete_topics(connection, [name])


def test_a_config_is_applied_and_put_back_whether_it_was_set_before_or_not(three: Home, topic: str) -> None:
    for key, value in (("retention.ms", "600000"), ("min.insync.replicas", "1")):
        fault = ApplyTopicConfig(three.platform, topic, key, value)
        before = three.platform.look().state.topics[topic].configs
        done = fault.do()
        assert done.shown, done
        assert three.platform.look().state.topics[topic].configs[key] == value
        healed = fault.heal()
        assert healed.shown, healed
        assert three.platform.look().state.topics[topic].configs == before


def test_partitions_are_added_and_stay(three: Home, topic: str) -> None:
    fault = ApplyPartitions(three.platform, topic, 3)
    done = fault.do()
    assert done.shown, done
    assert done.lines == (f"topic {topic} has 5 partitions, before 2",)
    assert fault.heal().shown
    assert len(three.platform.look().partitions[topic]) == 5


def test_what_cannot_be_done_is_not_shown_and_says_why(three: Home) -> None:
    done = ApplyPartitions(three.platform, "nowhere", 3).do()
    assert (done.shown, "there is no topic nowhere" in done.lines[0]) == (False, True)
    assert not RevokeAcls(three.platform, "task-service").do().shown  # an open platform has no ACLs
    assert not RotateCertificates(three.platform, lambda: None).do().shown
    assert recorded(three.platform.cluster.layout) == ()


def test_acls_are_revoked_and_given_back(locked: Locked) -> None:
    fault = RevokeAcls(locked.platform, "task-service")
    before = locked.platform.look().state.acls
    done = fault.do()
    assert done.shown, done
    left = locked.platform.look().state.acls
    assert {each.principal for each in before - left} == {"User:task-service"}
    assert [each.node_ids for each in recorded(locked.platform.cluster.layout)] == [()]
    healed = fault.heal()
    assert healed.shown, healed
    assert locked.platform.look().state.acls == before
    assert recorded(locked.platform.cluster.layout) == ()


def test_acls_that_a_drill_that_was_cut_off_revoked_are_given_back_by_up(locked: Locked) -> None:
    before = locked.platform.look().state.acls
    assert RevokeAcls(locked.platform, "task-service").do().shown
    done = locked.run("up")
    assert done.returncode == 0, done.stderr
    assert "what it left is healed now: revoke-acls (user task-service) of the cluster" in done.stderr
    assert locked.platform.look().state.acls == before


def test_a_password_is_rotated_and_the_old_one_is_refused(locked: Locked) -> None:
    fault = RotatePassword(locked.platform, "nobody")
    done = fault.do()
    assert done.shown, done
    assert done.lines[1] == "user nobody is refused with the old password"
    assert fault.heal().shown


@pytest.mark.long
def test_certificates_are_rotated_and_brokers_show_new_ones(locked: Locked) -> None:
    trusted = []
    authorities = locked.platform.cluster.layout.client_authorities
    fault = RotateCertificates(locked.platform, lambda: trusted.append(authorities.read_text().count("BEGIN CERTIFICATE")))
    done = fault.do()
    assert done.shown, done
    assert trusted == [2]  # clients are made anew once, while both CAs are trusted
    assert fault.heal().shown


@pytest.mark.long
def test_every_node_is_restarted(three: Home) -> None:
    fault = RollingRestart(three.platform)
    done = fault.do()
    assert done.shown, done
    assert len(done.lines) == 3
    assert fault.heal().shown
