"""Certificates that clients meet, as the doctor sees them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doctor.evidence import HEALTHY

from ottla.doctor.diagnosis import diagnose
from ottla.doctor.limits import DAY, Limits
from ottla.doctor.see_certificates import seen_of_clients
from ottla.local.certificate_expiry import findings, list_certificates
from ottla.local.client_certificates import ensure_client_certificates
from ottla.local.layout import Layout
from ottla.local.record import NodeAddress

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.doctor.finding import Finding

MADE = dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC)
NODES = (NodeAddress.in_block(1, "127.0.0.1", 9092),)
USERS = ("orders",)
EVERY = ["authority", "node 1", "user orders"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    found = Layout(tmp_path)
    ensure_client_certificates(found, "todo-kafka", NODES, USERS, now=MADE, given=None)
    return found


def ends(layout: Layout) -> dict[str, dt.datetime]:
    listed = list_certificates(layout, NODES, USERS, now=MADE, given=None)
    return {each.what: each.facts.not_after for each in listed if each.facts is not None}


def found(layout: Layout, now: dt.datetime, within: float) -> list[Finding]:
    listed = list_certificates(layout, NODES, USERS, now=now, given=None)
    seen = tuple(seen_of_clients(listed, findings(listed, now), now))
    assert [each.what for each in seen] == [f"{name}, for clients" for name in EVERY]
    return list(diagnose(replace(HEALTHY, certificates=seen, limits=Limits(expires_within=within))))


def test_a_limit_above_30_days_is_kept(layout: Layout) -> None:
    now = ends(layout)["user orders"] - dt.timedelta(days=45)
    of_leaves = [each for each in found(layout, now, 60 * DAY) if "authority" not in each.where]
    assert [each.where for each in of_leaves] == ["certificate of node 1, for clients", "certificate of user orders, for clients"]
    assert {(each.kind.name, each.what) for each in of_leaves} == {("certificate-expires", "expires in 45.0 days")}
    assert {each.command for each in of_leaves} == {"ottla certs rotate --leaves"}
    assert [each for each in found(layout, now, 40 * DAY) if "authority" not in each.where] == []


def test_an_authority_is_rotated(layout: Layout) -> None:
    now = ends(layout)["authority"] - dt.timedelta(days=45)
    (authority,) = [each for each in found(layout, now, 60 * DAY) if "authority" in each.where]
    assert (authority.kind.name, authority.command) == ("certificate-expires", "ottla certs rotate")


def test_a_certificate_with_two_faults_is_one_finding_with_the_command_that_mends_it(layout: Layout) -> None:
    (path,) = {each.path for each in list_certificates(layout, NODES, USERS, now=MADE, given=None) if each.what == "user orders"}
    path.chmod(0o644)
    soon = ends(layout)["user orders"] - dt.timedelta(days=5)
    (wrong,) = [each for each in found(layout, soon, 21 * DAY) if "orders" in each.where]
    assert (wrong.kind.name, wrong.command.split()[:2]) == ("certificate-wrong", ["chmod", "600"])
    late = ends(layout)["user orders"] + dt.timedelta(days=5)
    (expired,) = [each for each in found(layout, late, 21 * DAY) if "orders" in each.where]
    assert (expired.kind.name, expired.command) == ("certificate-expired", "ottla certs rotate --leaves")
