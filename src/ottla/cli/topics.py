"""`ottla topics`: see what there is, and add or delete by hand, through a plan and its guards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.consent import Accept, Yes, carry_out
from ottla.cli.offered import topic_names
from ottla.cli.on_cluster import Reach, on_cluster
from ottla.cli.output import Output, OutputOption, note, print_document, print_table
from ottla.cli.topics_managed import manage, unmanage
from ottla.errors import UsageError
from ottla.model.units import format_size

if TYPE_CHECKING:
    from ottla.plan import Plan
    from ottla.platform.access import Access, TopicDetails

app = typer.Typer(help="See what topics there are, and add or delete them by hand.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The topic.", autocompletion=topic_names)]
Names = Annotated[list[str], typer.Argument(help="The topics.", autocompletion=topic_names)]


@app.command(name="list")
@on_cluster
def list_(
    reach: Reach,
    output: OutputOption = Output.TABLE,
    internal: Annotated[bool, typer.Option("--internal", help="Also those of Kafka and of tools beside it.")] = False,
) -> int:
    """Every topic: partitions, replication, how many partitions are in sync, and what it takes on disk over all replicas."""
    access = reach()
    topics = access.topics(internal=internal)
    if output is not Output.TABLE:
        document = [
            {
                "name": topic.name,
                "partitions": topic.partitions,
                "replication_factor": topic.replication_factor,
                "partitions_in_sync": topic.in_sync,
                "size_bytes": topic.size_bytes,
                "in_spec": topic.name in access.listed,
            }
            for topic in topics
        ]
        print_document("topics", {"topics": document}, output)
        return 0
    rows = [
        (
            topic.name,
            str(topic.partitions),
            str(topic.replication_factor),
            f"{topic.in_sync}/{topic.partitions}",
            _size(topic.size_bytes),
        )
        for topic in topics
    ]
    print_table(("TOPIC", "PARTITIONS", "REPLICAS", "IN SYNC", "SIZE"), rows)
    return 0


@app.command()
@on_cluster
def describe(
    reach: Reach,
    name: Name,
    output: OutputOption = Output.TABLE,
) -> int:
    """One topic: each partition's leader, replicas, isr and offsets, and every config that is not Kafka's default."""
    access = reach()
    details = access.topic(name)
    if output is Output.TABLE:
        _print_details(access, details)
    else:
        print_document("topic", _document(access, details), output)
    return 0


def _size(size: int | None) -> str:
    return "-" if size is None else format_size(size)


def _print_details(access: Access, details: TopicDetails) -> None:
    records = sum(found.end - found.start for found in details.ranges.values())
    counted = f"at most {records:,} records" if details.ranges else "not every partition has a leader that answers"
    listed = f"; {'in' if details.name in access.listed else 'not in'} the spec" if access.listed else ""
    typer.echo(f"{details.name}: {counted}, {_size(details.size_bytes)} over all replicas{listed}\n")
    rows = []
    for each in details.partitions:
        found = details.ranges.get(each.partition)
        leader = "none" if each.leader is None else str(each.leader)
        places = (",".join(map(str, each.replicas)), ",".join(map(str, sorted(each.isr))))
        rows.append((str(each.partition), leader, *places, *((str(found.start), str(found.end)) if found else ("-", "-"))))
    print_table(("PARTITION", "LEADER", "REPLICAS", "ISR", "START", "END"), rows)
    configs = details.own_configs
    if configs:
        typer.echo("")
        sources = {key: details.configs[key].source.name.lower().removesuffix("_config") for key in configs}
        print_table(("CONFIG", "VALUE", "FROM"), [(key, configs[key] or "-", sources[key]) for key in sorted(configs)])


def _document(access: Access, details: TopicDetails) -> dict[str, Any]:
    return {
        "name": details.name,
        "in_spec": details.name in access.listed,
        "size_bytes": details.size_bytes,
        "partitions": [
            {
                "partition": each.partition,
                "leader": each.leader,
                "replicas": list(each.replicas),
                "isr": sorted(each.isr),
                "log_start_offset": details.ranges[each.partition].start if details.ranges else None,
                "high_watermark": details.ranges[each.partition].end if details.ranges else None,
            }
            for each in details.partitions
        ],
        "configs": {key: {"value": entry.value, "source": entry.source.name} for key, entry in sorted(details.configs.items())},
    }


@app.command()
@on_cluster
def create(
    reach: Reach,
    name: Annotated[str, typer.Argument(help="The topic.")],
    partitions: Annotated[int, typer.Option("--partitions", "-p", min=1, help="How many partitions.")] = 1,
    replication_factor: Annotated[
        int, typer.Option("--replication-factor", "-r", min=-1, help="How many replicas; -1: as the brokers have it.")
    ] = -1,
    config: Annotated[list[str] | None, typer.Option("--config", "-c", help="A topic config.", metavar="KEY=VALUE")] = None,
    yes: Yes = False,
) -> int:
    """Add a topic that no spec describes. What belongs to the platform is better written into platform.yaml."""
    from ottla.model.topic import Topic

    access = reach()
    plan = access.plan_create([Topic(name, partitions, replication_factor, _configs(config or []))])
    return _carry_out(access, plan, accept=None, yes=yes)


def _configs(given: list[str]) -> dict[str, str]:
    """``retention.ms=7d`` as Kafka takes it. Raises UsageError."""
    from ottla.spec import kafka_text
    from ottla.spec.config_checks import value_problem

    configs = {}
    for text in given:
        key, separator, value = text.partition("=")
        if not separator or not key:
            raise UsageError(f"--config {text}: expected KEY=VALUE")
        problem = value_problem("topic", key, value)
        if problem is not None:
            raise UsageError(f"--config {text}: {problem}")
        configs[key] = kafka_text(key, value)
    return configs


@app.command()
@on_cluster
def delete(
    reach: Reach,
    names: Names,
    accept: Accept = None,
    yes: Yes = False,
) -> int:
    """Delete topics that no spec describes, for good; records in them want --accept deletes-records."""
    access = reach()
    plan = access.plan_delete(names)
    return _carry_out(access, plan, accept=accept, yes=yes)


def _carry_out(access: Access, plan: Plan, *, accept: list[str] | None, yes: bool) -> int:
    def apply(shown: Plan, accepted: frozenset[str]) -> tuple[str, ...]:
        return access.apply(shown, accept=accepted, said=note)

    return carry_out(plan, apply, accept=accept, yes=yes, cluster=access.name)


app.command()(manage)
app.command()(unmanage)
