"""YAML for other programs, in the order it is given; texts of many lines stay readable."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from ottla.platform.clients.client import WRITTEN_BY

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDEST = 4096  # no line is folded


def as_yaml(document: Mapping[str, Any]) -> str:
    """One document."""
    writer = YAML()
    writer.width = WIDEST
    text = StringIO()
    writer.dump(_literal(document), text)
    return f"# {WRITTEN_BY}\n{text.getvalue()}"


def _literal(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _literal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_literal(each) for each in value]
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value
