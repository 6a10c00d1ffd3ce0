"""server.properties of a node, as text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.local.secured import MECHANISMS, SASL, SUPER_USERS, TLS, among_nodes, client_listeners

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ottla.local.layout import Layout, NodeFiles
    from ottla.local.record import ClusterRecord, NodeAddress

CLIENT, INTERNAL, CONTROLLER = "CLIENT", "INTERNAL", "CONTROLLER"
PROTOCOLS = f"{CLIENT}:PLAINTEXT,{TLS}:SSL,{SASL}:SASL_SSL,{INTERNAL}:SSL,{CONTROLLER}:SSL"
# What is better on one machine than Kafka's own defaults; the spec may say otherwise.
DEFAULTS = {
    # Nodes that start together elect their first leader after one of these, not after a second (KIP-595; a pre-vote,
    # KIP-996, keeps a short one from disturbing a quorum that has a leader).
    "controller.quorum.election.timeout.ms": "300",
    "controller.quorum.election.backoff.max.ms": "300",
    # A broker that stops asks its controllers for leave with each heartbeat. When all nodes stop at once, one that asks
    # only every two seconds finds them gone; it has to ask twice.
    "broker.heartbeat.interval.ms": "100",
    # Each network thread of a TLS listener tries its key store in a handshake of its own when the node starts
    # (SslFactory); nodes of one machine need few.
    "listener.name.internal.num.network.threads": "1",
    "listener.name.controller.num.network.threads": "1",
}


def server_properties(layout: Layout, record: ClusterRecord, node: NodeAddress, configs: Mapping[str, str]) -> dict[str, str]:
    """What the spec says (``configs``) and what only this machine can know. Raises LocalError where both say the same key."""
    own = _own_properties(layout, record, node, configs.get(MECHANISMS, "").split(","))
    clash = sorted(own.keys() & configs.keys())
    if clash:
        raise LocalError(
            f"cluster.config sets {', '.join(clash)}, which a local node gets from Ottla itself",
            hint="take it out of cluster.config of this environment",
        )
    properties = {**DEFAULTS, **configs, **own}
    if node.secured:
        properties[SUPER_USERS] = ";".join([*among_nodes(record)[1], *filter(None, [configs.get(SUPER_USERS)])])
    return properties


def _own_properties(layout: Layout, record: ClusterRecord, node: NodeAddress, mechanisms: Sequence[str]) -> dict[str, str]:
    voters = ",".join(f"{each.node_id}@{each.host}:{each.controller_port}" for each in record.voters)
    controllers = [f"{CONTROLLER}://{node.host}:{node.controller_port}"] if node.is_voter else []
    files = layout.node(node.node_id)
    clients = [f"{name}://{node.host}:{port}" for name, port in _broker_ports(node).items()]
    own = {
        "process.roles": ",".join(node.roles),
        "node.id": str(node.node_id),
        "controller.quorum.voters": voters,
        "listeners": ",".join([*(clients if node.is_broker else []), *controllers]),
        "listener.security.protocol.map": PROTOCOLS,
        "controller.listener.names": CONTROLLER,
        "listener.name.controller.ssl.client.auth": "required",
        **_stores(layout, files),
    }
    if node.is_broker:
        own |= {
            "advertised.listeners": ",".join(clients),
            "inter.broker.listener.name": INTERNAL,
            "listener.name.internal.ssl.client.auth": "required",
        }
    if record.seal:  # an open node as well, while others are locked: it forwards to them who it was that asked
        rule, _ = among_nodes(record)
        own |= {f"listener.name.{name}.ssl.principal.mapping.rules": rule for name in ("internal", "controller")}
    if node.is_broker and node.secured:
        own |= client_listeners(layout, files, mechanisms)
    return own


def _broker_ports(node: NodeAddress) -> dict[str, int]:
    clients = {TLS: node.tls_port, SASL: node.sasl_port} if node.secured else {CLIENT: node.client_port}
    return {**clients, INTERNAL: node.internal_port}


def _stores(layout: Layout, files: NodeFiles) -> dict[str, str]:
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(files.keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(layout.authority),
        "log.dirs": str(files.data),
    }


def as_text(
    properties: Mapping[str, str],
    *,
    comment: str = "Written by Ottla from the spec at every start of the node; changes made here are lost.",
) -> str:
    """A Java properties file (ISO-8859-1 with escapes, java.util.Properties)."""
    lines = [f"# {comment}", ""]
    lines += [f"{escaped(key)}={escaped(value)}" for key, value in sorted(properties.items())]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text as a properties file has it."""
    special = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "=": "\\=", ":": "\\:", "#": "\\#", "!": "\\!"}
    plain = "".join(special.get(character, character) for character in text)
    if plain.startswith(" "):
        plain = "\\" + plain
    return "".join(_ascii(character) for character in plain)


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[index]:02x}{units[index + 1]:02x}" for index in range(0, len(units), 2))
