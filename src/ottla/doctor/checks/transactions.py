"""Transactions that no coordinator will end, and those that run for longer than they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.evidence import NOT_TOLD
from ottla.doctor.finding import found
from ottla.model.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.doctor.evidence import Evidence, OpenTransaction
    from ottla.doctor.finding import Finding

ENDED = frozenset({"Empty", "CompleteCommit", "CompleteAbort", "Dead"})  # states in which a coordinator has nothing to end


def check(evidence: Evidence) -> Iterator[Finding]:
    """Those of which all coordinators say that there is nothing to end (KIP-664), and those that one should have ended."""
    for each in evidence.transactions:
        if each.state == NOT_TOLD:
            continue  # `cannot-see` tells it
        if each.state is None or each.state in ENDED:
            if each.age > evidence.transaction_timeout:
                yield _hanging(evidence, each)
        elif each.running is not None and each.running > evidence.transaction_timeout:
            yield _long(evidence, each)


def _hanging(evidence: Evidence, each: OpenTransaction) -> Finding:
    known = f"{each.state} as {each.transactional_id}" if each.state is not None else "nothing"
    lines = [
        f"producer_id {each.producer_id}, epoch {each.epoch}, open since offset {each.start_offset}",
        f"its last record is dated {format_duration(each.age * 1000)} ago; {_most(evidence)}",
        f"its coordinator knows: {known}",
    ]
    if not evidence.has_spec:
        lines.append(
            "coordinators name only transactions that you may DESCRIBE: make sure that this is no live one of another user"
        )
    brokers = evidence.cluster.brokers if evidence.cluster is not None else ()
    address = next((broker.address for broker in brokers if not broker.fenced), "HOST:PORT")
    return found(
        of.HANGING_TRANSACTION,
        f"topic {each.topic}, partition {each.partition}",
        f"read_committed consumers wait at offset {each.start_offset}",
        evidence=lines,
        command=f"kafka-transactions.sh --bootstrap-server {address} abort --topic {each.topic} --partition {each.partition} "
        f"--start-offset {each.start_offset} (Kafka's own tool, in the bin folder of a Kafka download)",
    )


def _long(evidence: Evidence, each: OpenTransaction) -> Finding:
    running = format_duration((each.running or 0.0) * 1000)
    return found(
        of.LONG_TRANSACTION,
        f"topic {each.topic}, partition {each.partition}",
        f"a transaction runs since {running}, and read_committed consumers wait at offset {each.start_offset}",
        evidence=[f"its coordinator knows it as {each.transactional_id}: {each.state}", _most(evidence)],
        command="look again in a moment: ottla doctor",
    )


def _most(evidence: Evidence) -> str:
    return f"a transaction may take {format_duration(evidence.transaction_timeout * 1000)}"
