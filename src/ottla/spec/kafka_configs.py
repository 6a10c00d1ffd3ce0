"""Kafka's own config keys as data: what each takes, its default, what it means. Written by `make kafka-configs`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeAlias

from ottla.spec.versions import DEFAULT_KAFKA_VERSION, KAFKA_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

Scope: TypeAlias = Literal["topic", "broker", "group", "producer", "consumer"]

# Keys that Kafka's classes do not print: of its own plug-ins, each with the class that reads it ...
_EXTRA: dict[Scope, dict[str, tuple[str, str]]] = {
    "broker": {
        "super.users": ("string", "Principals that may do everything, separated by semicolons (StandardAuthorizer)."),
        "allow.everyone.if.no.acl.found": ("boolean", "Whether what has no ACL is open to everyone (StandardAuthorizer)."),
        "metrics.jmx.include": ("string", "A regular expression of the MBeans that are shown (JmxReporter)."),
        "metrics.jmx.exclude": ("string", "A regular expression of the MBeans that are not shown (JmxReporter)."),
        "log.initial.task.delay.ms": ("long", "How long the log's own tasks wait after a start (internal)."),
        "producer.id.expiration.check.interval.ms": ("int", "How often expired producer ids are looked for (internal)."),
        "server.max.startup.time.ms": ("long", "How long a node may take to start before it gives up (internal)."),
        "unclean.leader.election.interval.ms": ("long", "How often unclean elections are looked for (internal)."),
        "unstable.api.versions.enable": ("boolean", "Whether APIs that are still being developed are on (internal)."),
        "unstable.feature.versions.enable": ("boolean", "Whether features that are still being developed are on (internal)."),
    },
    # ... and those that the clients of Ottla's profile take beside Java's (librdkafka's CONFIGURATION.md)
    "producer": {"partitioner": ("string", "How a key finds its partition; murmur2_random is what Java clients do.")},
}
_EXTRA_VALID = {
    "partitioner": "[random, consistent, consistent_random, murmur2, murmur2_random, fnv1a, fnv1a_random]",
}
# What follows is read by a plug-in of that name, not by Kafka
OPEN_PREFIXES = ("config.providers.", "rlmm.config.", "rsm.config.")
LISTENER = re.compile(r"listener\.name\.[^.]+\.(.+)")


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One config key. ``default`` is None where Kafka has null, or no default at all (``required``)."""

    name: str
    type: str
    doc: str
    default: str | None = None
    required: bool = False
    valid: str = ""
    server_key: str = ""
    update: str = ""


@cache
def config_keys(scope: Scope, kafka_version: str = DEFAULT_KAFKA_VERSION) -> Mapping[str, ConfigKey]:
    """Every key of that scope. A version that is not in the table has the keys of the one that is pinned."""
    known = kafka_version if kafka_version in KAFKA_VERSIONS else DEFAULT_KAFKA_VERSION
    printed = _data(known)[scope]
    keys = {name: ConfigKey(name, required="default" not in line, **line) for name, line in printed.items()}
    extra = _EXTRA.get(scope, {})
    return keys | {name: ConfigKey(name, type_, doc, valid=_EXTRA_VALID.get(name, "")) for name, (type_, doc) in extra.items()}


@cache
def _data(kafka_version: str) -> dict[str, dict[str, dict[str, str]]]:
    text = (files("ottla.spec") / "data" / f"kafka-{kafka_version}-configs.json").read_text(encoding="utf-8")
    data: dict[str, dict[str, dict[str, str]]] = json.loads(text)
    return data


def find_key(scope: Scope, name: str, kafka_version: str = DEFAULT_KAFKA_VERSION) -> ConfigKey | None:
    """The key of that name; a listener's own one (``listener.name.internal.ssl.client.auth``) is found by what it sets."""
    keys = config_keys(scope, kafka_version)
    if name in keys or scope != "broker":
        return keys.get(name)
    listener = LISTENER.fullmatch(name)
    if listener is None:
        return None
    mechanism_free = listener[1].partition(".")[2]  # listener.name.internal.scram-sha-256.sasl.jaas.config
    return keys.get(listener[1]) or keys.get(mechanism_free)
