"""A text compressed once, with another end each time."""

from __future__ import annotations

import gzip
import zlib

import pytest

from ottla.telemetry.compressed import Compressed, takes_gzip

LONG = b"".join(b'kafka_consumergroup_lag{consumergroup="g",topic="t",partition="%d"} 1\n' % number for number in range(50_000))


@pytest.mark.parametrize("text", [b"", b"x", LONG], ids=["empty", "short", "long"])
@pytest.mark.parametrize("last", [b"", b"age 1.5\n"])
def test_it_is_one_gzip_stream_of_the_text_and_its_end(text: bytes, last: bytes) -> None:
    stream = Compressed(text).ended_with(last)
    assert gzip.decompress(stream) == text + last
    reader = zlib.decompressobj(wbits=31)  # as curl reads: one member, and its checksum
    assert reader.decompress(stream) == text + last
    assert (reader.eof, reader.unused_data) == (True, b"")


def test_a_text_is_compressed_once() -> None:
    compressed = Compressed(LONG)
    begun = compressed.begin()
    first, second = compressed.ended_with(b"1"), compressed.ended_with(b"2")
    assert first.startswith(begun.stream)
    assert second.startswith(begun.stream)
    assert compressed.begin() is begun
    assert len(begun.stream) * 10 < len(LONG)


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *;q=1", False),
        ("gzip;q=x", False),
    ],
)
def test_gzip_is_for_those_who_take_it(header: str | None, *, takes: bool) -> None:
    assert takes_gzip(header) is takes
