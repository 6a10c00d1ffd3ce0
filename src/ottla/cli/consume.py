"""`ottla consume TOPIC`: records as they are, from where one says to the end, or on and on."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.offered import group_ids, topic_names
from ottla.cli.on_cluster import Reach, on_cluster
from ottla.cli.output import Output, OutputOption, note
from ottla.cli.running import INTERRUPTED
from ottla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.trace import Tracer

    from ottla.model.record import Record
    from ottla.platform.access import Access

Topic = Annotated[str, typer.Argument(help="The topic.", autocompletion=topic_names)]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-F",
        help="As kcat has it: %s value, %k key, %t topic, %p partition, %o offset, %T timestamp, %h headers, "
        "%S and %K sizes (-1: null), \\n, \\t, \\xNN.",
    ),
]


@on_cluster
def command(
    reach: Reach,
    topic: Topic,
    start: Annotated[
        str,
        typer.Option(
            "--from",
            help="beginning, end, an offset, -N (the last N offsets of each partition), a time, 15m (ago) or @MILLISECONDS.",
        ),
    ] = "",
    partitions: Annotated[list[int] | None, typer.Option("--partition", "-p", min=0, help="Only these.")] = None,
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="Stop after so many.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes, until Ctrl-C.")] = False,
    group: Annotated[
        str | None, typer.Option("--group", "-g", help="Read as a member of this group, and commit.", autocompletion=group_ids)
    ] = None,
    key: Annotated[str | None, typer.Option("--key", "-k", help="Only records with exactly this key.")] = None,
    key_match: Annotated[str | None, typer.Option("--key-match", help="Only records whose key matches this pattern.")] = None,
    value_match: Annotated[str | None, typer.Option("--value-match", help="Only records whose value matches it.")] = None,
    headers: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="Only records with this header.", metavar="NAME[=VALUE]")
    ] = None,
    format_: Format = "%s\\n",
    output: OutputOption = Output.TABLE,
) -> int:
    """Read records; stops at the end unless --follow. Without --group nothing is committed. -o json keeps every byte."""
    from ottla.cli.record_range import wanted
    from ottla.telemetry.tracing import tracing

    show = record_writer(output, format_)
    passes = wanted(key, key_match, headers or [], value_match)
    access = reach()
    try:
        with tracing(os.environ, lambda text: note(f"  note: {text}")) as tracer:
            if tracer is not None:
                show = _traced(tracer, access, group, show)
            if group is not None:
                _read_as_group(access, topic, group, (start, partitions), passes, show, count=count, follow=follow)
            else:
                _read_spans(access, topic, start or "beginning", partitions or [], passes, show, count=count, follow=follow)
    except KeyboardInterrupt:
        if follow:
            return INTERRUPTED  # how following ends: nothing to explain
        raise
    return 0


def record_writer(output: Output, format_: str) -> Callable[[Record], bytes]:
    """How a record is printed. Raises UsageError for a bad format."""
    from ottla.cli.record_text import formatter, record_line

    if output is Output.YAML:
        raise UsageError("records are printed by --format, or as JSON: a line each", hint="write: -o json")
    return record_line if output is Output.JSON else formatter(format_)


def _traced(tracer: Tracer, access: Access, group: str | None, show: Callable[[Record], bytes]) -> Callable[[Record], bytes]:
    """The same, with a span around it: to be shown is how a record is processed here."""
    from ottla.kafka.trace_context import spans_of

    spans = spans_of(tracer, access.settings, group=group)

    def shown(record: Record) -> bytes:
        with spans.processing(record):
            return show(record)

    return shown


def _read_spans(
    access: Access,
    topic: str,
    start: str,
    partitions: list[int],
    passes: Callable[[Record], bool] | None,
    show: Callable[[Record], bytes],
    *,
    count: int | None,
    follow: bool,
) -> None:
    from ottla.cli.record_range import parse_start, spans_from
    from ottla.kafka.consume import read_records

    begin = parse_start(start, now=int(time.time() * 1000))
    spans = spans_from(access, topic, begin, partitions=partitions, follow=follow)
    left = count
    for batch in read_records(access.settings, access.profile, spans):
        chosen = batch if passes is None else [record for record in batch if passes(record)]
        chosen = chosen if left is None else chosen[:left]
        write_records(chosen, show)
        if left is not None:
            left -= len(chosen)
            if not left:
                return


def _read_as_group(
    access: Access,
    topic: str,
    group: str,
    place: tuple[str, list[int] | None],
    passes: Callable[[Record], bool] | None,
    show: Callable[[Record], bytes],
    *,
    count: int | None,
    follow: bool,
) -> None:
    from ottla.kafka.consume import GroupReader

    start, partitions = place
    resets = {"": "earliest", "beginning": "earliest", "end": "latest"}
    if start not in resets or partitions:
        raise UsageError("a group reads from what it has committed: with --group, --from is beginning or end, and no --partition")
    if not group:
        raise UsageError("--group: a group has a name")
    count_of = len(access.partition_ranges(topic))
    left = count
    with GroupReader(access.settings, access.profile, topic, group=group, reset=resets[start], partitions=count_of) as reader:
        for batch in reader.batches(follow=follow):
            seen = 0
            for record in batch:
                seen += 1
                if passes is None or passes(record):
                    write_records((record,), show, flush=False)
                    left = None if left is None else left - 1
                    if left == 0:
                        break
            sys.stdout.buffer.flush()
            reader.handled(batch[:seen])
            if left == 0:
                return


def write_records(records: Iterable[Record], show: Callable[[Record], bytes], *, flush: bool = True) -> None:
    """Put records on stdout, exactly."""
    sys.stdout.buffer.write(b"".join(map(show, records)))
    if flush:
        sys.stdout.buffer.flush()
