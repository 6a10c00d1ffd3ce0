"""Logs of Strimzi's nodes as JSON, in the fields that local nodes have: what ships them finds the same in both places.

Strimzi lays inline settings over its own (default-logging/KafkaCluster.properties, LoggingUtils), whose loggers all write to
the appender named STDOUT. That name goes to an appender of ours; the layout is in its image (kafka-thirdparty-libs).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.kubernetes.resource import Said, Tree
from ottla.model.log_format import LogFormat

if TYPE_CHECKING:
    from ottla.kubernetes.site import Site

NODE = "${env:STRIMZI_BROKER_ID}"  # kafka_run.sh sets it
FORMAT = ("logs", "format")


def logging(site: Site) -> dict[str, Tree] | None:
    """None where logs are lines for people: that is what Strimzi writes."""
    if site.spec.logs.format is LogFormat.TEXT:
        return None
    layout = "appender.ecs.layout"
    loggers: dict[str, Tree] = {
        "appender.console.name": "UNUSED",
        "appender.ecs.type": "Console",
        "appender.ecs.name": "STDOUT",
        f"{layout}.type": "JsonTemplateLayout",
        f"{layout}.eventTemplateUri": Said("classpath:EcsLayout.json", FORMAT),
    }
    for number, (key, value) in enumerate(_fields(site).items()):
        loggers[f"{layout}.f{number}.type"] = "EventTemplateAdditionalField"
        loggers[f"{layout}.f{number}.key"] = key
        loggers[f"{layout}.f{number}.value"] = value
    return {"type": "inline", "loggers": loggers}


def _fields(site: Site) -> dict[str, Tree]:
    """What every event of a node says; labels as Prometheus has them."""
    return {
        "service.name": "kafka",
        "service.type": "kafka",
        "service.version": Said(site.spec.cluster.kafka_version, ("cluster", "kafka_version")),
        "service.node.name": NODE,
        "labels.cluster": site.cluster,
        "labels.node": NODE,
    }
