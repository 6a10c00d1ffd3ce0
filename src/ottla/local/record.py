"""What was decided when a local cluster was made, and is kept: its id, its nodes, their addresses."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ottla.errors import LocalError
from ottla.files import PRIVATE_FILE, explained, write_atomic
from ottla.local.roles import BROKER, COMBINED, CONTROLLER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Kind = TypeVar("Kind")

RECORD_VERSION = 3  # 1 knew combined nodes only, 2 open ones only; what has no version is read as 1
BLOCK = 5  # the ports that a node has: client, TLS, SASL_SSL, internal, controller


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """What a node is, and where it listens. ``prefix`` is put before its command, for a sandbox around it.

    ``jmx_port`` is where its JMX agent answers, on the loopback address; None where it runs without one. ``ecs_logs``: it writes
    its log as JSON.

    A node that is ``secured`` takes clients by mutual TLS and by SASL over TLS, and no others; an open one takes anybody.
    A node that is a controller alone listens on its controller port only, and has the others of its block to itself.
    """

    node_id: int
    host: str
    client_port: int
    internal_port: int
    controller_port: int
    prefix: tuple[str, ...] = ()
    roles: tuple[str, ...] = COMBINED
    secured: bool = False
    jmx_port: int | None = None
    ecs_logs: bool = False

    @classmethod
    def in_block(
        cls, node_id: int, host: str, first: int, prefix: tuple[str, ...] = (), roles: tuple[str, ...] = COMBINED
    ) -> NodeAddress:
        """A node whose listeners have the block of ports that begins with ``first``."""
        return cls(node_id, host, first, internal_port=first + 3, controller_port=first + 4, prefix=prefix, roles=roles)

    def moved_to(self, first: int) -> NodeAddress:
        """The same node with another block of ports."""
        return replace(self, client_port=first, internal_port=first + 3, controller_port=first + 4)

    @property
    def is_broker(self) -> bool:
        """Whether it takes clients."""
        return BROKER in self.roles

    @property
    def is_voter(self) -> bool:
        """Whether it votes in the quorum."""
        return CONTROLLER in self.roles

    @property
    def tls_port(self) -> int:
        """Where a secured node takes clients with certificates."""
        return self.client_port + 1

    @property
    def sasl_port(self) -> int:
        """Where a secured node takes clients with passwords or tokens."""
        return self.client_port + 2

    @property
    def client_ports(self) -> dict[str, int]:
        """Where it takes clients, by how they come: ``client`` (anybody), or ``sasl`` and ``tls``."""
        if not self.is_broker:
            return {}
        return {"sasl": self.sasl_port, "tls": self.tls_port} if self.secured else {"client": self.client_port}

    @property
    def ports(self) -> tuple[int, ...]:
        """What Kafka listens on; the first one opens when it takes its clients (of a controller: the other nodes)."""
        brokers = (*self.client_ports.values(), self.internal_port) if self.is_broker else ()
        return (*brokers, *((self.controller_port,) if self.is_voter else ()))

    @property
    def reserved(self) -> frozenset[int]:
        """Every port that no other node may be given."""
        agent = () if self.jmx_port is None else (self.jmx_port,)
        return frozenset({*range(self.client_port, self.client_port + BLOCK), *self.ports, *agent})


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A local cluster as it was made.

    ``seal`` is in the names that nodes have to the authorizer, so that nobody else can guess them; there is none before the
    cluster is first locked.
    """

    cluster_id: str
    kafka_version: str
    nodes: tuple[NodeAddress, ...]
    seal: str = ""

    @property
    def bootstrap_servers(self) -> tuple[str, ...]:
        """``host:port`` of each broker, for clients: of a secured one for those with passwords or tokens."""
        return tuple(f"{node.host}:{node.ports[0]}" for node in self.nodes if node.is_broker)

    @property
    def tls_servers(self) -> tuple[str, ...]:
        """``host:port`` of each secured broker, for clients with certificates."""
        return tuple(f"{node.host}:{node.tls_port}" for node in self.nodes if node.is_broker and node.secured)

    @property
    def sasl_addresses(self) -> dict[int, str]:
        """``host:port`` of each secured broker, by node_id, for clients with passwords or tokens: they show no certificate."""
        return {node.node_id: f"{node.host}:{node.sasl_port}" for node in self.nodes if node.is_broker and node.secured}

    @property
    def internal_servers(self) -> tuple[str, ...]:
        """``host:port`` of each broker, for other nodes and for Ottla itself."""
        return tuple(f"{node.host}:{node.internal_port}" for node in self.nodes if node.is_broker)

    @property
    def any_secured(self) -> bool:
        """Whether any node is secured: all are, but while a platform is being locked or opened."""
        return any(node.secured for node in self.nodes)

    @property
    def with_jmx_agent(self) -> frozenset[int]:
        """The nodes that were last started with the JMX agent."""
        return frozenset(node.node_id for node in self.nodes if node.jmx_port is not None)

    @property
    def with_ecs_logs(self) -> frozenset[int]:
        """The nodes that were last started so that they write their logs as JSON."""
        return frozenset(node.node_id for node in self.nodes if node.ecs_logs)

    @property
    def voters(self) -> tuple[NodeAddress, ...]:
        """The nodes that make the quorum."""
        return tuple(node for node in self.nodes if node.is_voter)

    def node(self, node_id: int) -> NodeAddress:
        """One of the nodes."""
        return next(node for node in self.nodes if node.node_id == node_id)


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
        version = data.get("version", 1)
        if isinstance(version, int) and version > RECORD_VERSION:
            raise LocalError(
                f"made by a newer Ottla (record version {version}, this one reads up to {RECORD_VERSION}); nothing was touched",
                where=str(path),
                hint="use that Ottla, or start anew (all data is lost): ottla down --wipe",
            )
        return _record(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise LocalError(
            f"damaged: {reason}",
            where=str(path),
            hint="restore the file from a copy, or start anew (all data is lost): ottla down --wipe",
        ) from error


def _record(data: Mapping[str, Any]) -> ClusterRecord:
    nodes = tuple(_node(node) for node in data["nodes"])
    ids = [node.node_id for node in nodes]
    if not nodes or len(set(ids)) < len(ids):
        raise ValueError("there must be nodes, each once")
    return ClusterRecord(_of(str, data["cluster_id"]), _of(str, data["kafka_version"]), nodes, _of(str, data.get("seal", "")))


def _node(data: Mapping[str, Any]) -> NodeAddress:
    client, internal, controller = (_of(int, data[f"{name}_port"]) for name in ("client", "internal", "controller"))
    prefix = tuple(_of(str, word) for word in data["prefix"])
    roles = tuple(_of(str, role) for role in data.get("roles", COMBINED))
    if not {BROKER, CONTROLLER} >= set(roles) > set():
        raise ValueError(f"roles {', '.join(roles) or 'missing'}")
    secured = _of(bool, data.get("secured", False))
    jmx = data.get("jmx_port")
    jmx_port = None if jmx is None else _of(int, jmx)
    node_id, host = _of(int, data["node_id"]), _of(str, data["host"])
    ecs_logs = _of(bool, data.get("ecs_logs", False))
    return NodeAddress(node_id, host, client, internal, controller, prefix, roles, secured, jmx_port, ecs_logs)


def _of(kind: type[Kind], value: object) -> Kind:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} where a {kind.__name__} should be")
    return value
