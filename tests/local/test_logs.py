from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ottla.local import follow_logs, tail_logs

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
