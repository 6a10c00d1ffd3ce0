"""A secret that does not show itself: not in a repr, a traceback, a log line or a comparison of two plans."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import NoReturn

REFERENCE = re.compile(r"\$\{(env|file):([^{}]+)\}")
EXPECTED = "a reference to a secret: ${env:NAME} or ${file:PATH}; a spec holds no secret itself"


class Secret:
    """A text that nobody is shown. ``reveal`` is the only way to it, so that a search for that word finds every use."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one who must send it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is: ``source`` is env or file. The reference itself is no secret."""

    source: str
    name: str

    def __str__(self) -> str:
        return f"${{{self.source}:{self.name}}}"


def parse_reference(text: object) -> SecretReference:
    """Read ``${env:NAME}`` or ``${file:PATH}``. Raises ValueError, without the text: it may be a secret written by mistake."""
    found = REFERENCE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"expected {EXPECTED}")
    return SecretReference(found[1], found[2].strip())
