"""`ottla groups`: consumer groups, who is in them and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.offered import group_ids
from ottla.cli.on_cluster import Reach, on_cluster
from ottla.cli.output import Output, OutputOption, or_dash, print_document, print_table
from ottla.model.units import counted

if TYPE_CHECKING:
    from ottla.model.group import GroupDescription, PartitionLag

app = typer.Typer(help="Consumer groups: who is in them, and how far they are.", no_args_is_help=True, rich_markup_mode=None)


@app.command(name="list")
@on_cluster
def list_(
    reach: Reach,
    output: OutputOption = Output.TABLE,
) -> int:
    """Every group of every kind: classic, consumer (KIP-848), share, streams."""
    groups = reach().groups()
    if output is Output.TABLE:
        print_table(("GROUP", "TYPE", "STATE"), [(group.group_id, group.type, group.state) for group in groups])
    else:
        document = [{"group_id": group.group_id, "type": group.type, "state": group.state} for group in groups]
        print_document("groups", {"groups": document}, output)
    return 0


@app.command()
@on_cluster
def describe(
    reach: Reach,
    group_id: Annotated[str, typer.Argument(metavar="GROUP", help="The group.", autocompletion=group_ids)],
    output: OutputOption = Output.TABLE,
) -> int:
    """One group: its members with their partitions, what is committed, and the lag."""
    found, lags = reach().group(group_id)
    if output is not Output.TABLE:
        print_document("group", _document(group_id, found, lags), output)
        return 0
    if found is None:
        typer.echo(f"{group_id}: a group of this kind does not tell its members")
    else:
        coordinator = "none" if found.coordinator is None else f"node {found.coordinator}"
        facts = f"{found.group.type}, {found.group.state}, coordinator {coordinator}, {counted(len(found.members), 'member')}"
        typer.echo(f"{group_id}: {facts}")
    rows = _rows(lags, _owners(found))
    if rows:
        typer.echo("")
        print_table(("TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"), rows)
    return 0


def _rows(lags: list[PartitionLag], owners: dict[tuple[str, int], str]) -> list[tuple[str, ...]]:
    """A line for each partition that has a commit or a member."""
    by_place = {(lag.topic, lag.partition): lag for lag in lags}
    rows = []
    for place in sorted(by_place.keys() | owners.keys()):
        lag = by_place.get(place)
        figures = (lag.committed_offset, lag.end, lag.lag) if lag else (None, None, None)
        rows.append((place[0], str(place[1]), *map(or_dash, figures), owners.get(place, "-")))
    return rows


def _owners(found: GroupDescription | None) -> dict[tuple[str, int], str]:
    members = found.members if found else ()
    return {place: f"{member.client_id} ({member.host})" for member in members for place in member.assignment}


def _document(group_id: str, found: GroupDescription | None, lags: list[PartitionLag]) -> dict[str, Any]:
    return {
        "group_id": group_id,
        "type": found and found.group.type,
        "state": found and found.group.state,
        "coordinator": found and found.coordinator,
        "assignor": found and found.assignor,
        "members": [
            {
                "member_id": member.member_id,
                "client_id": member.client_id,
                "host": member.host,
                "assignment": [{"topic": topic, "partition": partition} for topic, partition in member.assignment],
            }
            for member in (found.members if found else ())
        ],
        "partitions": [lag_document(lag) for lag in lags],
    }


def lag_document(lag: PartitionLag) -> dict[str, Any]:
    """How far a group is in a partition, for a machine."""
    return {
        "group_id": lag.group_id,
        "topic": lag.topic,
        "partition": lag.partition,
        "committed_offset": lag.committed_offset,
        "high_watermark": lag.end,
        "lag": lag.lag,
    }
