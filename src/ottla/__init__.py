"""Ottla: one file describes an event platform on Apache Kafka, and Ottla runs it, keeps it and proves it.

This module only forwards names, lazily, so that nothing heavy is imported by ``ottla --help``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ottla.platform import Platform

__all__ = ["Platform"]


def __getattr__(name: str) -> object:
    if name == "Platform":
        from ottla.platform import Platform  # noqa: PLC0415  (lazy on purpose, see above)

        return Platform
    raise AttributeError(f"module 'ottla' has no attribute {name!r}")
