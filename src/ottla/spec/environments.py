"""An environment laid over the base: mappings are merged by name, anything else is replaced, ``null`` takes a name away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ottla.spec.document import Document, Path, is_there, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.faults import Mark

ENVIRONMENTS = "environments"
DEFAULT = "default_environment"
SHARES, PREFIX = "shares", "prefix"
OF_ENVIRONMENTS = (SHARES, PREFIX)  # said of an environment alone, never in the base
OF_THE_CLUSTER = ("target", "cluster", "security")  # what environments that share a cluster have in common


def base_of(document: Document) -> Document:
    """What stands outside of all environments."""
    base = {key: value for key, value in document.values.items() if key not in {ENVIRONMENTS, DEFAULT, *OF_ENVIRONMENTS}}
    return Document(document.file, base, document.marks)


def overlay(document: Document, name: str) -> Document:
    """The whole document as ``name`` has it. Each value keeps the mark of the place that wrote it.

    An environment that shares the cluster of another one has what the cluster is from there.
    """
    own, owner = _laid(document, name), owner_of(document, name)
    if owner is None:
        return own
    theirs = _laid(document, owner)
    rest = {key: value for key, value in own.values.items() if key not in OF_THE_CLUSTER}
    cluster = {key: theirs.values[key] for key in OF_THE_CLUSTER if key in theirs.values}
    return Document(document.file, rest | cluster, _SharedMarks(own.marks, theirs.marks))


def shared_by(document: Document, name: str) -> Any:
    """What ``name`` says that it shares, be it sound or not; None where it has a cluster of its own."""
    value = document.values[ENVIRONMENTS].get(name)
    return value.get(SHARES) if isinstance(value, dict) else None


def owner_of(document: Document, name: str) -> str | None:
    """The environment whose cluster ``name`` shares; None where it has its own, or names one that it cannot share."""
    owner = shared_by(document, name)
    if not isinstance(owner, str) or owner == name or not isinstance(document.values[ENVIRONMENTS].get(owner), dict):
        return None
    return owner if shared_by(document, owner) is None else None


def _laid(document: Document, name: str) -> Document:
    base = base_of(document).values
    above = document.values[ENVIRONMENTS][name]
    return Document(document.file, _merge(base, above), _LaidMarks(document, (ENVIRONMENTS, name), base, above))


def _merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        if value is None and key in merged:
            del merged[key]
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


@dataclass(frozen=True, slots=True)
class _SharedMarks(Mapping[Path, "Mark"]):
    """The marks of an environment; those of the cluster are of the one that owns it."""

    own: Mapping[Path, Mark]
    theirs: Mapping[Path, Mark]

    def __getitem__(self, path: Path) -> Mark:
        return (self.theirs if _is_of_the_cluster(path) else self.own)[path]

    def __iter__(self) -> Iterator[Path]:
        yield from (path for path in self.own if not _is_of_the_cluster(path))
        yield from (path for path in self.theirs if _is_of_the_cluster(path))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _is_of_the_cluster(path: Path) -> bool:
    return bool(path) and path[0] in OF_THE_CLUSTER


@dataclass(frozen=True, slots=True)
class _LaidMarks(Mapping[Path, "Mark"]):
    """Where each value of the laid document stands: found when asked for, so that an environment costs no copy of all marks."""

    document: Document
    prefix: Path
    below: dict[str, Any]
    above: dict[str, Any]

    def __getitem__(self, path: Path) -> Mark:
        if not path:
            return self.document.mark(self.prefix)
        if path[0] in {ENVIRONMENTS, DEFAULT}:
            raise KeyError(path)
        return self._own(path) if self._said_above(path) else self.document.marks[path]

    def _own(self, path: Path) -> Mark:
        """Where the environment says it. What comes through an alias has no line of its own there, and gets the alias's."""
        if not is_there(path, self.above):
            raise KeyError(path)
        own = self.prefix + path
        while own not in self.document.marks:
            own = own[:-1]
        return replace(self.document.marks[own], key=show(self.prefix + path))

    def _said_above(self, path: Path) -> bool:
        """Whether the environment wrote what stands there, and did not only merge into it."""
        below: Any = self.below
        above: Any = self.above
        for part in path:
            if not isinstance(above, dict) or part not in above:
                return False
            below, above = (below.get(part) if isinstance(below, dict) else None), above[part]
            if not (isinstance(below, dict) and isinstance(above, dict)):
                return True
        return False

    def __iter__(self) -> Iterator[Path]:
        own = (path[len(self.prefix) :] for path in self.document.marks if path[: len(self.prefix)] == self.prefix)
        return (path for path in {*self.document.marks, *own} if path in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
