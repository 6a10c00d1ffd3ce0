"""What a restart of a node needs is there before the node is stopped."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.local import Layout, LocalCluster, Silent, artifacts, download
from ottla.local.record import ClusterRecord, NodeAddress, write_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORD = ClusterRecord("cluster", "4.3.1", (NodeAddress.in_block(1, "127.0.0.1", 9092),))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "local")
    layout.node(1).folder.mkdir(parents=True)
    write_record(layout.record, RECORD)
    return layout


@pytest.fixture
def node(layout: Layout) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is taken for the node: it has the words of its command."""
    command = ["java", "-c", "read end", "kafka.Kafka", str(layout.node(1).properties)]
    with subprocess.Popen(command, executable="/bin/sh", stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_node_is_not_stopped_where_what_it_is_to_run_on_cannot_be_had(
    layout: Layout, node: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.001)
    monkeypatch.setenv(artifacts.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(artifacts.REPOSITORY_VARIABLE, "http://127.0.0.1:9/nothing-listens-here")
    cluster = LocalCluster(layout, "shop", RECORD.kafka_version, 1024**3, Silent())
    assert list(cluster.running()) == [1]
    with pytest.raises(LocalError):
        cluster.restart_node(1, {"log.retention.ms": "1000"})
    assert node.poll() is None
