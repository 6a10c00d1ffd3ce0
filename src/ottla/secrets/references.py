"""``${env:NAME}`` and ``${file:PATH}`` -> the secret that stands there.

Vault agents, External Secrets, SOPS and Kubernetes all end in a variable or a file, so these two are enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ottla.model.secret import SecretReference

MOST_BYTES = 64 * 1024
TEXT = "a password is text, a key or certificate is PEM: write it anew"


def resolve(reference: SecretReference, *, environ: Mapping[str, str], folder: Path) -> Secret:
    """The secret that a reference names; a relative path starts in ``folder`` (where the spec lies).

    Raises LocalError, with what is missing and never with what is there.
    """
    text = _of_variable(reference, environ) if reference.source == "env" else _of_file(reference, folder)
    if not text:
        raise LocalError("the secret is empty", where=str(reference), hint=f"put the secret {_place(reference)}, then rerun")
    if "\0" in text:
        raise LocalError("the secret has a zero byte in it", where=str(reference), hint=TEXT)
    return Secret(text)


def _place(reference: SecretReference) -> str:
    return f"into the variable {reference.name}" if reference.source == "env" else f"into the file {reference.name}"


def _of_variable(reference: SecretReference, environ: Mapping[str, str]) -> str:
    if reference.name not in environ:
        hint = f"set it for the command (a secret store's own tool does that), or use ${{file:PATH}}: {reference.name}=..."
        raise LocalError(f"the variable {reference.name} is not set", where=str(reference), hint=hint)
    return environ[reference.name]


def _of_file(reference: SecretReference, folder: Path) -> str:
    """The file without the line end that editors put after it."""
    path = folder / reference.name
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LocalError(
            f"cannot read {path}: {reason}", where=str(reference), hint="make the file, readable for you alone"
        ) from None
    if len(data) > MOST_BYTES:
        raise LocalError(f"{path} is larger than {MOST_BYTES} bytes", where=str(reference), hint="is this the right file?")
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # ``from None``: the original error carries the bytes
        raise LocalError(f"{path} is not UTF-8 text", where=str(reference), hint=TEXT) from None
