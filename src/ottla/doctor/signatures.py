"""What Kafka 4.3.1 says before it ends, and what it means. Each line was made by breaking a node that way, and is tested so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.doctor import kinds as of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.doctor.finding import Kind


@dataclass(frozen=True, slots=True)
class Signature:
    """A pattern of a node's last words: the kind of finding, why it is so, and the next command."""

    pattern: re.Pattern[str]
    kind: Kind
    cause: str
    command: str


def _signature(pattern: str, kind: Kind, cause: str, command: str) -> Signature:
    return Signature(re.compile(pattern), kind, cause, command)


SIGNATURES = (
    _signature(
        r"Socket server failed to bind to (?P<at>\S+): Address already in use",
        of.PORT_TAKEN,
        "somebody listened on {at} when the node started",
        "ottla up",
    ),
    _signature(r"No space left on device", of.DISK_FULL, "the node could not write", "make room, then: ottla up"),
    _signature(
        r"InternalError: a fault occurred in (?:a recent|an) unsafe memory access operation",
        of.DISK_FULL,
        "a file that it had mapped into memory found no room on its volume (SIGBUS)",
        "make room, then: ottla up",
    ),
    _signature(
        r"Read-only file system",
        of.DISK_READ_ONLY,
        "its volume was mounted read-only",
        "mount the volume to be written again, then: ottla up",
    ),
    _signature(
        r"Stored node id (?P<there>\d+) doesn't match previous node id (?P<own>\d+)",
        of.WRONG_NODE_ID,
        "its data are of node {there}, and it is node {own}",
        "put its own data folder back, then: ottla up",
    ),
    _signature(
        r"No readable meta.properties files found",
        of.DATA_UNREADABLE,
        "meta.properties is missing or damaged",
        "put meta.properties back from a copy, then: ottla up",
    ),
    _signature(
        r"Failed to load PEM SSL keystore (?P<path>\S+)",
        of.CERTIFICATE_WRONG,
        "its certificate and key could not be read: {path}",
        "ottla up makes what is missing of a node's own certificates",
    ),
    _signature(
        r"Too many open files",
        of.TOO_FEW_FILES,
        "it was started by a shell with too low a limit",
        "ulimit -n 100000, then: ottla up",
    ),
    _signature(
        r"java\.lang\.OutOfMemoryError: (?P<what>[^\n]+)",
        of.HEAP_TOO_SMALL,
        "Java had no memory left: {what}",
        "raise cluster.heap in the spec, then: ottla up",
    ),
    _signature(
        r"ConfigException: (?P<what>[^\n]+)",
        of.PROPERTY_REFUSED,
        "{what}",
        "mend cluster.config in the spec, then: ottla up",
    ),
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A signature that was found, with the line it stands in."""

    signature: Signature
    cause: str
    line: str


def recognised(words: Iterable[str]) -> tuple[Recognised, ...]:
    """The signatures in last words, each kind once: the first line that has it is nearest to the cause."""
    seen: dict[str, Recognised] = {}
    for line in words:
        for signature in SIGNATURES:
            match = signature.pattern.search(line)
            if match is not None:
                cause = signature.cause.format(**match.groupdict())
                seen.setdefault(signature.kind.name, Recognised(signature, cause, line.strip()))
    return tuple(seen.values())
