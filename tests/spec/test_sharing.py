from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.model.acl import Action, Operation, ResourceType, is_permitted
from ottla.model.quota import DEFAULT, QuotaEntity
from ottla.plan import outside, within
from ottla.spec import desired_state
from ottla.spec.explain import explain
from ottla.spec.roles import grants

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

    from ottla.spec import Spec

HEAD = """\
platform: shop
topics: {orders: {partitions: 1}, paid: {partitions: 1}}
"""
# lines 3 to 9 of what follows HEAD
SHARED = """\
cluster: {name: shop, config: {num.io.threads: 4}}
users:
  app: {produces: [orders], transactional_id_prefix: app-, consumes: {topics: [paid], group: app}}
environments:
  prod: {target: local, security: {enabled: true}, users: {admin: {admin: true}}}
  dev: {shares: prod, prefix: dev.}
"""
WHOLE = HEAD + SHARED


def at_dev(text: str) -> str:
    """The environment dev with more in it; it stands on line 8."""
    return WHOLE.replace("prefix: dev.}", f"prefix: dev., {text}}}")


def fault(faults: Faults, text: str) -> str:
    [only] = faults(text)
    return only


def sentences(spec: Spec, name: str) -> set[str]:
    return {str(grant.binding).removeprefix("allow ") for grant in grants(spec.environments[name])}


def test_an_environment_has_the_cluster_of_the_one_it_shares(load: Load) -> None:
    small = "topic_defaults: {replication_factor: 1, min_insync_replicas: 1}"
    text = at_dev(small).replace("prod: {", f"prod: {{cluster: {{nodes: 1}}, {small}, ")
    spec = load(text)
    prod, dev = spec.environments["prod"], spec.environments["dev"]
    assert (dev.target, dev.cluster, dev.security) == (prod.target, prod.cluster, prod.security)
    assert dev.cluster.nodes == 1
    assert dev.security.enabled
    assert spec.neighbours("prod") == {"dev": "dev."}
    assert spec.neighbours("dev") == {}


def test_every_name_has_the_prefix_and_nodes_are_the_owners_alone(load: Load) -> None:
    spec = load(at_dev("quotas: [{user: app, client_id: c, producer_byte_rate: 1MB}]")).environments["dev"]
    state = desired_state(spec)
    assert {(name, topic.name) for name, topic in state.topics.items()} == {("dev.orders",) * 2, ("dev.paid",) * 2}
    assert {key.user for key in state.users} == {"dev.app"} == set(spec.users_by_full_name)
    assert state.quotas.keys() == {QuotaEntity("dev.app", "dev.c")}
    assert state.nodes == {}
    assert state.authorizer


def test_a_role_gives_what_has_the_prefix(load: Load) -> None:
    assert sentences(load(WHOLE), "dev") == {
        "User:dev.app write topic dev.orders",
        "User:dev.app read topic dev.paid",
        "User:dev.app read group dev.app",
        "User:dev.app write transactional_id dev.app-*",
    }


def test_streams_have_internal_topics_below_the_prefix(load: Load) -> None:
    given = sentences(load(at_dev("users: {sums: {streams: {application_id: sums, reads: [orders]}}}")), "dev")
    assert "User:dev.sums create topic dev.sums-*" in given
    assert "User:dev.sums read group dev.sums" in given


def test_who_monitors_sees_what_has_the_prefix_and_nothing_of_the_cluster(load: Load) -> None:
    given = sentences(load(at_dev("users: {app: null, eyes: {monitor: true}}")), "dev")
    assert given == {
        "User:dev.eyes describe topic dev.*",
        "User:dev.eyes describe_configs topic dev.*",
        "User:dev.eyes describe group dev.*",
        "User:dev.eyes describe_configs group dev.*",
        "User:dev.eyes describe transactional_id dev.*",
    }


def test_an_acl_is_about_what_has_the_prefix_and_all_is_all_of_that(load: Load) -> None:
    acls = """acls: [
      {principal: "User:ops", resource: topic, name: "*", operations: [alter]},
      {principal: "User:ops", resource: group, name: batch-, pattern: prefixed, operations: [delete]},
      {principal: "User:ops", resource: topic, name: orders, operations: [read], permission: deny}]"""
    assert sentences(load(at_dev(f"users: {{app: null, ops: {{}}}}, {acls}")), "dev") == {
        "User:dev.ops alter topic dev.*",
        "User:dev.ops delete group dev.batch-*",
        "deny User:dev.ops read topic dev.orders",
    }


def test_no_identity_of_an_environment_can_do_anything_to_another_ones(load: Load) -> None:
    spec = load(at_dev("users: {eyes: {monitor: true}, sums: {streams: {application_id: sums, reads: [orders]}}}"))
    dev, prod = desired_state(spec.environments["dev"]), desired_state(spec.environments["prod"])
    kinds = (ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID)
    bindings = dev.acls | prod.acls
    for user in ("dev.app", "dev.eyes", "dev.sums"):
        can = [
            (operation, kind, name)
            for operation in Operation
            for kind in ResourceType
            for name in ("orders", "paid", "app", "app-1", "sums-1", "dev", "kafka-cluster")
            if is_permitted(bindings, Action(f"User:{user}", operation, kind, name))
        ]
        assert can == []
    for kind in kinds:
        for name in ("dev.orders", "dev.app", "dev.app-1"):
            assert not any(is_permitted(bindings, Action("User:app", operation, kind, name)) for operation in Operation)


