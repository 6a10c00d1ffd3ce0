"""What Ottla adds to a node beside Kafka's own properties: the JMX agent, and the form of its log.

They are planned as properties are, because they want a restart too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.model.log_format import LogFormat
from ottla.model.node import JMX_AGENT, LOG_FORMAT

if TYPE_CHECKING:
    from ottla.local.record import ClusterRecord
    from ottla.spec import EnvironmentSpec

TRUE, FALSE = "true", "false"
EXTRAS = frozenset({JMX_AGENT, LOG_FORMAT})
TEXT, ECS = LogFormat.TEXT.value, LogFormat.ECS.value


def extras_wanted(spec: EnvironmentSpec, record: ClusterRecord | None) -> dict[str, str]:
    """What the spec asks for; nothing is said of what is neither wanted nor there."""
    wanted = {
        JMX_AGENT: TRUE if spec.cluster.jmx_agent else FALSE if record is not None and record.with_jmx_agent else "",
        LOG_FORMAT: ECS if spec.logs.format is LogFormat.ECS else TEXT if record is not None and record.with_ecs_logs else "",
    }
    return {key: value for key, value in wanted.items() if value}


def extras_of(record: ClusterRecord, node_id: int) -> dict[str, str]:
    """What a node was last started with: nodes themselves tell nothing of it."""
    return {
        JMX_AGENT: TRUE if node_id in record.with_jmx_agent else FALSE,
        LOG_FORMAT: ECS if node_id in record.with_ecs_logs else TEXT,
    }
