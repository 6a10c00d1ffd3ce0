from __future__ import annotations

import threading
from itertools import chain, count, repeat

import pytest

from ottla.errors import OttlaError, WaitTimeout
from ottla.waiting import wait_until


def test_what_is_ready_at_once_is_returned_without_a_pause() -> None:
    assert wait_until(lambda: 7, lambda seen: seen == 7, what="seven", timeout=0, every=3600) == 7


def test_the_first_sighting_that_is_ready_is_returned() -> None:
    numbers = count()
    assert wait_until(lambda: next(numbers), lambda seen: seen >= 5, what="five", timeout=30, every=0) == 5


def test_a_time_out_carries_the_last_thing_seen() -> None:
    looks = chain(["first"], repeat("last"))
    with pytest.raises(WaitTimeout) as caught:
        wait_until(lambda: next(looks), lambda _: False, what="a leader", timeout=0.03, every=0.005, hint="ottla status")
    assert caught.value.last == "last"
    assert str(caught.value) == "waited 0.03 s for a leader; last seen: last\n  ottla status"


def test_a_time_out_of_nothing_still_looks_once() -> None:
    looks = count()
    with pytest.raises(WaitTimeout) as caught:
        wait_until(lambda: next(looks), lambda _: False, what="it", timeout=0)
    assert caught.value.last == 0
    assert next(looks) == 1


def test_only_sightings_that_differ_from_the_one_before_are_told() -> None:
    looks = iter(["a", "a", "b", "b", "a", "ready"])
    told: list[str] = []
    wait_until(lambda: next(looks), lambda seen: seen == "ready", what="it", timeout=30, every=0, changed=told.append)
    assert told == ["a", "b", "a"]


def test_a_first_sighting_of_none_is_told_too() -> None:
    looks = iter([None, None, 1])
    told: list[int | None] = []
    wait_until(lambda: next(looks), lambda seen: seen is not None, what="it", timeout=30, every=0, changed=told.append)
    assert told == [None]


def test_an_error_is_not_taken_for_not_yet() -> None:
    looks = count()

    def look() -> int:
        if next(looks) == 2:
            raise OttlaError("broken")
        return 0

    with pytest.raises(OttlaError, match=r"^broken$"):
        wait_until(look, lambda _: False, what="it", timeout=30, every=0)
    assert next(looks) == 3


def test_an_error_of_the_question_is_not_swallowed_either() -> None:
    with pytest.raises(ZeroDivisionError):
        wait_until(lambda: 0, lambda seen: 1 / seen > 1, what="it", timeout=30, every=0)


def test_what_another_thread_does_is_seen() -> None:
    done = threading.Event()
    timer = threading.Timer(0.02, done.set)
    timer.start()
    assert wait_until(done.is_set, bool, what="the other thread", timeout=30, every=0.001)
    timer.join()
