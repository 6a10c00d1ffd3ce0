"""An environment brought to a Kubernetes: what of it is missing there, what would change, the rollout."""

from __future__ import annotations

import os
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING, Self

from ottla.errors import LocalError, UsageError
from ottla.local import Silent
from ottla.platform.rendering import rendering_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.rollout import Rollout
    from ottla.kubernetes.undeployment import Undeployment
    from ottla.kubernetes.verification_job import Answered
    from ottla.local import Reporter
    from ottla.model.secret import Secret
    from ottla.platform.rendering import Rendering
    from ottla.spec import Spec

INSTALL = "pip install 'ottla[kubernetes]'"


@dataclass(frozen=True, slots=True)
class Deployment:
    """An environment that lies in Kubernetes, and the one that it goes to."""

    spec: Spec
    rendering: Rendering
    cluster: Cluster
    report: Reporter

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.client.close()

    def plan(self, *, force: Collection[str] = frozenset(), finalise: bool = False) -> Rollout:
        """What would change; nothing does. ``force`` names resources (KIND/NAMESPACE/NAME) whose fields are taken from others.

        With ``finalise`` the metadata.version is raised to that of the spec's Kafka, which is one-way.

        Raises PlanRefused with all that is missing, UsageError for a name that is none, ClusterError.
        """
        from ottla.kubernetes.planning import plan_rollout
        from ottla.kubernetes.rollout import named

        known = {named(each.identity) for each in self.rendering.resources}
        unknown = sorted(set(force) - known)
        if unknown:
            raise UsageError(f"--force-conflicts {', '.join(unknown)}: no such resource", hint="such as Kafka/NAMESPACE/NAME")
        site, steps = self.rendering.site, self.rendering.steps
        return plan_rollout(self.cluster, site, steps, force=force, finalise=finalise, passwords=self._passwords())

    def _passwords(self) -> dict[str, Secret | str]:
        """What the references of users lead to here, or why one leads nowhere."""
        from ottla.kubernetes.passwords import references
        from ottla.secrets import resolve

        folder, site = self.spec.path.resolve().parent, self.rendering.site
        found: dict[str, Secret | str] = {}
        for name in references(site):
            reference = site.users[name].password
            try:
                found[name] = "" if reference is None else resolve(reference, environ=os.environ, folder=folder)
            except LocalError as missing:
                found[name] = missing.message
        return found

    def apply(self, plan: Rollout, *, timeout: float) -> tuple[str, ...]:
        """Do it, and wait for each step. Raises StalePlan, ApplyError, WaitTimeout, ClusterError."""
        from ottla.kubernetes.rolling_out import carry_out

        return carry_out(self.cluster, plan, self.report, timeout=timeout)

    def plan_undeployment(self, *, wipe: bool = False) -> Undeployment:
        """What would be deleted; nothing is. With ``wipe`` also what holds records. Raises ClusterError."""
        from ottla.kubernetes.plan_undeployment import plan_undeployment

        rendered = {each.identity for each in self.rendering.resources}
        return plan_undeployment(self.cluster, self.rendering.site, rendered, wipe=wipe)

    def take_down(self, plan: Undeployment, *, timeout: float) -> tuple[str, ...]:
        """Do it, and wait for each step. Raises StalePlan, ApplyError."""
        from ottla.kubernetes.taking_down import take_down

        def again() -> Undeployment:
            return self.plan_undeployment(wipe=plan.wipe)

        return take_down(self.cluster, plan, self.report, again=again, timeout=timeout)

    def verify(self, *, write: bool, timeout: float) -> Answered:
        """Look at it from within: the exit code of `ottla verify` there, and the data of its document.

        Raises LocalError for a spec that no ConfigMap holds, ClusterError where nothing is answered, WaitTimeout.
        """
        from ottla.kubernetes.verification_job import LARGEST, NAME, ask_job, job_documents

        text = self.spec.path.read_text(encoding="utf-8")
        if len(text.encode()) > LARGEST:
            raise LocalError(f"is larger than a ConfigMap can be ({LARGEST:,} bytes)", where=str(self.spec.path))
        name, user = f"{NAME}-{token_hex(3)}", self._who_looks(write=write)
        documents = job_documents(self.rendering.site, name, text, user=user, write=write, timeout=timeout)
        return ask_job(self.cluster, documents, self.report, timeout=timeout)

    def _who_looks(self, *, write: bool) -> str:
        """By full name: to write, and in a cluster that is shared, its administrator; else whom the exporter logs in as."""
        spec = self.rendering.site.spec
        if spec.exporter.user is not None and not write and spec.shares is None:
            return spec.full_name(spec.exporter.user)
        owner = spec if spec.shares is None else self.spec.environments[spec.shares]
        return owner.full_name(owner.security.administrator)

    def set_managed(self, names: Collection[str], *, managed: bool, timeout: float) -> None:
        """Give topics of the spec, by their names there, to Strimzi's topic operator, or take them out of its hands.

        Raises UsageError for a topic that is none of the spec, or has no KafkaTopic; ClusterError, WaitTimeout.
        """
        from ottla.kubernetes.prerequisites import find_places
        from ottla.kubernetes.resource_names import resource_name
        from ottla.kubernetes.rolling_out import EVERY
        from ottla.kubernetes.topic_ownership import set_managed

        site = self.rendering.site
        unknown = sorted(set(names) - set(site.topics))
        if unknown:
            raise UsageError(f"no topic {', '.join(unknown)} in the spec", hint=f"one of: {', '.join(site.topics)}")
        place = next((theirs for (_, kind), theirs in find_places(self.cluster).items() if kind == "KafkaTopic"), None)
        namespace = str(site.namespace.value)
        called = [resource_name(site.spec.full_name(name)) for name in dict.fromkeys(names)]
        absent = [name for name in called if place is None or self.cluster.get(place, namespace, name) is None]
        if place is None or absent:
            said = f"there is no KafkaTopic {', '.join(absent)} in {namespace}"
            raise UsageError(said, where=f"context {self.cluster.context}", hint="ottla deploy makes them")
        topics = [(place, namespace, name) for name in called]
        set_managed(self.cluster, topics, managed=managed, report=self.report, timeout=timeout, every=EVERY)


def deployment_of(
    spec: Spec, environment: str | None, *, context: str | None = None, report: Reporter | None = None
) -> Deployment:
    """Raises UsageError for an environment that does not lie in Kubernetes, or a context that is none."""
    rendering = rendering_of(spec, environment)
    try:
        from ottla.kubernetes.cluster import connect
    except ModuleNotFoundError as missing:
        raise LocalError(f"what talks to Kubernetes is not installed ({missing.name})", hint=INSTALL) from missing
    cluster = connect(context or rendering.site.spec.kubernetes.context, os.environ)
    return Deployment(spec, rendering, cluster, report or Silent())
