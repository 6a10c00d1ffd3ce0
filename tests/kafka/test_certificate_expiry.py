"""The certificates that brokers present, read from outside as any client meets them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from ottla.kafka.certificates import see_certificates
from ottla.local.ports import LOOPBACK
from ottla.metrics.cluster_metrics import CERTIFICATE_EXPIRY
from ottla.platform.certificates import view_certificates
from ottla.platform.exporting import make_exporter

if TYPE_CHECKING:
    from tests.conftest import Locked

pytestmark = pytest.mark.kafka


def test_the_exporter_tells_when_the_certificates_expire_that_clients_are_shown(locked: Locked) -> None:
    platform = locked.platform
    exporter = make_exporter(platform.access, platform.view(platform.spec.exporter), lambda _: None)
    snapshot = exporter.collect_once()
    assert [failure for failure in snapshot.failures if failure.startswith("certificates")] == []
    [node] = platform.cluster.made().nodes
    lines = snapshot.scrape().decode().splitlines()
    [line] = [line for line in lines if line.startswith(f"{CERTIFICATE_EXPIRY.name}{{")]
    assert f'node_id="{node.node_id}",address="{node.host}:{node.sasl_port}"' in line
    listed = view_certificates(platform, now=dt.datetime.now(dt.UTC)).certificates
    [facts] = [each.facts for each in listed if each.what == f"node {node.node_id}"]
    assert facts is not None
    assert float(line.rpartition(" ")[2]) == facts.not_after.timestamp()


def test_who_presents_none_is_named_and_keeps_nobody_from_the_others(locked: Locked) -> None:
    [node] = locked.platform.cluster.made().nodes
    with locked.platform.access().connected() as connection:
        addresses = {7: f"{LOOPBACK}:1", node.node_id: f"{node.host}:{node.sasl_port}"}
        seen = see_certificates(connection, addresses, timeout=5)
    assert list(seen.expire) == [(node.node_id, f"{node.host}:{node.sasl_port}")]
    [failure] = seen.failures
    assert failure.startswith(f"node 7 at {LOOPBACK}:1: ")
