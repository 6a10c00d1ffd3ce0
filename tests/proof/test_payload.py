"""Events that say who sent them, at fixed places, and whether they are as they were sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ottla.proof.load import Load
from ottla.proof.payload import Payloads, read_stamp, seq_of

RUN = "0a1b2c3d"
LOAD = Load(rate=1, size=1_024, duration=1, keys=10)


def payloads(load: Load = LOAD, *, producer: int = 3) -> Payloads:
    return Payloads(load, run=RUN, producer=producer, types=["task.created", "task.deleted"], key_name="task_id")


PAYLOADS = payloads()


@given(st.integers(0, 10**12 - 1), st.integers(0, 2**63 - 1))
def test_what_is_written_is_read(seq: int, intended: int) -> None:
    key, value, checksum = PAYLOADS.make(seq, intended)
    assert read_stamp(RUN.encode(), key, value) == (3, seq, intended, checksum, True)
    assert seq_of(value) == seq


@given(st.integers(0, 1_000), st.data())
def test_any_byte_that_changed_is_seen(seq: int, data: st.DataObject) -> None:
    key, value, _ = PAYLOADS.make(seq, 5)
    place = data.draw(st.integers(0, len(key) + len(value) - 1))
    changed = bytearray(key + value)
    changed[place] ^= data.draw(st.integers(1, 255))
    stamp = read_stamp(RUN.encode(), bytes(changed[: len(key)]), bytes(changed[len(key) :]))
    assert stamp is None or not stamp.intact


@pytest.mark.parametrize("size", [1, 300, 1_024, 100_000])
def test_a_value_is_json_of_the_size_that_is_asked_for_or_of_the_least_it_needs(size: int) -> None:
    load = Load(rate=1, size=size, duration=1)
    key, value, _ = payloads(load).make(7, 1)
    event = json.loads(value)
    assert event["id"] == f"{RUN}-0003-000000000007"
    assert event["type"] in {"task.created", "task.deleted"}
    assert "task_id" in event["data"]
    assert len(value) == max(size, 250) or (size < 300 and len(value) < 300)
    assert key.startswith(f"{RUN}-0003-".encode())


def test_the_same_seed_makes_the_same_events_and_another_one_others() -> None:
    other = Load(rate=1, size=1_024, duration=1, keys=10, seed=2)
    assert payloads().make(1, 1) == payloads().make(1, 1)
    assert payloads(other).make(1, 1) != payloads().make(1, 1)


def test_no_two_producers_share_a_key() -> None:
    keys = [{made.make(seq, 0)[0] for seq in range(100)} for made in (payloads(producer=0), payloads(producer=1))]
    assert len(keys[0]) == LOAD.keys
    assert not keys[0] & keys[1]


@pytest.mark.parametrize("value", [None, b"", b"{}", b"x" * 2_000])
def test_what_is_not_of_the_run_has_no_stamp(value: bytes | None) -> None:
    assert read_stamp(RUN.encode(), b"key", value) is None


def test_an_event_of_another_run_has_no_stamp() -> None:
    key, value, _ = PAYLOADS.make(1, 1)
    assert read_stamp(b"ffffffff", key, value) is None
