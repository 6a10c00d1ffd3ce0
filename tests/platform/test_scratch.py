from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import SHIPPED_SPEC

from ottla.errors import LocalError, UsageError
from ottla.local import memory
from ottla.platform import Platform
from ottla.platform.scratch import Shape, scratch, scratch_platform, scratch_spec
from ottla.spec import desired_state
from ottla.spec.desired import server_properties

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.platform import LocalPlatform


@pytest.fixture(scope="module")
def shipped() -> Platform:
    return Platform.load(SHIPPED_SPEC)


@pytest.fixture
def here(shipped: Platform, tmp_path: Path) -> LocalPlatform:
    """The shipped platform, as if its spec stood in an empty folder."""
    platform = shipped.on("local")
    layout = replace(platform.cluster.layout, root=tmp_path / "local")
    return replace(platform, cluster=replace(platform.cluster, layout=layout))


@pytest.mark.parametrize("environment", ["local", "laptop"])
def test_sessions_are_those_of_kafka_whatever_a_laptop_has(shipped: Platform, environment: str) -> None:
    properties = server_properties(scratch_spec(shipped.on(environment).spec))
    assert (properties["broker.session.timeout.ms"], properties["broker.heartbeat.interval.ms"]) == ("9000", "2000")
    short = scratch_spec(shipped.on(environment).spec, Shape(config={"broker.session.timeout.ms": "3s"}))
    assert server_properties(short)["broker.session.timeout.ms"] == "3000"


def test_without_a_shape_topics_and_nodes_are_those_of_the_spec(shipped: Platform) -> None:
    spec = shipped.on("local").spec
    wanted, made = desired_state(spec), desired_state(scratch_spec(spec))
    assert (made.topics, set(made.nodes), made.quotas) == (wanted.topics, set(wanted.nodes), wanted.quotas)


@pytest.mark.parametrize(
    ("environment", "nodes", "replicas", "in_sync"), [("laptop", 3, 3, 2), ("local", 1, 1, 1), ("local", 5, 3, 2)]
)
def test_with_other_nodes_there_are_replicas_for_so_many(
    shipped: Platform, environment: str, nodes: int, replicas: int, in_sync: int
) -> None:
    made = desired_state(scratch_spec(shipped.on(environment).spec, Shape(nodes=nodes)))
    assert {topic.replication_factor for topic in made.topics.values()} == {replicas}
    assert {topic.configs["min.insync.replicas"] for topic in made.topics.values()} == {str(in_sync)}
    properties = made.nodes[1].properties
    assert properties["offsets.topic.replication.factor"] == str(replicas)
    assert properties["transaction.state.log.min.isr"] == str(in_sync)
    assert len(made.nodes) == nodes


def test_dedicated_controllers_and_heap_can_be_asked_for(here: LocalPlatform) -> None:
    made = scratch_platform(here, "run-1", Shape(dedicated=True, heap=2**28))
    assert set(made.roles) == {1, 2, 3, 101, 102, 103}
    assert made.cluster.heap == 2**28


def test_a_locked_one_has_users_and_secrets_of_its_own_and_an_open_one_none(shipped: Platform) -> None:
    spec = shipped.on("local").spec
    locked = scratch_spec(spec, Shape(secured=True))
    assert (desired_state(locked).authorizer, desired_state(spec).authorizer) == (True, False)
    again = scratch_spec(locked, Shape(secured=False))
    assert desired_state(again).users == {}


def test_the_true_passwords_and_the_true_authority_are_not_read(shipped: Platform) -> None:
    spec = shipped.on("local-secure").spec
    given: dict[str, Any] = {"users": {name: user.model_copy(update={"password": "x"}) for name, user in spec.users.items()}}
    given["security"] = spec.security.model_copy(update={"authority": "x", "oauth": "x"})
    made = scratch_spec(spec.model_copy(update=given))
    assert {user.password for user in made.users.values()} == {None}
    assert (made.security.enabled, made.security.authority, made.security.oauth) == (True, None, None)


def test_a_locked_one_without_an_administrator_is_refused(shipped: Platform) -> None:
    spec = shipped.on("local").spec.model_copy(update={"users": {}})
    with pytest.raises(UsageError, match="no user admin"):
        scratch_spec(spec, Shape(secured=True))
    scratch_spec(spec)


def test_nothing_of_the_platform_is_in_it(here: LocalPlatform) -> None:
    made = scratch_platform(here, "run-1")
    assert made.cluster.layout.root == here.folder / "scratch" / "run-1"
    assert made.identity.store.path.is_relative_to(made.folder)
    assert not made.spec.exporter.enabled


def test_where_memory_does_not_do_nothing_is_made_and_the_way_out_is_said(
    here: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "cgroup_room", lambda: 2**20)
    with pytest.raises(LocalError, match="3 nodes may take") as caught, scratch(here, "run-1"):
        raise AssertionError("it was begun")
    assert "fewer nodes" in str(caught.value.hint)
    assert not here.cluster.layout.scratch("run-1").root.exists()
