"""Where the files of a local cluster lie: ``.ottla/ENVIRONMENT/`` beside the spec."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE_FOLDER = ".ottla"
PEM = ".pem"


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """The files of one node."""

    folder: Path

    @property
    def properties(self) -> Path:
        """server.properties; its path in a command line is what tells a node's process from any other."""
        return self.folder / "server.properties"

    @property
    def keystore(self) -> Path:
        """Private key and certificate, PEM."""
        return self.folder / "node.pem"

    @property
    def listener_keystore(self) -> Path:
        """Private key and certificate of the listeners that clients use, PEM."""
        return self.folder / "listener.pem"

    @property
    def certificates_read(self) -> Path:
        """A digest of the client-facing certificates that the node read when it started."""
        return self.folder / "certificates-read"

    @property
    def log4j2(self) -> Path:
        """The logging configuration."""
        return self.folder / "log4j2.properties"

    @property
    def jmx_config(self) -> Path:
        """What the JMX agent reads inside the node; there while it has one."""
        return self.folder / "jmx.yaml"

    @property
    def data(self) -> Path:
        """The node's log_dir."""
        return self.folder / "data"

    @property
    def applied(self) -> Path:
        """The properties of the spec that the node last came up with."""
        return self.folder / "applied.json"

    @property
    def first_users(self) -> Path:
        """The credentials that a node is formatted with; gone as soon as it is."""
        return self.folder / "first-users"

    @property
    def formatted(self) -> Path:
        """There once formatting went through to its end."""
        return self.folder / "formatted"

    @property
    def stopping(self) -> Path:
        """There while the node is being stopped; a stop that was cut off leaves it."""
        return self.folder / "stopping"

    @property
    def logs(self) -> Path:
        """The folder of what the node writes about itself."""
        return self.folder / "logs"

    @property
    def server_log(self) -> Path:
        """Kafka's own log."""
        return self.logs / "server.log"

    @property
    def audit_log(self) -> Path:
        """What a secured node refused, and to whom."""
        return self.logs / "audit.log"

    @property
    def output(self) -> Path:
        """What the process prints before or beside its log."""
        return self.logs / "output.log"

    @property
    def aot_log(self) -> Path:
        """What the JVM says of its AOT cache."""
        return self.logs / "aot.log"


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one environment; or of a scratch cluster, with ``home`` for the folder that has all environments."""

    root: Path
    home: Path | None = None

    @classmethod
    def beside(cls, spec: Path, environment: str) -> Layout:
        """The layout of an environment of the spec at that path."""
        return cls(spec.resolve().parent / STATE_FOLDER / environment)

    @property
    def record(self) -> Path:
        """What was decided once, when the cluster was made."""
        return self.root / "cluster.json"

    def records(self) -> Iterator[Path]:
        """The records of all clusters of the spec, scratch clusters among them."""
        home = self.home or self.root.parent
        for pattern in (f"*/{self.record.name}", f"*/{self.scratches.name}/*/{self.record.name}"):
            yield from home.glob(pattern)

    @property
    def scratches(self) -> Path:
        """The folder with the clusters that live for one run only."""
        return self.root / "scratch"

    def scratch(self, run: str) -> Layout:
        """The files of one of those."""
        return Layout(self.scratches / run, self.home or self.root.parent)

    @property
    def lock(self) -> Path:
        """Held by the run that changes something."""
        return self.root / "lock"

    @property
    def drill_lock(self) -> Path:
        """Held by a drill that is done to this cluster."""
        return self.root / "drill.lock"

    @property
    def authority(self) -> Path:
        """The certificate of the cluster's own CA, PEM."""
        return self.root / "ca.pem"

    @property
    def authority_key(self) -> Path:
        """The private key of the CA, PEM."""
        return self.root / "ca.key"

    @property
    def own_store(self) -> Path:
        """Private key and certificate that Ottla itself works with on a secured cluster, PEM."""
        return self.root / "ottla.pem"

    @property
    def tls(self) -> Path:
        """The private folder of what clients of a locked platform trust, and log in with."""
        return self.root / "tls"

    @property
    def client_authorities(self) -> Path:
        """The CAs that brokers and clients trust, PEM: one, or two while they are rotated. No key is in it."""
        return self.tls / "authorities.pem"

    @property
    def client_authority(self) -> Path:
        """The CA that issues, PEM: its private key (if Ottla made it) and certificate. One file, so that both change at once."""
        return self.tls / "authority.pem"

    @property
    def next_client_authority(self) -> Path:
        """The CA that a rotation goes to, as ``client_authority``; it is there while a rotation is begun."""
        return self.tls / "next-authority.pem"

    def user_keystore(self, user: str) -> Path:
        """Private key and certificate of a user who logs in with them, PEM."""
        return self.tls / "users" / f"{user}{PEM}"

    def users_with_keystores(self) -> list[str]:
        """Whoever has a file of that kind, named by the spec or not."""
        folder = self.tls / "users"
        names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(name.removesuffix(PEM) for name in names if name.endswith(PEM) and not name.startswith("."))

    @property
    def faults(self) -> Path:
        """The folder with a file for each fault that a drill has on the nodes."""
        return self.root / "faults"

    @property
    def nodes(self) -> Path:
        """The folder with one folder for each node."""
        return self.root / "nodes"

    def node(self, node_id: int) -> NodeFiles:
        """The files of a node."""
        return NodeFiles(self.nodes / str(node_id))

    def node_ids(self) -> list[int]:
        """The nodes that have a folder."""
        there = self.nodes.iterdir() if self.nodes.is_dir() else ()
        return sorted(int(path.name) for path in there if path.name.isdigit())
