"""Which CAs clients and brokers trust, and which of them issues: one, or two while a rotation is begun.

``authorities.pem`` follows from ``authority.pem`` and ``next-authority.pem``, so a run that is cut off is made good by the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ottla.errors import LocalError
from ottla.files import PRIVATE_FILE, explained, private_folder, write_atomic
from ottla.local.issuing import Authority, new_authority, not_valid
from ottla.local.key_store import KeyStore, read_key_store

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from ottla.local.layout import Layout

ROTATE = "ottla certs rotate"
KEY_LOST = "the key of the CA is not here"


@dataclass(frozen=True, slots=True)
class Authorities:
    """The CAs of a platform: the one that issues, and the one that a rotation goes to (None: none is begun)."""

    current: Authority
    next: Authority | None = None

    @property
    def trusted(self) -> tuple[Authority, ...]:
        """Every CA whose certificates get in now."""
        after = () if self.next is None or self.next.is_same_as(self.current) else (self.next,)
        return (self.current, *after)

    def issuer(self, now: dt.datetime) -> Authority | None:
        """The first that can issue. During a rotation that is the old one: who knows only that gets in as well."""
        return next((each for each in self.trusted if each.key and not not_valid(each.certificate, now)), None)


def ensure_authorities(layout: Layout, name: str, *, now: dt.datetime, given: Authority | None) -> tuple[Authorities, list[str]]:
    """The CAs, with ``authorities.pem`` holding exactly those, and what is worth a note.

    A platform without any gets the one that is ``given``, else one that Ottla makes.
    """
    private_folder(layout.tls)
    found = read_authorities(layout, given)
    if found is None:
        first = given or new_authority(name, now=now)
        found = Authorities(first)
        keep_authority(layout.client_authority, first, own=given is None)
    elif given is not None and given.is_same_as(found.current) and given.certificate != found.current.certificate:
        found = replace(found, current=given)
        keep_authority(layout.client_authority, given, own=False)
    write_trusted(layout, found)
    return found, _notes(found, given)


def _notes(found: Authorities, given: Authority | None) -> list[str]:
    if given is None:
        lost = found.next is None and found.current.key is None
        return [f"{KEY_LOST}, so it can issue nothing; to change to another CA without losing a client: {ROTATE}"] if lost else []
    if any(given.is_same_as(each) for each in found.trusted):
        return []
    return [f"security.authority is another CA than clients trust; to change to it without losing a client: {ROTATE}"]


def read_authorities(layout: Layout, given: Authority | None) -> Authorities | None:
    """The CAs as they are on disk; the key of one that is ``given`` comes from there. None where there never was one.

    A lost certificate comes back from what holds it too; a lost key does not. Raises LocalError for a damaged next CA.
    """
    current, following = _stored(layout.client_authority), _next(layout)
    if current is None:
        others = [each for each in _known(layout) if not each.is_same_as(following)]
        current = next(iter(others), following)
    if current is None:
        return None
    return Authorities(_with_key(current, given), _with_key(following, given) if following else None)


def _with_key(authority: Authority, given: Authority | None) -> Authority:
    return replace(authority, key=given.key) if given is not None and authority.is_same_as(given) else authority


def _stored(path: Path) -> Authority | None:
    store = read_key_store(path)
    return None if store is None else Authority(store.certificate, store.key if store.key_fits else None)


def _next(layout: Layout) -> Authority | None:
    path = layout.next_client_authority
    found = _stored(path)
    if found is None and path.exists():
        hint = f"restore it from a copy; or remove it, and begin the rotation anew: {ROTATE}"
        raise LocalError("damaged: the CA that a rotation goes to", where=str(path), hint=hint)
    return found


def _known(layout: Layout) -> list[Authority]:
    """The CAs that other files know: those that were trusted, and those in the key stores of nodes."""
    stores = [read_key_store(layout.node(node_id).listener_keystore) for node_id in layout.node_ids()]
    issuers = [store.issuer for store in stores if store and store.issuer]
    return [Authority(each) for each in (*trusted_certificates(layout), *issuers)]


def trusted_certificates(layout: Layout) -> list[x509.Certificate]:
    """The certificates in ``authorities.pem``: what brokers and clients really trust. None in a damaged file."""
    path = layout.client_authorities
    with explained("read", path):
        data = path.read_bytes() if path.exists() else b""
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        return []


def keep_authority(path: Path, authority: Authority, *, own: bool) -> None:
    """Write a CA to its file; of one that is not Ottla's ``own``, without the key."""
    kept = KeyStore(authority.certificate, key=authority.key if own else None)
    write_atomic(path, kept.pem(), mode=PRIVATE_FILE)


def write_trusted(layout: Layout, authorities: Authorities) -> None:
    """Write ``authorities.pem``, unless it is as it should be."""
    wanted = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in authorities.trusted)
    path = layout.client_authorities
    with explained("read", path):
        there = path.read_bytes() if path.exists() else b""
    if there != wanted:
        write_atomic(path, wanted)
