"""An environment rendered for Kubernetes: its files, and what to say about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import UsageError
from ottla.kubernetes.rendering import notes_of, resources_of
from ottla.kubernetes.site import Site
from ottla.kubernetes.writing import files_of, stream_of
from ottla.spec import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kubernetes.resource import Resource
    from ottla.spec import Fault, Spec


@dataclass(frozen=True, slots=True)
class Rendering:
    """What `ottla render` shows or writes: the resources, as a stream, and as files by name. ``notes``: what is left out."""

    resources: tuple[Resource, ...]
    stream: str
    files: Mapping[str, str]
    warnings: tuple[Fault, ...]
    notes: tuple[str, ...]


def rendering_of(spec: Spec, environment: str | None) -> Rendering:
    """Render an environment (None: the default one). Raises UsageError for one that does not lie in Kubernetes."""
    name, chosen = spec.environment(environment)
    if chosen.target is not Target.STRIMZI:
        others = [other for other, one in spec.environments.items() if one.target is Target.STRIMZI]
        hint = f"choose one that does: -e {others[0]}" if others else "give an environment `target: strimzi`"
        raise UsageError(
            f"environment {name!r} has the target {chosen.target.value!r}, and does not lie in Kubernetes", hint=hint
        )
    site, document = Site(name, chosen), spec.documents[name]
    resources = resources_of(site)
    return Rendering(
        resources=resources,
        stream=stream_of(resources, document, environment=name),
        files=files_of(resources, document, environment=name),
        warnings=spec.warnings(name),
        notes=notes_of(site),
    )
