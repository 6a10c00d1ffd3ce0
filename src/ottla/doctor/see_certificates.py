"""Certificates on disk: those among nodes, and on a locked platform those of listeners and users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature

from ottla.doctor.evidence import CertificateSeen
from ottla.local.certificate_expiry import RENEW, Wanting
from ottla.local.client_authority import ROTATE
from ottla.local.key_store import read_key_store
from ottla.local.node import is_blank
from ottla.platform.certificates import view_certificates

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from cryptography import x509

    from ottla.local.certificate_expiry import CertificateFinding, ListedCertificate
    from ottla.platform import LocalPlatform

OF_TIME = frozenset({Wanting.EXPIRED, Wanting.EXPIRES_SOON})
NEW_AUTHORITY = "remove ca.pem and each node.pem, then: ottla down, then: ottla up"
HARMLESS = frozenset({Wanting.LEFT_OVER, Wanting.NOT_READ})  # `ottla certs list` tells of them


def see_certificates(platform: LocalPlatform, *, now: dt.datetime) -> Iterator[CertificateSeen]:
    """All of them; a node that was never started is not missing any. Raises LocalError for a file that cannot be read."""
    layout = platform.cluster.layout
    nodes = platform.cluster.made().nodes
    blank = [node for node in nodes if is_blank(layout.node(node.node_id)) and not layout.node(node.node_id).keystore.exists()]
    if len(blank) == len(nodes):
        return
    authority = read_key_store(layout.authority)
    yield _seen("the nodes' CA", layout.authority, None if authority is None else authority.certificate, now, NEW_AUTHORITY)
    for node in (each for each in nodes if each not in blank):
        path = layout.node(node.node_id).keystore
        store = read_key_store(path)
        again = f"rm -f {path}, then: ottla restart {node.node_id}"
        if store is None:
            yield _seen(f"node {node.node_id}", path, None, now, again)
            continue
        problem = None if store.key_fits else "has not its own key beside it"
        if problem is None and authority is not None and not _issued(store.certificate, authority.certificate):
            problem = "was not issued by the CA of the nodes"
        yield _seen(f"node {node.node_id}", path, store.certificate, now, again, problem)
    if platform.spec.security.enabled:
        yield from _of_clients(platform, now)


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _seen(
    what: str, path: Path, certificate: x509.Certificate | None, now: dt.datetime, command: str, problem: str | None = None
) -> CertificateSeen:
    if certificate is None:
        return CertificateSeen(what, str(path), None, "is missing or damaged", command)
    left = (certificate.not_valid_after_utc - now).total_seconds()
    return CertificateSeen(what, str(path), left, problem, command)


def _of_clients(platform: LocalPlatform, now: dt.datetime) -> Iterator[CertificateSeen]:
    view = view_certificates(platform, now=now)
    yield from seen_of_clients(view.certificates, view.findings, now)


def seen_of_clients(
    certificates: Iterable[ListedCertificate], findings: Collection[CertificateFinding], now: dt.datetime
) -> Iterator[CertificateSeen]:
    """Each certificate that clients meet, once, with the time it has left: how much is too little is not known here. Pure.

    Its command is that of the first thing that is wanting, apart from time; where nothing is, or it has expired, it is renewed.
    """
    for each in certificates:
        if each.left_over:
            continue
        wrong = [finding for finding in findings if finding.what == each.what and finding.wanting not in HARMLESS | OF_TIME]
        left = None if each.facts is None else (each.facts.not_after - now).total_seconds()
        renew = ROTATE if each.is_authority else RENEW
        is_expired = left is not None and left <= 0
        command = wrong[0].way_out if wrong and not is_expired else renew
        problem = "; ".join(finding.message for finding in wrong) or None
        yield CertificateSeen(f"{each.what}, for clients", str(each.path), left, problem, command)
