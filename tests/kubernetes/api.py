"""The API server as its clients see it: requests of HTTP, answered as data."""

from __future__ import annotations

import json
import ssl
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any

from ottla.local.ports import LOOPBACK

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kubernetes.pki import Pair

TIMEOUT = 30.0  # seconds


@dataclass(frozen=True)
class Answer:
    """What came back; ``body`` is the object, or the Status that says what is wrong."""

    status: int
    body: Any

    @property
    def message(self) -> str:
        """What is wrong, for people."""
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else str(self.body)

    def done(self) -> Any:
        """The object; it is an error of the test where there is none."""
        assert self.status in {HTTPStatus.OK, HTTPStatus.CREATED}, f"{self.status}: {self.message}"
        return self.body


@dataclass(frozen=True)
class Api:
    """An API server on this machine, asked as somebody."""

    port: int
    authority: Path
    client: Pair

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def create(self, path: str, body: Any) -> Answer:
        """Create it, from an object or from YAML; a key that its schema does not have is refused, not dropped."""
        return self.ask("POST", f"{path}?fieldValidation=Strict", body)

    def apply(self, path: str, body: Any) -> Answer:
        """Apply it on the server's side; ``path`` says as which field manager."""
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        return self.ask("DELETE", path)

    def is_ready(self) -> bool:
        """Whether it is there, and says that it can be worked with."""
        try:
            return self.get("/readyz").status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Ask it. Raises OSError, HTTPException where it does not answer."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.client.certificate, self.client.key)
        form, data = ("yaml", body) if isinstance(body, bytes) else ("json", None if body is None else json.dumps(body))
        with closing(HTTPSConnection(LOOPBACK, self.port, timeout=TIMEOUT, context=context)) as connection:
            kind = "apply-patch+yaml" if method == "PATCH" else form
            connection.request(method, path, data, {"Content-Type": f"application/{kind}", "Accept": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        return Answer(answer.status, json.loads(text) if text.startswith("{") else text)
