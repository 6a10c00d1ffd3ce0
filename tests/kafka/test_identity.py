"""ACLs, users and quotas on a locked Kafka: what is written is read back, and roles are the least that works."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from ottla.errors import ApplyError, ClusterError
from ottla.kafka.acls import create_acls, delete_acls, read_acls
from ottla.kafka.connection import connect
from ottla.kafka.quotas import alter_quotas, read_quotas
from ottla.kafka.scram import delete_scram_credentials, read_scram_credentials, upsert_scram_credentials
from ottla.kafka.topics import create_topics, delete_topics
from ottla.model.acl import CLUSTER_NAME, OPERATIONS, AclBinding, Operation, PatternType, Permission, ResourceType
from ottla.model.quota import DEFAULT, QuotaEntity
from ottla.model.secret import Secret
from ottla.model.state import ClusterState, Evidence
from ottla.model.topic import Topic
from ottla.model.user import ScramCredential, ScramMechanism
from ottla.plan import diff, make_plan
from ottla.reconcile import Credentials, apply_plan, observe
from ottla.spec.identity import UserSpec
from ottla.spec.roles import grants
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tests.conftest import Home, Locked

    from ottla.kafka.connection import Connection
    from ottla.kafka.settings import ClientSettings
    from ottla.model.user import CredentialKey
    from ottla.plan import Diff

pytestmark = pytest.mark.kafka

CLIENT = "nobody"  # a user of the spec to whom it gives nothing


@pytest.fixture(scope="module")
def admin(locked: Locked) -> Iterator[Connection]:
    """Ottla itself, a super user."""
    with locked.platform.connected() as connection:
        topics = [Topic(name, 1, 1, {}) for name in ("orders", "paid", "other")]
        assert set(create_topics(connection, topics).values()) == {None}
        yield connection
        assert set(delete_topics(connection, [topic.name for topic in topics]).values()) == {None}


@pytest.fixture(scope="module")
def there(admin: Connection) -> ClusterState:
    """What the spec put there before."""
    return observe(admin).state


def settled(read: Callable[[], object], wanted: object) -> None:
    """What was written is in force on the broker a moment later."""
    wait_until(read, lambda seen: seen == wanted, what="what was written", timeout=10)


def new_acls(admin: Connection, there: ClusterState) -> frozenset[AclBinding]:
    return (read_acls(admin) or frozenset()) - there.acls


def new_credentials(admin: Connection, there: ClusterState) -> dict[CredentialKey, ScramCredential]:
    return {key: each for key, each in read_scram_credentials(admin).items() if key not in there.users}


def new_quotas(admin: Connection, there: ClusterState) -> dict[QuotaEntity, dict[str, float]]:
    return {entity: values for entity, values in read_quotas(admin).items() if entity not in there.quotas}


def every_binding() -> list[AclBinding]:
    """Each operation on each resource, literal, prefixed and for all, allowed and denied, of two principals and hosts."""
    found = []
    for kind in ResourceType:
        literal = CLUSTER_NAME if kind is ResourceType.CLUSTER else "a"
        for operation in sorted(OPERATIONS[kind]):
            found.append(AclBinding(kind, literal, PatternType.LITERAL, "User:x", "*", operation, Permission.ALLOW))
            found.append(AclBinding(kind, literal, PatternType.LITERAL, "User:y", "10.0.0.1", operation, Permission.DENY))
            if kind is not ResourceType.CLUSTER:
                found.append(AclBinding(kind, "a", PatternType.PREFIXED, "User:x", "*", operation, Permission.ALLOW))
                found.append(AclBinding(kind, "*", PatternType.LITERAL, "User:*", "*", operation, Permission.ALLOW))
    return found


def test_acls_are_read_back_as_they_were_written_and_each_is_deleted_alone(admin: Connection, there: ClusterState) -> None:
    bindings = every_binding()
    assert create_acls(admin, bindings) == dict.fromkeys(bindings)
    settled(lambda: new_acls(admin, there), frozenset(bindings))
    assert create_acls(admin, bindings[:3]) == dict.fromkeys(bindings[:3])
    first, rest = bindings[::2], bindings[1::2]
    assert delete_acls(admin, first) == dict.fromkeys(first)
    settled(lambda: new_acls(admin, there), frozenset(rest))
    assert delete_acls(admin, bindings) == dict.fromkeys(bindings)
    settled(lambda: new_acls(admin, there), frozenset())


def test_an_acl_that_kafka_refuses_is_said_and_the_others_are_kept(admin: Connection, there: ClusterState) -> None:
    good = AclBinding(ResourceType.TOPIC, "a", PatternType.LITERAL, "User:x", "*", Operation.READ, Permission.ALLOW)
    bad = replace(good, principal="nobody")
    outcome = create_acls(admin, [bad, good])
    assert outcome[good] is None
    assert "Could not parse principal" in str(outcome[bad])
    settled(lambda: new_acls(admin, there), frozenset({good}))
    delete_acls(admin, [good])
    settled(lambda: new_acls(admin, there), frozenset())


def test_a_cluster_without_an_authorizer_holds_no_acls_which_is_not_having_none(one: Home) -> None:
    binding = every_binding()[0]
    with connect(one.bootstrap_servers) as connection:
        assert read_acls(connection) is None
        assert "disabled" in str(create_acls(connection, [binding])[binding]).lower()
        assert "disabled" in str(delete_acls(connection, [binding])[binding]).lower()


def test_who_may_not_look_gets_an_error_and_no_empty_answer(locked: Locked, admin: Connection) -> None:
    assert read_acls(admin) is not None
    with as_user(locked, CLIENT) as unprivileged:
        for read in (read_acls, read_scram_credentials, read_quotas):
            with pytest.raises(ClusterError, match=r"(?i)authorization"):
                read(unprivileged)


@contextmanager
def as_user(locked: Locked, user: str) -> Iterator[Connection]:
    settings = locked.login(user)
    with connect(settings.bootstrap_servers, options=settings.for_admin) as connection:
        yield connection


def test_credentials_of_both_mechanisms_are_set_seen_and_deleted(admin: Connection, there: ClusterState) -> None:
    wanted = [
        ScramCredential("alice", ScramMechanism.SHA_256, 4096),
        ScramCredential("alice", ScramMechanism.SHA_512, 8192),
        ScramCredential("bob", ScramMechanism.SHA_512, 16384),
    ]
    keys = [credential.key for credential in wanted]
    before = admin.requests["AlterUserScramCredentials"]
    assert upsert_scram_credentials(admin, dict.fromkeys(wanted, Secret("pässword"))) == dict.fromkeys(keys)
    assert admin.requests["AlterUserScramCredentials"] - before == 2
    settled(lambda: new_credentials(admin, there), dict(zip(keys, wanted, strict=True)))
    assert delete_scram_credentials(admin, keys[:1]) == {keys[0]: None}
    settled(lambda: new_credentials(admin, there).keys(), set(keys[1:]))
    refusals = delete_scram_credentials(admin, keys)
    assert refusals.pop(keys[0])
    assert set(refusals.values()) == {None}
    settled(lambda: new_credentials(admin, there), {})


def test_a_credential_that_kafka_refuses_is_said(admin: Connection) -> None:
    weak = ScramCredential("alice", ScramMechanism.SHA_512, 1000)
    assert "iterations" in str(upsert_scram_credentials(admin, {weak: Secret("a")})[weak.key]).lower()


def test_quotas_are_read_back_exactly_and_altered_key_by_key(admin: Connection, there: ClusterState) -> None:
    wanted: dict[QuotaEntity, dict[str, float | None]] = {
        QuotaEntity("alice"): {"producer_byte_rate": 1048576.0, "request_percentage": 12.5},
        QuotaEntity("alice", "app"): {"consumer_byte_rate": 1e6},
        QuotaEntity(DEFAULT, DEFAULT): {"consumer_byte_rate": 2e6},
        QuotaEntity(DEFAULT): {"controller_mutation_rate": 0.1},
        QuotaEntity(client_id="default"): {"producer_byte_rate": 5.0},
        QuotaEntity(client_id=DEFAULT): {"producer_byte_rate": 6.0},
        QuotaEntity(ip="10.0.0.1"): {"connection_creation_rate": 20.0},
        QuotaEntity(ip=DEFAULT): {"connection_creation_rate": 30.0},
    }
    assert alter_quotas(admin, wanted) == dict.fromkeys(wanted)
    settled(lambda: new_quotas(admin, there), wanted)
    alice = QuotaEntity("alice")
    assert alter_quotas(admin, {alice: {"producer_byte_rate": None}}) == {alice: None}
    settled(lambda: new_quotas(admin, there)[alice], {"request_percentage": 12.5})
    alter_quotas(admin, {entity: dict.fromkeys(values) for entity, values in wanted.items()})
    settled(lambda: new_quotas(admin, there), {})


def test_a_quota_that_kafka_refuses_is_said_and_the_others_are_kept(admin: Connection, there: ClusterState) -> None:
    alice, bob = QuotaEntity("alice"), QuotaEntity("bob")
    outcome = alter_quotas(admin, {alice: {"connection_creation_rate": 1.0}, bob: {"producer_byte_rate": 1.0}})
    assert outcome[alice]
    assert outcome[bob] is None
    settled(lambda: new_quotas(admin, there), {bob: {"producer_byte_rate": 1.0}})
    alter_quotas(admin, {bob: {"producer_byte_rate": None}})
    settled(lambda: new_quotas(admin, there), {})


def test_a_whole_plan_of_access_is_applied_and_the_second_plan_is_empty(admin: Connection, there: ClusterState) -> None:
    """Users, ACLs and quotas that are not there yet; then everything goes again, by a plan."""
    alice = [ScramCredential("alice", mechanism, 8192) for mechanism in ScramMechanism]
    wanted = replace(
        there,
        acls=there.acls | frozenset(every_binding()),
        users={**there.users, **{each.key: each for each in alice}},
        quotas={**there.quotas, QuotaEntity("alice"): {"producer_byte_rate": 1e6}},
    )
    done = carry_out(admin, diff(there, wanted), {each.key: Secret("a password") for each in alice})
    assert len(done) == len(every_binding()) + len(alice) + 1
    after = observe(admin).state
    assert diff(after, wanted).changes == ()
    assert (after.acls, after.quotas) == (wanted.acls, wanted.quotas)
    carry_out(admin, diff(after, there, allow=frozenset({"acls", "users", "quotas"})), {})
    assert observe(admin).state == there


def test_a_user_whose_password_is_not_known_is_a_failure_and_what_follows_is_not_tried(
    admin: Connection, there: ClusterState
) -> None:
    alice = ScramCredential("alice", ScramMechanism.SHA_512, 8192)
    binding = every_binding()[0]
    wanted = replace(there, acls=there.acls | {binding}, users={**there.users, alice.key: alice})
    with pytest.raises(ApplyError) as caught:
        carry_out(admin, diff(there, wanted), {})
    assert caught.value.failed == ("create user alice SCRAM-SHA-512: its password is not known here",)
    assert len(caught.value.not_tried) == 1
    assert new_acls(admin, there) == frozenset()


def carry_out(admin: Connection, difference: Diff, passwords: dict[CredentialKey, Secret]) -> tuple[str, ...]:
    now = observe(admin)
    plan = make_plan(difference, now.state, Evidence(), cluster_id=now.cluster_id, environment="dev")

    def no_restart(_: object) -> None:
        raise AssertionError

    return apply_plan(
        plan,
        now,
        connect=lambda: nullcontext(admin),
        restart_node=no_restart,
        said=lambda _: None,
        credentials=Credentials(passwords),
    )


# What each role is for, done by a real client; True if it was let do it.


def of_librdkafka(settings: ClientSettings) -> dict[str, Any]:
    return {"bootstrap.servers": ",".join(settings.bootstrap_servers), "log_level": 0, **settings.for_data}


def produces(settings: ClientSettings) -> bool:
    """An idempotent producer."""
    failures: list[Any] = []
    refusals: list[Any] = []  # without a listener, librdkafka's fatal error would surface in whatever Python does next
    config = {**of_librdkafka(settings), "enable.idempotence": True, "message.timeout.ms": 4000}
    producer = Producer({**config, "error_cb": refusals.append})
    try:
        producer.produce("orders", b"v", on_delivery=lambda error, _: failures.append(error))
        producer.flush(8)
    except KafkaException:
        return False  # it learned of the refusal before it was asked to write
    return failures == [None]


def consumes(settings: ClientSettings) -> bool:
    """A member of a KIP-848 group that reads and commits."""
    consumer = _consumer(settings)
    try:
        consumer.subscribe(["orders"])
        message = consumer.poll(8)
        if message is None or message.error():
            return False
        consumer.commit(message=message, asynchronous=False)
    except KafkaException:
        return False
    finally:
        consumer.close()
    return True


def _consumer(settings: ClientSettings) -> Consumer:
    return Consumer(
        {
            **of_librdkafka(settings),
            "group.id": "app",
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )


def makes_internal_topics(settings: ClientSettings) -> bool:
    """What a Streams application does with the topics that are its own: makes them, writes, reads, drops records."""
    topic = "app-store-repartition"
    with connect(settings.bootstrap_servers, options=settings.for_admin) as connection:
        if create_topics(connection, [Topic(topic, 1, 1, {})])[topic]:
            return False
        failures: list[Any] = []
        producer = Producer({**of_librdkafka(settings), "message.timeout.ms": 4000})
        producer.produce(topic, b"v", on_delivery=lambda error, _: failures.append(error))
        producer.flush(8)
        consumer = _consumer(settings)
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(5)
        consumer.close()
        deleted = delete_topics(connection, [topic])[topic]
        return failures == [None] and message is not None and not message.error() and deleted is None


@contextmanager
def granted(admin: Connection, there: ClusterState, bindings: list[AclBinding]) -> Iterator[None]:
    assert set(create_acls(admin, bindings).values()) <= {None}
    settled(lambda: new_acls(admin, there), frozenset(bindings))
    try:
        yield
    finally:
        delete_acls(admin, bindings)
        settled(lambda: new_acls(admin, there), frozenset())


def bindings_of(locked: Locked, user: dict[str, Any]) -> list[AclBinding]:
    spec = locked.platform.spec
    topics = dict.fromkeys(("orders", "paid"), next(iter(spec.topics.values())))
    changed = spec.model_copy(update={"users": {CLIENT: UserSpec.model_validate(user)}, "topics": topics})
    return [grant.binding for grant in grants(changed)]


def test_who_consumes_has_enough_and_without_any_one_of_its_acls_not(
    locked: Locked, admin: Connection, there: ClusterState
) -> None:
    settings = locked.login(CLIENT)
    bindings = bindings_of(locked, {"consumes": {"topics": ("orders",), "group": "app"}})
    for missing in (None, *bindings, None):  # the role as a whole first and last: the same client, one thing other
        with granted(admin, there, bindings_of(locked, {"produces": ("orders",)})):
            assert produces(settings)  # something that nobody has read yet; and `produces` is enough for idempotence
        with granted(admin, there, [each for each in bindings if each != missing]):
            assert consumes(settings) == (missing is None), f"without: {missing}"


def test_who_produces_in_transactions_has_enough_and_without_any_one_of_its_acls_not(
    locked: Locked, admin: Connection, there: ClusterState
) -> None:
    settings = locked.login(CLIENT)
    bindings = bindings_of(locked, {"produces": ("orders",), "transactional_id_prefix": "app-"})
    for missing in (None, *bindings, None):
        with granted(admin, there, [each for each in bindings if each != missing]):
            assert commits_a_transaction(settings) == (missing is None), f"without: {missing}"


def commits_a_transaction(settings: ClientSettings) -> bool:
    refusals: list[Any] = []
    config = {**of_librdkafka(settings), "transactional.id": "app-1", "error_cb": refusals.append, "message.timeout.ms": 4000}
    producer = Producer({**config, "transaction.timeout.ms": 5000})
    try:
        producer.init_transactions(8)
        producer.begin_transaction()
        producer.produce("orders", b"v")
        producer.commit_transaction(8)
    except KafkaException:
        return False
    return True


def test_a_streams_application_makes_and_drops_its_own_topics_and_no_others(
    locked: Locked, admin: Connection, there: ClusterState
) -> None:
    settings = locked.login(CLIENT)
    bindings = bindings_of(locked, {"streams": {"application_id": "app", "reads": ("orders",)}})
    with granted(admin, there, bindings):
        assert makes_internal_topics(settings)
        with as_user(locked, CLIENT) as connection:
            assert create_topics(connection, [Topic("apple", 1, 1, {})])["apple"]
            assert delete_topics(connection, ["orders"])["orders"]
    assert not makes_internal_topics(settings)
