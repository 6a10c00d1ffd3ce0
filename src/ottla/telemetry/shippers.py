"""Configurations for what ships logs: Filebeat to Elasticsearch, Fluent Bit to OpenSearch. Pure: documents of plain data.

Credentials are references to variables of the shipper's own environment. Each kind of log is a data stream of its own,
``logs-DATASET-CLUSTER``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEGINS = r"^\[\d{4}-\d\d-\d\d "  # a line for people that is not the next one of a stack trace
ECS, MULTILINE = "ecs", "lines"
MULTILINE_KEY = "log"  # where Fluent Bit puts what a multiline parser read, whatever `key` says


class Shipper(Enum):
    """A program that ships logs."""

    FILEBEAT = "filebeat"
    FLUENT_BIT = "fluent-bit"

    @property
    def file_name(self) -> str:
        """What its configuration is called."""
        return "filebeat.yml" if self is Shipper.FILEBEAT else "fluent-bit.yaml"


@dataclass(frozen=True, slots=True)
class LogFiles:
    """Where an environment's logs lie (``folder``), of which cluster, and whether they are JSON."""

    folder: Path
    environment: str
    cluster: str
    as_json: bool

    @property
    def data_sets(self) -> dict[str, tuple[str, str]]:
        """By data set: the service, and the pattern of the paths. Rotated files are the same ones under another name."""
        return {
            "kafka.log": ("kafka", f"{self.folder}/nodes/*/logs/server.log"),
            "kafka.audit": ("kafka", f"{self.folder}/nodes/*/logs/audit.log"),
            "ottla.exporter": ("ottla", f"{self.folder}/exporter.log"),
        }

    @property
    def namespace(self) -> str:
        """The last part of the name of a data stream; '-' stands between parts only."""
        return self.cluster.replace("-", "_")


def has_traces(data_set: str) -> bool:
    """Whether an event may have more than one line, in a log for people: Kafka's stack traces."""
    return data_set.startswith("kafka.")


def configuration(shipper: Shipper, logs: LogFiles) -> dict[str, Any]:
    """What the program reads, as a document for YAML."""
    make: Callable[[LogFiles], dict[str, Any]] = _filebeat if shipper is Shipper.FILEBEAT else _fluent_bit
    return make(logs)


def _filebeat(logs: LogFiles) -> dict[str, Any]:
    return {
        "filebeat.inputs": [_filestream(logs, data_set) for data_set in logs.data_sets],
        "setup.template.enabled": False,  # Elasticsearch has a template for logs-*-* of its own
        "setup.ilm.enabled": False,
        "output.elasticsearch": {
            "hosts": ["${ELASTICSEARCH_URL}"],
            "api_key": "${ELASTICSEARCH_API_KEY}",
            "index": "%{[data_stream.type]}-%{[data_stream.dataset]}-%{[data_stream.namespace]}",
        },
    }


def _filestream(logs: LogFiles, data_set: str) -> dict[str, Any]:
    ndjson = {"target": "", "overwrite_keys": True, "expand_keys": True, "add_error_key": True, "message_key": "message"}
    lines = {"type": "pattern", "pattern": BEGINS, "negate": True, "match": "after"}
    stream = {"type": "logs", "dataset": data_set, "namespace": logs.namespace}
    return {
        "type": "filestream",
        "id": f"{logs.cluster}-{logs.environment}-{data_set}",
        "paths": [f"{logs.data_sets[data_set][1]}*"],
        "prospector.scanner.exclude_files": [r"\.gz$"],
        "file_identity.native": None,  # a file that was rotated is the same file
        "parsers": [{"ndjson": ndjson}] if logs.as_json else [{"multiline": lines}] if has_traces(data_set) else [],
        "fields_under_root": True,
        "fields": {"data_stream": stream, **_said(logs, data_set)},
    }


def _said(logs: LogFiles, data_set: str) -> dict[str, Any]:
    """What lines for people do not say. JSON says it by itself, but for the environment: a node knows its cluster only."""
    if logs.as_json:
        return {"labels": {"environment": logs.environment}}
    service = logs.data_sets[data_set][0]
    return {
        "event": {"dataset": data_set},
        "service": {"name": service, "type": service},
        "labels": {"cluster": logs.cluster, "environment": logs.environment},
    }


def _fluent_bit(logs: LogFiles) -> dict[str, Any]:
    ecs = {"name": ECS, "format": "json", "time_key": "@timestamp", "time_format": "%Y-%m-%dT%H:%M:%S.%LZ"}
    rules = [
        {"state": "start_state", "regex": f"/{BEGINS}/", "next_state": "more"},
        {"state": "more", "regex": rf"/^(?!{BEGINS[1:]})/", "next_state": "more"},
    ]
    lines = {"name": MULTILINE, "type": "regex", "flush_timeout": 1000, "rules": rules}
    parsers = {"parsers": [ecs]} if logs.as_json else {"multiline_parsers": [lines]}
    return {
        "service": {"flush": 1, "log_level": "info"},
        **parsers,
        "pipeline": {
            "inputs": [_tail(logs, data_set) for data_set in logs.data_sets],
            "filters": [_modify(logs, data_set) for data_set in logs.data_sets],
            "outputs": [_opensearch(logs, data_set) for data_set in logs.data_sets],
        },
    }


def _tail(logs: LogFiles, data_set: str) -> dict[str, Any]:
    return {
        "name": "tail",
        "tag": data_set,
        "path": logs.data_sets[data_set][1],
        "path_key": "log.file.path",
        "db": f"${{FLUENT_BIT_STATE}}/{data_set}.db",
        "read_from_head": True,
        "rotate_wait": 30,
        "buffer_max_size": "1M",  # the longest event: a stack trace is one
        **({"parser": ECS} if logs.as_json else {"multiline.parser": MULTILINE} if has_traces(data_set) else {"key": "message"}),
    }


def _modify(logs: LogFiles, data_set: str) -> dict[str, Any]:
    said = _said(logs, data_set)
    added = [f"{group}.{name} {value}" for group, values in said.items() for name, value in values.items()]
    renamed = {} if logs.as_json or not has_traces(data_set) else {"rename": f"{MULTILINE_KEY} message"}
    return {"name": "modify", "match": data_set, **renamed, "add": added}


def _opensearch(logs: LogFiles, data_set: str) -> dict[str, Any]:
    return {
        "name": "opensearch",
        "match": data_set,
        "host": "${OPENSEARCH_HOST}",
        "port": "${OPENSEARCH_PORT}",
        "http_user": "${OPENSEARCH_USER}",
        "http_passwd": "${OPENSEARCH_PASSWORD}",
        "tls": True,
        "index": f"logs-{data_set}-{logs.namespace}",
        "write_operation": "create",  # all that a data stream takes
        "suppress_type_name": True,
        "time_key": "@timestamp",
        "trace_error": True,
    }
