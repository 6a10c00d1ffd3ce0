from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.model.topic import is_protected

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

HEAD = """\
platform: shop
cluster: {name: shop}
topics: {orders: {partitions: 1}, __audit: {partitions: 1}}
"""
ALONE = "environments: {dev: {target: local}}\n"


def test_its_topic_is_nobodys_whatever_its_name(load: Load) -> None:
    for name in ("__ottla_canary", "__probe"):
        _, spec = load(f"{HEAD}{ALONE}exporter: {{canary: {{enabled: true, topic: {name}}}}}\n").environment(None)
        assert is_protected(spec.exporter.canary.topic)


@pytest.mark.parametrize("name", ["orders", "_canary", "__", "__a b"])
def test_a_name_that_could_be_of_peoples_topics_is_a_fault(faults: Faults, name: str) -> None:
    [fault] = faults(f"{HEAD}{ALONE}exporter: {{canary: {{topic: {name}}}}}\n")
    assert fault.startswith("5: exporter.canary.topic")


def test_its_topic_is_not_one_of_the_spec(faults: Faults) -> None:
    [fault] = faults(f"{HEAD}{ALONE}exporter: {{canary: {{enabled: true, topic: __audit}}}}\n")
    assert fault == "5: exporter.canary.topic: __audit is a topic of people's: the canary needs one of its own"


def test_it_is_on_where_the_cluster_is_and_not_where_it_is_shared(faults: Faults) -> None:
    shared = "environments:\n  prod: {target: local}\n  dev: {shares: prod, prefix: dev.}\n"
    [fault] = faults(f"{HEAD}{shared}exporter: {{canary: {{enabled: true}}}}\n")
    assert fault.endswith("is of the whole cluster: switch the canary on in prod, and off here")
