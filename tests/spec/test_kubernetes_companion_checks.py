"""Faults in what runs beside Kafka in a Kubernetes: where, which, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.kubernetes.around import FULL, OPEN, SHARED

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

EXPORTER = "exporter: {enabled: true, user: eyes}"
UI = "ui: {enabled: true, user: window}"
DAPR = "dapr: {enabled: true, dead_letters: unread}"
AT = "kubernetes"
CERTIFIED = "  eyes: {monitor: true, authentication: certificate}"


def test_all_of_it_is_sound(load: Load) -> None:
    for text in (FULL, OPEN, SHARED):
        load(text)


KEPT = ", tls: {certificate: '${file:c}', key: '${file:k}'}}"
BAD = [
    (EXPORTER, EXPORTER[:-1] + KEPT, "exporter.tls: is not made in a Kubernetes"),
    ("  eyes: {monitor: true}", CERTIFIED, "exporter.user: eyes has no password (authentication: certificate)"),
    (UI, "ui: {enabled: true}", f"{AT}.ui.user: is required where security is enabled: one of `users`"),
    (UI, "ui: {enabled: true, user: windo}", f"{AT}.ui.user: there is no user windo; did you mean 'window'?"),
    (UI, "ui: {enabled: true, user: window, image: 'ui:latest'}", f"{AT}.ui.image: `latest` is no version"),
    ("group: reader}", "group: readers}", "a Dapr app reads as the group of its id: write `group: reader`"),
    ("  writer:", "  w.two: {produces: [orders]}\n  writer:", "users.w.two: w.two cannot be the id of a Dapr app"),
    ("dead_letters: unread", "dead_letters: unred", f"{AT}.dapr.dead_letters: there is no topic unred; did you mean 'unread'?"),
    ("dead_letters: unread", "dead_letters: state", "state is compacted, and dead letters have no key"),
    ("produces: [unread], ", "", "users.reader.produces: reader reads state, and may not write its dead letters: add unread"),
]


@pytest.mark.parametrize(("old", "new", "said"), BAD)
def test_a_fault_says_where_and_what_to_do(faults: Faults, old: str, new: str, said: str) -> None:
    assert old in FULL
    assert [fault for fault in faults(FULL.replace(old, new)) if said in fault]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("labels: {'a b': c}", "kubernetes.monitors.labels.a b: is no label"),
        ("dashboards: {a: 'b c'}", "no label of Kubernetes is"),
    ],
)
def test_labels_that_kubernetes_does_not_take_are_told(faults: Faults, labels: str, said: str) -> None:
    assert [fault for fault in faults(f"{FULL}  monitors: {{{labels}}}\n") if said in fault]


def test_a_right_to_write_dead_letters_may_be_an_acl(load: Load) -> None:
    acl = "acls: [{principal: 'User:reader', resource: topic, name: un, pattern: prefixed, operations: [write]}]\n"
    load(FULL.replace("produces: [unread], ", "") + acl)


def test_what_needs_a_login_is_not_asked_for_on_an_open_platform(load: Load) -> None:
    load(OPEN.replace(UI, "ui: {enabled: true}").replace("produces: [unread], ", ""))


def test_here_none_of_it_is_a_fault(load: Load) -> None:
    local = FULL.replace("target: strimzi", "target: local").replace(UI, "ui: {enabled: true}")
    load(local.replace("group: reader}", "group: readers}"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FULL.replace(", user: eyes", ""), "exporter.enabled: logs in as the administrator: name a user with `monitor: true`"),
        (
            FULL.replace(", dead_letters: unread", ""),
            "dapr.enabled: reader reads state, and Dapr would stop at its first",
        ),
        (FULL, ""),
    ],
)
def test_what_works_and_is_not_meant_is_a_warning(warnings: Faults, text: str, said: str) -> None:
    found = [warning for warning in warnings(text) if "exporter.enabled" in warning or "dapr" in warning]
    assert [said in warning for warning in found] == ([True] if said else [])


def test_an_image_of_no_registry_is_a_warning_where_the_exporter_needs_it(warnings: Faults) -> None:
    assert [each for each in warnings(FULL) if "kubernetes.image: ottla:0.1.0 names no registry" in each]
    named = FULL.replace(f"  {UI}\n", f"  {UI}\n  image: example.com/ottla:0.1.0\n")
    assert named != FULL
    assert not [each for each in warnings(named) if "kubernetes.image" in each]


def test_what_sees_a_whole_cluster_is_for_its_owner_to_have(load: Load) -> None:
    said = [str(warning) for warning in load(SHARED).warnings("dev")]
    assert [each for each in said if "exporter.enabled: is for k8s to say, whose cluster this environment shares" in each]
