"""The events of a run: JSON, as those of the spec's topic, with who sent them, and a checksum, at fixed places. Pure.

The value is a CloudEvent (https://github.com/cloudevents/spec). Its id names run, producer and seq, because headers may be lost
on the way (confluent-kafka-python#2320), and numbers stand where a slice finds them: a reader parses no JSON for it.
"""

from __future__ import annotations

import json
import zlib
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.proof.load import Load

RUN_LENGTH = 8
HEAD = b'{"specversion":"1.0","id":"%s-%04d-%012d","intended":"%019d","crc":"'
BEGIN = HEAD.index(b"%s")
RUN = slice(BEGIN, BEGIN + RUN_LENGTH)
PRODUCER = slice(RUN.stop + 1, RUN.stop + 5)
SEQ = slice(PRODUCER.stop + 1, PRODUCER.stop + 13)
INTENDED = slice(SEQ.stop + len('","intended":"'), SEQ.stop + len('","intended":"') + 19)
HEAD_LENGTH = INTENDED.stop + len('","crc":"')
CRC = slice(HEAD_LENGTH, HEAD_LENGTH + 8)
BODIES = 257  # a prime, so that keys, partitions and bodies do not go in step
WORDS = 4_000


class Stamp(NamedTuple):
    """Who sent an event, and when it was meant to be sent (monotonic ns); ``intact``: key and value are as they were sent."""

    producer: int
    seq: int
    intended: int
    checksum: int
    intact: bool


class Payloads:
    """The events of one producer. The same arguments give the same events.

    ``run`` has eight letters; a value has the load's size, or as many bytes as it needs. ``types`` are the event types of the
    topic, ``key_name`` what its key is called there.
    """

    def __init__(self, load: Load, *, run: str, producer: int, types: Sequence[str], key_name: str) -> None:
        chance = Random(f"{load.seed}/{producer}")  # noqa: S311  (to be repeated, not to be secret)
        words = ["".join(chance.choices("aeiounrstlmdkg", k=chance.randint(2, 9))) for _ in range(WORDS)]
        self._run, self._producer = run.encode(), producer
        self._keys = [f"{run}-{producer:04d}-{number:06d}".encode() for number in range(load.keys)]
        self._tails = [self._tail(chance, words, load.size, types, key_name) for _ in range(BODIES)]

    def key_of(self, seq: int) -> int:
        """Which of the producer's keys an event has."""
        return seq * 7919 % len(self._keys)

    def make(self, seq: int, intended: int) -> tuple[bytes, bytes, int]:
        """Key, value and checksum of an event."""
        key = self._keys[self.key_of(seq)]
        head = HEAD % (self._run, self._producer, seq, intended)
        tail = self._tails[seq % BODIES]
        checksum = zlib.crc32(tail, zlib.crc32(head, zlib.crc32(key)))
        return key, b"%s%08x%s" % (head, checksum, tail), checksum

    def _tail(self, chance: Random, words: Sequence[str], size: int, types: Sequence[str], key_name: str) -> bytes:
        data = {key_name: "the key of the record", "text": ""}
        event = {"source": "ottla", "type": chance.choice(list(types) or ["event"]), "data": data}
        room = size - CRC.stop - len(json.dumps(event, separators=(",", ":"))) - 1
        text = ""
        while len(text) < room:
            text += f"{chance.choice(words)} "
        data["text"] = text[: max(0, room)]
        return b'",' + json.dumps(event, separators=(",", ":")).encode()[1:]


def read_stamp(run: bytes, key: bytes | None, value: bytes | None) -> Stamp | None:
    """Who sent an event; None where it is none of the ``run``, or is damaged just there."""
    if value is None or value[RUN] != run:
        return None
    try:
        stamp = int(value[PRODUCER]), int(value[SEQ]), int(value[INTENDED]), int(value[CRC], 16)
    except ValueError:
        return None
    checksum = zlib.crc32(value[CRC.stop :], zlib.crc32(value[:HEAD_LENGTH], zlib.crc32(key or b"")))
    return Stamp(*stamp, intact=checksum == stamp[3])


def seq_of(value: bytes) -> int:
    """The seq of an event that this process made."""
    return int(value[SEQ])


def intended_of(value: bytes) -> int:
    """When an event that this process made was meant to be sent."""
    return int(value[INTENDED])
