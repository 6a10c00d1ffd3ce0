"""Clients that brokers refused for the version of a request: only their logs tell, because nobody is told anything else.

Kafka 4.3.1 writes two lines for each, one about the connection and one about the request:
``ERROR Closing socket for 127.0.0.1:9092-127.0.0.1:33244-1-1 because of error`` and
``...UnsupportedVersionException: Received request for api with key 0 (Produce) and unsupported version 0``.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.doctor.evidence import RefusedClient
from ottla.doctor.see_nodes import tail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CLOSING = re.compile(
    r"^\[(?P<at>[0-9-]+ [0-9:]+),\d+\] ERROR Closing socket for \S+:\d+-(?P<host>\S+):\d+-\d+-\d+ because of error"
)
REFUSED = re.compile(r"Received request for api with key \d+ \((?P<request>\w+)\) and unsupported version (?P<version>\d+)")
Asked = tuple[str, str, int]  # host, request, version


@dataclass(slots=True)
class _Seen:
    count: int
    at: dt.datetime
    line: str


def see_refused(logs: Mapping[int, Path], *, now: dt.datetime) -> tuple[RefusedClient, ...]:
    """Who asked what in which version, by the logs of nodes; ``now`` is in local time, as their logs are."""
    found = []
    for node_id, path in logs.items():
        for (host, request, version), seen in _of_log(tail(path)).items():
            age = (now - seen.at).total_seconds()
            found.append(RefusedClient(node_id, host, request, version, seen.count, age, seen.line))
    return tuple(found)


def _of_log(text: str) -> dict[Asked, _Seen]:
    found: dict[Asked, _Seen] = {}
    closing: re.Match[str] | None = None
    for line in text.splitlines():
        refused = REFUSED.search(line)
        if refused is None:
            closing = CLOSING.match(line)
        elif closing is not None:
            at = dt.datetime.strptime(closing["at"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  (the log has no zone)
            asked = closing["host"], refused["request"], int(refused["version"])
            count = found[asked].count + 1 if asked in found else 1
            found[asked] = _Seen(count, at, line.strip())
            closing = None
    return found
