"""The logs of real nodes, read from their files while they run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from ottla.kafka.events import Event, send_events
from ottla.local.replica_log import ReplicaBatch, read_batches
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
TOPIC = "reminder-events"


def test_three_replicas_have_the_same_batches_and_every_acknowledged_offset_is_in_one(three: Home) -> None:
    events = [Event(TOPIC, b"key %d" % number, b"v" * 100) for number in range(500)]
    sent = send_events(three.settings, three.platform.profile, events, timeout=30)
    assert {each.error for each in sent} == {None}
    layout = three.platform.cluster.layout

    def look(partition: int) -> list[list[ReplicaBatch]]:
        return [list(read_batches(layout.node(node_id).data, TOPIC, partition)) for node_id in (1, 2, 3)]

    def equal(logs: list[list[ReplicaBatch]]) -> bool:
        return logs[0] == logs[1] == logs[2]

    for partition in range(three.platform.spec.topics[TOPIC].partitions):
        offsets = {each.offset for each in sent if each.partition == partition}
        same = wait_until(partial(look, partition), equal, what="replicas", timeout=10)
        batches = same[0]
        covered = {offset for batch in batches for offset in range(batch.base_offset, batch.last_offset + 1)}
        assert offsets <= covered
        assert len(batches) > 0
        assert [batch.base_offset for batch in batches[1:]] == [batch.last_offset + 1 for batch in batches[:-1]]
