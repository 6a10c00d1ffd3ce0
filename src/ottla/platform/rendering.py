"""An environment rendered for Kubernetes: its files, and what to say about them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.kubernetes.rendering import notes_of, steps_of
from ottla.kubernetes.site import Site
from ottla.kubernetes.writing import files_of, stream_of
from ottla.spec import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.resource import Resource
    from ottla.spec import Fault, Spec
    from ottla.spec.document import Document


@dataclass(frozen=True, slots=True)
class Rendering:
    """What `ottla render` shows or writes, by the steps of a rollout. ``notes`` say what is left out."""

    site: Site
    document: Document
    steps: Mapping[str, tuple[Resource, ...]]
    warnings: tuple[Fault, ...]
    notes: tuple[str, ...]

    @property
    def environment(self) -> str:
        """Its name."""
        return self.site.environment

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All of them, in the order of a rollout."""
        return tuple(chain.from_iterable(self.steps.values()))

    @property
    def files(self) -> dict[str, str]:
        """What to write, by file name."""
        return files_of(self.resources, self.document, environment=self.environment)

    @property
    def stream(self) -> str:
        """All of it, for a pipe."""
        return stream_of(self.resources, self.document, environment=self.environment)

    def stream_of_kind(self, kind: str) -> str:
        """The resources of one kind, for a pipe."""
        chosen = [each for each in self.resources if each.tree["kind"] == kind]
        return stream_of(chosen, self.document, environment=self.environment)


def rendering_of(spec: Spec, environment: str | None) -> Rendering:
    """Render an environment (None: the default one). Raises UsageError for one that does not lie in Kubernetes."""
    name, chosen = spec.environment(environment)
    if chosen.target is not Target.STRIMZI:
        others = [other for other, one in spec.environments.items() if one.target is Target.STRIMZI]
        hint = f"choose one that does: -e {others[0]}" if others else "give an environment `target: strimzi`"
        raise UsageError(
            f"environment {name!r} has the target {chosen.target.value!r}, and does not lie in Kubernetes", hint=hint
        )
    site = Site(name, chosen)
    return Rendering(site, spec.documents[name], steps_of(site), spec.warnings(name), notes_of(site))
