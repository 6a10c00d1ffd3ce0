"""The cluster's own CA, and a certificate for each node: mutual TLS between nodes and controllers from birth.

EC P-256 keys: with them a node is ready sooner than with RSA. Keys are PKCS#8, the only form that Kafka's PEM stores read.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ottla.files import PRIVATE_FILE, write_atomic

if TYPE_CHECKING:
    from ottla.local.layout import Layout
    from ottla.local.record import NodeAddress

VALID = dt.timedelta(days=3650)
CLOCK_SLACK = dt.timedelta(hours=1)


def make_authority(layout: Layout, name: str) -> None:
    """Make the CA, unless it is there. The key is written first, so that a certificate never stands without its key."""
    if layout.authority.exists() and layout.authority_key.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(f"{name} CA")
    certificate = (
        _builder(subject, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_atomic(layout.authority_key, _pem(key), mode=PRIVATE_FILE)
    write_atomic(layout.authority, certificate.public_bytes(Encoding.PEM))


def make_node_certificate(layout: Layout, node: NodeAddress) -> None:
    """Make the key store of a node (key, certificate, CA), unless it is there."""
    path = layout.node(node.node_id).keystore
    if path.exists():
        return
    authority = x509.load_pem_x509_certificate(layout.authority.read_bytes())
    authority_key = load_pem_private_key(layout.authority_key.read_bytes(), password=None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the CA key is one that Ottla made: an EC key")
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _builder(_name(f"node-{node.node_id}"), authority.subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName([_alternative(node.host)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    chain = certificate.public_bytes(Encoding.PEM) + layout.authority.read_bytes()
    write_atomic(path, _pem(key) + chain, mode=PRIVATE_FILE)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + VALID)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
