"""An environment laid over the base: mappings are merged by name, anything else is replaced, ``null`` takes a name away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.spec.document import Document, Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.faults import Mark

ENVIRONMENTS = "environments"
DEFAULT = "default_environment"


def base_of(document: Document) -> Document:
    """What stands outside of all environments."""
    base = {key: value for key, value in document.values.items() if key not in {ENVIRONMENTS, DEFAULT}}
    return Document(document.file, base, document.marks)


def overlay(document: Document, name: str) -> Document:
    """The whole document as ``name`` has it. Each value keeps the mark of the place that wrote it."""
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
        return self.document.marks[self.prefix + path if self._said_above(path) else path]

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
