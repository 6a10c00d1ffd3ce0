"""The client-facing certificates as a list, and what is wanting about them."""

from __future__ import annotations

import datetime as dt
import stat
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes

from ottla.files import OTHERS_MAY_LOOK, explained
from ottla.local.client_authority import KEY_LOST, ROTATE, read_authorities, trusted_certificates
from ottla.local.client_certificates import leaves_of
from ottla.local.issuing import Authority, names_in
from ottla.local.key_store import read_key_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from cryptography import x509

    from ottla.local.issuing import Leaf
    from ottla.local.layout import Layout
    from ottla.local.record import NodeAddress

SOON = dt.timedelta(days=30)
AUTHORITY, NEXT_AUTHORITY, USER = "authority", "next authority", "user "
RENEW = f"{ROTATE} --leaves"
RESTART = "ottla restart"  # what can be made good of the files is, when a node starts


class KeyState(Enum):
    """What is known of a certificate's private key."""

    FITS = "fits"
    WRONG = "wrong"  # none there, or another one's
    NOT_NEEDED = "not needed"  # of a CA that issues no more


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What stands in a certificate, and whether it gets in now. ``days_left`` are whole days; below 0 it has expired."""

    subject: str
    issuer: str
    sans: tuple[str, ...]
    serial: str
    not_before: dt.datetime
    not_after: dt.datetime
    days_left: int
    fingerprint: str  # SHA-256, hexadecimal
    trusted: bool


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A certificate that there is, or that should be (``facts`` is None where its file is missing or damaged).

    ``what`` is ``authority``, ``next authority``, ``node ID`` or ``user NAME``; ``hosts`` are those that it must name; ``mode``
    is that of the file with its key. One that is ``left_over`` gets in, though the spec gives its user none (any more).
    """

    what: str
    path: Path
    hosts: tuple[str, ...]
    mode: int | None
    key: KeyState
    facts: CertificateFacts | None
    left_over: bool = False

    @property
    def is_authority(self) -> bool:
        """Whether it is a CA's."""
        return self.what in {AUTHORITY, NEXT_AUTHORITY}


class Wanting(Enum):
    """What may be wrong with a certificate."""

    UNREADABLE = "unreadable"
    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"
    NOT_YET_VALID = "not-yet-valid"
    UNTRUSTED = "untrusted"
    HOST_MISSING = "host-missing"
    KEY_WRONG = "key-wrong"
    KEY_READABLE = "key-readable"
    NOT_READ = "not-read"
    LEFT_OVER = "left-over"


@dataclass(frozen=True, slots=True)
class CertificateFinding:
    """One thing that is wanting: about which certificate, what, and the next command."""

    what: str
    wanting: Wanting
    message: str
    way_out: str

    def __str__(self) -> str:
        return f"certificate of {self.what}: {self.message}: {self.way_out}"


def list_certificates(
    layout: Layout, nodes: Iterable[NodeAddress], users: Iterable[str], *, now: dt.datetime, given: Authority | None
) -> tuple[ListedCertificate, ...]:
    """The CAs, the certificates of nodes and users, and those that are left over. Raises LocalError if a file cannot be read."""
    trusted, named = [Authority(each) for each in trusted_certificates(layout)], [*users]
    leaves = (_listed_leaf(leaf, trusted, now) for leaf in leaves_of(layout, nodes, named))
    return (*_listed_authorities(layout, given, trusted, now), *leaves, *_left_over(layout, named, trusted, now))


def _left_over(
    layout: Layout, users: Sequence[str], trusted: Sequence[Authority], now: dt.datetime
) -> Iterator[ListedCertificate]:
    with explained("read", layout.tls):
        others = [user for user in layout.users_with_keystores() if user not in users]
    for leaf in leaves_of(layout, (), others):
        listed = _listed_leaf(leaf, trusted, now)
        if listed.facts is not None and listed.facts.trusted and now < listed.facts.not_after:
            yield replace(listed, left_over=True)


def _listed_authorities(
    layout: Layout, given: Authority | None, trusted: Sequence[Authority], now: dt.datetime
) -> Iterator[ListedCertificate]:
    found = read_authorities(layout, given)
    if found is None:
        yield ListedCertificate(AUTHORITY, layout.client_authority, (), None, KeyState.WRONG, None)
        return
    both = ((AUTHORITY, layout.client_authority, found.current), (NEXT_AUTHORITY, layout.next_client_authority, found.next))
    for what, path, authority in both:
        if authority is None:
            continue
        retires = what == AUTHORITY and found.next is not None
        key = KeyState.FITS if authority.key is not None else KeyState.NOT_NEEDED if retires else KeyState.WRONG
        is_trusted = any(authority.is_same_as(each) for each in trusted)
        yield ListedCertificate(what, path, (), _mode(path), key, _facts(authority.certificate, now, trusted=is_trusted))


