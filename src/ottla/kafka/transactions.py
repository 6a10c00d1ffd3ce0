"""Transactions that are open: in partitions, as their leaders know them, and as their coordinators do (KIP-664)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kafka.protocol.admin import DescribeProducersRequest, ListTransactionsRequest

from ottla.kafka.connection import error_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.kafka.connection import Connection
    from ottla.kafka.list_offsets import Place

NONE_OPEN = -1


class OpenProducer(NamedTuple):
    """A producer with an open transaction in a partition; ``last_timestamp`` (ms) is its last record's."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    last_timestamp: int
    start_offset: int


@dataclass(frozen=True, slots=True)
class SeenTransactions:
    """Open producers, and what coordinators list (producer_id -> transactional_id, state); ``failures`` are in words."""

    producers: list[OpenProducer] = field(default_factory=list)
    listed: dict[int, tuple[str, str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def see_transactions(
    connection: Connection, leaders: Mapping[Place, int], places: Iterable[Place], node_ids: Iterable[int], *, timeout: float
) -> SeenTransactions:
    """Who has a transaction open in ``places``, and what all coordinators (``node_ids``) list. ``timeout`` is in seconds."""
    seen = SeenTransactions()
    wanted: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place in places:
        if place in leaders:
            wanted[leaders[place]][place[0]].append(place[1])
    if not wanted:
        return seen
    asked = {leader: DescribeProducersRequest(topics=list(topics.items())) for leader, topics in wanted.items()}
    answers = connection.send_each(asked, timeout=timeout)
    seen.failures.extend(answers.who_failed)
    for answer in answers.found.values():
        for topic in answer.topics:
            for partition in topic.partitions:
                if partition.error_code:
                    reason = error_text(partition.error_code, partition.error_message)
                    seen.failures.append(f"producers of {topic.name}-{partition.partition_index}: {reason}")
                seen.producers.extend(
                    OpenProducer(
                        topic.name,
                        partition.partition_index,
                        each.producer_id,
                        each.producer_epoch,
                        each.last_timestamp,
                        each.current_txn_start_offset,
                    )
                    for each in partition.active_producers
                    if each.current_txn_start_offset != NONE_OPEN
                )
    _list(connection, node_ids, seen, timeout)
    return seen


def _list(connection: Connection, node_ids: Iterable[int], seen: SeenTransactions, timeout: float) -> None:
    requests = {node_id: ListTransactionsRequest(state_filters=[], producer_id_filters=[]) for node_id in node_ids}
    answers = connection.send_each(requests, timeout=timeout)
    seen.failures.extend(answers.who_failed)
    for node_id, answer in answers.found.items():
        if answer.error_code:
            seen.failures.append(f"transactions of node {node_id}: {error_text(answer.error_code, None)}")
        for each in answer.transaction_states:
            seen.listed[each.producer_id] = each.transactional_id, each.transaction_state
