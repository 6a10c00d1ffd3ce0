from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ottla.model.acl import CLUSTER_NAME, Action, ResourceType, is_permitted
from ottla.model.acl import Operation as Op
from ottla.model.user import CredentialKey, ScramMechanism
from ottla.spec import desired_state, load_spec
from ottla.spec.identity import AclSpec
from ottla.spec.roles import grants

if TYPE_CHECKING:
    from tests.spec.conftest import Load

    from ottla.model.acl import AclBinding

TOPIC, GROUP, CLUSTER = ResourceType.TOPIC, ResourceType.GROUP, ResourceType.CLUSTER
TRANSACTIONAL_ID = ResourceType.TRANSACTIONAL_ID
SHIPPED = load_spec(Path(__file__).parent.parent.parent / "platform.yaml")
HEAD = """\
platform: shop
cluster: {name: shop}
environments: {dev: {target: local}}
topics: {orders: {partitions: 1}, paid: {partitions: 1}}
security: {enabled: true}
users:
  admin: {admin: true}
"""


def bindings(load: Load, text: str) -> set[str]:
    """What one user named app is given, as sentences."""
    _, spec = load(HEAD + f"  app: {text}\n").environment(None)
    given = {str(grant.binding) for grant in grants(spec) if grant.binding.principal == "User:app"}
    return {each.removeprefix("allow User:app ") for each in given}


def test_who_produces_may_write_and_nothing_else(load: Load) -> None:
    assert bindings(load, "{produces: [orders, paid]}") == {"write topic orders", "write topic paid"}


def test_who_consumes_may_read_the_topics_and_the_group(load: Load) -> None:
    assert bindings(load, "{consumes: {topics: [orders], group: app}}") == {"read topic orders", "read group app"}


def test_transactions_need_their_ids_alone(load: Load) -> None:
    assert bindings(load, "{transactional_id_prefix: app-}") == {"write transactional_id app-*"}


def test_a_streams_application_has_its_internal_topics_to_itself(load: Load) -> None:
    text = "{streams: {application_id: totals, reads: [orders], writes: [paid]}}"
    internal = {f"{operation} topic totals-*" for operation in ("read", "write", "create", "delete")}
    assert bindings(load, text) == {"read topic orders", "write topic paid", "read group totals", *internal}
    exactly_once = bindings(load, text.replace("writes", "exactly_once: true, writes"))
    assert exactly_once - bindings(load, text) == {"write transactional_id totals-*"}


def test_a_user_without_a_role_may_do_nothing(load: Load) -> None:
    assert bindings(load, "{}") == set()


def test_who_monitors_sees_everything_and_changes_nothing(load: Load) -> None:
    given = bindings(load, "{monitor: true}")
    assert {each.split()[0] for each in given} == {"describe", "describe_configs"}
    assert len(given) == 7


CANARY = "exporter: {user: app, canary: {enabled: true}}"


def test_whoever_is_the_exporter_has_the_topic_of_the_canary_and_nothing_of_the_cluster(load: Load) -> None:
    given = bindings(load, f"{{}}\n{CANARY}")
    assert given == {f"{operation} topic __ottla_canary" for operation in ("read", "write", "create", "alter")}
    assert bindings(load, f"{{}}\n{CANARY.replace('true', 'false')}") == set()


def test_the_rights_of_the_exporter_are_in_the_line_of_the_canary(load: Load) -> None:
    spec = load(HEAD + "  app: {}\nexporter:\n  user: app\n  canary:\n    enabled: true\n    topic: __probe\n")
    name, environment = spec.environment(None)
    of_app = [grant for grant in grants(environment) if grant.binding.principal == "User:app"]
    assert {(grant.binding.name, spec.documents[name].mark(grant.path).line) for grant in of_app} == {("__probe", 13)}


def test_an_exporter_without_a_user_is_given_nothing(load: Load) -> None:
    assert bindings(load, "{}\nexporter: {canary: {enabled: true}}") == set()


def test_an_administrator_may_do_everything(load: Load) -> None:
    _, spec = load(HEAD).environment(None)
    acls = desired_state(spec).acls
    names = {kind: CLUSTER_NAME if kind is CLUSTER else "any" for kind in ResourceType}
    assert all(is_permitted(acls, Action("User:admin", op, kind, names[kind])) for op in Op for kind in ResourceType)


