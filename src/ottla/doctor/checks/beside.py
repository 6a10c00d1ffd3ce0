"""What should run beside the nodes: where it does not, nothing is measured and no alert fires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.doctor.evidence import Evidence
    from ottla.doctor.finding import Finding


def check(evidence: Evidence) -> Iterator[Finding]:
    """Only where a node runs: where none does, whoever starts the nodes starts these, too."""
    if all(node.pid is None for node in evidence.nodes):
        return
    for each in evidence.beside:
        if each.pid is None:
            yield found(
                of.MONITORING_DOWN, each.name, "does not run", evidence=[f"what it said last: {each.log}"], command="ottla up"
            )
        elif not each.answers:
            lines = [f"pid {each.pid} runs, and nobody answers on {each.address}", f"what it said last: {each.log}"]
            yield found(of.MONITORING_DOWN, each.name, "runs and does not answer", evidence=lines, command="ottla up")
