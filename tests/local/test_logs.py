from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ottla.local import follow_logs, tail_logs
from ottla.local.log_lines import as_text

if TYPE_CHECKING:
    from pathlib import Path


def test_the_last_lines_of_each_node_are_shown_and_a_node_without_a_log_gives_none(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("a\nb\nc\n")
    lines = list(tail_logs({1: tmp_path / "one", 2: tmp_path / "none"}, lines=2))
    assert lines == [(1, "b"), (1, "c")]


def test_following_goes_on_over_rotation_and_over_a_log_that_is_not_there_yet(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    stop = threading.Event()
    lines = follow_logs({1: log}, stop=stop)
    seen = []
    threading.Timer(0.05, lambda: log.write_text("first\n")).start()
    seen.append(next(lines))
    with log.open("a") as file:
        file.write("second\n")
    seen.append(next(lines))
    log.rename(tmp_path / "server.log.1")
    log.write_text("third, in a new file\n")
    seen.append(next(lines))
    stop.set()
    assert [line for _, line in seen] == ["first", "second", "third, in a new file"]
    assert list(lines) == []


EVENT = {
    "@timestamp": "2026-11-22T00:51:14.742Z",
    "log.level": "ERROR",
    "message": "it broke",
    "log.logger": "kafka.X",
    "error.stack_trace": "java.lang.IllegalStateException: x\n\tat kafka.X.y(X.java:1)\n",
}


def test_events_in_json_are_shown_as_lines_like_kafkas_own(tmp_path: Path) -> None:
    whole, cut = json.dumps(EVENT), json.dumps(EVENT)[:40]
    (tmp_path / "log").write_text(f"[2026-11-22 00:00:00,000] INFO plain (kafka.Y)\n{whole}\n{{}}\n{cut}\n")
    lines = [line for _, line in tail_logs({1: tmp_path / "log"}, lines=9)]
    assert lines[0] == "[2026-11-22 00:00:00,000] INFO plain (kafka.Y)"
    at = datetime(2026, 11, 22, 0, 51, 14, tzinfo=UTC).astimezone()
    assert lines[1] == f"[{at:%Y-%m-%d %H:%M:%S},742] ERROR it broke (kafka.X)"
    assert lines[2:] == ["java.lang.IllegalStateException: x", "\tat kafka.X.y(X.java:1)", "{}", cut]


@given(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"])))
def test_no_line_breaks_the_showing(line: str) -> None:
    assert as_text(line) == [line] or line.startswith("{")
