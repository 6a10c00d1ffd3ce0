"""Faults in what runs beside Kafka in a Kubernetes: the exporter, Kafka UI, apps of Dapr's, and how they are watched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ottla.model.acl import Operation, ResourceType
from ottla.spec.entitlements import entitlements_of
from ottla.spec.faults import did_you_mean
from ottla.spec.identity import Authentication
from ottla.spec.kubernetes import LABEL, LONGEST_LABEL, OWN_LABELS, is_label_key, is_label_value
from ottla.spec.policy import cleanup_policy
from ottla.spec.services import compacted_topics, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Path
    from ottla.spec.identity import UserSpec
    from ottla.spec.schema import EnvironmentSpec

Problem = tuple["Path", str]
EXPORTER: Path = ("exporter",)
UI: Path = ("kubernetes", "ui")
DAPR: Path = ("kubernetes", "dapr")
MONITORS: Path = ("kubernetes", "monitors")
OF_DAPR = "-dapr"  # Dapr's operator makes a Service of an app's id with this behind it (pkg/validation of dapr/dapr)


def companion_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    """Every fault in what runs beside Kafka there. What sees a whole cluster is run by the environment whose cluster it is."""
    yield from _label_problems(spec)
    if spec.shares is None:
        yield from _exporter_problems(spec)
        yield from _ui_problems(spec)
    if spec.kubernetes.dapr.enabled:
        yield from _dapr_problems(spec)


def companion_warnings(spec: EnvironmentSpec) -> Iterator[Problem]:
    """What works, and probably is not meant."""
    if spec.shares is not None:
        for path, enabled in ((EXPORTER, spec.exporter.enabled), (UI, spec.kubernetes.ui.enabled)):
            if enabled:
                yield (
                    (*path, "enabled"),
                    f"is for {spec.shares} to say, whose cluster this environment shares: none is made here",
                )
    elif spec.exporter.enabled and spec.exporter.user is None and spec.security.enabled:
        yield (
            (*EXPORTER, "enabled"),
            "logs in as the administrator: name a user with `monitor: true` (`exporter: {user: NAME}`)",
        )
    if spec.shares is None and spec.exporter.enabled and "/" not in spec.kubernetes.image:
        message = f"{spec.kubernetes.image} names no registry: build the Containerfile, push the image to yours, and name it here"
        yield ("kubernetes", "image"), f"{message}; until then the exporter does not come up, unless every machine has that image"
    if spec.kubernetes.dapr.enabled and spec.kubernetes.dapr.dead_letters is None:
        yield from _unread_tombstones(spec)


def _label_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    monitors = spec.kubernetes.monitors
    for path, labels in (((*MONITORS, "labels"), monitors.labels), ((*MONITORS, "dashboards"), monitors.dashboards)):
        for key, value in labels.items():
            if key in OWN_LABELS:
                yield (*path, key), "is a label that Ottla gives to all that it renders: name another one"
            elif not is_label_key(key):
                yield (
                    (*path, key),
                    "is no label of Kubernetes: letters, digits, '-', '_' and '.'; before it a domain and '/', or not",
                )
            elif value and not is_label_value(value):
                yield (
                    (*path, key),
                    f"no label of Kubernetes is {value!r}: at most {LONGEST_LABEL} letters, digits, '-', '_', '.'",
                )


def _exporter_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    if not spec.exporter.enabled:
        return
    for key in ("tls", "basic_auth"):
        if getattr(spec.exporter, key) is not None:
            message = "is not made in a Kubernetes, where a NetworkPolicy says who asks (kubernetes.monitors.namespace)"
            yield (*EXPORTER, key), f"{message}: take it out (`exporter: {{{key}: null}}`)"
    name = spec.exporter.user or spec.security.administrator
    if spec.security.enabled and name in spec.users:  # one that is not there is a fault of its own
        yield from (((*EXPORTER, "user"), message) for message in _without_password(name, spec.users[name]))


def _ui_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    name = spec.kubernetes.ui.user
    if not (spec.kubernetes.ui.enabled and spec.security.enabled):
        return
    if name is None:
        yield (
            (*UI, "user"),
            "is required where security is enabled: one of `users`; `monitor: true` shows all but records",
        )
    elif name not in spec.users:
        yield (*UI, "user"), f"there is no user {name}; {did_you_mean(name, spec.users)}"
    else:
        yield from (((*UI, "user"), message) for message in _without_password(name, spec.users[name]))


def _without_password(name: str, user: UserSpec) -> Iterator[str]:
    if user.authentication is not Authentication.SCRAM:
        yield f"{name} has no password (authentication: {user.authentication.value}): name a user with one"


def _dapr_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    for name, user in services(spec).items():
        called = spec.full_name(name)
        if not re.fullmatch(LABEL, called) or len(called) > LONGEST_LABEL - len(OF_DAPR):
            most = LONGEST_LABEL - len(OF_DAPR)
            yield ("users", name), f"{called} cannot be the id of a Dapr app: lower-case letters, digits and '-', at most {most}"
        if user.consumes is not None and user.consumes.group != name:
            message = f"a Dapr app reads as the group of its id: write `group: {name}`, or switch kubernetes.dapr off"
            yield ("users", name, "consumes", "group"), message
    yield from _dead_letter_problems(spec)


def _dead_letter_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    letters, path = spec.kubernetes.dapr.dead_letters, (*DAPR, "dead_letters")
    if letters is None:
        return
    if letters not in spec.topics:
        yield path, f"there is no topic {letters}; {did_you_mean(letters, spec.topics)}"
        return
    if "compact" in cleanup_policy(spec, spec.topics[letters]):
        yield path, f"{letters} is compacted, and dead letters have no key: Kafka would refuse them"
    for name, user in services(spec).items() if spec.security.enabled else ():
        read = compacted_topics(spec, user)
        if read and not _may_write(spec, name, letters):
            yield ("users", name, "produces"), f"{name} reads {read[0]}, and may not write its dead letters: add {letters}"


def _may_write(spec: EnvironmentSpec, user: str, topic: str) -> bool:
    about = entitlements_of(spec, user).about(ResourceType.TOPIC, spec.full_name(topic))
    return about.super_user or any(right.operation is Operation.WRITE and not right.void for right in about.rights)


def _unread_tombstones(spec: EnvironmentSpec) -> Iterator[Problem]:
    for name, user in services(spec).items():
        for topic in compacted_topics(spec, user):
            event = spec.topics[topic].event
            if event is not None and event.tombstones:
                message = f"{name} reads {topic}, and Dapr would stop at its first tombstone"
                yield (*DAPR, "enabled"), f"{message}: name a topic that takes those (`dapr: {{dead_letters: TOPIC}}`)"
                return
