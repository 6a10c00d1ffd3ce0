"""What Kafka allows as a topic's name, alone and beside the others."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")  # org.apache.kafka.common.internals.Topic
# Kafka makes these itself (Topic.isInternal, and the metadata log); `_schemas`, `connect-offsets` or `app-changelog` belong to
# tools, which often want them made beforehand: a spec may hold them.
INTERNAL = {
    "__consumer_offsets": "committed offsets",
    "__transaction_state": "transactions",
    "__share_group_state": "share groups",
    "__cluster_metadata": "the cluster's metadata",
}


def name_faults(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each name that Kafka would refuse, and why."""
    first_of: dict[str, str] = {}
    for name in names:
        if not TOPIC_NAME.fullmatch(name) or name in {".", ".."}:
            yield name, "not a topic name: letters, digits, '.', '_' and '-', at most 249 of them"
        elif name in INTERNAL:
            yield name, f"is Kafka's own topic for {INTERNAL[name]}: it makes it itself. Take it out; cluster.config sets it up"
        else:
            first = first_of.setdefault(name.replace(".", "_"), name)
            if first != name:
                yield name, f"collides with {first}: Kafka's metrics write '.' and '_' alike, and it refuses the second one"


def name_warnings(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each topic whose name differs from an earlier one only in case."""
    return _alike(names, "topics")


def user_warnings(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each user whose name differs from an earlier one only in case."""
    return _alike(names, "users")


def _alike(names: Iterable[str], kind: str) -> Iterator[tuple[str, str]]:
    alike: dict[str, list[str]] = defaultdict(list)
    for name in names:
        others = alike[name.lower()]
        if others:
            yield name, f"differs from {others[0]} only in case; to Kafka they are two {kind}"
        others.append(name)
