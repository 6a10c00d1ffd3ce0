from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.model.quota import DEFAULT, QuotaEntity
from ottla.spec import desired_state

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

HEAD = """\
platform: shop
cluster: {name: shop}
environments: {dev: {target: local}}
topics: {orders: {partitions: 1}, task-events: {partitions: 1}}
"""
SECURED = HEAD + "security: {enabled: true}\nusers:\n  admin: {admin: true}\n"


def fault(faults: Faults, text: str) -> str:
    [only] = faults(text)
    return only


@pytest.mark.parametrize(
    ("user", "key"),
    [
        ("{produces: [order]}", "produces.0"),
        ("{consumes: {topics: [order], group: g}}", "consumes.topics.0"),
        ("{streams: {application_id: a, reads: [order]}}", "streams.reads.0"),
        ("{streams: {application_id: a, reads: [orders], writes: [order]}}", "streams.writes.0"),
    ],
)
def test_a_topic_that_is_not_there_is_a_fault(faults: Faults, user: str, key: str) -> None:
    said = fault(faults, f"{SECURED}  app: {user}\n")
    assert said == f"8: users.app.{key}: there is no topic order; did you mean 'orders'?"


def test_a_user_named_twice_is_a_fault(faults: Faults) -> None:
    said = faults(f"{SECURED}  admin: {{monitor: true}}\n")
    assert any(each.startswith("8: users.admin: ") and "twice" in each for each in said)


@pytest.mark.parametrize("name", ["default", "'a b'", "a:b", "'*'"])
def test_a_users_name_is_one_that_every_tool_can_write(faults: Faults, name: str) -> None:
    assert faults(f"{SECURED}  {name}: {{}}\n")[0].startswith("8: users.")


def test_a_password_in_the_spec_is_a_fault_that_does_not_repeat_it(faults: Faults) -> None:
    said = fault(faults, SECURED + "  app: {password: hunter2}\n")
    assert said.startswith("8: users.app.password: expected a reference to a secret")
    assert "hunter2" not in said


def test_the_administrator_is_a_user_who_may_do_everything(faults: Faults) -> None:
    assert "there is no user admin" in fault(faults, HEAD + "security: {enabled: true}\n")
    for user in ("{}", "{admin: true, authentication: certificate}"):
        assert "is the administrator" in fault(faults, f"{HEAD}security: {{enabled: true}}\nusers: {{admin: {user}}}\n")


def test_an_open_platform_needs_no_administrator(load: Load) -> None:
    load(HEAD + "users: {app: {produces: [orders]}}\n")


def test_internal_topics_that_take_in_a_topic_are_a_fault(faults: Faults) -> None:
    said = fault(faults, SECURED + "  app: {streams: {application_id: task, reads: [orders]}}\n")
    assert said.startswith("8: users.app.streams.application_id: topics that begin with task- are this user's own")
    assert "task-events" in said


def test_transactional_ids_that_take_in_anothers_are_a_fault(faults: Faults) -> None:
    said = fault(faults, SECURED + "  a: {transactional_id_prefix: app}\n  b: {transactional_id_prefix: app-b}\n")
    assert said.startswith("8: users.a.transactional_id_prefix: ")
    assert "app-b of b" in said


def acl(**keys: str) -> str:
    given = {"principal": "'User:app'", "resource": "topic", "name": "x", "operations": "[read]"} | keys
    return f"{SECURED}acls:\n  - {{{', '.join(f'{key}: {value}' for key, value in given.items() if value)}}}\n"


def test_a_principal_within_braces_wants_quotes_and_the_fault_says_so(faults: Faults) -> None:
    assert fault(faults, acl(principal="User:app")) == "9: not YAML: a ':' within braces (put the text into quotes)"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pattern", "match", "match is a filter for looking ACLs up: no ACL has it"),
        ("pattern", "any", "any is a filter for looking ACLs up: no ACL has it"),
        ("pattern", "ANY", "ANY is a filter for looking ACLs up: no ACL has it"),
        ("resource", "any", "any is a filter for looking ACLs up: no ACL has it"),
        ("operations", "[any]", "any is a filter for looking ACLs up: no ACL has it"),
        ("pattern", "prefix", "expected 'literal' or 'prefixed', not 'prefix'"),
        ("name", "", "is required for a topic; `*` is all of them"),
        ("host", "example.org", "expected an IP address or *"),
        ("host", "10.0.0.0/8", "expected an IP address or *"),
        ("principal", "'USER:app'", "write User:"),
        ("operations", "[cluster_action]", "cluster_action means nothing for a topic"),
        ("operations", "[read, read]", "read is written twice"),
        ("operations", "[]", "acls.0.operations"),
    ],
)
def test_an_acl_that_kafka_would_not_keep_or_never_match_is_a_fault(faults: Faults, key: str, value: str, message: str) -> None:
    said = fault(faults, acl(**{key: value}))
    assert said.startswith("9: acls.0")
    assert message in said


