"""`ottla top`: throughput, lag, disk and quorum in a terminal, for people who have no Grafana."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from dataclasses import replace
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.on_cluster import Reach, on_cluster
from ottla.cli.output import is_terminal
from ottla.cli.running import INTERRUPTED, WANTING
from ottla.errors import ClusterError
from ottla.metrics.cluster_metrics import (
    BELOW_MIN_ISR_PARTITIONS,
    BROKERS_EXPECTED,
    BROKERS_PRESENT,
    OFFLINE_PARTITIONS,
    QUORUM_EPOCH,
    QUORUM_LEADER,
    QUORUM_VOTERS,
    UNDER_REPLICATED_PARTITIONS,
)
from ottla.model.units import counted, format_duration, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ottla.metrics.board import Board, Ends, GroupLine, LogDirLine, TopicLine
    from ottla.platform.access import Access

HOME, REST_OF_LINE, REST = "\033[H", "\033[K", "\033[J"
WIDTH_OF_BAR = 20
UNKNOWN = "-"
LONGEST_NAME = 40
EXACTLY = 10.0  # seconds; longer times need no milliseconds


@on_cluster
def command(
    reach: Reach,
    interval: Annotated[float, typer.Option("--interval", "-i", min=0.5, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look twice, print once, and end.")] = False,
) -> int:
    """Watch the cluster: records a second, lag in records and seconds, replicas, disk, quorum. Ctrl-C ends it."""
    access = reach()
    if not once and is_terminal(sys.stdout):
        return _watch(access, interval)
    board, failures = next(islice(_looks(access, interval, threading.Event()), 1, None))  # the second one knows rates
    _show(board_lines(access.name, board, failures), live=False)
    return WANTING if failures else 0


def _watch(access: Access, interval: float) -> int:
    pause = threading.Event()
    try:
        while True:
            try:
                for board, failures in _looks(access, interval, pause):
                    _show(board_lines(access.name, board, failures), live=True)
            except ClusterError as error:  # a cluster that restarts is no reason to stop watching
                _show([f"{access.name}  {error.message}"], live=True)
                pause.wait(interval)
    except KeyboardInterrupt:
        return INTERRUPTED  # how watching ends: nothing to explain


def _looks(access: Access, interval: float, pause: threading.Event) -> Iterator[tuple[Board, list[str]]]:
    """Look every ``interval`` seconds, and over a new connection where the old one leads nowhere. Raises ClusterError."""
    from ottla.metrics.board import board, ends_of
    from ottla.telemetry.collection import Collection
    from ottla.telemetry.view import View

    collection = Collection(View(interval=interval))
    before: Ends = {}
    at = 0.0
    while True:
        with replace(access, request_timeout=interval).connected() as connection:
            answered = True
            while answered:
                parts, looked = collection.collect(connection), time.monotonic()
                answered = not collection.outcomes.of["brokers"].failures
                yield board(parts, before, looked - at), collection.outcomes.failures
                before, at = ends_of(parts), looked
                pause.wait(interval)


def _show(lines: Iterable[str], *, live: bool) -> None:
    """Print them; on a terminal over what was there, cut to its size."""
    if not live:
        typer.echo("\n".join(lines))
        return
    columns, rows = shutil.get_terminal_size()
    shown = [line[:columns] for line in lines]
    if len(shown) >= rows:
        shown = [
            *shown[: rows - 2],
            f"... and {len(shown) - rows + 2} more lines: a larger window, or ottla top --once"[:columns],
        ]
    sys.stdout.write(HOME + "".join(f"{line}{REST_OF_LINE}\n" for line in shown) + REST)
    sys.stdout.flush()


def board_lines(name: str, board: Board, failures: Sequence[str]) -> Iterator[str]:
    """The board as text: the cluster, its disks, topics and groups, the worst first."""
    yield f"{name}  {_brokers(board)}  {_quorum(board)}"
    yield _partitions(board)
    yield from (f"not read: {failure}" for failure in failures)
    if board.log_dirs:
        yield ""
        yield from _table(("NODE", "USED", "FREE", "OF", "GROWTH", "DISK"), [_log_dir(line) for line in board.log_dirs])
    if board.groups:
        yield ""
        of_groups = ("GROUP", "TOPIC", "STATE", "MEMBERS", "LAG", "BEHIND", "DONE IN", "LOSES IN", "LOST")
        yield from _table(of_groups, [_group(line) for line in board.groups])
    if board.topics:
        yield ""
        header = ("TOPIC", "PARTITIONS", "RECORDS/S", "SIZE", "REPLICAS")
        yield from _table(header, [_topic(line) for line in board.topics])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _brokers(board: Board) -> str:
    present, expected = board.figure(BROKERS_PRESENT), board.figure(BROKERS_EXPECTED)
    said = UNKNOWN if present is None else f"{present:.0f}" + ("" if expected is None else f" of {expected:.0f}")
    return f"brokers {said}" + (f", fenced: {', '.join(board.fenced)}" if board.fenced else "")


def _quorum(board: Board) -> str:
    leader, voters, epoch = (board.figure(metric) for metric in (QUORUM_LEADER, QUORUM_VOTERS, QUORUM_EPOCH))
    if voters is None or epoch is None:
        return f"quorum {UNKNOWN}"
    behind = [f"node {node_id} {lag:.0f} behind" for node_id, lag in board.voter_lags.items() if lag]
    led = "no controller" if leader is None else f"controller {leader:.0f}"
    return ", ".join([f"{led}", counted(int(voters), "voter"), f"epoch {epoch:.0f}", *behind])


def _partitions(board: Board) -> str:
    total = sum(line.partitions for line in board.topics)
    worst = {
        "offline": OFFLINE_PARTITIONS,
        "below min isr": BELOW_MIN_ISR_PARTITIONS,
        "under-replicated": UNDER_REPLICATED_PARTITIONS,
    }
    said = [f"{board.figure(metric) or 0:.0f} {words}" for words, metric in worst.items()]
    rate = sum(line.rate or 0 for line in board.topics)
    return f"{counted(total, 'partition')}: {', '.join(said)}; {rate:,.0f} records/s"


def _log_dir(line: LogDirLine) -> tuple[str, ...]:
    if not line.is_online:
        return line.node_id, "OFFLINE", UNKNOWN, UNKNOWN, UNKNOWN, line.path
    if line.total is None or line.usable is None:
        return line.node_id, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, line.path
    used = 1 - line.usable / line.total if line.total else 1.0
    filled = round(used * WIDTH_OF_BAR)
    bar = f"[{'#' * filled}{'.' * (WIDTH_OF_BAR - filled)}] {used:4.0%}"
    growth = UNKNOWN if line.growth is None else f"{'-' if line.growth < 0 else '+'}{format_size(abs(line.growth))}/s"
    return line.node_id, bar, format_size(line.usable), format_size(line.total), growth, line.path


def _topic(line: TopicLine) -> tuple[str, ...]:
    wanting = ((line.offline, "offline"), (line.below_min_isr, "below min isr"), (line.under_replicated, "under-replicated"))
    said = ", ".join(f"{count} {words}" for count, words in wanting if count) or "in sync"
    rate = UNKNOWN if line.rate is None else f"{line.rate:,.0f}"
    return line.name, str(line.partitions), rate, UNKNOWN if line.size is None else format_size(line.size), said


def _group(line: GroupLine) -> tuple[str, ...]:
    members = UNKNOWN if line.members is None else str(line.members)
    times = (_time(seconds) for seconds in (line.seconds, line.catch_up, line.until_retention))
    return _short(line.group_id), line.topic, line.state, members, f"{line.lag:,}", *times, f"{line.lost:,}"


def _short(name: str) -> str:
    """A name that stays on its line: those of groups may hold anything."""
    plain = "".join(character if character.isprintable() else "?" for character in name)
    return plain if len(plain) <= LONGEST_NAME else plain[: LONGEST_NAME - 3] + "..."


def _time(seconds: float | None) -> str:
    if seconds is None:
        return UNKNOWN
    if seconds == inf:
        return "never"
    return format_duration(1000 * (seconds if seconds < EXACTLY else round(seconds)))
