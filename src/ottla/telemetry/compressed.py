"""A long text that is compressed once, and sent with another end each time: one gzip stream (RFC 1952)."""

from __future__ import annotations

import struct
import threading
import zlib
from dataclasses import dataclass

HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time
LEVEL = 1  # on a scrape's text a tenth is left, as with the slow ones
RAW = -15  # deflate alone: header and trailer are written here
NO_CODING = 0.0


@dataclass(frozen=True, slots=True)
class _Begun:
    """A stream up to the end of the text: whole bytes, so that another deflate block may follow."""

    stream: bytes
    checksum: int


class Compressed:
    """The stream of a text, begun when it is first asked for; whoever asks meanwhile waits for that one."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._begun: _Begun | None = None
        self._lock = threading.Lock()

    def begin(self) -> _Begun:
        """Compress the text, unless that was done."""
        with self._lock:
            if self._begun is None:
                deflate = zlib.compressobj(LEVEL, wbits=RAW)
                stream = HEADER + deflate.compress(self._text) + deflate.flush(zlib.Z_FULL_FLUSH)
                self._begun = _Begun(stream, zlib.crc32(self._text))
            return self._begun

    def ended_with(self, last: bytes) -> bytes:
        """The stream of the text and ``last``."""
        begun, deflate = self.begin(), zlib.compressobj(LEVEL, wbits=RAW)
        end = deflate.compress(last) + deflate.flush()
        size = (len(self._text) + len(last)) % 2**32
        return begun.stream + end + struct.pack("<II", zlib.crc32(last, begun.checksum), size)


def takes_gzip(header: str | None) -> bool:
    """Whether ``Accept-Encoding`` lets an answer be gzipped (RFC 9110, 12.5.3)."""
    weights = {}
    for part in (header or "").split(","):
        coding, _, weight = part.partition(";")
        name, _, value = weight.partition("=")
        weights[coding.strip().lower()] = _number(value) if name.strip().lower() == "q" else 1.0
    return weights.get("gzip", weights.get("*", NO_CODING)) > NO_CODING


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return NO_CODING  # what cannot be read is not taken for consent
