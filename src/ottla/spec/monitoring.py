"""The typed documents of monitoring: when alerts fire, where Prometheus and Alertmanager listen, whom they tell."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema

from ottla.model.units import UNLIMITED, parse_duration
from ottla.spec.exporter import HOST_AND_PORT, Listen, parse_interval, parse_listen
from ottla.spec.fields import Strict

PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]+)?)\s*%")
WHOLE = 100
NO_WEBHOOK = "none"
LONGEST_URL = 2048
MOST_SCRAPE = 120_000  # ms; Prometheus looks back 5 minutes: one scrape that fails must leave a sample in them


def _percent(value: Any) -> float:
    if isinstance(value, float):
        return value  # a default
    found = PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not 0 < float(found[1]) < WHOLE:
        raise ValueError("expected a percentage between 0% and 100%, such as 85%")
    return float(found[1]) / WHOLE


def _time(value: Any) -> int:
    found = parse_duration(value)
    if found <= 0:
        raise ValueError("expected a duration of more than 0, such as 5m")
    return found


def _scrape_interval(value: Any) -> int:
    found = parse_interval(value)
    if found > MOST_SCRAPE:
        raise ValueError("expected a duration of 2m or less: Prometheus looks back 5 minutes, and what is rarer has gaps")
    return found


def _limit(value: Any) -> int:
    """A duration, or ``unlimited`` for none."""
    found = parse_duration(value)
    if found == 0:
        raise ValueError("expected a duration of more than 0, such as 60s, or unlimited")
    return found


def _records(value: Any) -> int:
    if value == "unlimited":
        return UNLIMITED
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("expected a number of records, or unlimited")
    return value


def plain_url(value: Any, expected: str) -> str:
    """A URL that holds no secret. Raises ValueError."""
    if not isinstance(value, str) or len(value) > LONGEST_URL or not value.isprintable() or " " in value:
        raise ValueError(expected)
    try:
        parts = urlsplit(value)
        wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
    except ValueError as error:
        raise ValueError(expected) from error
    if wrong:
        raise ValueError(expected)
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a password in it, and a spec holds no secret: use one that needs none here")
    return value


def _webhook(value: Any) -> str:
    return NO_WEBHOOK if value == NO_WEBHOOK else plain_url(value, "expected a URL such as https://example.com/alerts, or none")


def _runbooks(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("expected the URL of a folder, such as https://example.com/docs/how-to")
    return value.strip().rstrip("/")


_LIMIT = WithJsonSchema({"type": ["string", "integer"], "examples": ["60s", "5m", "unlimited"]})
_TIME = WithJsonSchema({"type": ["string", "integer"], "examples": ["5m", "4h", "21d"]})
_SCRAPE = WithJsonSchema({"type": ["string", "integer"], "examples": ["10s", "1m", "2m"]})
_RECORDS = WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"enum": ["unlimited"]}]})
_PERCENT = WithJsonSchema({"type": "string", "pattern": f"^{PERCENT.pattern}$", "examples": ["85%"]})
_LISTEN = WithJsonSchema(
    {"type": "string", "pattern": f"^{HOST_AND_PORT.pattern}$".replace("?P<host>", "").replace("?P<port>", "")}
)
_TEXT = WithJsonSchema({"type": "string"})

Records = Annotated[int, BeforeValidator(_records), _RECORDS]
Limit = Annotated[int, BeforeValidator(_limit), _LIMIT]
Time = Annotated[int, BeforeValidator(_time), _TIME]
ScrapeInterval = Annotated[int, BeforeValidator(_scrape_interval), _SCRAPE]
Percent = Annotated[float, BeforeValidator(_percent), _PERCENT]
Address = Annotated[Listen, BeforeValidator(parse_listen), _LISTEN]


class GroupLag(Strict):
    """How far one consumer group may be behind; what is not said is as for all groups."""

    records: Records | None = Field(default=None, description="The most records; `unlimited`: any number.")
    seconds: Limit | None = Field(default=None, description="The greatest age of an unread record; `unlimited`: any age.")


class LagSlo(Strict):
    """How far consumer groups may be behind, in each topic."""

    records: Records = Field(default=1000, description="The most records; `unlimited`: any number.")
    seconds: Limit = Field(default=60_000, description="The greatest age of an unread record; `unlimited`: any age.")
    lasting: Time = Field(default=300_000, alias="for", description="For how long it must be so before an alert fires.")
    groups: dict[str, GroupLag] = Field(default={}, description="The groups for which other figures hold, by their names.")


class DiskSlo(Strict):
    """How full disks may be."""

    used: Percent = Field(
        default=0.85, description="How much of a volume, or of `cluster.disk`, may be used before an alert fires."
    )
    full_within: Time = Field(
        default=14_400_000, description="An alert fires if a disk will be full within this time, as it grows now."
    )


class CertificatesSlo(Strict):
    """How long certificates must hold."""

    expire_within: Time = Field(
        default=21 * 86_400_000, description="An alert fires if the certificate of a broker expires within this time."
    )


class PrometheusSpec(Strict):
    """The Prometheus beside the nodes."""

    listen: Address = Field(default=Listen("127.0.0.1", 9090), description="Where it listens, HOST:PORT; anybody may ask.")
    scrape_interval: ScrapeInterval = Field(
        default=10_000, description="How often it asks nodes and exporter, and looks at alerts; 2m at most."
    )


class AlertmanagerSpec(Strict):
    """The Alertmanager beside the nodes."""

    listen: Address = Field(default=Listen("127.0.0.1", 9099), description="Where it listens, HOST:PORT; anybody may ask.")


class MonitoringSpec(Strict):
    """When alerts fire, and whom they tell."""

    lag: LagSlo = Field(default=LagSlo(), description="How far consumer groups may be behind, in each topic.")
    disk: DiskSlo = Field(default=DiskSlo(), description="How full disks may be.")
    certificates: CertificatesSlo = Field(default=CertificatesSlo(), description="How long certificates must hold.")
    runbooks: Annotated[str, BeforeValidator(_runbooks), _TEXT] = Field(
        default="docs/how-to", description="The URL of the folder with runbooks.md; each alert links to its place there."
    )
    prometheus: PrometheusSpec = Field(default=PrometheusSpec(), description="The Prometheus beside the nodes.")
    alertmanager: AlertmanagerSpec = Field(default=AlertmanagerSpec(), description="The Alertmanager beside the nodes.")
    webhook: Annotated[str, BeforeValidator(_webhook), _TEXT] = Field(
        default=NO_WEBHOOK, description="The URL that Alertmanager posts alerts to, or `none`. It is no secret."
    )
