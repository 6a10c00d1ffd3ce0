"""The exporter beside real nodes is started anew exactly when it is stale. One that sees no cluster listens seconds later."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.ports import free_port

from ottla.errors import LocalError
from ottla.local.ports import LOOPBACK, listening
from ottla.local.processes import is_alive
from ottla.local.record import write_record
from ottla.platform import Platform
from ottla.platform.exporter_check import exporter_checks
from ottla.platform.exporter_process import exporter_process, keep_running, renew
from ottla.telemetry.tracing import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psutil
    from tests.conftest import Home, Locked

    from ottla.platform import LocalPlatform

pytestmark = pytest.mark.kafka
SPEC = """\
platform: shop
cluster: {name: shop, nodes: 1}
topic_defaults: {replication_factor: 1, min_insync_replicas: 1}
topics: {orders: {partitions: 1}}
users: {admin: {admin: true}}
exporter: {enabled: true, interval: 1s, listen: "LISTEN", basic_auth: {user: p, password: "${file:word}"}}
environments: {prod: {target: local}, staging: {target: local}}
"""
SHARED = "shared.yaml"


@pytest.fixture
def path(tmp_path: Path, one: Home) -> Path:
    """A spec with an exporter, of which each environment is in the cluster that runs."""
    (tmp_path / "word").write_text("pass\n")
    path = tmp_path / "platform.yaml"
    path.write_text(SPEC.replace("LISTEN", f"{LOOPBACK}:{free_port()}"))
    for name in ("prod", "staging"):
        platform = Platform.load(path).on(name)
        write_record(platform.cluster.layout.record, one.platform.cluster.made())
        platform.identity.store.ensure_key()
    return path


@pytest.fixture
def running(path: Path) -> Iterator[LocalPlatform]:
    """An environment whose exporter runs."""
    platform = Platform.load(path).on("prod")
    assert keep_running(platform, path) == platform.spec.exporter.listen.url(tls=False)
    yield platform
    exporter_process(platform).stop()


def process_of(platform: LocalPlatform) -> psutil.Process:
    found = exporter_process(platform).find()
    assert found is not None
    return found


def test_a_port_of_another_exporter_is_refused_by_both_names(path: Path, running: LocalPlatform) -> None:
    listen = running.spec.exporter.listen
    assert listening(process_of(running)) == [listen]
    staging = Platform.load(path).on("staging")
    with pytest.raises(LocalError, match=f"of staging is {LOOPBACK}:{listen.port}, and there listens the exporter of prod"):
        keep_running(staging, path)
    assert not renew(staging)


def test_one_that_runs_is_started_anew_exactly_when_it_is_stale(path: Path, running: LocalPlatform) -> None:
    first = process_of(running)
    keep_running(running, path)
    assert not renew(running)
    assert process_of(running) == first
    (path.parent / "word").write_text("another")
    assert renew(running)
    second = process_of(running)
    assert not is_alive(first)
    keep_running(running, path)
    assert process_of(running) == second
    assert "another" not in second.environ().values()
    path.write_text(path.read_text().replace("enabled: true", "enabled: false"))
    assert keep_running(Platform.load(path).on("prod"), path) is None
    assert not is_alive(second)


def test_it_is_started_anew_by_up_when_nothing_says_any_more_where_traces_go(
    path: Path, running: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv(ENDPOINTS[1], f"http://{LOOPBACK}:9")
    keep_running(running, path)
    traced = process_of(running)
    assert traced.environ()[ENDPOINTS[1]] == f"http://{LOOPBACK}:9"
    monkeypatch.delenv(ENDPOINTS[1])
    assert not renew(running)  # a new password is no word about traces, and nor is a look at it
    (check,) = exporter_checks(running)
    assert "holds no more" not in str(check.wanting)
    assert process_of(running) == traced
    keep_running(running, path)
    assert not is_alive(traced)
    assert not [name for name in process_of(running).environ() if name.startswith("OTEL_")]


def test_the_administrators_new_password_reaches_the_exporter_of_an_environment_that_shares_the_cluster(locked: Locked) -> None:
    spec = json.loads((locked.folder / "platform.yaml").read_text())
    spec["exporter"] = {"enabled": True, "listen": f"{LOOPBACK}:{free_port()}", "interval": "1s"}
    defaults = spec["environments"][locked.environment]["topic_defaults"]
    shares = {"shares": locked.environment, "prefix": "dev.", "topic_defaults": defaults, "users": {"admin": None}}
    spec["environments"]["dev"] = shares
    path = locked.folder / SHARED
    path.write_text(json.dumps(spec))
    dev = Platform.load(path).on("dev")
    keep_running(dev, path)
    try:
        before = process_of(dev)
        assert locked.run("users", "rotate", "nobody", spec=SHARED).returncode == 0
        assert process_of(dev) == before
        rotated = locked.run("users", "rotate", locked.platform.spec.security.administrator, spec=SHARED)
        assert (rotated.returncode, "the exporter of dev was started anew" in rotated.stderr) == (0, True), rotated.stderr
        assert process_of(dev) != before
        assert exporter_process(locked.platform).find() is None  # it did not run, and is not started by that
    finally:
        exporter_process(dev).stop()
