"""The typed document of logs: how whatever runs in the background writes down what it does."""

from __future__ import annotations

from pydantic import Field

from ottla.model.log_format import LogFormat
from ottla.spec.fields import Strict


class LogsSpec(Strict):
    """How nodes, and the exporter beside them, write their logs."""

    format: LogFormat = Field(
        default=LogFormat.TEXT,
        description="`text`: lines for people; `ecs`: JSON in the fields of the Elastic Common Schema, one event a line, for "
        "whatever ships logs. `ottla logs` shows both as text.",
    )
