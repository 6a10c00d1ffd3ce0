"""`ottla lag`: how far consumer groups are behind, in records."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.groups import lag_document
from ottla.cli.offered import group_ids
from ottla.cli.on_cluster import Reach, on_cluster
from ottla.cli.output import Output, OutputOption, is_terminal, note, or_dash, print_document, print_table
from ottla.cli.running import INTERRUPTED
from ottla.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ottla.model.group import PartitionLag

Sums = dict[tuple[str, str], int | None]
CLEAR = "\033[2J\033[H"


@on_cluster
def command(
    reach: Reach,
    groups: Annotated[
        list[str] | None, typer.Argument(metavar="[GROUP]...", help="The groups; all if not given.", autocompletion=group_ids)
    ] = None,
    output: OutputOption = Output.TABLE,
    partitions: Annotated[bool, typer.Option("--partitions", help="A line for each partition.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look again and again, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option("--interval", min=0.2, help="Seconds between two looks.")] = 2.0,
) -> int:
    """How many records each group has left to read, at most: offsets have gaps. What a group has not committed is not counted."""
    access = reach()
    pause = threading.Event()
    before: Sums | None = None
    try:
        while True:
            try:
                lags = access.lag(groups or ())
            except ClusterError as error:
                if not watch:
                    raise
                note(f"  {error.message}")  # a node that restarts is no reason to stop watching
            else:
                before = _show(lags, output, partitions=partitions, clear=watch, before=before)
            if not watch:
                return 0
            pause.wait(interval)
    except KeyboardInterrupt:
        if watch:
            return INTERRUPTED  # how watching ends: nothing to explain
        raise


def _show(lags: Sequence[PartitionLag], output: Output, *, partitions: bool, clear: bool, before: Sums | None) -> Sums:
    """Print one look; returns the sums, so that the next one can say how they changed."""
    sums = _sums(lags)
    if output is not Output.TABLE:
        print_document("lag", {"partitions": [lag_document(lag) for lag in lags]}, output)
        return sums
    if clear and is_terminal(sys.stdout):
        typer.echo(CLEAR, nl=False)
    if partitions:
        header = ("GROUP", "TOPIC", "PARTITION", "COMMITTED", "END", "LAG")
        rows = [
            (lag.group_id, lag.topic, str(lag.partition), str(lag.committed_offset), or_dash(lag.end), or_dash(lag.lag))
            for lag in lags
        ]
        print_table(header, rows)
    else:
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for lag in lags:
            counts[lag.group_id, lag.topic] += 1
        header = ("GROUP", "TOPIC", "PARTITIONS", "LAG", *(("CHANGE",) if before is not None else ()))
        print_table(header, [_row(key, counts[key], lag, before) for key, lag in sums.items()])
    sys.stdout.flush()
    return sums


def _sums(lags: Sequence[PartitionLag]) -> Sums:
    """Records left by group and topic; None where a topic is gone."""
    sums: Sums = {}
    for lag in lags:
        key, so_far = (lag.group_id, lag.topic), sums.get((lag.group_id, lag.topic), 0)
        sums[key] = None if so_far is None or lag.lag is None else so_far + lag.lag
    return sums


def _row(key: tuple[str, str], count: int, lag: int | None, before: Sums | None) -> tuple[str, ...]:
    if before is None:
        return (*key, str(count), or_dash(lag))
    earlier = before.get(key, lag)
    return (*key, str(count), or_dash(lag), "-" if lag is None or earlier is None else f"{lag - earlier:+d}")
