"""What `ottla top` writes."""

from __future__ import annotations

from math import inf

from ottla.cli.top import board_lines
from ottla.metrics.board import Board, GroupLine, LogDirLine, TopicLine
from ottla.metrics.cluster_metrics import BROKERS_EXPECTED, BROKERS_PRESENT, QUORUM_EPOCH, QUORUM_LEADER, QUORUM_VOTERS

FIGURES = {BROKERS_PRESENT.name: 2, BROKERS_EXPECTED.name: 3, QUORUM_LEADER.name: 1, QUORUM_VOTERS.name: 3, QUORUM_EPOCH.name: 7}
BOARD = Board(
    figures=FIGURES,
    fenced=("3",),
    voter_lags={"1": 0, "2": 0, "3": 40},
    log_dirs=(LogDirLine("1", "/data", is_online=True, total=100 * 2**30, usable=25 * 2**30, growth=-1024.0),),
    topics=(TopicLine("t", 6, 1234.0, 2**20, under_replicated=2, below_min_isr=0, offline=0),),
    groups=(
        GroupLine("g", "t", "Stable", 3, 5000, 75.4, inf, 600.0, 0),
        GroupLine("h", "t", "Empty", None, 1, None, None, None, 12),
    ),
)


def test_a_cluster_at_a_glance() -> None:
    lines = list(board_lines("shop", BOARD, ["log_dirs: node 3: silent"]))
    assert lines[0] == "shop  brokers 2 of 3, fenced: 3  controller 1, 3 voters, epoch 7, node 3 40 behind"
    assert lines[1].startswith("6 partitions: 0 offline")
    assert lines[2] == "not read: log_dirs: node 3: silent"
    text = "\n".join(" ".join(line.split()) for line in lines)
    assert "1 [###############.....] 75% 25 GiB 100 GiB -1 KiB/s /data" in text
    assert "t 6 1,234 1 MiB 2 under-replicated" in text
    assert "g t Stable 3 5,000 1m 15s never 10m 0" in text
    assert "h t Empty - 1 - - - 12" in text


def test_nothing_known_is_not_all_well() -> None:
    lines = list(board_lines("shop", Board({}, (), {}, (), (), ()), []))
    assert lines[0] == "shop  brokers -  quorum -"
