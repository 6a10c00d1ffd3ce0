"""CAs and what they issue: certificates for the listeners that clients use, and for users. Nothing is read or written here."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ottla.local.certificates import alternative_name, builder, subject_named
from ottla.local.key_store import KeyStore

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.local.certificates import PrivateKey, PublicKey

AUTHORITY_VALIDITY = dt.timedelta(days=3652)
LEAF_VALIDITY = dt.timedelta(days=397)
BACKDATED = dt.timedelta(hours=1)  # for clients whose clock is late
LOOPBACKS = ("localhost", "127.0.0.1", "::1")
LONGEST_CLUSTER_NAME = 40  # of what a CA's name begins with


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA. ``key`` is None where it is not at hand: lost, or given by a user who has given another one since."""

    certificate: x509.Certificate
    key: PrivateKey | None = field(default=None, repr=False)

    def is_same_as(self, other: Authority | None) -> bool:
        """Whether what one issues is taken for the other's: one name, one key. The certificate may be a newer one."""
        if other is None:
            return False
        mine, theirs = self.certificate, other.certificate
        return mine.subject == theirs.subject and mine.public_key() == theirs.public_key()

    def has_issued(self, certificate: x509.Certificate) -> bool:
        """Whether the certificate names this CA, and bears its signature."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate that is wanted: of a node's client listeners (it has ``hosts``) or of a user (it has none)."""

    what: str
    path: Path
    common_name: str
    hosts: tuple[str, ...] = ()


def hosts_of(host: str) -> tuple[str, ...]:
    """The names that clients know a host by; on loopback there are several."""
    names = (host, *LOOPBACKS) if _is_loopback(host) else (host,)
    return tuple(dict.fromkeys(str(alternative_name(name).value) for name in names))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == LOOPBACKS[0]


def new_authority(name: str, *, now: dt.datetime) -> Authority:
    """A CA for the clients of the cluster of that name. Each has a name of its own: two may be trusted at once."""
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    subject = subject_named(f"{name[:LONGEST_CLUSTER_NAME]} client CA {identifier.digest.hex()[:8]}")
    begins = _to_the_second(now - BACKDATED)
    certificate = (
        builder(subject, subject, key.public_key(), valid=(begins, begins + AUTHORITY_VALIDITY))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def issue(authority: Authority, leaf: Leaf, *, now: dt.datetime) -> KeyStore:
    """A new key and its certificate, which holds no longer than the CA's. Raises ValueError where the CA's key is not at hand."""
    if authority.key is None:
        raise ValueError("the key of the CA is not here")
    key = ec.generate_private_key(ec.SECP256R1())
    begins = _to_the_second(now - BACKDATED)
    ends = min(_to_the_second(now) + LEAF_VALIDITY, authority.certificate.not_valid_after_utc)
    issuer = authority.certificate
    usage = ExtendedKeyUsageOID.SERVER_AUTH if leaf.hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    unsigned = (
        builder(subject_named(leaf.common_name), issuer.subject, key.public_key(), valid=(begins, ends))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_identifier_of(issuer, authority.key.public_key()), critical=False)
    )
    if leaf.hosts:
        names = x509.SubjectAlternativeName([alternative_name(host) for host in leaf.hosts])
        unsigned = unsigned.add_extension(names, critical=False)
    return KeyStore(unsigned.sign(authority.key, hashes.SHA256()), issuer, key)


def _identifier_of(issuer: x509.Certificate, key: PublicKey) -> x509.AuthorityKeyIdentifier:
    """As the issuer calls its key: a CA that was given may have its own way to make that identifier."""
    try:
        own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _to_the_second(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0)


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """The subject alternative names of a certificate, as text."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(str(name.value) for name in names if isinstance(name, x509.DNSName | x509.IPAddress))


def common_name_of(certificate: x509.Certificate) -> str | None:
    """The CN of a certificate's subject."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else None


def not_valid(certificate: x509.Certificate, now: dt.datetime) -> str | None:
    """Why a certificate does not hold now; None where it does."""
    if now >= certificate.not_valid_after_utc:
        return f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    if now < certificate.not_valid_before_utc:
        return f"holds only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    return None