def test_what_each_environment_wants_is_what_it_sees(load: Load) -> None:
    """Or its plan would never be empty."""
    quotas = "quotas: [{user: app, producer_byte_rate: 1MB}, {client_id: c, consumer_byte_rate: 1MB}]"
    spec = load(at_dev(f"{quotas}, users: {{eyes: {{monitor: true}}}}"))
    dev, prod = desired_state(spec.environments["dev"]), desired_state(spec.environments["prod"])
    assert within(dev, "dev.") == dev
    assert outside(prod, ["dev."]) == prod


def test_each_binding_remembers_its_line(load: Load) -> None:
    spec = load(WHOLE)
    lines = {spec.documents["dev"].mark(grant.path).line for grant in grants(spec.environments["dev"])}
    assert lines == {5}


def test_explain_says_where_the_value_of_a_shared_cluster_comes_from(load: Load) -> None:
    spec = load(WHOLE)
    told = explain("cluster.config.num.io.threads", spec, "dev")
    assert ([said.line for said in told.said], told.in_kafka) == ([3], {"num.io.threads": "4"})
    told = explain("topics.orders.min_insync_replicas", spec, "dev")
    assert told.in_kafka == {"min.insync.replicas": "2"}
    [said] = explain("prefix", spec, "dev").said
    assert (said.line, said.key, said.value) == (8, "environments.dev.prefix", "dev.")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("shares: prd, prefix: dev.", "shares: there is no environment prd; did you mean 'prod'?"),
        ("shares: dev, prefix: dev.", "shares: an environment does not share with itself"),
        ("shares: 1, prefix: dev.", "shares: there is no environment 1; known here: prod"),
        ("shares: prod", "shares: needs a prefix, to tell its names from those of prod: write, for example, `prefix: dev.`"),
        ("target: local, prefix: dev.", "prefix: is for an environment that shares the cluster of another one"),
        ("shares: prod, prefix: dev", "prefix: expected letters, digits"),
        ("shares: prod, prefix: 'd v.'", "prefix: expected letters, digits"),
        ("shares: prod, prefix: _dev.", "prefix: expected letters, digits"),
        ("shares: prod, prefix: ''", "prefix: expected letters, digits"),
        ("shares: prod, prefix: dev., target: local", "target: is that of prod, whose cluster this environment shares"),
        ("shares: prod, prefix: dev., cluster: {nodes: 1}", "cluster: is that of prod"),
        ("shares: prod, prefix: dev., security: {enabled: true}", "security: is that of prod"),
        ("shares: prod, prefix: dev., security: null", "security: is that of prod"),
    ],
)
def test_who_shares_what_is_said_once_and_whole(faults: Faults, said: str, message: str) -> None:
    found = faults(WHOLE.replace("shares: prod, prefix: dev.", said))
    assert any(each.startswith(f"8: environments.dev.{message}") for each in found), found
    assert all(each.startswith("8: environments.dev.") for each in found)


def test_nobody_shares_with_one_who_shares(faults: Faults) -> None:
    said = fault(faults, f"{WHOLE}  more: {{shares: dev, prefix: more.}}\n")
    assert said == "9: environments.more.shares: dev lives in the cluster of another one itself: name that one (prod)"


def test_the_base_shares_nothing(faults: Faults) -> None:
    found = faults(f"{WHOLE}shares: prod\nprefix: dev.\n")
    assert [each.split(": is said")[0] for each in found] == ["9: shares", "10: prefix"]


def test_what_the_owner_lacks_is_told_of_the_owner_alone(faults: Faults) -> None:
    assert fault(faults, WHOLE.replace("prod: {target: local, ", "prod: {")) == "7: environments.prod.target: is required"


def test_a_fault_in_the_cluster_is_told_once_where_it_stands(faults: Faults) -> None:
    assert fault(faults, WHOLE.replace("num.io.threads: 4", "num.io.threads: 0")).startswith("3: cluster.config.num.io.threads: ")
    text = WHOLE.replace(
        "target: local,", "target: local, cluster: {nodes: 1}, topic_defaults: {replication_factor: 1, min_insync_replicas: 1},"
    )
    assert [each.split(": replication")[0] for each in faults(text)] == ["2: topics.orders", "2: topics.paid"]


def test_what_else_is_wrong_is_told_beside_a_cluster_that_is_not_there(faults: Faults) -> None:
    found = faults(WHOLE.replace("shares: prod", "topics: {orders: {partitons: 2}}, shares: prd"))
    assert [each.split(": ")[1] for each in found] == ["environments.dev.shares", "environments.dev.topics.orders.partitons"]


