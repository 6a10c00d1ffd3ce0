"""Every Kafka key that a document holds: known, allowed there, and with a value that Kafka takes. Works on any shape."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ottla.spec.configs import check_text, kafka_text
from ottla.spec.kafka_configs import OPEN_PREFIXES, config_keys, find_key
from ottla.spec.refused import OWN_LISTENERS_OF_LOCAL, OWN_OF_LOCAL, retired, vendor
from ottla.spec.versions import DEFAULT_KAFKA_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Document, Path
    from ottla.spec.faults import Fault
    from ottla.spec.kafka_configs import ConfigKey, Scope

LOCAL = "local"
APACHE = {LOCAL, "strimzi"}  # where Apache Kafka itself runs
SECRET = re.compile(r"(password|secret|credentials?|token)$")  # of a plug-in or a vendor, whose types nobody knows here
HOLDERS: dict[Path, Scope] = {
    ("cluster", "config"): "broker",
    ("topic_defaults", "config"): "topic",
    ("client", "producer"): "producer",
    ("client", "consumer"): "consumer",
}
KINDS: dict[Scope, str] = {
    "topic": "a topic config",
    "broker": "a server property",
    "group": "a group config",
    "producer": "a producer config",
    "consumer": "a consumer config",
}


def config_faults(document: Document) -> Iterator[Fault]:
    """Every fault in what stands under a ``config:``, a client profile or a ``reset:`` of the document."""
    version = _text_at(document.values, ("cluster", "kafka_version")) or DEFAULT_KAFKA_VERSION
    target = _text_at(document.values, ("target",))
    for path, message in _problems(document.values, version, target):
        yield document.fault(path, message)


def _problems(values: object, version: str, target: str | None) -> Iterator[tuple[Path, str]]:
    for holder, scope in HOLDERS.items():
        yield from _held_problems(holder, scope, _at(values, holder), version, target)
    topics = _at(values, ("topics",))
    for name, topic in topics.items() if isinstance(topics, dict) else ():
        if not isinstance(topic, dict):
            continue
        yield from _held_problems(("topics", name, "config"), "topic", topic.get("config"), version, target)
        reset = topic.get("reset")
        for index, key in enumerate(reset if isinstance(reset, list) else ()):
            message = refusal("topic", key, version, target) if isinstance(key, str) else None
            if message:
                yield ("topics", name, "reset", index), f"{key}: {message}"


def _held_problems(holder: Path, scope: Scope, configs: object, version: str, target: str | None) -> Iterator[tuple[Path, str]]:
    for key, value in configs.items() if isinstance(configs, dict) else ():
        message = refusal(scope, key, version, target) or value_problem(scope, key, value, version)
        if message:
            yield (*holder, key), message


def _at(values: object, path: Path) -> object:
    for part in path:
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _text_at(values: object, path: Path) -> str | None:
    found = _at(values, path)
    return found if isinstance(found, str) else None


def value_problem(scope: Scope, name: str, value: object, version: str = DEFAULT_KAFKA_VERSION) -> str | None:
    """Why the key cannot take that value; None if it can, or if nothing is known of the key."""
    if isinstance(value, str | int | float):
        return _scalar_problem(scope, name, value, version)  # few different ones, many times
    key = find_key(scope, name, version)
    if isinstance(value, list) and key is not None and key.type != "list":
        return f"expected one value, not {value!r}"
    return _problem(key, name, value)


@lru_cache(maxsize=16384, typed=True)
def _scalar_problem(scope: Scope, name: str, value: str | float, version: str) -> str | None:
    return _problem(find_key(scope, name, version), name, value)


def _problem(key: ConfigKey | None, name: str, value: object) -> str | None:
    try:
        text = kafka_text(name, value)
        if key is not None:
            check_text(key, text)
    except ValueError as error:
        return str(error)
    return None


@lru_cache(maxsize=4096)
def refusal(scope: Scope, key: str, version: str = DEFAULT_KAFKA_VERSION, target: str | None = None) -> str | None:
    """Why a spec may not set that key there; None if it may."""
    known = find_key(scope, key, version)
    gone = retired(scope, key)
    if gone and known is None:
        return f"Kafka {version} has no such key: {gone}"
    if known.type == "password" if known else SECRET.search(key):
        return "is a secret, and a spec holds none: users log in as `users` says, with passwords by reference"
    own = {key, known.name if known else key} & OWN_OF_LOCAL or key.startswith(OWN_LISTENERS_OF_LOCAL)
    if scope == "broker" and target == LOCAL and own:
        return "a local node gets this from Ottla itself: take it out of cluster.config of this environment"
    if known is not None or (scope == "broker" and key.startswith(OPEN_PREFIXES)):
        return None
    whose = vendor(key)
    if whose:
        return f"is a key of {whose}, not of Apache Kafka" if target in APACHE else None
    return f"unknown key of Kafka {version}{_elsewhere(scope, key, version) or _close(scope, key, version)}"


def _elsewhere(scope: Scope, key: str, version: str) -> str | None:
    """Where the key does exist: topic configs and server properties are often taken for one another."""
    topic = config_keys("topic", version)
    if scope == "broker" and key in topic and topic[key].server_key:
        return f": it is a topic config; the server property is {topic[key].server_key}"
    by_server_key = {each.server_key: each.name for each in topic.values()}
    if scope == "topic" and key in by_server_key:
        return f": it is a server property; the topic config is {by_server_key[key]}"
    there: list[Scope] = [other for other in KINDS if other != scope and find_key(other, key, version)]
    return f": it is {KINDS[there[0]]}" if there else None


def _close(scope: Scope, key: str, version: str) -> str:
    close = difflib.get_close_matches(key, config_keys(scope, version), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
