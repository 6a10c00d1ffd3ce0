"""The collector of certificates: it looks rarely, as they change rarely, and says in between what it last saw."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ottla.kafka.certificates import SeenCertificates, see_certificates
from ottla.metrics.cluster_metrics import CERTIFICATE_EXPIRY
from ottla.metrics.samples import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.kafka.connection import Connection

EVERY = 60.0  # seconds
ROUNDS = 6


class CertificateCollection:
    """What brokers present to clients. ``interval`` (seconds) is that of the exporter's rounds."""

    def __init__(self, interval: float) -> None:
        self._every = max(EVERY, ROUNDS * interval)
        self._patience = interval
        self._at = -self._every
        self._asked: Mapping[int, str] = {}
        self._seen = SeenCertificates()

    def see(self, connection: Connection, addresses: Mapping[int, str]) -> list[str]:
        """Look again if it is time, or if there are brokers that were not asked; returns what could not be read."""
        new = bool(addresses.items() - self._asked.items())
        if new or time.monotonic() - self._at >= self._every:
            self._at, self._asked = time.monotonic(), dict(addresses)
            self._seen = see_certificates(connection, addresses, timeout=self._patience)
        return self._seen.failures

    def samples(self) -> Iterator[Sample]:
        """When each certificate expires."""
        for (node_id, address), expires in self._seen.expire.items():
            yield Sample(CERTIFICATE_EXPIRY, (str(node_id), address), expires)
