"""Dapr for the services of a platform: a pub/sub component for each, its subscriptions, and what is tried again.

A component is for one app (``scopes``), under the app's own user, and says no ``consumerGroup``: an app reads as the group of its
id. It lies in each namespace of clients, as no spec says in which of them a service runs. So must the Secrets that it names
(``copied_secrets``): Dapr's operator looks for them in the component's namespace (pkg/operator/api/components.go).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.kubernetes.namespaces import client_namespaces
from ottla.kubernetes.pods import AUTHORITY_KEY, PASSWORD_KEY, cluster_authority
from ottla.kubernetes.resource import Resource, Said, Tree, metadata
from ottla.kubernetes.resource_names import resource_name
from ottla.spec.desired import client_profile, server_properties
from ottla.spec.services import compacted_topics, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site
    from ottla.spec.document import Path
    from ottla.spec.identity import UserSpec

COMPONENT = "dapr"
SECRETS_FROM = "ottla/secrets-from"  # an annotation: where the Secrets come from that a component names
MECHANISM = "SHA-512"  # any other word than this or SHA-256 silently means PLAIN
KAFKA_VERSION = "4.0.0"  # of the protocol that Dapr speaks: the newest of those that were tried (its default is 2.0.0)
INITIAL_OFFSETS = {"earliest": "oldest", "latest": "newest"}
ACKS = {"all": "all", "-1": "all", "1": "local", "0": "none"}
RETRY = "kafka"
RETRY_EVERY, RETRIES = "200ms", 150  # [003]; for half a minute, so that an app that restarts finds its events


@dataclass(frozen=True, slots=True)
class SecretCopy:
    """A Secret that pods in another namespace need: one key of it, and what it is called there. Nothing of it is rendered."""

    namespace: str
    name: str
    key: str
    to_namespace: str
    to_name: str


@dataclass(frozen=True, slots=True)
class _Service:
    """A service in one of the namespaces where it may run."""

    name: str
    user: UserSpec
    namespace: Said
    app_id: str

    @property
    def path(self) -> Path:
        return ("users", self.name)

    @property
    def component(self) -> str:
        """The name by which the app publishes and subscribes."""
        return f"kafka-{self.app_id}"


def dapr(site: Site) -> Iterator[Resource]:
    """Components, subscriptions and resiliency, where the spec wants Dapr."""
    if not site.spec.kubernetes.dapr.enabled:
        return
    for namespace in _namespaces(site):
        found = _services(site, namespace)
        for service in found:
            yield _component(site, service)
            yield from _subscriptions(site, service)
        if found:
            yield _resiliency(site, namespace, found)


def copied_secrets(site: Site) -> tuple[SecretCopy, ...]:
    """The Secrets that components name and that Strimzi makes elsewhere; to be copied, and again whenever they change."""
    if not (site.spec.kubernetes.dapr.enabled and site.secured):
        return ()
    authority, home = cluster_authority(site).value, site.spec.kubernetes.namespace
    named = [
        (namespace.value, [(service.app_id, PASSWORD_KEY, service.component) for service in _services(site, namespace)])
        for namespace in client_namespaces(site)
    ]
    return tuple(
        SecretCopy(home, name, key, there, to_name)
        for there, logins in named
        for name, key, to_name in ((authority, AUTHORITY_KEY, authority), *logins)
    )


def _namespaces(site: Site) -> tuple[Said, ...]:
    return client_namespaces(site) or (site.namespace,)


def _services(site: Site, namespace: Said) -> list[_Service]:
    return [_Service(name, user, namespace, site.spec.full_name(name)) for name, user in services(site.spec).items()]


def _component(site: Site, service: _Service) -> Resource:
    values = {"brokers": site.servers, **_login(site, service), "clientID": Said(service.app_id, service.path)}
    values |= _behaviour(site)
    listed = [{"name": name, **(value if isinstance(value, dict) else {"value": value})} for name, value in values.items()]
    elsewhere = site.secured and service.namespace.value != site.namespace.value
    tree = {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Component",
        "metadata": _head(site, service, service.component, {SECRETS_FROM: site.namespace} if elsewhere else None),
        "spec": {"type": "pubsub.kafka", "version": "v1", "metadata": listed},
        "scopes": [service.app_id],
    }
    return Resource(_file(service.namespace, "component", service.app_id), tree)


def _login(site: Site, service: _Service) -> dict[str, Tree]:
    if not site.secured:
        return {"authType": "none", "disableTls": "true"}
    here = service.namespace.value == site.namespace.value
    return {
        "authType": "password",
        "saslUsername": Said(service.app_id, service.path),
        "saslPassword": _secret(service.app_id if here else service.component, PASSWORD_KEY),
        "saslMechanism": MECHANISM,
        "caCert": _secret(cluster_authority(site), AUTHORITY_KEY),
    }


def _secret(name: Tree, key: str) -> dict[str, Tree]:
    return {"secretKeyRef": {"name": name, "key": key}}


def _behaviour(site: Site) -> dict[str, Tree]:
    """What of the client profile Dapr has a key for; the largest record is one figure, here and in the brokers."""
    profile = client_profile(site.spec)
    offset = INITIAL_OFFSETS.get(profile.consumer.get("auto.offset.reset", ""))
    said: dict[str, Tree] = {
        "initialOffset": _of_consumer("auto.offset.reset", offset),
        "consumerFetchMin": _of_consumer("fetch.min.bytes", profile.consumer.get("fetch.min.bytes")),
        "producerRequiredAcks": _of_producer("acks", ACKS.get(profile.producer.get("acks", ""))),
        "compression": _of_producer("compression.type", profile.producer.get("compression.type")),
        "maxMessageBytes": _largest(site),
        "consumeRetryInterval": RETRY_EVERY,
        "version": KAFKA_VERSION,
    }
    return {name: value for name, value in said.items() if value is not None}


def _largest(site: Site) -> Said | None:
    sent = client_profile(site.spec).producer.get("max.request.size")
    if sent is not None:
        return _of_producer("max.request.size", sent)
    taken = server_properties(site.spec).get("message.max.bytes")
    return None if taken is None else Said(taken, ("cluster", "config", "message.max.bytes"))


def _of_producer(key: str, value: str | None) -> Said | None:
    return None if value is None else Said(value, ("client", "producer", key))


def _of_consumer(key: str, value: str | None) -> Said | None:
    return None if value is None else Said(value, ("client", "consumer", key))


def _subscriptions(site: Site, service: _Service) -> Iterator[Resource]:
    """One for each topic that the service reads; events come to the path that is called as the topic is in the spec."""
    topics = () if service.user.consumes is None else service.user.consumes.topics
    for index, topic in enumerate(topics):
        name = resource_name(f"{service.app_id}-{site.spec.full_name(topic)}")
        spec = {
            "pubsubname": service.component,
            "topic": Said(site.spec.full_name(topic), (*service.path, "consumes", "topics", index)),
            "routes": {"default": f"/{topic}"},
            "deadLetterTopic": _dead_letters(site, service, topic),
        }
        tree = {
            "apiVersion": "dapr.io/v2alpha1",
            "kind": "Subscription",
            "metadata": _head(site, service, name),
            "spec": spec,
            "scopes": [service.app_id],
        }
        yield Resource(_file(service.namespace, "subscription", name), tree)


def _dead_letters(site: Site, service: _Service, topic: str) -> Said | None:
    """Where a tombstone goes: Dapr cannot read it, and without this would try again for ever, and read nothing behind it."""
    letters = site.spec.kubernetes.dapr.dead_letters
    if letters is None or topic not in compacted_topics(site.spec, service.user):
        return None
    return Said(site.spec.full_name(letters), ("kubernetes", "dapr", "dead_letters"))


def _resiliency(site: Site, namespace: Said, found: list[_Service]) -> Resource:
    """What an app does not take is given to it again. Then the component begins anew; with dead letters, it goes there."""
    retried = {"inbound": {"retry": RETRY}}
    spec = {
        "policies": {"retries": {RETRY: {"policy": "constant", "duration": RETRY_EVERY, "maxRetries": RETRIES}}},
        "targets": {"components": {service.component: retried for service in found}},
    }
    name = resource_name(f"{site.spec.prefix}kafka")
    head = metadata(name, namespace=namespace, component=COMPONENT, site=site)
    tree = {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Resiliency",
        "metadata": head,
        "spec": spec,
        "scopes": [service.app_id for service in found],
    }
    return Resource(_file(namespace, "resiliency", name), tree)


def _head(site: Site, service: _Service, name: str, annotations: dict[str, Tree] | None = None) -> dict[str, Tree]:
    more = {"annotations": annotations} if annotations else {}
    return metadata(name, namespace=service.namespace, component=COMPONENT, site=site, **more)


def _file(namespace: Said, kind: str, name: str) -> str:
    return f"{resource_name(f'dapr-{namespace.value}-{kind}-{name}')}.yaml"
