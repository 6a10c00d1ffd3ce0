"""The metadata quorum: lost, without a voter to spare, or with one that is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found
from ottla.model.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.doctor.evidence import Evidence
    from ottla.doctor.finding import Finding

FEWEST = 3  # voters; of one or two, none is ever to spare


def check(evidence: Evidence) -> Iterator[Finding]:
    """By the processes first: without a majority, brokers go on saying what they knew last."""
    voters = [node for node in evidence.nodes if node.is_voter]
    working = [node for node in voters if node.works]
    states = [f"node {node.node_id}: {'works' if node.works else 'paused' if node.paused else 'does not run'}" for node in voters]
    if voters and all(node.pid is None for node in evidence.nodes):
        return  # what was stopped as a whole has lost nothing
    if evidence.quorum_lost:
        what = f"{len(working)} of {len(voters)} voters work, and {len(voters) // 2 + 1} are needed"
        yield found(of.QUORUM_LOST, "quorum", what, evidence=states, command="ottla up")
        return
    seen = evidence.cluster.quorum if evidence.cluster is not None else None
    if seen is not None and seen.leader is None:
        command = (
            "ottla up" if evidence.has_spec else "start the controllers where they run; if they do run, read their logs there"
        )
        yield found(of.QUORUM_LOST, "quorum", "has no leader", evidence=[f"epoch {seen.epoch}"], command=command)
        return
    if len(voters) >= FEWEST and len(working) < len(voters) and len(working) - 1 < len(voters) // 2 + 1:
        what = f"{len(working)} of {len(voters)} voters work, and not one of them may fail"
        yield found(of.QUORUM_NO_SPARE, "quorum", what, evidence=states, command="ottla up")
    dead = {node.node_id for node in voters if not node.works}
    yield from _behind(evidence, dead)


def _behind(evidence: Evidence, dead: set[int]) -> Iterator[Finding]:
    """Voters that answer for themselves and were last up to date long before the leader was."""
    seen = evidence.cluster.quorum if evidence.cluster is not None else None
    if seen is None:
        return
    newest = max((voter.caught_up_at or 0 for voter in seen.voters), default=0)
    for voter in seen.voters:
        if voter.node_id in dead or voter.node_id == seen.leader:
            continue
        behind = None if voter.caught_up_at is None else (newest - voter.caught_up_at) / 1000
        if behind is not None and behind <= evidence.limits.voter_behind:
            continue
        since = "was never up to date" if behind is None else f"was last up to date {format_duration(behind * 1000)} ago"
        lines = [f"its log ends at {voter.log_end_offset:,}, the high watermark is {seen.high_watermark:,}"]
        command = f"ottla logs {voter.node_id}" if evidence.has_spec else f"read the log of node {voter.node_id} where it runs"
        yield found(of.VOTER_BEHIND, f"node {voter.node_id}", since, evidence=lines, command=command)
