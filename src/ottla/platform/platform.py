"""The one door to a spec: load it, and step into one of its environments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ottla.errors import NotYet
from ottla.local import Layout, LocalCluster, Silent
from ottla.model.log_format import LogFormat
from ottla.platform.admission import LocalAdmission
from ottla.platform.identity import Identity
from ottla.platform.local import LocalPlatform
from ottla.platform.shared import SharedPlatform
from ottla.secrets import SecretStore
from ottla.spec import Spec, Target, load_spec

if TYPE_CHECKING:
    from ottla.local import Reporter
    from ottla.platform.deploying import Deployment
    from ottla.platform.rendering import Rendering
    from ottla.spec import EnvironmentSpec


@dataclass(frozen=True, slots=True)
class Platform:
    """A spec without faults."""

    spec: Spec

    @classmethod
    def load(cls, path: str | Path = "platform.yaml") -> Platform:
        """Read and check the spec. Raises SpecError with every fault, UsageError where there is no file."""
        return cls(load_spec(Path(path)))

    def on(self, environment: str | None = None, *, report: Reporter | None = None) -> LocalPlatform:
        """The platform in an environment (None: the default one); ``report`` is told what goes on.

        Raises UsageError for an environment that is not in the spec, NotYet for a target that is not built yet.
        """
        name, spec = self.spec.environment(environment)
        match spec.target:
            case Target.LOCAL:
                return self._local(name, spec, report or Silent())
            case Target.STRIMZI:
                raise NotYet(
                    f"environment {name!r} has the target 'strimzi': it is deployed, and changed by deploying it again",
                    hint=f"ottla deploy -e {name}; its manifests: ottla render -e {name} -o DIR; "
                    "all else works on an environment with `target: local` so far",
                )
            case Target.REDPANDA | Target.CONFLUENT | Target.EVENT_HUBS:
                raise NotYet(
                    f"environment {name!r} has the target {spec.target.value!r}, which is not built yet",
                    hint="only `target: local` works so far: choose another environment with -e NAME",
                )

    def render(self, environment: str | None = None) -> Rendering:
        """The manifests of an environment (None: the default one) that lies in Kubernetes. Raises UsageError for any other."""
        from ottla.platform.rendering import rendering_of

        return rendering_of(self.spec, environment)

    def deployment(
        self, environment: str | None = None, *, context: str | None = None, report: Reporter | None = None
    ) -> Deployment:
        """An environment that lies in Kubernetes, to be brought there. Raises UsageError for any other, or no such context."""
        from ottla.platform.deploying import deployment_of

        return deployment_of(self.spec, environment, context=context, report=report)

    def _local(self, name: str, spec: EnvironmentSpec, report: Reporter) -> LocalPlatform:
        owner = spec.shares or name
        layout, administration = Layout.beside(self.spec.path, owner), self._identity(owner)
        certified = self.spec.users_with_certificates(owner)
        cluster = LocalCluster(
            layout=layout,
            name=spec.cluster.name,
            kafka_version=spec.cluster.kafka_version,
            heap=spec.cluster.heap,
            report=report,
            admission=LocalAdmission(administration, layout, certified),
            jmx_agent=spec.cluster.jmx_agent,
            ecs_logs=self.spec.environments[owner].logs.format is LogFormat.ECS,
        )
        warnings = self.spec.warnings(name)
        if spec.shares:
            identity = self._identity(name)
            return SharedPlatform(name, spec, cluster, identity, warnings, certificate_users=certified, of_owner=administration)
        neighbours = self.spec.neighbours(name)
        return LocalPlatform(name, spec, cluster, administration, warnings, neighbours=neighbours, certificate_users=certified)

    def _identity(self, environment: str) -> Identity:
        """Who may log in to an environment. What it generates lies in its own folder, whosever the cluster is."""
        store = SecretStore.within(Layout.beside(self.spec.path, environment).root)
        return Identity(self.spec.environments[environment], store, self.spec.path.resolve().parent)