def test_a_prefixed_star_is_a_fault_and_a_literal_one_is_not(faults: Faults, load: Load) -> None:
    assert "a prefix * is that of names that begin with a star" in fault(faults, acl(name="'*'", pattern="prefixed"))
    load(acl(name="'*'"))


def test_the_cluster_has_no_name(faults: Faults, load: Load) -> None:
    assert "there is one cluster" in fault(faults, acl(resource="cluster", operations="[alter]"))
    load(acl(resource="cluster", operations="[alter]", name=""))


@pytest.mark.parametrize("rule", ["DEFAULT", "'RULE:^CN=(.*?),.*$/$1/L'", "'RULE:^CN=a\\/b$/x/'"])
def test_mapping_rules_are_those_of_kafka(load: Load, rule: str) -> None:
    load(SECURED.replace("true}\n", f"true, principal_mapping_rules: [{rule}]}}\n", 1))


@pytest.mark.parametrize("rule", ["default", "'RULE:^CN=(.*)$'", "'RULE:a/b/X'"])
def test_other_mapping_rules_are_a_fault(faults: Faults, rule: str) -> None:
    said = fault(faults, SECURED.replace("true}\n", f"true, principal_mapping_rules: [{rule}]}}\n", 1))
    assert said.startswith("5: security.principal_mapping_rules.0: expected DEFAULT, or RULE:")


def test_a_mapping_rule_that_is_no_regular_expression_is_a_fault_here_and_not_the_end_of_a_node(faults: Faults) -> None:
    said = fault(faults, SECURED.replace("true}\n", "true, principal_mapping_rules: ['RULE:(CN=/x/']}\n", 1))
    assert said.endswith("(CN= is no regular expression: a node would end with it")


@pytest.mark.parametrize("iterations", [4095, 16385])
def test_iterations_are_those_that_kafka_takes(faults: Faults, iterations: int) -> None:
    text = SECURED.replace("true}\n", f"true, iterations: {iterations}}}\n", 1)
    assert fault(faults, text).startswith("5: security.iterations: expected at ")


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        ("{producer_byte_rate: 1MB}", "say whom it is for"),
        ("{user: admin, ip: 10.0.0.1, producer_byte_rate: 1MB}", "say whom it is for"),
        ("{user: admin}", "says no quota"),
        ("{ip: 10.0.0.1, producer_byte_rate: 1MB}", "producer_byte_rate is no quota of addresses; one of connection_creation"),
        ("{user: admin, connection_creation_rate: 1}", "connection_creation_rate is no quota of users and clients"),
        ("{user: adm, producer_byte_rate: 1MB}", "there is no user adm; did you mean 'admin'?"),
        ("{ip: localhost, connection_creation_rate: 1}", "expected an IP address or default"),
        ("{user: admin, request_percentage: 0}", "expected more than 0"),
    ],
)
def test_a_quota_that_kafka_would_not_keep_is_a_fault(faults: Faults, quota: str, message: str) -> None:
    said = fault(faults, f"{SECURED}quotas:\n  - {quota}\n")
    assert said.startswith("9: quotas.0")
    assert message in said


def test_a_quota_for_the_same_twice_is_a_fault(faults: Faults) -> None:
    quota = "  - {user: default, producer_byte_rate: 1MB}\n"
    assert fault(faults, f"{SECURED}quotas:\n{quota}{quota}").startswith("10: quotas.1: is for the same")


def test_quotas_are_as_they_are_said(load: Load) -> None:
    text = """\
quotas:
  - {user: admin, client_id: app, producer_byte_rate: 1MiB, request_percentage: 12.5}
  - {user: default, consumer_byte_rate: 1MB}
  - {ip: 10.0.0.1, connection_creation_rate: 20}
"""
    assert desired_state(load(SECURED + text).environment(None)[1]).quotas == {
        QuotaEntity("admin", "app"): {"producer_byte_rate": 1048576.0, "request_percentage": 12.5},
        QuotaEntity(DEFAULT): {"consumer_byte_rate": 1000000.0},
        QuotaEntity(ip="10.0.0.1"): {"connection_creation_rate": 20.0},
    }


def test_a_ca_is_given_by_references_and_never_by_what_it_is(faults: Faults, load: Load) -> None:
    whole = "{enabled: true, authority: {certificate: '${file:ca.pem}', key: '${env:CA_KEY}'}}"
    load(SECURED.replace("{enabled: true}", whole))
    [said] = faults(SECURED.replace("{enabled: true}", whole.replace("${env:CA_KEY}", "-----BEGIN PRIVATE KEY-----MIGH")))
    assert said.startswith("5: security.authority.key: expected a reference to a secret")
    assert "MIGH" not in said
    [said] = faults(SECURED.replace("{enabled: true}", "{enabled: true, authority: {certificate: '${file:ca.pem}'}}"))
    assert said.startswith("5: security.authority.key: ")
