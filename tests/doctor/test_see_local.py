"""What is seen on this machine where nothing runs: folders, volumes, what is missed beside the nodes."""

from __future__ import annotations

import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from tests.conftest import SHIPPED_SPEC

from ottla.cli.status import _exporter
from ottla.doctor import see_beside
from ottla.doctor.diagnosis import diagnose
from ottla.doctor.examining import examine
from ottla.doctor.see_beside import _answers
from ottla.doctor.see_nodes import read_meta
from ottla.local.record import ClusterRecord, NodeAddress, new_cluster_id, write_record
from ottla.platform import Platform
from ottla.platform.monitoring import monitoring_of
from ottla.spec.exporter import Listen

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.platform import LocalPlatform

PORT = 29092


@pytest.fixture
def made(tmp_path: Path) -> LocalPlatform:
    """A platform of one node as an `ottla up` leaves it that is refused before it starts anything."""
    (tmp_path / "platform.yaml").write_text(SHIPPED_SPEC.read_text())
    platform = Platform.load(tmp_path / "platform.yaml").on("laptop")
    record = ClusterRecord(new_cluster_id(), "4.3.1", (NodeAddress.in_block(1, "127.0.0.1", PORT),))
    write_record(platform.cluster.layout.record, record)
    return platform


def found(platform: LocalPlatform) -> list[str]:
    return [finding.kind.name for finding in diagnose(examine(platform, said=lambda _: None))]


def test_a_platform_that_was_never_started_has_that_one_finding(made: LocalPlatform) -> None:
    assert found(made) == ["never-started"]
    made.cluster.layout.node(1).logs.mkdir(parents=True)
    assert found(made) == ["never-started"]
    made.cluster.layout.node(1).output.write_text("Error: a main class was not found")
    assert "never-started" not in found(made)


def test_the_volume_of_the_data_is_looked_at_and_not_that_of_the_folder_around_it(
    made: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, real = made.cluster.layout.node(1), os.statvfs
    files.data.mkdir(parents=True)
    files.logs.mkdir()
    files.server_log.touch()
    full = os.statvfs_result((4096, 4096, 1000, 1, 1, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: full if path == files.data else real(path))
    assert "disk-full" in found(made)
    read_only = os.statvfs_result((4096, 4096, 10**9, 10**9, 10**9, 0, 0, 0, os.ST_RDONLY, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: read_only if path == files.data else real(path))
    assert "disk-read-only" in found(made)


def test_a_folder_that_may_not_be_written_is_told(made: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    made.cluster.layout.node(1).data.mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda _, __: False)  # root may write anywhere
    assert found(made) == ["disk-read-only"]


def test_meta_properties_are_gone_or_say_nothing(made: LocalPlatform) -> None:
    files = made.cluster.layout.node(1)
    files.data.mkdir(parents=True)
    assert read_meta(files) is None
    (files.data / "meta.properties").write_bytes(b"\x00\xff garbage")
    assert read_meta(files) == {}


def test_what_monitors_is_missed_where_it_ran_before(made: LocalPlatform) -> None:
    assert (list(see_beside.see_beside(made)), _exporter(made)) == ([], None)
    monitoring = monitoring_of(made)
    monitoring.folder.mkdir(parents=True)
    (monitoring.folder / monitoring.prometheus.config).touch()
    seen = {each.name: each.pid for each in see_beside.see_beside(made)}
    assert seen == {"exporter": None, "prometheus": None, "alertmanager": None}
    shown = _exporter(made)
    assert shown is not None
    assert shown["pid"] is None


def test_only_an_answer_shows_that_somebody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(see_beside, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as hangs:
        assert not _answers(Listen(*hangs.getsockname()), tls=False)
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert _answers(Listen("127.0.0.1", server.server_port), tls=False)  # 501 is an answer
        thread.join()
    assert not _answers(Listen("127.0.0.1", server.server_port), tls=False)
