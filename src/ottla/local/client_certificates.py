"""The certificates of client listeners and users: made once, and made anew where nothing can work with what is there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.files import PRIVATE_FILE, explained, private_folder, write_atomic
from ottla.local.client_authority import KEY_LOST, ROTATE, Authorities, ensure_authorities
from ottla.local.issuing import Leaf, common_name_of, hosts_of, issue, names_in, not_valid
from ottla.local.key_store import KeyStore, read_key_store

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ottla.local.issuing import Authority
    from ottla.local.layout import Layout
    from ottla.local.record import NodeAddress


def ensure_client_certificates(
    layout: Layout,
    name: str,
    nodes: Sequence[NodeAddress],
    users: Iterable[str],
    *,
    now: dt.datetime,
    given: Authority | None,
) -> tuple[str, ...]:
    """See that ``nodes`` (about to start) and ``users`` have certificates that work now; returns what is worth a note.

    What is missing, damaged, expired, of a CA that is not trusted or without the node's host is made anew; all else stays.
    Raises LocalError where one is needed, and no CA here can issue it: clients trust that CA, so it is not replaced silently.
    """
    authorities, notes = ensure_authorities(layout, name, now=now, given=given)
    for leaf in leaves_of(layout, nodes, users):
        reason = wanting(leaf, read_key_store(leaf.path), authorities.trusted, now)
        if reason is None:
            continue
        if leaf.path.exists():
            notes.append(f"the certificate of {leaf.what} {reason}: it was made anew" + ("" if leaf.hosts else f" ({leaf.path})"))
        make(leaf, _issuer(layout, authorities, leaf, reason, now), now=now)
    for node in nodes:
        if node.is_broker:
            write_atomic(layout.node(node.node_id).certificates_read, _digest(layout, node), mode=PRIVATE_FILE)
    return tuple(notes)


def leaves_of(layout: Layout, nodes: Iterable[NodeAddress], users: Iterable[str]) -> list[Leaf]:
    """The certificates that these brokers and users should have. A controller of its own has no client listener."""
    brokers = [
        Leaf(f"node {node.node_id}", layout.node(node.node_id).listener_keystore, f"node-{node.node_id}", hosts_of(node.host))
        for node in nodes
        if node.is_broker
    ]
    return [*brokers, *(Leaf(f"user {user}", layout.user_keystore(user), user) for user in users)]


def make(leaf: Leaf, authority: Authority, *, now: dt.datetime) -> None:
    """Issue a certificate, and write its key store."""
    private_folder(leaf.path.parent)
    write_atomic(leaf.path, issue(authority, leaf, now=now).pem(), mode=PRIVATE_FILE)


def wanting(leaf: Leaf, store: KeyStore | None, trusted: Sequence[Authority], now: dt.datetime) -> str | None:
    """Why nothing can work with the certificate that is there, as the end of a sentence; None where it works."""
    if store is None:
        return "is missing or damaged"
    if not store.key_fits:
        return "has not its own key beside it"
    certificate = store.certificate
    if not any(authority.has_issued(certificate) for authority in trusted):
        return "comes from a CA that is not trusted"
    if common_name_of(certificate) != leaf.common_name:
        return f"is for {common_name_of(certificate)}"
    missing = sorted(set(leaf.hosts) - set(names_in(certificate)))
    if missing:
        return f"does not name {', '.join(missing)}"
    return not_valid(certificate, now)


def _issuer(layout: Layout, authorities: Authorities, leaf: Leaf, reason: str, now: dt.datetime) -> Authority:
    issuer = authorities.issuer(now)
    if issuer is not None:
        return issuer
    expired = not_valid(authorities.current.certificate, now)
    why = f"the CA {expired}" if expired else KEY_LOST
    away = "" if expired else "put the key back (or security.authority into the spec); or "
    raise LocalError(
        f"the certificate of {leaf.what} {reason}, and none can be issued: {why}",
        where=str(layout.client_authority),
        hint=f"{away}change to another CA, which clients are given beside the old one: {ROTATE}",
    )


def stale_nodes(layout: Layout, nodes: Iterable[NodeAddress]) -> list[int]:
    """The brokers that read other certificates when they were started than there are now: they need a restart."""
    return [node.node_id for node in nodes if node.is_broker and _read(layout, node) != _digest(layout, node)]


def _read(layout: Layout, node: NodeAddress) -> str:
    path = layout.node(node.node_id).certificates_read
    with explained("read", path):
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _digest(layout: Layout, node: NodeAddress) -> str:
    """What a broker reads: its key store, and whom it trusts."""
    return hashlib.sha256(b"".join(_bytes(path) for path in _files(layout, node))).hexdigest()


def _files(layout: Layout, node: NodeAddress) -> tuple[Path, Path]:
    return layout.node(node.node_id).listener_keystore, layout.client_authorities


def _bytes(path: Path) -> bytes:
    with explained("read", path):
        return path.read_bytes() if path.exists() else b""
