"""What is listed about certificates, and what is found wanting."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given as law
from hypothesis import strategies as st

from ottla.local import Layout
from ottla.local.certificate_expiry import (
    CertificateFacts,
    KeyState,
    ListedCertificate,
    Wanting,
    expiring_soon,
    findings,
    list_certificates,
)
from ottla.local.certificate_rotation import begin, finish, renew_nodes, renew_users
from ottla.local.client_certificates import ensure_client_certificates
from ottla.local.issuing import new_authority
from ottla.local.record import NodeAddress

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
NODES = (NodeAddress.in_block(1, "127.0.0.1", 9092),)
USERS = ("orders",)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "local")
    ensure_client_certificates(layout, "todo-kafka", NODES, USERS, now=NOW, given=None)
    return layout


def listed(layout: Layout, now: dt.datetime = NOW, nodes: tuple[NodeAddress, ...] = NODES) -> dict[str, ListedCertificate]:
    return {each.what: each for each in list_certificates(layout, nodes, USERS, now=now, given=None)}


def found(layout: Layout, now: dt.datetime = NOW, nodes: tuple[NodeAddress, ...] = NODES) -> dict[str, list[Wanting]]:
    each_of: dict[str, list[Wanting]] = {}
    for finding in findings(listed(layout, now, nodes).values(), now):
        each_of.setdefault(finding.what, []).append(finding.wanting)
    return each_of


def test_what_is_listed_is_what_stands_in_the_certificates(layout: Layout) -> None:
    certificates = listed(layout)
    assert list(certificates) == ["authority", "node 1", "user orders"]
    node = certificates["node 1"].facts
    real = x509.load_pem_x509_certificates(layout.node(1).listener_keystore.read_bytes())[0]
    authority = certificates["authority"].facts
    assert node is not None
    assert authority is not None
    assert node.subject == "CN=node-1"
    assert node.issuer == authority.subject == authority.issuer
    assert node.sans == ("127.0.0.1", "localhost", "::1")
    assert int(node.serial, 16) == real.serial_number
    assert (node.not_after - NOW, node.days_left, authority.days_left // 365) == (397 * DAY, 397, 10)
    assert len(node.fingerprint) == 64
    assert node.trusted
    assert found(layout) == {}


def test_time_brings_a_warning_and_then_an_expiry(layout: Layout) -> None:
    leaves = ("node 1", "user orders")
    assert found(layout, NOW + 367 * DAY) == {}
    assert found(layout, NOW + 367 * DAY + DAY) == {what: [Wanting.EXPIRES_SOON] for what in leaves}
    assert found(layout, NOW + 397 * DAY) == {what: [Wanting.EXPIRED] for what in leaves}
    assert found(layout, NOW - DAY) == {what: [Wanting.NOT_YET_VALID] for what in ("authority", *leaves)}
    every = listed(layout).values()
    assert expiring_soon(every, NOW) == expiring_soon(every, NOW - DAY) == ()
    assert expiring_soon(every, NOW + 380 * DAY) == (
        "certificate of node 1: expires in 17 days (2027-04-02): ottla certs rotate --leaves",
        "certificate of user orders: expires in 17 days (2027-04-02): ottla certs rotate --leaves",
    )
    [authority, *_] = expiring_soon(every, NOW + 3640 * DAY)
    assert authority.startswith("certificate of authority: expires in 11 days")
    assert authority.endswith(": ottla certs rotate")


def test_a_file_that_is_missing_or_damaged_is_wanting(layout: Layout) -> None:
    layout.user_keystore("orders").unlink()
    layout.node(1).listener_keystore.write_bytes(b"-----BEGIN PRIVATE KEY-----")
    assert found(layout) == {"node 1": [Wanting.UNREADABLE], "user orders": [Wanting.UNREADABLE]}


def test_a_platform_without_certificates_is_wanting(tmp_path: Path) -> None:
    found_now = found(Layout(tmp_path / "blank"))
    assert found_now == {what: [Wanting.UNREADABLE] for what in ("authority", "node 1", "user orders")}


def test_a_certificate_of_another_ca_is_untrusted(layout: Layout, tmp_path: Path) -> None:
    other = Layout(tmp_path / "other")
    ensure_client_certificates(other, "todo-kafka", NODES, USERS, now=NOW, given=None)
    layout.user_keystore("orders").write_bytes(other.user_keystore("orders").read_bytes())
    assert found(layout) == {"user orders": [Wanting.UNTRUSTED]}
    layout.client_authorities.unlink()
    assert found(layout) == {what: [Wanting.UNTRUSTED] for what in ("authority", "node 1", "user orders")}


def test_a_host_that_is_not_named_is_found(layout: Layout) -> None:
    moved = (NodeAddress.in_block(1, "moved.test", 9092),)
    assert found(layout, nodes=moved) == {"node 1": [Wanting.HOST_MISSING]}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_touch_is_found(layout: Layout, mode: int) -> None:
    for path in (layout.client_authority, layout.node(1).listener_keystore, layout.user_keystore("orders")):
        path.chmod(mode)
    assert found(layout) == {what: [Wanting.KEY_READABLE] for what in ("authority", "node 1", "user orders")}
    [first, *_] = findings(listed(layout).values(), NOW)
    assert f"chmod 600 {layout.client_authority}" in first.way_out


def test_a_key_that_does_not_match_is_found(layout: Layout) -> None:
    path, begin_ = layout.user_keystore("orders"), b"-----BEGIN CERT"
    key = layout.node(1).listener_keystore.read_bytes().partition(begin_)[0]
    path.write_bytes(key + begin_ + path.read_bytes().partition(begin_)[2])
    assert found(layout) == {"user orders": [Wanting.KEY_WRONG]}
    layout.client_authority.unlink()
    assert found(layout)["authority"] == [Wanting.KEY_WRONG]


def test_in_a_rotation_both_cas_are_listed_and_nothing_is_wanting(layout: Layout) -> None:
    begin(layout, "todo-kafka", now=NOW, given=None)
    renew_users(layout, USERS, now=NOW, given=None)
    certificates = listed(layout)
    assert list(certificates) == ["authority", "next authority", "node 1", "user orders"]
    issuers = {what: each.facts.issuer for what, each in certificates.items() if each.facts}
    assert issuers["node 1"] == issuers["authority"] != issuers["next authority"] == issuers["user orders"]
    assert found(layout) == {}


def test_the_key_of_a_given_ca_is_at_hand_only_while_it_is_given(tmp_path: Path) -> None:
    layout, given = Layout(tmp_path / "local"), new_authority("given", now=NOW)
    ensure_client_certificates(layout, "todo-kafka", NODES, USERS, now=NOW, given=given)
    [authority, *_] = list_certificates(layout, NODES, USERS, now=NOW, given=given)
    assert authority.key is KeyState.FITS
    assert found(layout) == {"authority": [Wanting.KEY_WRONG]}


def test_a_certificate_of_nobody_in_the_spec_is_found_as_long_as_it_gets_in(layout: Layout) -> None:
    ensure_client_certificates(layout, "todo-kafka", NODES, ["orders", "former"], now=NOW, given=None)
    assert list(listed(layout)) == ["authority", "node 1", "user orders", "user former"]
    [finding] = findings(listed(layout).values(), NOW)
    message = "the spec gives it none, and whoever has this one still gets in as former until 2027-04-02"
    assert str(finding) == f"certificate of user former: {message}: to end it: ottla certs rotate"
    assert found(layout, NOW + 380 * DAY)["user former"] == [Wanting.LEFT_OVER]
    assert "user former" not in listed(layout, NOW + 397 * DAY)


def test_a_change_to_another_ca_ends_what_was_left_over(layout: Layout) -> None:
    ensure_client_certificates(layout, "todo-kafka", NODES, ["orders", "former"], now=NOW, given=None)
    begin(layout, "todo-kafka", now=NOW, given=None)
    renew_users(layout, USERS, now=NOW, given=None)
    assert found(layout) == {"user former": [Wanting.LEFT_OVER]}
    renew_nodes(layout, NODES, now=NOW, given=None)
    finish(layout, NODES, USERS, now=NOW, given=None)
    assert found(layout) == {}
    assert "user former" not in listed(layout)


def test_what_lies_there_and_is_no_certificate_lets_nobody_in(layout: Layout) -> None:
    layout.user_keystore("former").write_text("no certificate")
    assert found(layout) == {}


FACTS = CertificateFacts("CN=x", "CN=y", (), "1", NOW, NOW + 100 * DAY, 100, "00", trusted=True)
LISTED = ListedCertificate("user x", Path("x.pem"), (), 0o600, KeyState.FITS, FACTS)


@law(after=st.timedeltas(-200 * DAY, 200 * DAY))
def test_at_every_moment_at_most_one_thing_is_said_of_time_and_a_warning_comes_before_the_end(after: dt.timedelta) -> None:
    said = [finding.wanting for finding in findings([LISTED], NOW + after)]
    if after < dt.timedelta(0):
        assert said == [Wanting.NOT_YET_VALID]
    elif after <= 70 * DAY:
        assert said == []
    else:
        assert said == [Wanting.EXPIRES_SOON if after < 100 * DAY else Wanting.EXPIRED]
    assert len(expiring_soon([LISTED], NOW + after)) == len({*said} & {Wanting.EXPIRES_SOON, Wanting.EXPIRED})


@law(mode=st.integers(0, 0o777), key=st.sampled_from(KeyState), trusted=st.booleans(), named=st.booleans())
def test_each_fault_is_found_whatever_else_is_wrong(mode: int, *, key: KeyState, trusted: bool, named: bool) -> None:
    facts = replace(FACTS, trusted=trusted, sans=("a.test",) if named else ())
    said = {finding.wanting for finding in findings([replace(LISTED, mode=mode, key=key, hosts=("a.test",), facts=facts)], NOW)}
    assert (Wanting.KEY_READABLE in said) == bool(mode & 0o077)
    assert (Wanting.KEY_WRONG in said) == (key is KeyState.WRONG)
    assert (Wanting.UNTRUSTED in said) == (not trusted)
    assert (Wanting.HOST_MISSING in said) == (not named)
