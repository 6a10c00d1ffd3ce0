"""What the members of the group were given: every record, in order, the same for all. Section 3.2: 15, 16, 19, 20."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.proof.checker.replay import left_out
from ottla.proof.history.columns import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.proof.checker.ledger import Content, Ledger


def poll_skip(ledger: Ledger) -> Iterator[str]:
    """Within an assignment a member was not given records that are in the log (Jepsen: poll-skip, int-poll-skip)."""
    for member in ledger.history.members:
        for step, count in left_out(ledger, ledger.replays[member.number].forward):
            yield (
                f"reader {member.number}, partition {step.partition}: offset {step.offset} where {step.expected} was next, "
                f"{count} records left out, {ledger.when(member.reads.at[step.row])}"
            )


def non_monotone_poll(ledger: Ledger) -> Iterator[str]:
    """Within an assignment a member was given an offset that is not after the one before (Jepsen: nonmonotonic-poll)."""
    for member in ledger.history.members:
        for step in ledger.replays[member.number].backward:
            yield (
                f"reader {member.number}, partition {step.partition}: offset {step.offset} after {step.expected - 1}, "
                f"{ledger.when(member.reads.at[step.row])}"
            )


def read_unassigned(ledger: Ledger) -> Iterator[str]:
    """A member was given records of a partition that it was never told it has: whether it left some out cannot be told."""
    for member in ledger.history.members:
        for step in ledger.replays[member.number].unassigned:
            when = ledger.when(member.reads.at[step.row])
            yield f"reader {member.number}, partition {step.partition}: from offset {step.offset}, {when}"


def readers_disagree(ledger: Ledger) -> Iterator[str]:
    """Two readers were given different records at one offset (Jepsen: inconsistent-offsets)."""
    elsewhere: dict[tuple[int, int], tuple[str, Content]] = {}
    for member, strays in ledger.strays.items():
        name = f"reader {member}"
        for stray in strays:
            partition, offset = stray.place
            if stray.held is not None:
                other, held = "final read", stray.held
            else:
                other, held = elsewhere.setdefault(stray.place, (name, stray.saw))
            if held != stray.saw:
                yield f"partition {partition}, offset {offset}: {name} saw {_named(stray.saw)}, {other} saw {_named(held)}"


def read_then_gone(ledger: Ledger) -> Iterator[str]:
    """A member was given a record that the final log no longer has: it was read above the high_watermark, or truncated."""
    for member, strays in ledger.strays.items():
        for stray in strays:
            if stray.held is None:
                partition, offset = stray.place
                yield f"partition {partition}, offset {offset}: reader {member} saw {_named(stray.saw)}"


def _named(content: Content) -> str:
    producer, seq, checksum = content
    return "a phantom" if producer == NOBODY else f"producer {producer}, seq {seq} (checksum {checksum:08x})"
