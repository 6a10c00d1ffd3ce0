"""`ottla records`: a quick look into a topic: its last records, or some by chance."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.consume import Format, Topic, record_writer, write_records
from ottla.cli.on_cluster import Reach, on_cluster
from ottla.cli.output import Output, OutputOption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.offsets import OffsetRange

app = typer.Typer(help="A quick look into a topic.", no_args_is_help=True, rich_markup_mode=None)
LINE = "%p:%o\\t%k\\t%s\\n"
Count = Annotated[int, typer.Option("--count", "-n", min=1, max=100_000, help="How many.")]


@app.command()
@on_cluster
def tail(
    reach: Reach,
    topic: Topic,
    count: Count = 10,
    format_: Format = LINE,
    output: OutputOption = Output.TABLE,
) -> int:
    """The last records of a topic by their timestamps, among the last N offsets of each partition; offsets may have gaps."""
    from ottla.cli.record_range import AtOffset, spans_from
    from ottla.kafka.consume import read_records

    show = record_writer(output, format_)
    access = reach()
    spans = spans_from(access, topic, AtOffset(-count))
    records = [record for batch in read_records(access.settings, access.profile, spans) for record in batch]
    records.sort(key=lambda record: (record.timestamp or 0, record.partition, record.offset))
    write_records(records[-count:], show)
    return 0


@app.command()
@on_cluster
def sample(
    reach: Reach,
    topic: Topic,
    count: Count = 10,
    format_: Format = LINE,
    output: OutputOption = Output.TABLE,
) -> int:
    """Some records by chance, each offset as likely as any other."""
    from ottla.kafka.consume import read_spots

    show = record_writer(output, format_)
    access = reach()
    spots = _spots(access.partition_ranges(topic), count)
    write_records(read_spots(access.settings, access.profile, topic, spots), show)
    return 0


def _spots(ranges: Mapping[int, OffsetRange], count: int) -> list[tuple[int, int]]:
    """(partition, offset) pairs by chance, in their order."""
    sizes = {partition: found.end - found.start for partition, found in ranges.items()}
    total = sum(sizes.values())
    spots = []
    for place in sorted(random.sample(range(total), min(count, total))):
        rest = place
        for partition, size in sizes.items():
            if rest < size:
                spots.append((partition, ranges[partition].start + rest))
                break
            rest -= size
    return spots
