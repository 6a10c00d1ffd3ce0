"""An environment laid over the base: mappings are merged by name, anything else is replaced, ``null`` takes a name away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ottla.spec.document import Document, Path

if TYPE_CHECKING:
    from ottla.spec.faults import Mark

ENVIRONMENTS = "environments"
DEFAULT = "default_environment"


def overlay(document: Document, name: str) -> Document:
    """The whole document as ``name`` has it. Each value keeps the mark of the place that wrote it."""
    base = {key: value for key, value in document.values.items() if key not in {ENVIRONMENTS, DEFAULT}}
    marks = {path: mark for path, mark in document.marks.items() if path[:1] not in {(ENVIRONMENTS,), (DEFAULT,)}}
    prefix: Path = (ENVIRONMENTS, name)
    top = document.values[ENVIRONMENTS][name]
    above = {path[2:]: mark for path, mark in document.marks.items() if path[:2] == prefix and len(path) > len(prefix)}
    merged_marks: dict[Path, Mark] = {(): document.mark(prefix), **marks}
    values = _merge(base, top, (), merged_marks, above)
    return Document(document.file, values, merged_marks)


def _merge(
    below: dict[str, Any], above: dict[str, Any], path: Path, marks: dict[Path, Mark], above_marks: dict[Path, Mark]
) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        here = (*path, key)
        if value is None and key in merged:
            del merged[key]
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value, here, marks, above_marks)
        else:
            merged[key] = value
            marks.update({at: mark for at, mark in above_marks.items() if at[: len(here)] == here})
    return merged
