"""server.properties and the logging configuration of a node, as text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.local.layout import Layout, NodeFiles
    from ottla.local.record import ClusterRecord, NodeAddress

CLIENT, INTERNAL, CONTROLLER = "CLIENT", "INTERNAL", "CONTROLLER"
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
LOG_SIZE = "10MB"
LOG_FILES = 5


def server_properties(layout: Layout, record: ClusterRecord, node: NodeAddress, configs: Mapping[str, str]) -> dict[str, str]:
    """What the spec says (``configs``) and what only this machine can know. Raises LocalError where both say the same key."""
    own = _own_properties(layout, record, node)
    clash = sorted(own.keys() & configs.keys())
    if clash:
        raise LocalError(
            f"cluster.config sets {', '.join(clash)}, which a local node gets from Ottla itself",
            hint="take it out of cluster.config of this environment",
        )
    return {**DEFAULTS, **configs, **own}


def _own_properties(layout: Layout, record: ClusterRecord, node: NodeAddress) -> dict[str, str]:
    voters = ",".join(f"{each.node_id}@{each.host}:{each.controller_port}" for each in record.voters)
    controllers = [f"{CONTROLLER}://{node.host}:{node.controller_port}"] if node.is_voter else []
    clients = [f"{CLIENT}://{node.host}:{node.client_port}", f"{INTERNAL}://{node.host}:{node.internal_port}"]
    own = {
        "process.roles": ",".join(node.roles),
        "node.id": str(node.node_id),
        "controller.quorum.voters": voters,
        "listeners": ",".join([*(clients if node.is_broker else []), *controllers]),
        "listener.security.protocol.map": f"{CLIENT}:PLAINTEXT,{INTERNAL}:SSL,{CONTROLLER}:SSL",
        "controller.listener.names": CONTROLLER,
        "listener.name.controller.ssl.client.auth": "required",
        **_stores(layout, layout.node(node.node_id)),
    }
    if node.is_broker:
        own |= {
            "advertised.listeners": ",".join(clients),
            "inter.broker.listener.name": INTERNAL,
            "listener.name.internal.ssl.client.auth": "required",
        }
    return own


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
    lines += [f"{_escaped(key)}={_escaped(value)}" for key, value in sorted(properties.items())]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
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


def log4j2_text(files: NodeFiles) -> str:
    """Kafka's log in one file of at most 10 MB, with the last five kept. The properties form needs no parser library."""
    log = _escaped(str(files.server_log))
    return f"""\
shutdownHook=disable
appender.file.type=RollingFile
appender.file.name=FILE
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=[%d] %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size={LOG_SIZE}
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max={LOG_FILES}
rootLogger.level=INFO
rootLogger.appenderRef.file.ref=FILE
logger.configs.name=org.apache.kafka.common.config.AbstractConfig
logger.configs.level=WARN
"""
