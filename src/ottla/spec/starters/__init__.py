"""Specs to start from. ``task-management`` is the platform.yaml of the repository, byte for byte (a test compares them)."""

from __future__ import annotations

from importlib.resources import files

STARTERS = {
    "empty": "a platform without topics yet, with comments",
    "task-management": "the platform that Ottla ships with: nine topics, all figures of its source documents",
}


def starter_text(name: str) -> str:
    """The text of the starter of that name. Raises KeyError for a name that is not one of ``STARTERS``."""
    if name not in STARTERS:
        raise KeyError(name)
    return (files("ottla.spec.starters") / f"{name}.yaml").read_text(encoding="utf-8")
