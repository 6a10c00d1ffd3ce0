"""The logging configuration of a node: its log and its audit log, for people or as JSON (Elastic Common Schema). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.local.properties import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.local.layout import NodeFiles
    from ottla.local.record import ClusterRecord, NodeAddress

LOG_SIZE = "10MB"
LOG_FILES = 5
LOG, AUDIT = "kafka.log", "kafka.audit"  # the data sets of the two
PLAIN = """\
appender.{name}.layout.type=PatternLayout
appender.{name}.layout.pattern=[%d] %p %m (%c)%n"""
JSON = """\
appender.{name}.layout.type=JsonTemplateLayout
appender.{name}.layout.eventTemplateUri=classpath:EcsLayout.json"""
FIELD = """\
appender.{name}.layout.f{number}.type=EventTemplateAdditionalField
appender.{name}.layout.f{number}.key={key}
appender.{name}.layout.f{number}.value={value}"""


def ecs_fields(record: ClusterRecord, node: NodeAddress, cluster: str) -> dict[str, str]:
    """What every event of a node says, beside what the layout itself does; labels as Prometheus has them."""
    return {
        "service.name": "kafka",
        "service.type": "kafka",
        "service.version": record.kafka_version,
        "service.node.name": str(node.node_id),
        "labels.cluster": cluster,
        "labels.node": str(node.node_id),
        "labels.role": node.roles[0] if len(node.roles) == 1 else "combined",
    }


def log4j2_text(files: NodeFiles, fields: Mapping[str, str] | None = None) -> str:
    """Kafka's log in one file of at most 10 MB, with the last five kept, and what the authorizer refused in another such file.

    With ``fields`` both are JSON, and have these. The properties form needs no parser library.
    """
    return f"""\
shutdownHook=disable
{_rolling_file("file", files.server_log, fields, LOG)}
{_rolling_file("audit", files.audit_log, fields, AUDIT)}
rootLogger.level=INFO
rootLogger.appenderRef.file.ref=file
logger.configs.name=org.apache.kafka.common.config.AbstractConfig
logger.configs.level=WARN
logger.audit.name=kafka.authorizer.logger
logger.audit.level=INFO
logger.audit.additivity=false
logger.audit.appenderRef.audit.ref=audit
"""


def _rolling_file(name: str, path: Path, fields: Mapping[str, str] | None, data_set: str) -> str:
    log = escaped(str(path))
    return f"""\
appender.{name}.type=RollingFile
appender.{name}.name={name}
appender.{name}.fileName={log}
appender.{name}.filePattern={log}.%i
appender.{name}.createOnDemand=true
{_layout(name, fields, data_set)}
appender.{name}.policies.type=Policies
appender.{name}.policies.size.type=SizeBasedTriggeringPolicy
appender.{name}.policies.size.size={LOG_SIZE}
appender.{name}.strategy.type=DefaultRolloverStrategy
appender.{name}.strategy.max={LOG_FILES}"""


def _layout(name: str, fields: Mapping[str, str] | None, data_set: str) -> str:
    if fields is None:
        return PLAIN.format(name=name)
    written = {**fields, "event.dataset": data_set}
    lines = [FIELD.format(name=name, number=n, key=key, value=escaped(value)) for n, (key, value) in enumerate(written.items())]
    return "\n".join([JSON.format(name=name), *lines])
