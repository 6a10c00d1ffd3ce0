"""Environments that share a cluster, live: each creates, changes and deletes what is its own, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import lock
from tests.kafka.clients import LET_IN, of_librdkafka, read, write

from ottla.kafka.connection import connect
from ottla.kafka.events import Event, send_events
from ottla.kafka.quotas import read_quotas
from ottla.kafka.topics import read_metadata
from ottla.model.quota import QuotaEntity
from ottla.plan import DeleteTopic
from ottla.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Home, Locked

pytestmark = pytest.mark.kafka

SPEC = "shared.yaml"
DEV, STAGING = ("dev.orders", "dev.old"), ("staging.orders", "staging.old")


def sharing(change: Callable[[dict[str, Any]], None] = lambda _: None) -> Callable[[dict[str, Any]], None]:
    """The shipped laptop, and two small environments that share its cluster."""

    def write(spec: dict[str, Any]) -> None:
        topics = {**dict.fromkeys(spec["topics"]), "orders": {"partitions": 2}, "old": {"partitions": 1}}
        small = {
            "shares": "laptop",
            "topic_defaults": {"replication_factor": 1, "min_insync_replicas": 1},
            "users": dict.fromkeys(spec["users"]),
            "quotas": [{"client_id": "importer", "producer_byte_rate": "1MB"}],
        }
        spec["environments"]["dev"] = {**small, "prefix": "dev.", "topics": dict(topics)}
        spec["environments"]["staging"] = {**small, "prefix": "staging.", "topics": dict(topics)}
        change(spec)

    return write


def topics_of(home: Home) -> set[str]:
    with connect(home.bootstrap_servers) as connection:
        return {name for name in read_metadata(connection).partitions if name.startswith(("dev.", "staging."))}


@pytest.fixture
def shared(one: Home) -> Iterator[tuple[Home, Home, Home]]:
    """The owner of a running cluster, and two environments that share it; afterwards nothing of them is left."""
    one.variant(SPEC, sharing())
    dev, staging = replace(one, environment="dev"), replace(one, environment="staging")
    for home in (dev, staging):
        made = home.run("up", spec=SPEC)
        assert made.returncode == 0, made.stderr
    yield one, dev, staging
    gone = one.run("apply", "--allow", "topics,quotas", "--accept", "deletes-records,deletes-most-topics", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert topics_of(one) == set()


def test_each_environment_has_its_own_and_does_not_see_the_others(shared: tuple[Home, Home, Home]) -> None:
    assert topics_of(shared[0]) == {*DEV, *STAGING}
    with connect(shared[0].bootstrap_servers) as connection:
        assert read_quotas(connection) == {
            QuotaEntity(client_id=f"{name}.importer"): {"producer_byte_rate": 1e6} for name in ("dev", "staging")
        }
    owner, dev, staging = (home.run("plan", "--exit-code", "-o", "json", spec=SPEC) for home in shared)
    assert (dev.returncode, staging.returncode) == (0, 0), dev.stdout
    assert "staging." not in dev.stdout
    assert "dev." not in staging.stdout
    assert owner.returncode == 0, owner.stdout
    assert "dev." not in owner.stdout
    assert shared[1].run("up", spec=SPEC).returncode == 0


def test_what_one_deletes_is_its_own_and_its_neighbours_records_stay(shared: tuple[Home, Home, Home]) -> None:
    owner, dev, staging = shared
    written = [Event(name, b"k", name.encode()) for name in (*DEV, *STAGING)]
    send_events(owner.settings, owner.platform.profile, written, timeout=20)

    def less(spec: dict[str, Any]) -> None:
        del spec["environments"]["dev"]["topics"]["old"]
        spec["environments"]["dev"]["quotas"] = []

    owner.variant(SPEC, sharing(less))
    assert "dev.old" in dev.run("plan", spec=SPEC).stdout
    done = dev.run("apply", "--allow", "topics,quotas", "--accept", "deletes-records,deletes-most-topics", "--yes", spec=SPEC)
    assert done.returncode == 0, done.stderr
    assert topics_of(owner) == {"dev.orders", *STAGING}
    done = owner.run("apply", "--allow", "topics,quotas", "--accept", "deletes-records,deletes-most-topics", "--yes", spec=SPEC)
    assert done.returncode == 0, done.stderr
    assert topics_of(owner) == {"dev.orders", *STAGING}
    with connect(owner.bootstrap_servers) as connection:
        assert read_quotas(connection).keys() == {QuotaEntity(client_id="staging.importer")}
    for name in ("dev.orders", *STAGING):
        assert staging.run("consume", name, spec=SPEC).stdout == f"{name}\n"
    assert staging.run("plan", "--exit-code", spec=SPEC).returncode == 0


def test_an_owner_that_does_not_know_of_its_neighbours_would_delete_what_is_theirs(shared: tuple[Home, Home, Home]) -> None:
    """The positive control: it is the spec that keeps them apart, not chance."""
    alone = shared[0].platform.plan(allow=frozenset({"topics"}))
    deleted = {planned.change.topic.name for planned in alone.changes if isinstance(planned.change, DeleteTopic)}
    assert deleted >= {*DEV, *STAGING}


def test_events_go_through_the_topics_with_the_prefix(shared: tuple[Home, Home, Home]) -> None:
    _, dev, _ = shared
    verified = dev.run("verify", "--write", spec=SPEC)
    assert verified.returncode == 0, verified.stdout
    assert "ok  topic dev.orders: 2 partitions" in verified.stdout
    assert "went through each of 2 topics" in verified.stdout
    listed = dev.run("topics", "describe", "dev.orders", spec=SPEC).stdout
    assert "; in the spec" in listed
    assert dev.run("topics", "delete", "dev.orders", "--yes", spec=SPEC).returncode == 4


def test_status_is_the_owners_and_so_are_the_nodes(shared: tuple[Home, Home, Home]) -> None:
    owner, dev, _ = shared
    status = dev.run("status", spec=SPEC)
    assert status.returncode == 0
    assert status.stdout.startswith("todo-kafka (laptop)")
    for refused in (["down"], ["down", "--wipe", "--yes"], ["restart"], ["upgrade", "--yes"]):
        assert dev.run(*refused, spec=SPEC).returncode == 4
    assert owner.platform.cluster.running().keys() == {1}


@pytest.mark.long
def test_where_the_owners_cluster_was_stopped_up_names_the_command(shared: tuple[Home, Home, Home]) -> None:
    owner, dev, _ = shared
    assert owner.run("down").returncode == 0
    try:
        refused = dev.run("up", spec=SPEC)
        assert refused.returncode == 1
        assert "dev lives in the cluster of laptop, which does not run" in refused.stderr
        assert f"start it: ottla up -e laptop --file {owner.folder / SPEC}" in refused.stderr
    finally:
        assert owner.run("up").returncode in {0, 3}
    assert dev.run("up", spec=SPEC).returncode == 0


def test_on_a_locked_cluster_no_identity_reaches_into_another_environment(locked: Locked) -> None:
    def shared_and_locked(spec: dict[str, Any]) -> None:
        lock(spec, locked.issuer)
        spec["environments"]["dev"] = {
            "shares": "laptop",
            "prefix": "dev.",
            "topic_defaults": {"replication_factor": 1, "min_insync_replicas": 1},
            "topics": {**dict.fromkeys(spec["topics"]), "orders": {"partitions": 1}},
            "users": {
                **dict.fromkeys(spec["users"]),
                "app": {"produces": ["orders"], "consumes": {"topics": ["orders"], "group": "app"}},
                "badge": {"authentication": "certificate", "produces": ["orders"]},
            },
        }

    locked.variant(SPEC, shared_and_locked)
    home = replace(locked, environment="dev", platform=Platform.load(locked.folder / SPEC).on("dev"))
    try:
        made = home.run("up", spec=SPEC)
        assert made.returncode == 0, made.stderr
        assert home.run("plan", "--exit-code", spec=SPEC).returncode == 0
        app, badge = of_librdkafka(home.login("app")), of_librdkafka(home.login("badge"))
        owners = of_librdkafka(locked.login("task-service"))
        for mine in (app, badge):
            assert write(mine, "dev.orders") == LET_IN
            assert "authoriz" in write(mine, "task-events").lower()
        assert read(app, "dev.orders", group="dev.app") == LET_IN
        assert "authoriz" in read(app, "dev.orders", group="task-service").lower()
        assert write(owners, "task-events") == LET_IN
        assert "authoriz" in write(owners, "dev.orders").lower()
        listed = home.run("topics", "list", "--as", "app", spec=SPEC)
        assert (listed.returncode, "dev.orders" in listed.stdout, "task-events" in listed.stdout) == (0, True, False)
    finally:
        gone = locked.run("apply", "--allow", "topics,users,acls", "--accept", "deletes-records", "--yes")
        assert gone.returncode == 0, gone.stderr
