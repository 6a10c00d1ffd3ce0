"""A worker's end of the line to the run that started it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ottla.proof.messages import Renew, Start, Stop

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from ottla.proof.messages import Message

LISTEN_EVERY = 50_000_000  # ns


class Line:
    """A worker's end of the line."""

    def __init__(self, connection: Connection) -> None:
        self.start: int | None = None
        self._connection = connection
        self._stop = self._broken = self._renew = False
        self._listened = 0

    def say(self, message: Message) -> None:
        """Tell the run something; nobody may be there any more."""
        try:
            self._connection.send(message)
        except OSError:
            self._broken = True

    def stopped(self) -> bool:
        """Whether it is over: by the run's word, or because the run is gone."""
        if (now := time.monotonic_ns()) - self._listened >= LISTEN_EVERY:
            self._listened = now
            self._listen()
        return self._stop or self._broken

    def to_renew(self) -> bool:
        """Whether another client is asked for, since this was asked last."""
        asked, self._renew = self._renew, False
        return asked

    def broken(self) -> bool:
        """Whether the run is gone."""
        self._listen()
        return self._broken

    def await_start(self) -> int:
        """When to begin (monotonic ns)."""
        while self.start is None and not self._stop and not self._broken:
            self._connection.poll(1.0)
            self._listen()
        return self.start or time.monotonic_ns()

    def _listen(self) -> None:
        try:
            while self._connection.poll():
                message: Start | Stop | Renew = self._connection.recv()
                match message:
                    case Start(at):
                        self.start = at
                    case Stop():
                        self._stop = True
                    case Renew():
                        self._renew = True
        except (EOFError, OSError):
            self._broken = True
