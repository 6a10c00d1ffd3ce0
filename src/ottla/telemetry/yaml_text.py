"""A document for somebody else's program as YAML, the same bytes each time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDE = 1 << 20  # no text is folded, and no expression is broken into lines


def yaml_text(document: Mapping[str, Any]) -> str:
    """A document, in the order it is given."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.width = WIDE
    text = io.StringIO()
    writer.dump(document, text)
    return text.getvalue()