@pytest.mark.parametrize(("one", "other"), [("dev.", "dev."), ("dev.", "dev.a."), ("a.b.", "a_"), ("dev.", "dev_")])
def test_no_prefix_takes_in_another(faults: Faults, one: str, other: str) -> None:
    for first, second in ((one, other), (other, one)):
        text = WHOLE.replace("prefix: dev.", f"prefix: {first}") + f"  more: {{shares: prod, prefix: {second}}}\n"
        assert fault(faults, text).startswith(f"9: environments.more.prefix: takes in, or is taken in by, {first} of dev")


def test_prefixes_of_other_clusters_do_not_matter(load: Load) -> None:
    other = WHOLE + "  test: {target: local}\n  more: {shares: test, prefix: dev.}\n"
    assert load(other).neighbours("test") == {"more": "dev."}


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("topics: {dev.x: {partitions: 1}}", "topics.dev.x"),
        ("topics: {dev_x: {partitions: 1}}", "topics.dev_x"),
        ("users: {dev.x: {}}", "users.dev.x"),
        ("users: {x: {consumes: {topics: [orders], group: dev.x}}}", "users.x.consumes.group"),
        ("users: {x: {transactional_id_prefix: dev.x}}", "users.x.transactional_id_prefix"),
        ("users: {x: {transactional_id_prefix: de}}", "users.x.transactional_id_prefix"),
        ("acls: [{principal: 'User:dev.x', resource: topic, name: orders, operations: [read]}]", "acls.0.principal"),
        ("acls: [{principal: 'User:app', resource: topic, name: dev.orders, operations: [read]}]", "acls.0"),
        ("quotas: [{client_id: dev.x, producer_byte_rate: 1MB}]", "quotas.0.client_id"),
    ],
)
def test_no_name_of_the_owner_begins_with_the_prefix(faults: Faults, more: str, key: str) -> None:
    text = WHOLE.replace("users: {admin: {admin: true}}", "users: {admin: {admin: true}, keep: {}}")
    merged = text.replace("prod: {", f"prod: {{{more}, ", 1) if "users" not in more else text.replace("keep: {}", more[8:-1])
    said = fault(faults, merged)
    assert said.startswith(f"7: environments.prod.{key}: ")
    assert "is of environment dev, whose names begin with dev.: choose another name" in said


def test_internal_topics_of_the_owner_that_take_in_the_prefix_are_a_fault(faults: Faults) -> None:
    streams = "x: {streams: {application_id: d, reads: [orders]}}"
    text = WHOLE.replace("{admin: true}}", f"{{admin: true}}, {streams}}}").replace("dev.", "d-e.")
    assert fault(faults, text).startswith("7: environments.prod.users.x.streams.application_id: topic d-* takes in what is of")


@pytest.mark.parametrize(
    ("more", "key", "message"),
    [
        ("users: {root: {admin: true}}", "users.root.admin", "an administrator could touch what is of prod"),
        ("quotas: [{ip: 10.0.0.1, connection_creation_rate: 1}]", "quotas.0.ip", "addresses are of the neighbours"),
        ("quotas: [{user: default, producer_byte_rate: 1MB}]", "quotas.0.user", "default is for the neighbours"),
        ("quotas: [{client_id: default, producer_byte_rate: 1MB}]", "quotas.0.client_id", "default is for the neighbours"),
        (
            "acls: [{principal: 'User:app', resource: cluster, operations: [describe]}]",
            "acls.0.resource",
            "cluster has no prefix",
        ),
        (
            "acls: [{principal: 'User:*', resource: topic, name: orders, operations: [read]}]",
            "acls.0.principal",
            "User:* is of the",
        ),
        (
            "acls: [{principal: 'Group:x', resource: topic, name: orders, operations: [read]}]",
            "acls.0.principal",
            "Group:x is of",
        ),
    ],
)
def test_what_would_reach_the_neighbours_is_a_fault(faults: Faults, more: str, key: str, message: str) -> None:
    assert fault(faults, at_dev(more)).startswith(f"8: environments.dev.{key}: {message}")


def test_whichever_client_of_one_user_reaches_nobody_else(load: Load) -> None:
    spec = load(at_dev("quotas: [{user: app, client_id: default, producer_byte_rate: 1MB}]"))
    assert desired_state(spec.environments["dev"]).quotas.keys() == {QuotaEntity("dev.app", DEFAULT)}


def test_an_administrator_of_the_base_is_taken_out_where_a_cluster_is_shared(faults: Faults, load: Load) -> None:
    text = WHOLE.replace("users:\n", "users:\n  admin: {admin: true}\n")
    assert fault(faults, text).startswith("5: users.admin.admin: an administrator could touch what is of prod")
    load(text.replace("prefix: dev.", "prefix: dev., users: {admin: null}"))


@pytest.mark.parametrize(("topic", "user"), [("t" * 246, "u"), ("t", "u" * 61)])
def test_names_fit_with_the_prefix(faults: Faults, load: Load, topic: str, user: str) -> None:
    text = at_dev(f"topics: {{{topic}: {{partitions: 1}}}}, users: {{{user}: {{}}}}")
    assert "with the prefix dev." in fault(faults, text)
    load(text.replace("dev.", "de."))
