"""What applying a resource would change of the live one, by what the server answers to a dry run. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.resource import OTTLA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What the server says of a resource by itself, whatever was applied
ITS_OWN = frozenset({"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"})
CONFLICT = "FieldManagerConflict"  # the reason of a cause, k8s.io/apimachinery/pkg/apis/meta/v1 (CauseTypeFieldManagerConflict)
MANAGER = re.compile(r'conflict with "([^"]*)"')
ABSENT = "-"
LONGEST = 60  # letters of a value that is shown


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A path of a resource, and what stands there before and after, as text."""

    path: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}: {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field that somebody else owns and has another value for."""

    field: str
    manager: str

    def __str__(self) -> str:
        return f"{self.field} is owned by {self.manager}"


def comparable(document: Mapping[str, Any]) -> dict[str, Any]:
    """A resource without its status, and without what the server says of it by itself."""
    metadata = {key: value for key, value in document["metadata"].items() if key not in ITS_OWN}
    return {**{key: value for key, value in document.items() if key != "status"}, "metadata": metadata}


def annotation(document: Mapping[str, Any], key: str) -> str | None:
    """What stands there; None where nothing does."""
    found: str | None = (document["metadata"].get("annotations") or {}).get(key)
    return found


def owned(document: Mapping[str, Any]) -> Any:
    """The fields that were applied as ours, as the server keeps them; None where nothing was."""
    entries = document["metadata"].get("managedFields") or ()
    ours = [each for each in entries if each.get("manager") == OTTLA and each.get("operation") == "Apply"]
    return next((each.get("fieldsV1") for each in ours if not each.get("subresource")), None)


def other_appliers(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Who else applies it on the server's side: it is as much theirs."""
    entries = document["metadata"].get("managedFields") or ()
    applied = [each for each in entries if each.get("operation") == "Apply" and not each.get("subresource")]
    return tuple(sorted({str(each.get("manager")) for each in applied} - {OTTLA}))


def difference(live: Mapping[str, Any], applied: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Every field that would be another one, in the order of their paths."""
    return tuple(_differences(comparable(live), comparable(applied), ""))


def conflicts(status: Mapping[str, Any]) -> tuple[Conflict, ...]:
    """The fields of others in a Status that refuses to apply."""
    causes = (status.get("details") or {}).get("causes") or ()
    return tuple(
        Conflict(each.get("field", ""), _manager(each.get("message", ""))) for each in causes if each.get("reason") == CONFLICT
    )


def _manager(message: str) -> str:
    found = MANAGER.search(message)
    return found[1] if found else message


def _differences(old: Any, new: Any, path: str) -> Iterator[FieldChange]:
    if old == new:
        return
    found = [
        change
        for key, (before, after) in _pairs(old, new).items()
        for change in _differences(before, after, f"{path}{key}" if key.startswith("[") or not path else f"{path}.{key}")
    ]
    # What differs in none of its parts has no parts, or has them in another order
    yield from found or (FieldChange(path, _shown(old), _shown(new)),)


def _pairs(old: Any, new: Any) -> dict[str, tuple[Any, Any]]:
    """What stands at each key before and after; nothing for what has no keys."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {_key(key): (old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys())}
    if isinstance(old, list) and isinstance(new, list):
        before, after = _named(old), _named(new)
        return {key: (before.get(key), after.get(key)) for key in {**before, **after}}
    return {}


def _key(key: str) -> str:
    return f"[{key}]" if "." in key else key


def _named(items: list[Any]) -> dict[str, Any]:
    """The items by name, where each has one of its own, else by number."""
    names = [each.get("name") if isinstance(each, dict) else None for each in items]
    if all(names) and len(set(names)) == len(names):
        return {f"[{name}]": each for name, each in zip(names, items, strict=True)}
    return {f"[{number}]": each for number, each in enumerate(items)}


def _shown(value: Any) -> str:
    """A value on one line; of a long one how long it is."""
    if value is None:
        return ABSENT
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return f"({len(text)} letters)" if len(text) > LONGEST or "\n" in text else text
