"""A bench as one page for people: figures and pictures, with nothing that has to be fetched."""

from __future__ import annotations

from typing import Any


def page(data: dict[str, Any]) -> str:
    """The page."""
    return str(data)
