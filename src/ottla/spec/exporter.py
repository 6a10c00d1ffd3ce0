"""The typed documents of the exporter: where it listens, what it reads, and how many series it may give."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, WithJsonSchema

from ottla.model.metric_family import Family
from ottla.model.units import parse_duration
from ottla.spec.fields import Count, Flag, Strict
from ottla.spec.identity import Name, Reference  # noqa: TC001  (pydantic reads the annotations)

LEAST_INTERVAL = 1000  # ms
HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
MOST_PORTS = 65535
CANARY_TOPIC = re.compile(r"__[a-zA-Z0-9._-]{1,247}")
AUTH_USER = re.compile(r"[^:\x00-\x1f\x7f]+")


CHOSEN = (Family.BROKERS, Family.TOPICS, Family.CONSUMER_GROUPS, Family.LOG_DIRS, Family.QUORUM)


class Listen(NamedTuple):
    """Where the exporter is asked."""

    host: str
    port: int

    def url(self, *, tls: bool) -> str:
        """What Prometheus is told."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if tls else 'http'}://{host}:{self.port}/metrics"


def parse_listen(value: Any) -> Listen:
    """Read HOST:PORT. Raises ValueError."""
    if isinstance(value, Listen):
        return value
    found = HOST_AND_PORT.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 0 < int(found["port"]) <= MOST_PORTS:
        raise ValueError("expected HOST:PORT, such as 127.0.0.1:9308")
    return Listen(found["host"].strip("[]"), int(found["port"]))


def parse_interval(value: Any) -> int:
    """Read a duration, in ms. Raises ValueError for less than a second."""
    milliseconds = parse_duration(value)
    if milliseconds < LEAST_INTERVAL:
        raise ValueError("expected a duration of 1s or more")
    return milliseconds


def _at_least(milliseconds: int, value: Any) -> int:
    found = parse_duration(value)
    if found < milliseconds:
        raise ValueError(f"expected a duration of {milliseconds}ms or more")
    return found


def _canary_topic(value: Any) -> str:
    if not isinstance(value, str) or not CANARY_TOPIC.fullmatch(value):
        raise ValueError("expected the name of a topic that begins with '__', as those do that are not people's")
    return value


def _auth_user(value: Any) -> str:
    if not isinstance(value, str) or not AUTH_USER.fullmatch(value):
        raise ValueError("expected a name without ':'")
    return value


def _family(value: Any) -> Family:
    names = [str(each) for each in CHOSEN]
    if value not in names:
        raise ValueError(f"expected one of {', '.join(names)}")
    return Family(value)


def _pattern(value: Any) -> re.Pattern[str]:
    if isinstance(value, re.Pattern):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("expected a regular expression, for the whole name")
    try:
        return re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None


_INTERVAL = WithJsonSchema({"type": ["string", "integer"], "examples": ["10s", "1m"]})
_FAMILY = WithJsonSchema({"enum": [str(each) for each in CHOSEN]})
_PATTERN = WithJsonSchema({"type": "string", "format": "regex", "examples": ["todo\\..*"]})
_LISTEN = WithJsonSchema(
    {"type": "string", "pattern": f"^{HOST_AND_PORT.pattern}$".replace("?P<host>", "").replace("?P<port>", "")}
)

_CANARY_TOPIC = WithJsonSchema({"type": "string", "pattern": f"^{CANARY_TOPIC.pattern}$"})
_AUTH_USER = WithJsonSchema({"type": "string", "pattern": "^[^:]+$"})

Interval = Annotated[int, BeforeValidator(parse_interval), _INTERVAL]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern), _PATTERN]


class ExporterTls(Strict):
    """The certificate of the exporter's port."""

    certificate: Reference = Field(description="Where the certificate is, with those of its CAs below it, PEM.")
    key: Reference = Field(description="Where its private key is, PEM, not encrypted.")


class BasicAuth(Strict):
    """Who may ask the exporter (RFC 7617). Without `tls`, on this machine only: the password would be read on the way."""

    user: Annotated[str, BeforeValidator(_auth_user), _AUTH_USER] = Field(description="The name to log in with; no ':'.")
    password: Reference = Field(description="Where the password is: `${env:NAME}` or `${file:PATH}`.")


class CanarySpec(Strict):
    """Records of Ottla's own, in a topic of its own, led by each broker in turn: sent, and waited for."""

    enabled: Flag = Field(default=False, description="Whether the canary is on.")
    topic: Annotated[str, BeforeValidator(_canary_topic), _CANARY_TOPIC] = Field(
        default="__ottla_canary",
        description="Its topic, which it makes and keeps: one partition led by each broker. It begins with `__`, as topics do "
        "that are not people's.",
    )
    interval: Annotated[int, BeforeValidator(partial(_at_least, 10)), _INTERVAL] = Field(
        default=1000, description="How often each broker gets a record."
    )
    deadline: Annotated[int, BeforeValidator(partial(_at_least, 100)), _INTERVAL] = Field(
        default=10_000, description="When a record counts as late."
    )


class ExporterSpec(Strict):
    """What Ottla measures about the cluster, and where Prometheus finds it."""

    enabled: Flag = Field(default=False, description="Whether `ottla up` runs the exporter beside the nodes.")
    listen: Annotated[Listen, BeforeValidator(parse_listen), _LISTEN] = Field(
        default=Listen("127.0.0.1", 9308),
        description="Where it listens, HOST:PORT; anybody who reaches it may ask, unless there is `basic_auth`.",
    )
    interval: Interval = Field(
        default=10_000, description="How often the cluster is looked at. A scrape gets what was last seen."
    )
    families: tuple[Annotated[Family, BeforeValidator(_family), _FAMILY], ...] = Field(
        default=CHOSEN, description="What it gives series about."
    )
    partitions: Flag = Field(default=True, description="Whether each partition has series, or only topics and groups.")
    max_series: Count = Field(
        default=500_000, description="How many series a family may have; those of partitions are dropped first, and counted."
    )
    topics: Pattern | None = Field(default=None, description="Only topics whose whole name matches this regular expression.")
    except_topics: Pattern | None = Field(default=None, description="No topics whose whole name matches.")
    groups: Pattern | None = Field(
        default=None, description="Only consumer groups whose whole name matches this regular expression."
    )
    except_groups: Pattern | None = Field(default=None, description="No consumer groups whose whole name matches.")
    read_committed: tuple[Name, ...] | None = Field(
        default=None,
        description="The groups whose lag ends at the last stable offset. Not given: those of `users`, where `client.consumer` "
        "has `isolation.level: read_committed`.",
    )
    user: Name | None = Field(
        default=None, description="As which of `users` it logs in, where security is enabled; else as the administrator."
    )
    tls: ExporterTls | None = Field(default=None, description="Serves HTTPS with this certificate.")
    basic_auth: BasicAuth | None = Field(default=None, description="Asks for a name and a password.")
    canary: CanarySpec = Field(default=CanarySpec(), description="The probe that sends records of its own and waits for them.")
