"""An environment that lies in a Kubernetes, as the resources are made of it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from ottla.kubernetes.resource import OTTLA, Said
from ottla.spec.kubernetes import INSTANCE, MANAGED_BY, PART_OF, is_label_value
from ottla.spec.schema import Controllers
from ottla.spec.strimzi import PASSWORDS, PLAIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.spec import EnvironmentSpec
    from ottla.spec.schema import TopicSpec, UserSpec
    from ottla.spec.strimzi import Listener

DIGITS = 40  # of a hash, for a label that would be too long


@dataclass(frozen=True, slots=True)
class Site:
    """An environment and its name. What it is called in the cluster is as in the local one: ``spec.full_name``."""

    environment: str
    spec: EnvironmentSpec

    @property
    def namespace(self) -> Said:
        """Where Kafka and all that belongs to it lie."""
        return Said(self.spec.kubernetes.namespace, ("kubernetes", "namespace"))

    @property
    def platform(self) -> Said:
        """The platform's name, a label of everything."""
        return Said(self.spec.platform, ("platform",))

    @property
    def instance(self) -> str:
        """The environment and its namespace as a label: the same spec, deployed elsewhere in that Kubernetes, has another one."""
        text = f"{self.spec.kubernetes.namespace}.{self.environment}"
        return text if is_label_value(text) else sha256(text.encode()).hexdigest()[:DIGITS]

    @property
    def labels(self) -> dict[str, str]:
        """By which what is ours of this environment is found."""
        return {MANAGED_BY: OTTLA, PART_OF: self.spec.platform, INSTANCE: self.instance}

    @property
    def cluster(self) -> Said:
        """The name of the Kafka resource."""
        return Said(self.spec.cluster.name, ("cluster", "name"))

    @property
    def has_cluster(self) -> bool:
        """Whether the cluster is its own: one that shares another's has only topics, users and what its services need."""
        return self.spec.shares is None

    @property
    def secured(self) -> bool:
        """Whether clients must log in."""
        return self.spec.security.enabled

    @property
    def dedicated(self) -> bool:
        """Whether controllers are nodes of their own."""
        return self.spec.cluster.controllers is Controllers.DEDICATED

    @property
    def topics(self) -> Mapping[str, TopicSpec]:
        """By their names in the spec."""
        return self.spec.topics

    @property
    def users(self) -> Mapping[str, UserSpec]:
        """By their names in the spec; none where nobody has to log in."""
        return self.spec.users if self.secured else {}

    @property
    def listener(self) -> Listener:
        """Where clients with a password come in; where nobody has to log in, any client."""
        return PASSWORDS if self.secured else PLAIN

    @property
    def servers(self) -> str:
        """What such a client is told to connect to first."""
        return f"{self.bootstrap}:{self.listener.port}"

    @property
    def bootstrap(self) -> str:
        """Where clients in the Kubernetes reach the cluster."""
        return f"{self.spec.cluster.name}-kafka-bootstrap.{self.spec.kubernetes.namespace}.svc"
