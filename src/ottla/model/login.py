"""How somebody logs in to a locked cluster: where, as whom, and with what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.model.secret import Secret
    from ottla.model.user import ScramMechanism


@dataclass(frozen=True, slots=True)
class ScramLogin:
    """By a password, over TLS (SASL_SSL)."""

    mechanism: ScramMechanism
    password: Secret


@dataclass(frozen=True, slots=True)
class CertificateLogin:
    """By a client certificate (SSL). ``store`` is a PEM file: private key, certificate, chain."""

    store: Path


@dataclass(frozen=True, slots=True)
class Login:
    """A user's way in. ``authorities`` is a PEM file with the CAs that the brokers' certificates may come from."""

    user: str
    bootstrap_servers: tuple[str, ...]
    authorities: Path
    proof: ScramLogin | CertificateLogin