def _listed_leaf(leaf: Leaf, trusted: Sequence[Authority], now: dt.datetime) -> ListedCertificate:
    store = read_key_store(leaf.path)
    if store is None:
        return ListedCertificate(leaf.what, leaf.path, leaf.hosts, _mode(leaf.path), KeyState.WRONG, None)
    chained = any(authority.has_issued(store.certificate) for authority in trusted)
    key = KeyState.FITS if store.key_fits else KeyState.WRONG
    facts = _facts(store.certificate, now, trusted=chained)
    return ListedCertificate(leaf.what, leaf.path, leaf.hosts, _mode(leaf.path), key, facts)


def _facts(certificate: x509.Certificate, now: dt.datetime, *, trusted: bool) -> CertificateFacts:
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        sans=names_in(certificate),
        serial=f"{certificate.serial_number:x}",
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        days_left=(certificate.not_valid_after_utc - now).days,
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        trusted=trusted,
    )


def _mode(path: Path) -> int | None:
    with explained("look at", path):
        return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


def findings(certificates: Iterable[ListedCertificate], now: dt.datetime) -> tuple[CertificateFinding, ...]:
    """What is wanting about each certificate. Pure."""
    return tuple(finding for each in certificates for finding in _findings_of(each, now))


def expiring_soon(certificates: Iterable[ListedCertificate], now: dt.datetime) -> tuple[str, ...]:
    """A warning for each certificate that has expired, or does in less than 30 days. Pure."""
    of_time = {Wanting.EXPIRED, Wanting.EXPIRES_SOON}
    return tuple(str(finding) for finding in findings(certificates, now) if finding.wanting in of_time)


def _findings_of(listed: ListedCertificate, now: dt.datetime) -> Iterator[CertificateFinding]:
    renew = ROTATE if listed.is_authority else RENEW
    remake = RESTART if listed.is_authority else RENEW

    def finding(wanting: Wanting, message: str, way_out: str = renew) -> CertificateFinding:
        return CertificateFinding(listed.what, wanting, message, way_out)

    if listed.left_over and listed.facts is not None:
        until = f"as {listed.what.removeprefix(USER)} until {listed.facts.not_after:%Y-%m-%d}"
        message = f"the spec gives it none, and whoever has this one still gets in {until}"
        yield finding(Wanting.LEFT_OVER, message, f"to end it: {ROTATE}")
        return
    if listed.mode is not None and listed.mode & OTHERS_MAY_LOOK:
        way_out = f"chmod 600 {listed.path}; if somebody looked: {renew}"
        yield finding(Wanting.KEY_READABLE, f"others may read its key (mode {listed.mode:04o})", way_out)
    if listed.facts is None:
        yield finding(Wanting.UNREADABLE, f"missing or damaged ({listed.path})", remake)
        return
    if listed.key is KeyState.WRONG:
        message = f"{KEY_LOST}, so it can issue nothing" if listed.is_authority else "has not its own key beside it"
        yield finding(Wanting.KEY_WRONG, message)
    if not listed.facts.trusted:
        yield finding(Wanting.UNTRUSTED, "clients and brokers do not trust it", remake)
    missing = [host for host in listed.hosts if host not in listed.facts.sans]
    if missing:
        yield finding(Wanting.HOST_MISSING, f"does not name {', '.join(missing)}")
    of_time = _of_time(listed.facts, now)
    if of_time is not None:
        yield finding(*of_time)


def _of_time(facts: CertificateFacts, now: dt.datetime) -> tuple[Wanting, str] | None:
    if now >= facts.not_after:
        return Wanting.EXPIRED, f"expired on {facts.not_after:%Y-%m-%d}"
    if now < facts.not_before:
        return Wanting.NOT_YET_VALID, f"holds only from {facts.not_before:%Y-%m-%d %H:%M} UTC"
    if facts.not_after - now < SOON:
        days = (facts.not_after - now).days
        return Wanting.EXPIRES_SOON, f"expires in {days} day{'' if days == 1 else 's'} ({facts.not_after:%Y-%m-%d})"
    return None
