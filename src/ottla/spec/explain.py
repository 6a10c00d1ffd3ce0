"""What a key means, what it takes, where its value comes from, and what Kafka is told. Data, for whoever prints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.errors import UsageError
from ottla.model.units import format_duration, format_size
from ottla.spec.config_checks import HOLDERS, KINDS, refusal
from ottla.spec.configs import SIZE_SUFFIXES, duration_unit
from ottla.spec.desired import client_profile, desired_state, server_properties
from ottla.spec.kafka_configs import ConfigKey, find_key
from ottla.spec.keys import find_spec_key
from ottla.spec.schema import NAMED_CONFIGS
from ottla.spec.versions import DEFAULT_KAFKA_VERSION

if TYPE_CHECKING:
    from ottla.spec.document import Document, Path
    from ottla.spec.kafka_configs import Scope
    from ottla.spec.load import Spec
    from ottla.spec.schema import EnvironmentSpec

# Kafka takes the first of these that is set (ServerTopicConfigSynonyms)
OTHER_UNITS = {
    "log.retention.ms": ("log.retention.minutes", "log.retention.hours"),
    "log.roll.ms": ("log.roll.hours",),
    "log.roll.jitter.ms": ("log.roll.jitter.hours",),
}
DEFAULTS_OF_TOPICS = ("replication_factor", "min_insync_replicas", "verify_write")
LONGEST = 2**63 - 1
HUMAN = ("a duration", "a size")


@dataclass(frozen=True, slots=True)
class Said:
    """A place in the spec that says a value."""

    file: str
    line: int
    key: str
    value: object


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about a key. ``in_kafka`` has the text that Kafka gets, by Kafka's key."""

    key: str
    meaning: str
    type: str
    default: str | None = None
    kafka: tuple[tuple[Scope, ConfigKey], ...] = ()
    environment: str | None = None
    said: tuple[Said, ...] = ()
    in_kafka: dict[str, str] | None = None
    inner: tuple[tuple[str, str], ...] = ()


def explain(dotted: str, spec: Spec | None, environment: str | None = None) -> Explanation:
    """Explain a key of the spec (``topics.orders.retention``) or of Kafka (``retention.ms``); without a spec, its meaning alone.

    Raises UsageError for a key that nobody knows, with what was probably meant.
    """
    name, one, document = None, None, None
    if spec is not None:
        name, one = spec.environment(environment)
        document = spec.documents[name]
    of_kafka = _of_kafka(dotted, one.cluster.kafka_version if one else DEFAULT_KAFKA_VERSION)
    if of_kafka:
        places = _places(document, dotted) if document else []
        first = of_kafka[0][1]
        return Explanation(dotted, first.doc, _kafka_type(first), first.default, of_kafka, name, tuple(places))
    found = find_spec_key(dotted, one.topics if one else ())
    scope, key = _as_kafka(found.path, found.scope)
    config = find_key(scope, key) if scope and key else None
    kafka = ((scope, config),) if scope and config else ()
    here = one is not None and (found.path[:1] != ("topics",) or len(found.path) < 2 or found.path[1] in one.topics)  # noqa: PLR2004
    said = _said_of(found.path, key, config, document) if document and here else []
    told = _told(one, found.path, key, config) if one and here and key else None
    meaning, type_ = found.meaning, found.type
    if found.scope and config:
        meaning, type_ = config.doc, (type_ if type_.startswith(HUMAN) else _kafka_type(config))
    inner = (
        tuple((each, topic.description) for each, topic in one.topics.items())
        if one and found.path == ("topics",)
        else found.inner
    )
    return Explanation(dotted, meaning, type_, found.default, kafka, name, tuple(said), told, inner)


def _said_of(path: Path, key: str | None, config: ConfigKey | None, document: Document) -> list[Said]:
    """The place that counts; of a mapping of Kafka's keys, the place of each."""
    if path in HOLDERS or (path[:1] == ("topics",) and path[2:] == ("config",)):
        held = _said(document, path)
        keys = held.value if held and isinstance(held.value, dict) else {}
        return [each for name in keys if (each := _said(document, (*path, name)))]
    first = next((said for each in _sources(path, key, config) if (said := _said(document, each))), None)
    return [first] if first else []


def _of_kafka(key: str, version: str) -> tuple[tuple[Scope, ConfigKey], ...]:
    scopes = [scope for scope in KINDS if find_key(scope, key, version)]
    found = tuple((scope, config) for scope in scopes if (config := find_key(scope, key, version)))
    if found:
        return found
    gone = [message for scope in KINDS if "has no such key" in (message := refusal(scope, key, version) or "")]
    if gone:
        raise UsageError(f"{key}: {gone[0]}")
    return ()


