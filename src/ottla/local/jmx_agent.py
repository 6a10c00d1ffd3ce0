"""The Prometheus JMX agent inside a node: its jar, what it is told to read, and the flag that starts it with the JVM.

It answers on this machine's loopback address only, to anybody there: what it gives are figures and names of topics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.files import explained, write_atomic
from ottla.local.artifacts import JMX_AGENT, damaged_jars, ensure_jars
from ottla.local.ports import LOOPBACK
from ottla.metrics.jmx_rules import jmx_config
from ottla.metrics.metric import Role
from ottla.spec.versions import JMX_AGENT_VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.local.layout import NodeFiles
    from ottla.local.record import NodeAddress
    from ottla.local.report import Reporter


def ensure_agent(*, report: Reporter) -> Path:
    """The agent's jar on this machine, downloaded if it is not there yet. Raises LocalError."""
    return ensure_jars(JMX_AGENT_VERSION, JMX_AGENT, report=report)[0]


def damaged_agent() -> list[str]:
    """The name of the agent's jar, where it is not what the lock says."""
    return damaged_jars(JMX_AGENT_VERSION, JMX_AGENT)


def write_agent_config(files: NodeFiles, node: NodeAddress) -> None:
    """Write what the agent of a node reads when it starts; a node without one has no such file."""
    if node.jmx_port is not None:
        write_atomic(files.jmx_config, jmx_config({Role(role) for role in node.roles}))
        return
    with explained("remove", files.jmx_config):
        files.jmx_config.unlink(missing_ok=True)


def agent_flags(agent: Path | None, files: NodeFiles, node: NodeAddress) -> tuple[str, ...]:
    """What the JVM of a node is told to start the agent; nothing for a node without one."""
    if agent is None or node.jmx_port is None:
        return ()
    return (f"-javaagent:{agent}={LOOPBACK}:{node.jmx_port}:{files.jmx_config}",)
