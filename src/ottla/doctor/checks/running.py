"""Nodes that run and do not work, the memory that all of them take, their files, their certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor import kinds as of
from ottla.doctor.finding import found
from ottla.doctor.limits import DAY
from ottla.model.units import counted, format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.doctor.evidence import Evidence
    from ottla.doctor.finding import Finding


def check_answers(evidence: Evidence) -> Iterator[Finding]:
    """Nodes whose process is there, and that do nothing."""
    for node in evidence.nodes:
        where, process = f"node {node.node_id}", f"pid {node.pid}"
        if node.paused:
            lines = [f"{process} is stopped (SIGSTOP)"]
            yield found(of.NODE_PAUSED, where, "is paused", evidence=lines, command="ottla up resumes it")
        elif node.pid is not None and node.answers is False:
            lines = [f"{process} runs since {format_duration(node.uptime * 1000)}, and nobody answers on {node.address}"]
            command = f"ottla logs {node.node_id}, then: ottla restart {node.node_id}"
            yield found(of.NODE_SILENT, where, "runs and does not answer", evidence=[*lines, *node.words[-1:]], command=command)


def check_files(evidence: Evidence) -> Iterator[Finding]:
    """Nodes that have nearly as many files open as they may."""
    for node in evidence.nodes:
        if node.open_files is None:
            continue
        now, most = node.open_files
        if now > most * evidence.limits.open_files_used:
            command = f"ulimit -n 100000, then: ottla restart {node.node_id}"
            what, lines = f"has {now:,} of {most:,} files open", [f"pid {node.pid}: {now:,} open, the limit is {most:,}"]
            yield found(of.TOO_FEW_FILES, f"node {node.node_id}", what, evidence=lines, command=command)


def check_memory(evidence: Evidence) -> Iterator[Finding]:
    """Heaps that do not fit the machine together."""
    if evidence.machine is None:
        return
    heaps = sum(node.heap for node in evidence.nodes)
    if heaps > evidence.machine.memory:
        figures = f"{counted(len(evidence.nodes), 'node')} may have heaps of {format_size(heaps)} together"
        lines = [figures, f"this machine has {format_size(evidence.machine.memory)}"]
        command = "take a smaller cluster.heap in the spec, then: ottla up"
        yield found(of.HEAP_TOO_LARGE, "nodes", "may take more memory than there is", evidence=lines, command=command)


def check_certificates(evidence: Evidence) -> Iterator[Finding]:
    """Certificates that are expired, soon will be, or cannot be used."""
    for each in evidence.certificates:
        where, lines = f"certificate of {each.what}", [each.path]
        left = each.seconds_left
        if left is not None and left <= 0:
            ago = format_duration(-left * 1000)
            yield found(of.CERTIFICATE_EXPIRED, where, f"expired {ago} ago", evidence=lines, command=each.command)
        elif each.problem is not None:
            yield found(of.CERTIFICATE_WRONG, where, each.problem, evidence=lines, command=each.command)
        elif left is not None and left < evidence.limits.expires_within:
            what = f"expires in {left / DAY:.1f} days"
            yield found(of.CERTIFICATE_EXPIRES, where, what, evidence=lines, command=each.command)


def check_faults(evidence: Evidence) -> Iterator[Finding]:
    """What drills left that were cut off."""
    for fault in evidence.left_faults:
        yield found(of.FAULT_LEFT, "drill", f"left its fault: {fault}", evidence=[fault], command="ottla up heals it")