def _kafka_type(key: ConfigKey) -> str:
    return f"{key.type}{f', {key.valid}' if key.valid else ''}"


def _as_kafka(path: Path, scope: Scope | None) -> tuple[Scope | None, str | None]:
    """The key of Kafka that a key of the spec is, or becomes."""
    if scope is not None:
        return scope, str(path[-1])
    if len(path) == 3 and path[0] == "topics" and path[2] in NAMED_CONFIGS:  # noqa: PLR2004  (topics, its name, its key)
        return "topic", NAMED_CONFIGS[str(path[2])]
    if path == ("topic_defaults", "min_insync_replicas"):
        return "topic", "min.insync.replicas"
    return None, None


def _sources(path: Path, key: str | None, config: ConfigKey | None) -> list[Path]:
    """The places that may say the value, the one that counts first."""
    if path[:1] != ("topics",) or len(path) < 3:  # noqa: PLR2004  (as above)
        return [path]
    if key is None:
        return [path, *([("topic_defaults", path[2])] if path[2] in DEFAULTS_OF_TOPICS else [])]
    named = [name for name, kafka in NAMED_CONFIGS.items() if kafka == key]
    server = [config.server_key, *OTHER_UNITS.get(config.server_key, ())] if config and config.server_key else []
    return [
        *((*path[:2], name) for name in named),
        (*path[:2], "config", key),
        ("topic_defaults", "config", key),
        *(("topic_defaults", name) for name in named if name in DEFAULTS_OF_TOPICS),
        *(("cluster", "config", each) for each in server),
    ]


def _said(document: Document, path: Path) -> Said | None:
    value: Any = document.values
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    mark = document.mark(path)
    return Said(document.file, mark.line, mark.key, value)


def _places(document: Document, key: str) -> list[Said]:
    """Every place that sets a key of Kafka, by its own name or by the spec's."""
    topics = document.values.get("topics", {})
    named = [name for name, kafka in NAMED_CONFIGS.items() if kafka == key]
    paths: list[Path] = [("cluster", "config", key), ("client", "producer", key), ("client", "consumer", key)]
    paths += [("topic_defaults", "config", key), *(("topic_defaults", name) for name in named)]
    for topic in topics:
        paths += [("topics", topic, "config", key), *(("topics", topic, name) for name in named)]
    return [said for path in paths if (said := _said(document, path))]


def _told(spec: EnvironmentSpec, path: Path, key: str, config: ConfigKey | None) -> dict[str, str] | None:
    """What Kafka is told: the key and text that it gets, or the one that holds because nothing else is said."""
    if path[0] == "client":
        profile = client_profile(spec)
        return _given(profile.producer if path[1] == "producer" else profile.consumer, key, config)
    servers = server_properties(spec)
    if path[0] == "cluster":
        return _given(servers, key, config)
    if path[0] == "topic_defaults":
        said = spec.topic_defaults.config
        return {key: str(said.get(key, spec.topic_defaults.min_insync_replicas))} if path[-1] != key else None
    topic = desired_state(spec).topics.get(spec.full_name(str(path[1])))
    configs = topic.configs if topic else {}
    server = config.server_key if config else ""
    inherited = next((each for each in (server, *OTHER_UNITS.get(server, ())) if each in servers), None)
    if key in configs or inherited is None:
        return _given(configs, key, config)
    return {inherited: servers[inherited]}


def _given(configs: Any, key: str, config: ConfigKey | None) -> dict[str, str] | None:
    if key in configs:
        return {key: configs[key]}
    return {key: config.default} if config and config.default is not None else None


def in_words(key: str, text: str) -> str:
    """``604800000`` -> ``604800000 (7d)`` where the key counts time or bytes."""
    unit = duration_unit(key)
    if not text.lstrip("-").isdigit():
        return text
    number = int(text)
    if number >= LONGEST:
        return f"{text} (no limit)"
    if unit is not None and (number < 0 or number * unit >= 1000):  # noqa: PLR2004  (from a second on)
        return f"{text} ({format_duration(number * unit)})"
    if key.endswith(SIZE_SUFFIXES) and (number < 0 or number >= 1024):  # noqa: PLR2004  (from a KiB on)
        return f"{text} ({format_size(number)})"
    return text
