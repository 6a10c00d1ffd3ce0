"""Who is who in a control plane: a CA of its own, certificates that it issues, a key that tokens are signed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ottla.files import PRIVATE_FILE, write_atomic
from ottla.local.certificates import alternative_name, builder, private_pem, subject_named

if TYPE_CHECKING:
    from pathlib import Path

ADMINS = "system:masters"  # may do everything, whatever RBAC says


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Authority:
    """A CA; it knows no other. Its files lie in ``folder``."""

    folder: Path
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.crt"

    def issue(self, name: str, *, group: str | None = None, hosts: tuple[str, ...] = ()) -> Pair:
        """A certificate for a client, which Kubernetes knows by CN and O; and for a server, where it has hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
        subject = x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes()).subject
        wanted = builder(subject, issuer, key.public_key()).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([alternative_name(host) for host in hosts])
            wanted = wanted.add_extension(names, critical=False)
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        write_atomic(pair.certificate, wanted.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))
        write_atomic(pair.key, private_pem(key), mode=PRIVATE_FILE)
        return pair


def new_authority(folder: Path) -> Authority:
    """Make one."""
    authority = Authority(folder, ec.generate_private_key(ec.SECP256R1()))
    subject = subject_named("tests of ottla")
    certificate = (
        builder(subject, subject, authority.key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority.key, hashes.SHA256())
    )
    write_atomic(authority.certificate, certificate.public_bytes(Encoding.PEM))
    return authority


def new_signing_key(folder: Path) -> tuple[Path, Path]:
    """A key that tokens of service accounts are signed with, and the public one that they are checked with."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / "tokens.key", folder / "tokens.pub"
    write_atomic(private, private_pem(key), mode=PRIVATE_FILE)
    write_atomic(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public