def test_each_binding_remembers_its_line(load: Load) -> None:
    spec = load(
        HEAD
        + """\
  app:
    produces:
      - orders
      - paid
    consumes:
      topics: [orders]
      group: app
acls:
  - principal: User:app
    resource: cluster
    operations:
      - describe
      - alter
"""
    )
    name, environment = spec.environment(None)
    lines = {
        str(grant.binding).removeprefix("allow User:app "): spec.documents[name].mark(grant.path).line
        for grant in grants(environment)
        if grant.binding.principal == "User:app"
    }
    assert lines == {
        "write topic orders": 10,
        "write topic paid": 11,
        "read topic orders": 13,
        "read group app": 14,
        "describe the cluster": 19,
        "alter the cluster": 20,
    }


@pytest.fixture(scope="module")
def secure() -> frozenset[AclBinding]:
    return desired_state(SHIPPED.environment("local-secure")[1]).acls


SERVICES = {
    "task-service": ({"task-events", "task-update-events"}, {"recurring-events"}),
    "reminder-service": ({"reminder-events"}, {"task-events", "task-update-events"}),
    "recurring-service": ({"recurring-events"}, {"task-events"}),
    "notification-service": ({"notification-events"}, {"reminder-events"}),
    "event-service": ({f"todo.tasks.{what}" for what in ("created", "updated", "deleted", "completed")}, {"task-events"}),
}


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_may_do_its_work_and_no_other(secure: frozenset[AclBinding], service: str) -> None:
    writes, reads = SERVICES[service]
    principal = f"User:{service}"
    topics = SHIPPED.environment(None)[1].topics

    def may(operation: Op, kind: ResourceType = TOPIC) -> set[str]:
        return {name for name in topics if is_permitted(secure, Action(principal, operation, kind, name))}

    assert (may(Op.WRITE), may(Op.READ)) == (writes, reads)
    assert may(Op.DESCRIBE) == writes | reads
    assert not any(may(operation) for operation in (Op.CREATE, Op.DELETE, Op.ALTER, Op.ALTER_CONFIGS, Op.DESCRIBE_CONFIGS))
    assert {each for each in SERVICES if is_permitted(secure, Action(principal, Op.READ, GROUP, each))} == {service}
    assert not any(is_permitted(secure, Action(principal, each, CLUSTER, CLUSTER_NAME)) for each in Op)


@pytest.mark.parametrize("service", SERVICES)
def test_who_writes_a_topic_by_its_contract_may_write_it(secure: frozenset[AclBinding], service: str) -> None:
    _, spec = SHIPPED.environment(None)
    wanted = {name for name, topic in spec.topics.items() if topic.event and service in topic.event.written_by}
    assert wanted == {name for name in spec.topics if is_permitted(secure, Action(f"User:{service}", Op.WRITE, TOPIC, name))}


def test_only_the_services_with_transactions_have_transactional_ids(secure: frozenset[AclBinding]) -> None:
    able = {each for each in SERVICES if is_permitted(secure, Action(f"User:{each}", Op.WRITE, TRANSACTIONAL_ID, f"{each}-1"))}
    assert able == {"task-service", "event-service"}


def test_an_open_environment_has_neither_users_nor_acls() -> None:
    state = desired_state(SHIPPED.environment("local")[1])
    assert (state.acls, state.users, state.quotas, state.authorizer) == (frozenset(), {}, {}, False)


def test_every_user_with_a_password_has_a_credential_of_each_mechanism() -> None:
    state = desired_state(SHIPPED.environment("local-secure")[1])
    users = {"admin", "monitoring", *SERVICES}
    assert state.users.keys() == {CredentialKey(user, mechanism) for user in users for mechanism in ScramMechanism}
    assert {credential.iterations for credential in state.users.values()} == {8192}
    assert state.authorizer


def test_the_example_of_the_how_to_is_sound(load: Load) -> None:
    page = (Path(__file__).parent.parent.parent / "docs/how-to/lock-a-platform.md").read_text()
    topics = "topics: {orders: {partitions: 1}, payments: {partitions: 1}, order-totals: {partitions: 1}}\n"
    head = "platform: shop\ncluster: {name: shop}\nenvironments: {dev: {target: local}}\n"
    _, spec = load(head + topics + page.split("```yaml\n")[1].split("```")[0]).environment(None)
    assert len(desired_state(spec).acls) == 28


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::1", "0:0:0:0:0:0:0:1"),
        ("2001:DB8::A", "2001:db8:0:0:0:0:0:a"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
    ],
)
def test_the_host_of_an_acl_is_what_java_calls_the_address(written: str, compared: str) -> None:
    """Kafka compares texts: an address in another form would match nobody, and a DENY would be void."""
    text = {"principal": "User:x", "resource": "topic", "name": "t", "operations": ["read"], "host": written}
    _, spec = SHIPPED.environment("local-secure")
    [grant] = grants(spec.model_copy(update={"users": {}, "acls": (AclSpec.model_validate(text),)}))
    assert grant.binding.host == compared
