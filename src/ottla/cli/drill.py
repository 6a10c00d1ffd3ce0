"""`ottla drill`: faults under load, with a ledger of every event and a verdict."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from ottla.cli.amounts import bytes_of, seconds_of
from ottla.cli.output import Output, OutputOption, TerminalReporter, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, open_platform, with_options
from ottla.errors import OttlaError, UsageError

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform
    from ottla.proof.drills import Drill
    from ottla.proof.keeping import Judged
    from ottla.proof.load import Load

LEAST_NODES = 3  # with fewer there is nothing to survive
MEMBERS = 2  # so that there is somebody to rebalance with


class _Drills(TyperGroup):
    """`ottla drill kill-broker` is `ottla drill run kill-broker`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        from ottla.proof.drills import DRILLS

        known = args and args[0] in {drill.name for drill in DRILLS}
        return super().resolve_command(ctx, ["run", *args] if known else args)


app = typer.Typer(
    cls=_Drills, help="Prove what the platform survives: a fault under load, every event accounted for.", no_args_is_help=True
)

Rate = Annotated[int | None, typer.Option("--rate", min=1, help="Events a second; those of `load` if not given.")]
Size = Annotated[str | None, typer.Option("--size", help="Size of an event (1KiB); that of `load` if not given.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed sends the same events, and chooses the same among equals.")]
WarmUp = Annotated[
    str, typer.Option("--warm-up", help="How long the same load goes to another topic first: a JVM is slow at the beginning.")
]
WatchAlerts = Annotated[
    bool,
    typer.Option("--alerts", help="Watch the alerts too: those the fault must raise, in time, and no others. Needs Prometheus."),
]
History = Annotated[Path, typer.Argument(help="The folder of a history: ottla drill list.", metavar="HISTORY")]


@app.command("list")
@explained
def list_drills(file: SpecFile = DEFAULT_FILE, environment: Environment = None, output: OutputOption = Output.TABLE) -> int:
    """The drills there are, and the histories that were kept."""
    from ottla.proof.drills import DRILLS
    from ottla.proof.keeping import histories

    kept = [str(path) for path in histories(open_platform(file, environment).folder)]
    if output is Output.TABLE:
        rows = [[drill.name, "yes" if drill.here else "no", drill.what] for drill in DRILLS]
        print_table(["drill", "--here", "what is done"], rows)
        for path in kept:
            typer.echo(path)
    else:
        drills = [{"name": drill.name, "what": drill.what, "here": drill.here} for drill in DRILLS]
        print_document("drills", {"drills": drills, "histories": kept}, output)
    return 0


@app.command("run")
@explained
def run(
    name: Annotated[str, typer.Argument(metavar="DRILL", help="Which one: ottla drill list.")],
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
    rate: Rate = None,
    size: Size = None,
    seed: Seed = 1,
    warm_up: WarmUp = "0s",
    here: Annotated[bool, typer.Option("--here", help="On the platform itself, not on a cluster of its own.")] = False,
    alerts: WatchAlerts = False,
) -> int:
    """Do one, and say what it proves. Exit 6 unless the verdict is valid.

    It is done on a cluster of its own, made from the spec and removed afterwards; the platform's data is never touched.
    """
    from ottla.proof.drills import find_drill

    drill, platform = find_drill(name), open_platform(file, environment)
    return _tell(_done(platform, drill, _load(platform, rate, size, seed, warm_up), file, here=here, alerts=alerts), output)


@app.command("all")
@explained
def run_all(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
    rate: Rate = None,
    size: Size = None,
    seed: Seed = 1,
    warm_up: WarmUp = "0s",
    alerts: WatchAlerts = False,
) -> int:
    """Do every drill, one after the other, each on a cluster of its own. Exit 6 unless every verdict is valid."""
    from ottla.proof.drills import DRILLS
    from ottla.proof.text import verdict_line

    platform = open_platform(file, environment)
    load = _load(platform, rate, size, seed, warm_up)
    done = []
    for number, drill in enumerate(DRILLS, 1):
        note(f"ottla: drill {number} of {len(DRILLS)}: {drill.name}")
        done.append(judged := _done(platform, drill, load, file, here=False, alerts=alerts))
        if output is Output.TABLE:
            typer.echo(f"{drill.name}: {verdict_line(judged.judgement)}")
    if output is not Output.TABLE:
        print_document("drills-done", {"drills": [each.document for each in done]}, output)
    return WANTING if any(map(_wanting, done)) else 0


