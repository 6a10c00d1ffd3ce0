"""Without the JMX agent, what only the exporter sees tells of the same faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.companions.bench import CANNOT_SPARE, Bench, running_bench

from ottla.local.faults.kill import KillNodes

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.companions, pytest.mark.kafka, pytest.mark.timeout(420)]
BY_EXPORTER = "by the exporter alone"
OF_A_DEAD_BROKER = (
    "BrokersMissing",
    "BrokerFenced",
    "UnderReplicated",
    "AtMinIsr",
    "UnderMinIsr",
    "OfflinePartitions",
    "QuorumNoSpare",
)


def in_spec(spec: dict[str, Any]) -> None:
    spec["cluster"]["jmx_agent"] = False


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Three nodes without the agent; and topics whose partitions do not outlive the first dead broker."""
    with running_bench(tmp_path_factory.mktemp("blind"), "local", in_spec) as running:
        running.create(*CANNOT_SPARE)
        yield running


def test_a_dead_broker(bench: Bench) -> None:
    bench.wait_until_quiet()
    fault = KillNodes(bench.platform.cluster, [bench.follower()])
    what = f"SIGKILL of one broker of three, {BY_EXPORTER}"
    bench.prove(OF_A_DEAD_BROKER, fault=what, do=fault.do, heal=fault.heal, within=90)


def test_a_lost_quorum(bench: Bench) -> None:
    bench.wait_until_quiet()
    left = bench.follower()
    fault = KillNodes(bench.platform.cluster, {1, 2, 3} - {left})
    what = f"SIGKILL of two voters of three, {BY_EXPORTER}"
    bench.prove(["NoActiveController"], fault=what, do=fault.do, heal=fault.heal, within=90)
