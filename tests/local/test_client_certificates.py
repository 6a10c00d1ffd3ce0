"""Certificates of listeners and users, in real handshakes: who gets in, who does not, and what is made anew."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given as law
from hypothesis import settings
from hypothesis import strategies as st
from tests.local.tls import Refused, shake_hands

from ottla.errors import LocalError
from ottla.local import Layout
from ottla.local.client_certificates import ensure_client_certificates, stale_nodes
from ottla.local.issuing import Leaf, hosts_of, issue, names_in, new_authority
from ottla.local.key_store import read_key_store
from ottla.local.record import NodeAddress

if TYPE_CHECKING:
    from ottla.local.issuing import Authority

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
NODES = (
    NodeAddress.in_block(1, "127.0.0.1", 9092),
    NodeAddress.in_block(2, "kafka.test", 9102),
    NodeAddress.in_block(3, "127.0.0.1", 9112, roles=("controller",)),
)
USERS = ("orders", "monitoring")


def ensure(
    layout: Layout,
    nodes: tuple[NodeAddress, ...] = NODES,
    users: tuple[str, ...] = USERS,
    *,
    now: dt.datetime = NOW,
    given: Authority | None = None,
) -> tuple[str, ...]:
    return ensure_client_certificates(layout, "todo-kafka", nodes, users, now=now, given=given)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "local")
    assert ensure(layout) == ()
    return layout


@pytest.fixture
def stranger(tmp_path: Path) -> Layout:
    """Another platform, with a CA of its own."""
    layout = Layout(tmp_path / "other")
    ensure(layout)
    return layout


def files(layout: Layout) -> dict[str, bytes]:
    return {str(path.relative_to(layout.root)): path.read_bytes() for path in sorted(layout.root.rglob("*")) if path.is_file()}


def call(layout: Layout, *, node: int = 1, user: str = "orders", host: str = "127.0.0.1", version: str = "TLSv1_3") -> str:
    return shake_hands(
        server=layout.node(node).listener_keystore,
        server_trusts=layout.client_authorities,
        client=layout.user_keystore(user),
        client_trusts=layout.client_authorities,
        host=host,
        version=version,
    )


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_user_gets_in_by_every_name_of_loopback_and_is_seen_by_name(layout: Layout, host: str, version: str) -> None:
    assert call(layout, host=host, version=version) == "orders"


def test_a_server_is_taken_for_its_own_host_alone(layout: Layout) -> None:
    assert call(layout, node=2, host="kafka.test") == "orders"
    for host in ("other.test", "localhost", "127.0.0.1"):
        with pytest.raises(Refused, match=r"certificate is not valid for|mismatch"):
            call(layout, node=2, host=host)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_user_of_another_ca_is_refused_by_the_broker_and_one_of_this_ca_is_not(
    layout: Layout, stranger: Layout, version: str
) -> None:
    def as_user_of(home: Layout) -> str:
        return shake_hands(
            server=layout.node(1).listener_keystore,
            server_trusts=layout.client_authorities,
            client=home.user_keystore("orders"),
            client_trusts=layout.client_authorities,
            version=version,
        )

    assert as_user_of(layout) == "orders"
    with pytest.raises(Refused, match=r"UNKNOWN_CA|unknown ca|CERTIFICATE_VERIFY_FAILED"):
        as_user_of(stranger)


def test_a_broker_of_another_ca_is_refused_by_the_client_and_one_of_this_ca_is_not(layout: Layout, stranger: Layout) -> None:
    def to_broker_of(home: Layout) -> str:
        return shake_hands(
            server=home.node(1).listener_keystore,
            server_trusts=layout.client_authorities,
            client=layout.user_keystore("orders"),
            client_trusts=layout.client_authorities,
        )

    assert to_broker_of(layout) == "orders"
    with pytest.raises(Refused, match="CERTIFICATE_VERIFY_FAILED"):
        to_broker_of(stranger)


def test_a_client_without_a_certificate_is_refused_and_one_with_it_is_not(layout: Layout) -> None:
    with pytest.raises(Refused, match=r"CERTIFICATE_REQUIRED|certificate required|did not return a certificate"):
        shake_hands(
            server=layout.node(1).listener_keystore,
            server_trusts=layout.client_authorities,
            client=None,
            client_trusts=layout.client_authorities,
        )
    assert call(layout) == "orders"


def test_a_users_certificate_makes_no_server_and_a_servers_no_user(layout: Layout) -> None:
    """A service that was given a certificate must not be able to play the broker."""
    trusts, user, node = layout.client_authorities, layout.user_keystore("orders"), layout.node(1).listener_keystore
    with pytest.raises(Refused, match=r"unsuitable certificate purpose|unsupported certificate|UNSUPPORTED_CERTIFICATE"):
        shake_hands(server=user, server_trusts=trusts, client=user, client_trusts=trusts)
    with pytest.raises(Refused, match=r"unsuitable certificate purpose|unsupported certificate|UNSUPPORTED_CERTIFICATE"):
        shake_hands(server=node, server_trusts=trusts, client=node, client_trusts=trusts)
    assert shake_hands(server=node, server_trusts=trusts, client=user, client_trusts=trusts) == "orders"


def test_an_expired_certificate_is_refused_made_anew_with_a_note_and_gets_in_again(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    ensure(layout, now=NOW - 398 * DAY)
    old = files(layout)
    with pytest.raises(Refused, match="expired"):
        call(layout)
    notes = ensure(layout)
    assert [note.partition(" expired on ")[0] for note in notes] == [
        f"the certificate of {what}" for what in ("node 1", "node 2", "user orders", "user monitoring")
    ]
    assert str(layout.user_keystore("orders")) in notes[2]  # whoever has a copy must take the new one
    assert call(layout) == "orders"
    new = files(layout)
    assert {name for name in old if new[name] == old[name]} == {"tls/authority.pem", "tls/authorities.pem"}


def test_an_expired_users_certificate_is_refused_by_a_broker_whose_own_holds(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    ensure(layout, now=NOW - 398 * DAY)
    ensure(layout, users=())
    with pytest.raises(Refused, match="expired"):
        call(layout)
    ensure(layout)
    assert call(layout) == "orders"


def test_what_is_whole_is_kept_to_the_byte(layout: Layout) -> None:
    before = files(layout)
    assert ensure(layout, now=NOW + 396 * DAY) == ()
    assert files(layout) == before


def test_keys_are_for_their_owner_alone_and_a_controller_has_none(layout: Layout) -> None:
    modes = {name: stat.S_IMODE((layout.root / name).stat().st_mode) for name in files(layout)}
    keys = {name for name, content in files(layout).items() if b"PRIVATE KEY" in content}
    assert keys == {
        "tls/authority.pem",
        "nodes/1/listener.pem",
        "nodes/2/listener.pem",
        "tls/users/orders.pem",
        "tls/users/monitoring.pem",
    }
    assert {modes[name] for name in keys} == {0o600}
    assert stat.S_IMODE(layout.tls.stat().st_mode) == stat.S_IMODE((layout.tls / "users").stat().st_mode) == 0o700
    assert b"PRIVATE" not in layout.client_authorities.read_bytes()


@pytest.mark.parametrize("left", [None, 0, 100, -1], ids=["removed", "empty", "cut", "one byte short"])
@pytest.mark.parametrize("name", ["nodes/1/listener.pem", "tls/users/orders.pem"])
def test_a_key_store_that_was_lost_or_cut_off_is_made_anew_of_the_same_ca(layout: Layout, name: str, left: int | None) -> None:
    before, path = files(layout), layout.root / name
    path.unlink() if left is None else path.write_bytes(before[name][:left])
    notes = ensure(layout)
    assert len(notes) == (0 if left is None else 1)
    after = files(layout)
    changed = {each for each in before if after[each] != before[each]}
    assert changed - {"nodes/1/certificates-read"} == {name}
    assert call(layout) == "orders"


@pytest.mark.parametrize("left", [None, 0, 100])
def test_whom_clients_trust_is_put_back_as_it_was(layout: Layout, left: int | None) -> None:
    before, path = files(layout), layout.client_authorities
    path.unlink() if left is None else path.write_bytes(path.read_bytes()[:left])
    ensure(layout)
    assert files(layout) == before


def test_a_key_of_another_certificate_is_seen_and_replaced(layout: Layout) -> None:
    path, other = layout.user_keystore("orders"), layout.user_keystore("monitoring").read_bytes()
    mixed = other.partition(b"-----BEGIN CERT")[0] + b"-----BEGIN CERT" + path.read_bytes().partition(b"-----BEGIN CERT")[2]
    path.write_bytes(mixed)
    [note] = ensure(layout)
    assert "user orders has not its own key beside it" in note
    assert call(layout) == "orders"


def test_a_users_file_with_another_users_certificate_is_replaced(layout: Layout) -> None:
    layout.user_keystore("orders").write_bytes(layout.user_keystore("monitoring").read_bytes())
    assert call(layout) == "monitoring"
    [note] = ensure(layout)
    assert "user orders is for monitoring" in note
    assert call(layout) == "orders"


def test_a_certificate_of_a_foreign_ca_is_replaced_and_its_ca_is_not_trusted(layout: Layout, stranger: Layout) -> None:
    before = layout.client_authorities.read_bytes()
    layout.node(1).listener_keystore.write_bytes(stranger.node(1).listener_keystore.read_bytes())
    [note] = ensure(layout)
    assert "node 1 comes from a CA that is not trusted" in note
    assert layout.client_authorities.read_bytes() == before
    assert call(layout) == "orders"


def test_a_node_with_another_host_gets_a_certificate_that_names_it(layout: Layout) -> None:
    moved = NodeAddress.in_block(1, "moved.test", 9092)
    [note] = ensure(layout, nodes=(moved,))
    assert "node 1 does not name moved.test" in note
    assert call(layout, host="moved.test") == "orders"


@pytest.mark.parametrize("left", [None, 0, 100], ids=["removed", "empty", "cut"])
def test_a_lost_key_of_the_ca_is_an_error_with_a_way_out_only_when_it_is_needed(layout: Layout, left: int | None) -> None:
    path, before = layout.client_authority, files(layout)
    path.unlink() if left is None else path.write_bytes(path.read_bytes()[:left])
    [note] = ensure(layout)
    assert "ottla certs rotate" in note
    assert layout.client_authorities.read_bytes() == before["tls/authorities.pem"]
    assert call(layout) == "orders"
    layout.user_keystore("orders").unlink()
    with pytest.raises(LocalError, match="none can be issued: the key of the CA is not here") as refused:
        ensure(layout)
    assert "ottla certs rotate" in str(refused.value)
    assert layout.client_authorities.read_bytes() == before["tls/authorities.pem"]
    path.write_bytes(before["tls/authority.pem"])
    ensure(layout)
    assert call(layout) == "orders"


def test_a_ca_of_which_only_key_stores_know_is_still_the_one_that_is_trusted(layout: Layout) -> None:
    before = layout.client_authorities.read_bytes()
    layout.client_authority.unlink()
    layout.client_authorities.unlink()
    ensure(layout)
    assert layout.client_authorities.read_bytes() == before


def test_an_expired_ca_issues_nothing_and_says_the_way_out(layout: Layout) -> None:
    with pytest.raises(LocalError, match=r"the CA expired on .*\n.*ottla certs rotate"):
        ensure(layout, now=NOW + 3653 * DAY)
    ensure(layout, now=NOW + 3000 * DAY)


def test_no_certificate_outlives_its_ca(layout: Layout) -> None:
    ensure(layout, now=NOW + 3600 * DAY)
    [authority] = x509.load_pem_x509_certificates(layout.client_authorities.read_bytes())
    store = read_key_store(layout.user_keystore("orders"))
    assert store is not None
    assert store.certificate.not_valid_after_utc == authority.not_valid_after_utc


def test_a_run_that_was_killed_at_any_point_is_made_good_by_the_next(layout: Layout) -> None:
    """Files are written one by one, in one order, each whole: after a kill there is a beginning of that row."""
    paths = sorted((layout.root / name for name in files(layout)), key=lambda path: path.stat().st_mtime_ns)
    assert paths[0] == layout.client_authority
    whole = files(layout)
    for count in range(len(paths)):
        for path in paths[count:]:
            path.unlink(missing_ok=True)
        ensure(layout)
        assert call(layout) == "orders"
        for name, content in whole.items():
            if layout.root / name in paths[:count]:
                assert (layout.root / name).read_bytes() == content
            (layout.root / name).write_bytes(content)


def test_a_node_that_read_other_certificates_needs_a_restart(layout: Layout) -> None:
    assert stale_nodes(layout, NODES) == []
    layout.node(2).listener_keystore.unlink()
    ensure(layout, nodes=(NODES[0],))  # node 2 runs on
    assert stale_nodes(layout, NODES) == [2]
    ensure(layout)
    assert stale_nodes(layout, NODES) == []


def test_usages_and_identifiers_are_what_strict_clients_ask_for(layout: Layout) -> None:
    [authority] = x509.load_pem_x509_certificates(layout.client_authorities.read_bytes())
    extensions = authority.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(ca=True, path_length=0)
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (True, False)
    digest = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    for path, wanted in (
        (layout.node(1).listener_keystore, ExtendedKeyUsageOID.SERVER_AUTH),
        (layout.user_keystore("orders"), ExtendedKeyUsageOID.CLIENT_AUTH),
    ):
        leaf = x509.load_pem_x509_certificates(path.read_bytes())[0]
        assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [wanted]
        assert leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == digest
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert key.curve.name == "secp256r1"
        assert path.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")  # PKCS#8, which is all that Kafka reads


HOSTS = st.one_of(
    st.ip_addresses().map(str),
    st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,8}){0,2}", fullmatch=True),
)
AUTHORITY = new_authority("todo-kafka", now=NOW)


@law(host=HOSTS)
@settings(max_examples=50, deadline=None)
def test_whatever_the_host_its_certificate_names_it_and_loopback_only_from_loopback(host: str) -> None:
    hosts = hosts_of(host)
    store = issue(AUTHORITY, Leaf("node 1", Path(), "node-1", hosts), now=NOW)
    assert host in names_in(store.certificate)
    assert names_in(store.certificate) == hosts
    is_loopback = host == "localhost" or host.startswith("127.") or host == "::1"
    assert ("localhost" in hosts) == is_loopback
    assert AUTHORITY.has_issued(store.certificate)
