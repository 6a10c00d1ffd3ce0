"""The one door to a spec: load it, and step into one of its environments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ottla.errors import NotYet
from ottla.local import Layout, LocalCluster, Silent
from ottla.platform.local import LocalPlatform
from ottla.platform.shared import SharedPlatform
from ottla.spec import Spec, Target, load_spec

if TYPE_CHECKING:
    from ottla.local import Reporter


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

        Raises UsageError for an environment that is not in the spec, NotYet for a target, or for security, that is not built yet.
        """
        name, spec = self.spec.environment(environment)
        if spec.security.enabled:  # never an open cluster where a locked one was asked for
            raise NotYet(
                f"environment {name!r} has `security: {{enabled: true}}`, and a locked cluster is not built yet",
                hint="choose another environment with -e NAME",
            )
        match spec.target:
            case Target.LOCAL:
                cluster = LocalCluster(
                    layout=Layout.beside(self.spec.path, spec.shares or name),
                    name=spec.cluster.name,
                    kafka_version=spec.cluster.kafka_version,
                    heap=spec.cluster.heap,
                    report=report or Silent(),
                )
                kind = SharedPlatform if spec.shares else LocalPlatform
                return kind(name, spec, cluster, self.spec.warnings(name), self.spec.neighbours(name))
            case Target.STRIMZI | Target.REDPANDA | Target.CONFLUENT | Target.EVENT_HUBS:
                raise NotYet(
                    f"environment {name!r} has the target {spec.target.value!r}, which is not built yet",
                    hint="only `target: local` works so far: choose another environment with -e NAME",
                )
