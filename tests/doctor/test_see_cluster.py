"""What is made of what the cluster told."""

from __future__ import annotations

from ottla.doctor.evidence import NOT_TOLD
from ottla.doctor.see_cluster import grown_log_dirs, open_transactions, unasked_coordinators
from ottla.kafka.cluster_snapshot import SeenLogDir
from ottla.kafka.transactions import ListedTransaction, OpenProducer, SeenTransactions, still_open
from ottla.model.node import Broker
from ottla.model.topic import Partition

OPEN = OpenProducer("orders", 0, 4711, 0, 1_000, 17)
BROKERS = [Broker(node_id, fenced=node_id == 3, address="127.0.0.1:9092") for node_id in (1, 2, 3)]


def test_a_producer_is_unknown_only_if_every_coordinator_answered() -> None:
    (unknown,) = open_transactions(SeenTransactions([OPEN]), now=1201.0)
    (untold,) = open_transactions(SeenTransactions([OPEN], all_answered=False), now=1201.0)
    assert (unknown.state, untold.state, unknown.age) == (None, NOT_TOLD, 1200.0)


def test_a_producer_that_is_known_has_its_start_by_its_coordinator() -> None:
    listed = {4711: ListedTransaction("billing", "Ongoing", 1)}
    seen = SeenTransactions([OPEN], listed, {4711: 1_191_000}, all_answered=False)
    (known,) = open_transactions(seen, now=1201.0)
    assert (known.transactional_id, known.state, known.running) == ("billing", "Ongoing", 10.0)


def test_a_transaction_that_was_ended_between_two_looks_is_not_open() -> None:
    assert still_open([OPEN], []) == []
    assert still_open([OPEN], [OPEN._replace(start_offset=30)]) == []
    assert still_open([OPEN], [OPEN._replace(last_timestamp=2_000)]) == [OPEN._replace(last_timestamp=2_000)]


def test_growth_is_measured_between_the_times_at_which_sizes_were_told() -> None:
    def look(size: int) -> list[SeenLogDir]:
        return [SeenLogDir(1, "/data", is_online=True, total=None, usable=None, sizes={("orders", 0): size})]

    (grown,) = grown_log_dirs((look(1000), 50.0), (look(4000), 54.5))
    assert (grown.before, grown.used, grown.elapsed) == (1000, 4000, 4.5)


def test_coordinators_that_nobody_could_ask_are_named() -> None:
    led = Partition("__transaction_state", 4, 1, (1,), (1,))
    assert unasked_coordinators(BROKERS, [1, 2], [led]) == []
    (node,) = unasked_coordinators(BROKERS, [1], [led])
    assert "node 2" in node
    (partition,) = unasked_coordinators(BROKERS, [1, 2], [led, Partition("__transaction_state", 5, None, (3,), ())])
    assert "partitions 5" in partition
