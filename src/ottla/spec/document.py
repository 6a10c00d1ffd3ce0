"""YAML text as plain values, with the line of every value; faults are collected, not thrown one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from ottla.spec.faults import Fault, Mark

if TYPE_CHECKING:
    from collections.abc import Mapping

Path: TypeAlias = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"
_BOOLEANS = {"true": True, "false": False}
_FALLBACK_BASE = 0  # int(text, 0) understands 0x, 0o and underscores


@dataclass(frozen=True, slots=True)
class Document:
    """A file's values, where each stands, and what is wrong with its YAML."""

    file: str
    values: dict[str, Any]
    marks: Mapping[Path, Mark]
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class _Reader:
    file: str
    marks: dict[Path, Mark] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    open_nodes: set[int] = field(default_factory=set)


def read_document(text: str, *, file: str) -> Document:
    """Read one YAML document whose root is a mapping. An unreadable one comes back empty, with its faults."""
    reader = _Reader(file)
    try:
        root = YAML(typ="safe", pure=False).compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Document(file, {}, {}, (Fault(file, Mark(line, ""), _yaml_sentence(error)),))
    except YAMLError as error:
        return Document(file, {}, {}, (Fault(file, Mark(1, ""), f"not YAML: {str(error).splitlines()[0]}"),))
    if not isinstance(root, MappingNode):
        return Document(file, {}, {}, (Fault(file, Mark(1, ""), "expected a mapping with the key 'platform'"),))
    values = _mapping(reader, root, ())
    return Document(file, values, reader.marks, tuple(reader.faults))


def _yaml_sentence(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error)
    if "cannot start any token" in problem:
        return "not YAML: a character that cannot stand here (a tab? indent with spaces)"
    return f"not YAML: {problem}"


def show(path: Path) -> str:
    """A path as the messages write it: ``topics.task-events.retention``."""
    return ".".join(str(part) for part in path)


def _value(reader: _Reader, node: Any, path: Path) -> Any:
    reader.marks[path] = Mark(node.start_mark.line + 1, show(path))
    if isinstance(node, ScalarNode):
        return _scalar(reader, node, path)
    if id(node) in reader.open_nodes:
        reader.faults.append(Fault(reader.file, reader.marks[path], "an alias that contains itself"))
        return None
    reader.open_nodes.add(id(node))
    try:
        if isinstance(node, MappingNode):
            return _mapping(reader, node, path)
        if isinstance(node, SequenceNode):
            return [_value(reader, item, (*path, index)) for index, item in enumerate(node.value)]
    finally:
        reader.open_nodes.discard(id(node))
    raise AssertionError(f"a YAML node of an unknown kind: {node!r}")


def _mapping(reader: _Reader, node: MappingNode, path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            reader.faults.append(Fault(reader.file, Mark(line, show(path)), "a key must be a word"))
            continue
        key = key_node.value
        here = (*path, key)
        if key in values:
            first = reader.marks[here].line
            reader.faults.append(Fault(reader.file, Mark(line, show(here)), f"written twice (first on line {first})"))
            continue
        values[key] = _value(reader, value_node, here)
        reader.marks[here] = Mark(line, show(here))
    return values


def _scalar(reader: _Reader, node: ScalarNode, path: Path) -> str | int | float | bool | None:
    text: str = node.value
    kind = str(node.tag or "").removeprefix(_TAG)
    try:
        match kind:
            case "null":
                return None
            case "bool":
                return _BOOLEANS[text.lower()]
            case "int":
                return _integer(text)
            case "float":
                return float(text.replace("_", ""))
            case "str" | "timestamp":
                return text
            case _:
                reader.faults.append(Fault(reader.file, reader.marks[path], f"the tag {node.tag} is not understood here"))
                return None
    except (ValueError, KeyError, OverflowError):
        return text


def _integer(text: str) -> int:
    plain = text.replace("_", "")
    try:
        return int(plain)
    except ValueError:
        return int(plain, _FALLBACK_BASE)
