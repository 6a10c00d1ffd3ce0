"""`ottla produce TOPIC`: records from stdin, with keys and headers, at a rate if wanted."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.offered import topic_names
from ottla.cli.on_cluster import Reach, on_cluster
from ottla.cli.output import Output, OutputOption, note, print_document
from ottla.cli.running import INTERRUPTED, with_options
from ottla.errors import OttlaError, UsageError
from ottla.model.units import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ottla.kafka.produce import Writer, Written
    from ottla.model.record import Outgoing

PARTLY = 5
FAILED = 1


class Input(Enum):
    """What stdin is."""

    LINES = "lines"
    JSON = "json"
    WHOLE = "whole"


@on_cluster
def command(
    reach: Reach,
    topic: Annotated[str, typer.Argument(help="The topic.", autocompletion=topic_names)],
    input_: Annotated[
        Input, typer.Option("--input", "-i", help="A record for each line, for each line of JSON, or all as one record.")
    ] = Input.LINES,
    key: Annotated[str | None, typer.Option("--key", "-k", help="The key of every record.")] = None,
    key_separator: Annotated[
        str | None, typer.Option("--key-separator", "-K", help="Each line is its key, this, and its value.")
    ] = None,
    headers: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", help="A header of every record; NAME alone: null.", metavar="NAME[=VALUE]"),
    ] = None,
    partition: Annotated[int | None, typer.Option("--partition", "-p", min=0, help="Write to this one.")] = None,
    null: Annotated[bool, typer.Option("--null", "-Z", help="An empty value or key is null (a tombstone).")] = False,
    rate: Annotated[float | None, typer.Option("--rate", min=0.001, help="At most so many records a second.")] = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """Write records from stdin. Every one is acknowledged or counted as failed: exit 1 if all failed, 5 if some did."""
    from ottla.kafka.produce import Writer
    from ottla.telemetry.tracing import tracing

    if key is not None and key_separator is not None:
        raise UsageError("--key gives every record the same key, --key-separator each line its own: choose one")
    if key_separator is not None and (not key_separator or input_ is not Input.LINES):
        raise UsageError("--key-separator is what stands between key and value of a line: not empty, and only with lines")
    completed = _completion(key, [_header(text) for text in headers or []], partition, null=null)
    access = reach()
    access.require(topic, () if partition is None else (partition,))
    records = (completed(record) for record in _records(input_, key_separator))
    with tracing(os.environ, lambda text: note(f"  note: {text}")) as tracer:
        writer = Writer(
            access.settings,
            access.profile,
            topic,
            said=lambda text: note(with_options(f"  {text}\n  {access.way_out}")),
            tracer=tracer,
        )
        if sys.stdin.isatty():
            note("  a record for each line; Ctrl-D ends" if input_ is Input.LINES else "  Ctrl-D ends")
        return _write(writer, records, rate, output)


def _write(writer: Writer, records: Iterable[Outgoing], rate: float | None, output: Output) -> int:
    topic = writer.topic
    try:
        written = writer.write(records, rate=rate)
    except OttlaError as error:
        note(f"ottla: {error}")
        return _say(topic, writer.written, output) or (PARTLY if writer.written.acknowledged else FAILED)
    except KeyboardInterrupt:
        _say(topic, writer.written, output)
        note("ottla: interrupted; what was read from stdin and not counted above was not sent")
        return INTERRUPTED
    return _say(topic, written, output)


def _say(topic: str, written: Written, output: Output) -> int:
    if output is Output.TABLE:
        note(f"  {counted(written.acknowledged, 'record')} written to {topic}")
        for text, count in written.errors.items():
            note(f"  {count:,} failed: {text}")
        if written.unknown:
            note(f"  {written.unknown:,} were sent and not answered: they may be written, or not")
    else:
        document = {"topic": topic, "acknowledged": written.acknowledged, "failed": written.failed}
        print_document("written", {**document, "unknown": written.unknown, "errors": written.errors}, output)
    if not written.failed and not written.unknown:
        return 0
    return PARTLY if written.acknowledged else FAILED


def _header(text: str) -> tuple[str, bytes | None]:
    name, separator, value = text.partition("=")
    if not name:
        raise UsageError(f"--header {text}: expected NAME=VALUE")
    return name, os.fsencode(value) if separator else None


def _completion(
    key: str | None, headers: list[tuple[str, bytes | None]], partition: int | None, *, null: bool
) -> Callable[[Outgoing], Outgoing]:
    """What the options add to each record. A trace context that they give takes the place of the record's own."""
    from ottla.kafka.trace_context import has_parent, without_context

    kept = without_context if has_parent(headers) else tuple
    own_key = None if key is None else os.fsencode(key)

    def completed(record: Outgoing) -> Outgoing:
        of_key = record.key if own_key is None else own_key
        return record._replace(
            key=None if null and not of_key else of_key,
            value=None if null and not record.value else record.value,
            headers=(*kept(record.headers), *headers),
            partition=record.partition if partition is None else partition,
        )

    return completed if key is not None or headers or partition is not None or null else lambda record: record


def _records(input_: Input, separator: str | None) -> Iterator[Outgoing]:
    from ottla.model.record import Outgoing

    stream = sys.stdin.buffer
    match input_:
        case Input.WHOLE:
            yield Outgoing(None, stream.read())
        case Input.JSON:
            yield from _json_records(stream)
        case Input.LINES if separator is None:
            for line in stream:
                yield Outgoing(None, line.removesuffix(b"\n"))
        case Input.LINES:
            yield from _keyed_records(stream, str(separator))


def _json_records(lines: Iterable[bytes]) -> Iterator[Outgoing]:
    from ottla.cli.record_text import parse_line

    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        try:
            yield parse_line(line)
        except ValueError as error:
            raise OttlaError(f"stdin:{number}: {error}", hint="mend that line, and send what comes from there on") from None


def _keyed_records(lines: Iterable[bytes], separator: str) -> Iterator[Outgoing]:
    from ottla.model.record import Outgoing

    between = os.fsencode(separator)
    for number, line in enumerate(lines, start=1):
        key, found, value = line.removesuffix(b"\n").partition(between)
        if not found:
            hint = "mend that line, and send what comes from there on"
            raise OttlaError(f"stdin:{number}: there is no {separator!r} between a key and a value", hint=hint)
        yield Outgoing(key, value)
