"""A CA that the user gives (``security.authority``): read through references, and looked at before anything comes from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ottla.errors import LocalError
from ottla.local.issuing import Authority, not_valid
from ottla.secrets.references import resolve

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.local.certificates import PrivateKey
    from ottla.model.secret import SecretReference
    from ottla.spec.schema import AuthoritySpec

LEAST_RSA_BITS = 2048  # OpenSSL and Java refuse less


def load_given_authority(
    authority: AuthoritySpec | None, *, environ: Mapping[str, str], folder: Path, now: dt.datetime
) -> Authority | None:
    """The CA that the spec names, with its key; None where it names none. Paths start in ``folder``, where the spec lies.

    Raises LocalError where it cannot be read, or cannot issue what clients and brokers accept.
    """
    if authority is None:
        return None
    at = f"security.authority.certificate {authority.certificate}"
    certificate = _certificate(resolve(authority.certificate, environ=environ, folder=folder).reveal(), at)
    _refuse_unfit(certificate, at, now)
    at = f"security.authority.key {authority.key}"
    key = _key(resolve(authority.key, environ=environ, folder=folder).reveal(), at, authority.key)
    if key.public_key() != certificate.public_key():
        raise LocalError(
            f"the key is not that of the certificate {authority.certificate}", where=at, hint="give the two that belong together"
        )
    return Authority(certificate, key)


def _certificate(text: str, at: str) -> x509.Certificate:
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise LocalError("not a certificate in PEM", where=at, hint="it begins with -----BEGIN CERTIFICATE-----") from None
    if len(found) != 1:
        raise LocalError(
            f"{len(found)} certificates, and one is expected", where=at, hint="leave the certificate of the CA itself there"
        )
    return found[0]


def _refuse_unfit(certificate: x509.Certificate, at: str, now: dt.datetime) -> None:
    problem = _unfit(certificate) or not_valid(certificate, now)
    if problem is not None:
        raise LocalError(f"the certificate cannot be used: {problem}", where=at, hint="give one of a root CA that holds now")


def _unfit(certificate: x509.Certificate) -> str | None:
    """Brokers let in whoever has a certificate of a CA that they trust; one above this CA would let in more than was meant."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return "its key is neither RSA nor EC"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < LEAST_RSA_BITS:
        return f"its RSA key has {key.key_size} bits, and TLS asks for {LEAST_RSA_BITS}"
    try:
        extensions = certificate.extensions
    except ValueError:
        return "its extensions cannot be read"
    constraints = next((each.value for each in extensions if isinstance(each.value, x509.BasicConstraints)), None)
    usage = next((each.value for each in extensions if isinstance(each.value, x509.KeyUsage)), None)
    if constraints is None or not constraints.ca:
        return "it is not that of a CA (basicConstraints CA:TRUE)"
    if usage is not None and not usage.key_cert_sign:
        return "its CA may not sign certificates (keyUsage keyCertSign)"
    if not Authority(certificate).has_issued(certificate):
        return "it comes from another CA, which clients and brokers would have to trust as well"
    return None


def _key(text: str, at: str, reference: SecretReference) -> PrivateKey:
    """``from None``: the original errors may say something of the key."""
    name = reference.name if reference.source == "file" else "KEY"
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError:
        hint = f"decrypt it into a file that only you can read: openssl pkey -in {name} -out FILE"
        raise LocalError("the key is encrypted, and Ottla asks for no passphrase", where=at, hint=hint) from None
    except (ValueError, UnsupportedAlgorithm):
        raise LocalError("not a private key in PEM", where=at, hint="it begins with -----BEGIN PRIVATE KEY-----") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise LocalError("the key is neither RSA nor EC", where=at, hint="give a CA with such a key")
    return key
