"""How whatever runs in the background writes down what it does."""

from __future__ import annotations

from enum import Enum


class LogFormat(Enum):
    """Lines for people, or a JSON object for each event, in the fields of the Elastic Common Schema."""

    TEXT = "text"
    ECS = "ecs"
