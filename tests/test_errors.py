from __future__ import annotations

from ottla.errors import (
    ApplyError,
    ClusterError,
    HistoryError,
    LocalError,
    NotYet,
    OttlaError,
    PlanRefused,
    SpecError,
    StalePlan,
    UsageError,
    WaitTimeout,
)


def test_exit_codes_are_those_of_the_map() -> None:
    codes = {
        error: error.exit_code for error in (OttlaError, SpecError, ClusterError, HistoryError, LocalError, WaitTimeout, NotYet)
    }
    assert set(codes.values()) == {1}
    assert (UsageError.exit_code, PlanRefused.exit_code, StalePlan.exit_code, ApplyError.exit_code) == (2, 4, 4, 5)


def test_a_message_says_what_where_and_the_next_command() -> None:
    assert str(OttlaError("broken", where="a.yaml:3", hint="run it")) == "a.yaml:3: broken\n  run it"


def test_a_part_done_says_what_was_done_what_failed_and_what_was_not_tried() -> None:
    text = str(ApplyError(done=["a"], failed=["b: no"], not_tried=["c"]))
    assert "1 done, 1 failed, 1 not tried" in text
    assert all(line in text for line in ("done       a", "failed     b: no", "not tried  c"))