@app.command("check")
@explained
def check(history: History, output: OutputOption = Output.TABLE) -> int:
    """Judge a history that was kept, once more. Exit 6 unless the verdict is valid."""
    from ottla.proof.keeping import judge

    return _tell(judge(history), output)


@app.command("report")
@explained
def report(history: History) -> int:
    """Write the page of a history anew, for people: report.html in its folder."""
    from ottla.proof.keeping import judge

    typer.echo(judge(history).write_report())
    return 0


def _load(platform: LocalPlatform, rate: int | None, size: str | None, seed: int, warm_up: str) -> Load:
    from ottla.proof.load import Load
    from ottla.proof.subject import check_load

    warm = seconds_of("--warm-up", warm_up, least=0)
    offered = Load.of_spec(platform.spec.load, rate=rate, size=None if size is None else bytes_of(size))
    load = Load(rate=offered.rate, size=offered.size, duration=0, warm_up=warm, consumers=MEMBERS, seed=seed)
    check_load(platform, None, load)
    return load


def _done(platform: LocalPlatform, drill: Drill, load: Load, file: Path, *, here: bool, alerts: bool) -> Judged:
    from ottla.local.faults.held import held_by_drill
    from ottla.platform.scratch import scratch
    from ottla.proof.alerting import monitored
    from ottla.proof.drilling import Order, drill_on
    from ottla.proof.keeping import HISTORIES, is_history, judge
    from ottla.proof.subject import subject_of

    if here and not drill.here:
        raise UsageError(f"{drill.name} is not done to the platform itself", hint="without --here it gets a cluster of its own")
    if alerts:
        _refuse_unwatchable(platform, here=here)
    name = f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{drill.name}"
    folder = platform.folder / HISTORIES / name
    order = Order(
        drill, load, command=_command(platform, drill, load, file, here=here, alerts=alerts), said=TerminalReporter().step
    )
    try:
        if here:
            with held_by_drill(platform.cluster.layout):
                drill_on(platform, subject_of(platform, None), order, folder)
        else:
            shape = replace(drill.shape, nodes=max(LEAST_NODES, platform.spec.cluster.nodes), monitored=alerts)
            with scratch(platform, name, shape) as made, monitored(made, order.said) if alerts else nullcontext() as watched:
                drill_on(made, subject_of(made, None, user=drill.user), replace(order, alerts=watched), folder)
    except OttlaError as error:
        if not is_history(folder):
            raise
        note(f"ottla: the drill was cut off: {with_options(str(error))}")  # the verdict says that nothing is proven
    judged = judge(folder)
    judged.write_report()
    return judged


def _refuse_unwatchable(platform: LocalPlatform, *, here: bool) -> None:
    """Before a cluster is made: raises UsageError, and LocalError where a program is missing."""
    from ottla.platform.monitoring import monitoring_of

    if here:
        raise UsageError("--alerts is for a cluster of its own, and --here for the platform itself", hint="take one of them away")
    monitoring_of(platform).require_programs()


def _command(platform: LocalPlatform, drill: Drill, load: Load, file: Path, *, here: bool, alerts: bool) -> str:
    """What does the same again."""
    of_load = ["--rate", str(load.rate), "--size", str(load.size), "--seed", str(load.seed)]
    warm = ["--warm-up", f"{load.warm_up:g}s"] if load.warm_up else []
    where = ["--file", str(file)] if file != DEFAULT_FILE else []
    words = ["ottla", "drill", "run", drill.name, *where, "-e", platform.environment, *of_load, *warm]
    return shlex.join([*words, *(["--here"] if here else []), *(["--alerts"] if alerts else [])])


def _tell(judged: Judged, output: Output) -> int:
    from ottla.proof.text import verdict_lines

    if output is Output.TABLE:
        for line in verdict_lines(judged.history.run, judged.judgement):
            typer.echo(line)
        note(f"history: {judged.folder}")
    else:
        print_document("drill", judged.document, output)
    return WANTING if _wanting(judged) else 0


def _wanting(judged: Judged) -> bool:
    from ottla.proof.checker import Verdict

    return judged.judgement.verdict is not Verdict.VALID
