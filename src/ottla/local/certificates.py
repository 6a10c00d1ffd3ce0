"""The cluster's own CA, and a certificate for each node: mutual TLS between nodes and controllers from birth.

EC P-256 keys: with them a node is ready sooner than with RSA. Keys are PKCS#8, the only form that Kafka's PEM stores read.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ottla.files import PRIVATE_FILE, write_atomic
from ottla.local.secured import OPERATOR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ottla.local.layout import Layout
    from ottla.local.record import NodeAddress

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Validity = tuple[dt.datetime, dt.datetime]
LONGEST_NAME = 64  # of a CN (RFC 5280, ub-common-name)
# These certificates never leave this machine and are removed with the cluster, so they do not depend on its clock, which may
# be moved either way: from before any Kafka until the end that RFC 5280 (4.1.2.5) has for certificates without one.
VALID_FROM = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
VALID_UNTIL = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)


def make_authority(layout: Layout, name: str) -> None:
    """Make the CA. The key is written first, so that a certificate never stands without its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = subject_named(f"{name} CA")
    certificate = (
        builder(subject, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_atomic(layout.authority_key, private_pem(key), mode=PRIVATE_FILE)
    write_atomic(layout.authority, certificate.public_bytes(Encoding.PEM))


def authority_fits(layout: Layout) -> bool:
    """Whether key and certificate of the CA can be read, and belong together."""
    try:
        key = load_pem_private_key(layout.authority_key.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(layout.authority.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(key, ec.EllipticCurvePrivateKey) and key.public_key() == certificate.public_key()


def make_node_certificate(layout: Layout, node: NodeAddress) -> None:
    """Make the key store of a node: key, certificate, CA."""
    _make_store(layout, layout.node(node.node_id).keystore, f"node-{node.node_id}", [alternative_name(node.host)])


def make_own_certificate(layout: Layout) -> None:
    """Make the key store that Ottla itself works with, among nodes: key, certificate, CA."""
    _make_store(layout, layout.own_store, OPERATOR, [x509.DNSName(OPERATOR)])


def _make_store(layout: Layout, path: Path, common_name: str, alternatives: Sequence[x509.GeneralName]) -> None:
    authority = x509.load_pem_x509_certificate(layout.authority.read_bytes())
    authority_key = load_pem_private_key(layout.authority_key.read_bytes(), password=None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the CA key is one that Ottla made: an EC key")
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        builder(subject_named(common_name), authority.subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    chain = certificate.public_bytes(Encoding.PEM) + layout.authority.read_bytes()
    write_atomic(path, private_pem(key) + chain, mode=PRIVATE_FILE)


def builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, *, valid: Validity = (VALID_FROM, VALID_UNTIL)
) -> x509.CertificateBuilder:
    """What every certificate has: names, key, a random serial number, and from when to when it holds."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )


def subject_named(common_name: str) -> x509.Name:
    """A subject that is a CN alone."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:LONGEST_NAME])])


def alternative_name(host: str) -> x509.GeneralName:
    """A host as a subject alternative name: an IP address, or a name of DNS."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def private_pem(key: PrivateKey) -> bytes:
    """A private key, PKCS#8 and not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
