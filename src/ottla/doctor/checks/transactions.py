"""Transactions that are open for longer than any may be, and that no coordinator will end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found
from ottla.model.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.doctor.evidence import Evidence
    from ottla.doctor.finding import Finding

ONGOING = "Ongoing"


def check(evidence: Evidence) -> Iterator[Finding]:
    """Those of which the coordinator knows nothing (KIP-664), and those it should have ended long ago."""
    for each in evidence.transactions:
        if each.age <= evidence.transaction_timeout:
            continue
        known = f"{each.state} as {each.transactional_id}" if each.state is not None else "nothing"
        most = format_duration(evidence.transaction_timeout * 1000)
        lines = [
            f"producer_id {each.producer_id}, epoch {each.epoch}, open since offset {each.start_offset}",
            f"its last record is {format_duration(each.age * 1000)} old; a transaction may take {most}",
            f"its coordinator knows: {known}",
        ]
        cause = of.HANGING_TRANSACTION.comes if each.state != ONGOING else "its coordinator has not ended it; is it overloaded?"
        yield found(
            of.HANGING_TRANSACTION,
            f"topic {each.topic}, partition {each.partition}",
            f"read_committed consumers wait at offset {each.start_offset}",
            evidence=lines,
            cause=cause,
            command=f"kafka-transactions.sh --bootstrap-server HOST:PORT abort --topic {each.topic} --partition {each.partition} "
            f"--start-offset {each.start_offset}",
        )
