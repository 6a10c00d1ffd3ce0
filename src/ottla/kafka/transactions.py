"""Transactions that are open: in partitions, as their leaders know them, and as their coordinators do (KIP-664)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from kafka.protocol.admin import DescribeProducersRequest, DescribeTransactionsRequest, ListTransactionsRequest

from ottla.kafka.connection import error_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ottla.kafka.connection import Connection
    from ottla.kafka.list_offsets import Place

NONE_OPEN = -1  # offset, or time


class OpenProducer(NamedTuple):
    """A producer with an open transaction in a partition; ``last_timestamp`` (ms) is its last record's, by its client."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    last_timestamp: int
    start_offset: int


class ListedTransaction(NamedTuple):
    """What a coordinator (the node ``node_id``) knows of a producer_id."""

    transactional_id: str
    state: str
    node_id: int


@dataclass(slots=True)
class SeenTransactions:
    """Open producers, and what coordinators say of them, by producer_id; ``failures`` are in words.

    ``all_answered`` is whether each node that was to be asked listed its transactions: else nobody can say that a producer is
    unknown. ``started`` (ms) is by the clock of the coordinator, of transactions that are under way.
    """

    producers: list[OpenProducer] = field(default_factory=list)
    listed: dict[int, ListedTransaction] = field(default_factory=dict)
    started: dict[int, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    all_answered: bool = True


def see_transactions(
    connection: Connection, leaders: Mapping[Place, int], places: Iterable[Place], node_ids: Iterable[int], *, timeout: float
) -> SeenTransactions:
    """Who has a transaction open in ``places``, and what coordinators (``node_ids``) know of it. ``timeout`` is in seconds.

    Partitions are asked before and after the coordinators: what was ended in between is not open.
    """
    seen = SeenTransactions()
    first = _open_producers(connection, leaders, places, seen, timeout)
    if not first:
        return seen
    _list(connection, node_ids, seen, timeout)
    _describe(connection, {each.producer_id for each in first}, seen, timeout)
    again = _open_producers(connection, leaders, [(each.topic, each.partition) for each in first], seen, timeout)
    seen.producers.extend(still_open(first, again))
    return seen


def still_open(first: Iterable[OpenProducer], again: Iterable[OpenProducer]) -> list[OpenProducer]:
    """Those of the second look whose very transaction was open in the first one. Pure."""
    before = {(each.topic, each.partition, each.producer_id, each.start_offset) for each in first}
    return [each for each in again if (each.topic, each.partition, each.producer_id, each.start_offset) in before]


def _open_producers(
    connection: Connection, leaders: Mapping[Place, int], places: Iterable[Place], seen: SeenTransactions, timeout: float
) -> list[OpenProducer]:
    wanted: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place in dict.fromkeys(places):
        if place in leaders:
            wanted[leaders[place]][place[0]].append(place[1])
    if not wanted:
        return []
    asked = {leader: DescribeProducersRequest(topics=list(topics.items())) for leader, topics in wanted.items()}
    answers = connection.send_each(asked, timeout=timeout)
    seen.failures.extend(answers.who_failed)
    found: list[OpenProducer] = []
    for answer in answers.found.values():
        for topic in answer.topics:
            for partition in topic.partitions:
                if partition.error_code:
                    reason = error_text(partition.error_code, partition.error_message)
                    seen.failures.append(f"producers of {topic.name}-{partition.partition_index}: {reason}")
                found.extend(
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
    return found


def _list(connection: Connection, node_ids: Iterable[int], seen: SeenTransactions, timeout: float) -> None:
    requests = {node_id: ListTransactionsRequest(state_filters=[], producer_id_filters=[]) for node_id in node_ids}
    answers = connection.send_each(requests, timeout=timeout)
    failures = [*answers.who_failed]
    for node_id, answer in answers.found.items():
        if answer.error_code:
            failures.append(f"transactions of node {node_id}: {error_text(answer.error_code, None)}")
        for each in answer.transaction_states:
            seen.listed[each.producer_id] = ListedTransaction(each.transactional_id, each.transaction_state, node_id)
    seen.failures.extend(failures)
    seen.all_answered = not failures


def _describe(connection: Connection, producer_ids: Iterable[int], seen: SeenTransactions, timeout: float) -> None:
    """Ask each coordinator when the transactions began that it knows."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for producer_id in producer_ids:
        known = seen.listed.get(producer_id)
        if known is not None:
            wanted[known.node_id].append(known.transactional_id)
    if not wanted:
        return
    requests = {node_id: DescribeTransactionsRequest(transactional_ids=names) for node_id, names in wanted.items()}
    answers = connection.send_each(requests, timeout=timeout)
    seen.failures.extend(answers.who_failed)
    for answer in answers.found.values():
        for each in answer.transaction_states:
            if each.error_code:
                seen.failures.append(f"transaction {each.transactional_id}: {error_text(each.error_code, None)}")
            elif each.transaction_start_time_ms != NONE_OPEN:
                seen.started[each.producer_id] = each.transaction_start_time_ms
