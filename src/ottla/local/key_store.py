"""A private key and its certificate in one PEM file: read, and told whole from damaged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from ottla.files import explained
from ottla.local.certificates import private_pem

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.local.certificates import PrivateKey

KEY, CERTIFICATE = b"PRIVATE KEY-----", b"-----BEGIN CERTIFICATE-----"
END = b"-----END CERTIFICATE-----\n"


@dataclass(frozen=True, slots=True)
class KeyStore:
    """What a PEM file holds: a certificate, the CA it came from (if it stands there too), and perhaps its private key."""

    certificate: x509.Certificate
    issuer: x509.Certificate | None = None
    key: PrivateKey | None = field(default=None, repr=False)

    @property
    def key_fits(self) -> bool:
        """Whether the private key is there, and is the certificate's."""
        return self.key is not None and self.key.public_key() == self.certificate.public_key()

    def pem(self) -> bytes:
        """The store as a file."""
        key = private_pem(self.key) if self.key is not None else b""
        chain = (self.certificate, *([self.issuer] if self.issuer is not None else ()))
        return key + b"".join(each.public_bytes(Encoding.PEM) for each in chain)


def read_key_store(path: Path) -> KeyStore | None:
    """The store in that file; None where there is none, or where it is damaged. Raises LocalError if it cannot be read."""
    with explained("read", path):
        data = path.read_bytes() if path.exists() else b""
    if not data.endswith(END):  # cut off
        return None
    try:
        certificate, *above = x509.load_pem_x509_certificates(data)
        # without its key a certificate stands alone; a key that cannot be read is damage
        key = load_pem_private_key(data, password=None) if KEY in data.partition(CERTIFICATE)[0] else None
    except (ValueError, TypeError):
        return None
    if key is not None and not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        return None
    return KeyStore(certificate, above[0] if above else None, key)
