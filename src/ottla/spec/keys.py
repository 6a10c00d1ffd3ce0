"""Every key that a spec may have, as a tree with meanings: read out of the JSON Schema, so that each is described once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from ottla.errors import UsageError
from ottla.spec.faults import did_you_mean
from ottla.spec.json_schema import NULL, json_schema

if TYPE_CHECKING:
    from collections.abc import Collection

    from ottla.spec.document import Path
    from ottla.spec.kafka_configs import Scope

SCOPES: dict[str, Scope] = {
    "TopicConfigs": "topic",
    "BrokerConfigs": "broker",
    "ProducerConfigs": "producer",
    "ConsumerConfigs": "consumer",
}
ANY = "NAME"  # stands for a topic or a user, whichever
EACH = "N"  # stands for an item of a list
FEW = 12  # keys that an error names when none is close


@dataclass(frozen=True, slots=True)
class SpecKey:
    """A key of the spec. ``scope`` is set where the key is one of Kafka's own; ``inner`` has the keys below, with meanings."""

    path: Path
    meaning: str
    type: str
    default: str | None = None
    scope: Scope | None = None
    inner: tuple[tuple[str, str], ...] = ()


def find_spec_key(dotted: str, topics: Collection[str]) -> SpecKey:
    """The key of that dotted name. Names of topics may hold dots: the longest one of ``topics`` that fits is taken.

    Raises UsageError with what was probably meant.
    """
    node: dict[str, Any] = _schema()
    path: Path = ()
    scope: Scope | None = None
    about = node.get("description", "")
    rest = dotted
    while rest:
        here = _resolved(node)
        key, below = _step(here, rest, () if path == ("users",) else topics)
        if key is None:
            raise UsageError(f"there is no key {dotted}; {_meant(rest, here, topics)}", hint="the keys there are: ottla explain")
        scope = SCOPES.get(_reference(node) or "", scope)
        node, path, rest = below, (*path, key), rest[len(key) + 1 :]
        about = node.get("description") or _resolved(node).get("description", about)
    found = _resolved(node)
    default = None if scope else node.get("default", found.get("default"))
    inner = () if SCOPES.get(_reference(node) or "") else tuple(_inner(found))
    return SpecKey(path, about, _type(node), None if default is None else str(default), scope, inner)


@cache
def _schema() -> dict[str, Any]:
    return json_schema()


def _reference(node: dict[str, Any]) -> str | None:
    chosen = _chosen(node)
    return str(chosen["$ref"]).rpartition("/")[2] if "$ref" in chosen else None


def _chosen(node: dict[str, Any]) -> dict[str, Any]:
    """The part of a node that is not null."""
    others = [each for each in node.get("anyOf", ()) if each != NULL]
    return others[0] if others else node


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    name = _reference(node)
    found: dict[str, Any] = _schema()["$defs"][name] if name else _chosen(node)
    return found


def _step(node: dict[str, Any], rest: str, topics: Collection[str]) -> tuple[str | None, dict[str, Any]]:
    """The next key of ``rest``, and what stands under it."""
    properties: dict[str, dict[str, Any]] = node.get("properties", {})
    key = _longest(rest, properties)
    if key is not None:
        return key, properties[key]
    for pattern in node.get("patternProperties", {}):
        if re.match(pattern, rest):
            return rest, {"description": "Read by a listener, a plug-in or a vendor's Kafka, by its own name."}
    first = rest.partition(".")[0]
    if "$ref" in node.get("items", {}):
        return (first if first == EACH or first.isdigit() else None), node["items"]
    if isinstance(node.get("additionalProperties"), dict):
        name = _longest(rest, topics) or (first if first == ANY or not topics else None)
        return name, node["additionalProperties"]
    return None, {}


def _longest(rest: str, keys: Collection[str]) -> str | None:
    parts = rest.split(".")
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in keys), None)


def _meant(rest: str, node: dict[str, Any], topics: Collection[str]) -> str:
    if node is _schema():
        return _meant_at_the_root(rest, node)
    known = node.get("properties") or topics
    close = did_you_mean(rest if len(known) > FEW else rest.partition(".")[0], known)
    return close if close.startswith("did") or len(known) <= FEW else "none is like it"


def _meant_at_the_root(word: str, root: dict[str, Any]) -> str:
    """What was meant by a word alone: a key of the root, one of Kafka's, or one that stands deeper (``retention``)."""
    deeper = {key: f"topics.{ANY}.{key}" for key in _schema()["$defs"]["TopicSpec"]["properties"]}
    deeper |= {key: f"cluster.{key}" for key in _schema()["$defs"]["ClusterSpec"]["properties"] if key not in deeper}
    of_kafka = {key for name in SCOPES for key in _schema()["$defs"][name]["properties"]}
    known = {*root["properties"], *deeper, *of_kafka}
    close = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    if not close:
        return did_you_mean(word.partition(".")[0], root["properties"])
    return f"did you mean {deeper.get(close[0], close[0])!r}?"


def _inner(node: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, each.get("description", "")) for key, each in node.get("properties", {}).items()]


def _type(node: dict[str, Any]) -> str:
    if _reference(node) in SCOPES:
        return f"a mapping of Kafka's {SCOPES[str(_reference(node))]} configs"
    chosen = _resolved(node)
    if "enum" in chosen:
        return "one of " + ", ".join(str(each) for each in chosen["enum"] if each is not None)
    kinds = chosen.get("type", "any value")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "string" in kinds and "integer" in kinds and "examples" in chosen:
        what = "size" if any(example.endswith("B") for example in chosen["examples"]) else "duration"
        return f"a {what}: {', '.join(chosen['examples'])}, or a bare number of {'the unit' if what == 'duration' else 'bytes'}"
    names = {
        "object": "a mapping",
        "array": "a list",
        "integer": "a whole number",
        "string": "a text",
        "boolean": "true or false",
    }
    least = f", at least {chosen['minimum']}" if "minimum" in chosen else ""
    return " or ".join(names.get(kind, kind) for kind in kinds if kind != "null") + least
