"""The passwords that Ottla generates, and which version of each password a cluster was sent: one 0600 file per environment.

A version names a password without saying it, so that plans and states compare versions. It is a keyed hash: whoever sees it
cannot try passwords against it without the key, which stands in this file alone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import stat
import string
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ottla.errors import LocalError
from ottla.files import OTHERS_MAY_LOOK, PRIVATE_FILE, explained, private_folder, write_atomic
from ottla.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "secrets.json"
FORMAT = 1
KEY_BYTES = 32
PASSWORD_CHARACTERS = string.ascii_letters + string.digits  # no shell, URL, YAML or Java properties file changes any of them
PASSWORD_LENGTH = 32  # 190 bits
VERSION_DIGITS = 16


@dataclass(frozen=True, slots=True)
class _Content:
    key: bytes = field(repr=False)
    passwords: Mapping[str, Secret] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecretStore:
    """The secrets file of an environment. Whoever changes it holds the environment's lock."""

    path: Path

    @classmethod
    def within(cls, folder: Path) -> SecretStore:
        """The store of the environment that keeps its files in ``folder``."""
        return cls(folder / FILE_NAME)

    def password(self, user: str) -> Secret | None:
        """The password that was generated for a user, or None. Raises LocalError if the file cannot be used."""
        return self._read().passwords.get(user)

    def ensure_password(self, user: str) -> Secret:
        """The user's password, generated if there is none yet."""
        return self.password(user) or self.new_password(user)

    def new_password(self, user: str) -> Secret:
        """Generate another password for a user, and forget the one before."""
        made = Secret("".join(secrets.choice(PASSWORD_CHARACTERS) for _ in range(PASSWORD_LENGTH)))
        content = self._read()
        self._write(replace(content, passwords={**content.passwords, user: made}))
        return made

    def forget(self, user: str) -> None:
        """Remove what was generated for a user."""
        content = self._read()
        if user in content.passwords:
            left = {name: password for name, password in content.passwords.items() if name != user}
            self._write(replace(content, passwords=left))

    def version_of(self, secret: Secret) -> str:
        """The version of a password, generated or not: equal for equal passwords of this environment, and telling nothing else.

        Nothing is written, so that whoever only looks needs no lock: as long as there is no file, versions are those of this
        call alone.
        """
        return _version(self._read().key, secret)

    def ensure_key(self) -> None:
        """Make the file if there is none: from then on versions are the same in every call."""
        if not self.path.exists():
            self._write(self._read())

    def sent_version(self, credential: str) -> str | None:
        """The version that was sent last for a credential; None where nobody here knows."""
        return self._read().sent.get(credential)

    def keep_sent(self, passwords: Mapping[str, Secret | None]) -> None:
        """Remember the version of the password that was sent for each credential (None: it is gone)."""
        content = self._read()
        others = {name: version for name, version in content.sent.items() if name not in passwords}
        sent = {name: _version(content.key, each) for name, each in passwords.items() if each is not None}
        self._write(replace(content, sent={**others, **sent}))

    def _read(self) -> _Content:
        with explained("read", self.path):
            if not self.path.exists():
                return _Content(secrets.token_bytes(KEY_BYTES))
            if stat.S_IMODE(self.path.stat().st_mode) & OTHERS_MAY_LOOK:
                hint = f"if nobody looked: chmod 600 {self.path}; if somebody may have, change the passwords too"
                raise LocalError("others than its owner may read it, and it holds passwords", where=str(self.path), hint=hint)
            text = self.path.read_bytes()
        try:
            data = json.loads(text)
            if isinstance(data["format"], int) and data["format"] > FORMAT:
                hint = "use that Ottla; the file holds the only copy of the passwords"
                raise LocalError("made by a newer Ottla; nothing was touched", where=str(self.path), hint=hint)
            return _content(data)
        except (ValueError, KeyError, TypeError, AttributeError):
            hint = "restore it from a copy; or remove it, and give each user another password: ottla users rotate USER"
            # ``from None``: the original error may quote the file
            raise LocalError("damaged: not the secrets that Ottla wrote", where=str(self.path), hint=hint) from None

    def _write(self, content: _Content) -> None:
        private_folder(self.path.parent)
        document = {
            "format": FORMAT,
            "key": content.key.hex(),
            "passwords": {user: password.reveal() for user, password in sorted(content.passwords.items())},
            "sent": dict(sorted(content.sent.items())),
        }
        write_atomic(self.path, json.dumps(document, indent=1) + "\n", mode=PRIVATE_FILE)


def _version(key: bytes, secret: Secret) -> str:
    return hmac.new(key, secret.reveal().encode(), hashlib.sha256).hexdigest()[:VERSION_DIGITS]


def _content(data: Mapping[str, Any]) -> _Content:
    if data["format"] != FORMAT:
        raise ValueError("another format")
    key = bytes.fromhex(data["key"])
    if len(key) != KEY_BYTES:
        raise ValueError("a cut-off key")
    passwords, sent = data["passwords"], data["sent"]
    if not all(isinstance(text, str) and text for text in (*passwords.values(), *sent.values())):
        raise TypeError("not texts")
    return _Content(key, {user: Secret(text) for user, text in passwords.items()}, dict(sent))
