"""One marked event through every topic that may take one: sent with the client profile, acknowledged, read from its place."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ottla.kafka.events import Event, ReadBack, Sender, Sent, read_back
from ottla.reconcile.verify import Check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.model.client import ClientProfile

MARK = "ottla-verify"  # the header and the key by which everybody can tell these events from their own
TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class WritePermission:
    """A topic to be tried. ``compacted``: the event is followed by a tombstone, so that compaction takes it out again."""

    topic: str
    compacted: bool


def verify_write(
    sender: Sender, profile: ClientProfile, permitted: Iterable[WritePermission], *, run_id: str
) -> tuple[Check, ...]:
    """Send and read back one event for each permitted topic. ``run_id`` stands in the header of every event of this run.

    The time of a check is that from handing the event to the producer until it had been read, in milliseconds.
    """
    wanted = list(permitted)
    events = [_event(permission.topic, run_id) for permission in wanted]
    tombstones = [replace(_event(permission.topic, run_id), value=None) for permission in wanted if permission.compacted]
    started = time.monotonic()
    outcomes = sender.send([*events, *tombstones], timeout=TIMEOUT)
    sent, cleared = outcomes[: len(events)], outcomes[len(events) :]
    arrived = [each for each in sent if each.error is None]
    places = {(each.event.topic, each.partition): each.offset for each in arrived}
    keys = {(each.event.topic, each.partition, each.offset) for each in arrived}
    found = read_back(sender.settings, profile, places, keys, timeout=TIMEOUT) if arrived else {}
    checks = [_check(each, found.get((each.event.topic, each.partition, each.offset)), started) for each in sent]
    return (*checks, *(_tombstone_check(each) for each in cleared if each.error is not None))


def _tombstone_check(sent: Sent) -> Check:
    wanting = f"the event {MARK} stays in the compacted topic, its tombstone was not taken: {sent.error}"
    return Check(f"topic {sent.event.topic}", "tombstone", "not written", wanting)


def _event(topic: str, run_id: str) -> Event:
    value = json.dumps({"ottla": "verify", "run": run_id, "topic": topic}).encode()
    return Event(topic, MARK.encode(), value, ((MARK, run_id.encode()),))


def _check(sent: Sent, read: ReadBack | None, started: float) -> Check:
    subject = f"topic {sent.event.topic}"
    if sent.error is not None:
        return Check(subject, "event", "not written", f"the event was not taken: {sent.error}")
    place = f"partition {sent.partition}, offset {sent.offset}"
    if read is None:
        return Check(subject, "event", place, f"acknowledged at {place}, and not read back within {TIMEOUT:g} s")
    if (read.key, read.value, read.headers) != (sent.event.key, sent.event.value, sent.event.headers):
        return Check(subject, "event", place, f"what was read at {place} is not what was written")
    took = (read.at - started) * 1000
    return Check(subject, "event", f"{place}: acknowledged after {sent.acked_ms:.0f} ms, read after {took:.0f} ms")
