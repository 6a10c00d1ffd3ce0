"""What was decided when a local cluster was made, and is kept: its id, its nodes, their addresses."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.files import PRIVATE_FILE, explained, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where a node listens. ``prefix`` is put before its command, for a sandbox around it."""

    node_id: int
    host: str
    client_port: int
    internal_port: int
    controller_port: int
    prefix: tuple[str, ...] = ()

    @classmethod
    def in_block(cls, node_id: int, host: str, first: int, prefix: tuple[str, ...] = ()) -> NodeAddress:
        """A node whose listeners have the block of ports that begins with ``first`` (TLS and SASL_SSL, +1 and +2, to come)."""
        return cls(node_id, host, first, internal_port=first + 3, controller_port=first + 4, prefix=prefix)


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A local cluster as it was made."""

    cluster_id: str
    kafka_version: str
    nodes: tuple[NodeAddress, ...]

    @property
    def bootstrap_servers(self) -> tuple[str, ...]:
        """``host:port`` of each node's client listener."""
        return tuple(f"{node.host}:{node.client_port}" for node in self.nodes)


def new_cluster_id() -> str:
    """22 characters of URL-safe base 64, as Kafka's own Uuid.randomUuid; never one that starts with '-'."""
    while True:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not cluster_id.startswith("-"):
            return cluster_id


def write_record(path: Path, record: ClusterRecord) -> None:
    """Keep the record, whole or not at all."""
    write_atomic(path, json.dumps({"version": RECORD_VERSION, **asdict(record)}, indent=2) + "\n", mode=PRIVATE_FILE)


def read_record(path: Path) -> ClusterRecord | None:
    """The record, or None where no cluster was made yet. Raises LocalError for one that cannot be used."""
    try:
        with explained("read", path):
            if not path.exists():
                return None
            text = path.read_text(encoding="utf-8")
        data = json.loads(text)
        version = data["version"]
        if version == RECORD_VERSION:
            nodes = tuple(NodeAddress(**{**node, "prefix": tuple(node["prefix"])}) for node in data["nodes"])
            return ClusterRecord(data["cluster_id"], data["kafka_version"], nodes)
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(
            f"damaged: {error}",
            where=str(path),
            hint="restore the file from a copy, or start anew (all data is lost): ottla down --wipe",
        ) from error
    raise LocalError(
        f"written by another Ottla (record version {version}, this one reads {RECORD_VERSION})",
        where=str(path),
        hint="use that Ottla, or start anew (all data is lost): ottla down --wipe",
    )
