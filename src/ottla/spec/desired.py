"""spec + environment -> the desired ClusterState, and the client profile."""

from __future__ import annotations

from enum import Enum

from ottla.model.client import ClientProfile
from ottla.model.node import Node
from ottla.model.quota import DEFAULT, EntityName, QuotaEntity
from ottla.model.state import ClusterState
from ottla.model.topic import Topic
from ottla.model.user import CredentialKey, ScramCredential
from ottla.spec.configs import kafka_text
from ottla.spec.identity import DEFAULT_OF_QUOTAS, Authentication
from ottla.spec.identity_checks import quota_values
from ottla.spec.roles import grants
from ottla.spec.schema import NAMED_CONFIGS, EnvironmentSpec, TopicSpec


def desired_state(spec: EnvironmentSpec) -> ClusterState:
    """The cluster that the environment asks for: its topics, the properties of each of its nodes, and who may do what.

    Where security is not enabled there are no users and no ACLs. Passwords, and so their versions, are no part of this. An
    environment that shares a cluster asks for no nodes, and every name has its prefix.
    """
    secured = spec.security.enabled
    properties = server_properties(spec)
    return ClusterState(
        topics={name: _topic(spec, name, topic) for name, topic in spec.topics_by_full_name.items()},
        nodes={} if spec.shares else {node_id: Node(node_id, properties) for node_id in range(1, spec.cluster.nodes + 1)},
        acls=frozenset(grant.binding for grant in grants(spec)) if secured else frozenset(),
        users=_credentials(spec) if secured else {},
        quotas=_quotas(spec),
        authorizer=secured,
    )


def server_properties(spec: EnvironmentSpec) -> dict[str, str]:
    """What every node of the cluster is given, in Kafka's keys and words."""
    return {key: kafka_text(key, value) for key, value in spec.cluster.config.items()}


def _credentials(spec: EnvironmentSpec) -> dict[CredentialKey, ScramCredential]:
    with_password = [name for name, user in spec.users_by_full_name.items() if user.authentication is Authentication.SCRAM]
    credentials = [
        ScramCredential(name, mechanism, spec.security.iterations)
        for name in with_password
        for mechanism in spec.security.mechanisms
    ]
    return {credential.key: credential for credential in credentials}


def _quotas(spec: EnvironmentSpec) -> dict[QuotaEntity, dict[str, float]]:
    return {
        QuotaEntity(_named(spec, quota.user), _named(spec, quota.client_id), _entity_name(quota.ip)): quota_values(quota)
        for quota in spec.quotas
    }


def _named(spec: EnvironmentSpec, name: str | None) -> EntityName | None:
    entity = _entity_name(name)
    return spec.full_name(entity) if isinstance(entity, str) else entity


def _entity_name(name: str | None) -> EntityName | None:
    return DEFAULT if name == DEFAULT_OF_QUOTAS else name


def client_profile(spec: EnvironmentSpec) -> ClientProfile:
    """The one profile of all clients of this environment."""
    return ClientProfile(
        producer={key: kafka_text(key, value) for key, value in spec.client.producer.items()},
        consumer={key: kafka_text(key, value) for key, value in spec.client.consumer.items()},
    )


def _topic(spec: EnvironmentSpec, name: str, topic: TopicSpec) -> Topic:
    configs = {"min.insync.replicas": str(spec.topic_defaults.min_insync_replicas)}
    configs |= {key: kafka_text(key, value) for key, value in spec.topic_defaults.config.items()}
    configs = {key: value for key, value in configs.items() if key not in topic.reset}
    configs |= {key: kafka_text(key, value) for key, value in topic.config.items()}
    for named, key in NAMED_CONFIGS.items():
        value = getattr(topic, named)
        if value is not None:
            configs[key] = str(value.value if isinstance(value, Enum) else value)
    return Topic(
        name=name,
        partitions=topic.partitions,
        replication_factor=topic.replication_factor or spec.topic_defaults.replication_factor,
        configs=configs,
        reset=frozenset(topic.reset),
    )
