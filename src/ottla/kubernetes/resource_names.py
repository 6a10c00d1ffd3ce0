"""Names of Kafka's as names of Kubernetes' resources: the same where that is legal, else one that is made of it."""

from __future__ import annotations

import re
from hashlib import sha256

from ottla.spec.kubernetes import is_resource_name

LONGEST = 240  # Kubernetes takes 253 letters; a file has 255, and is called `topic-NAME.yaml`
DIGITS = 10
NOT_ALLOWED = re.compile(r"[^a-z0-9]+")


def resource_name(name: str) -> str:
    """A legal name, the same one each time, and another one for each other name: what is made up ends in a part of a hash."""
    if is_resource_name(name) and len(name) <= LONGEST:
        return name
    readable = NOT_ALLOWED.sub("-", name.lower())[: LONGEST - DIGITS - 1].strip("-")
    digest = sha256(name.encode()).hexdigest()[:DIGITS]
    return f"{readable}-{digest}" if readable else digest
