"""`ottla drill`: faults under load, with a ledger of every event and a verdict."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003  (typer reads it)
from typing import TYPE_CHECKING, Annotated

import typer

from ottla.cli.output import Output, OutputOption, TerminalReporter, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, open_platform
from ottla.errors import UsageError

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform
    from ottla.proof.checker import Judgement
    from ottla.proof.drills import Drill
    from ottla.proof.load import Load

app = typer.Typer(help="Prove what the platform survives: a fault under load, every event accounted for.", no_args_is_help=True)

Rate = Annotated[int | None, typer.Option("--rate", min=1, help="Events a second; those of `load` if not given.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed sends the same events, and chooses the same among equals.")]
HISTORIES = "histories"


@app.command("list")
@explained
def list_drills(file: SpecFile = DEFAULT_FILE, environment: Environment = None, output: OutputOption = Output.TABLE) -> int:
    """The drills there are, and the histories that were kept."""
    from ottla.proof.drills import DRILLS

    platform = open_platform(file, environment)
    kept = [str(path) for path in _histories(platform)]
    if output is Output.TABLE:
        print_table(["drill", "what is done"], [[drill.name, drill.what] for drill in DRILLS])
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
    seed: Seed = 1,
    here: Annotated[bool, typer.Option("--here", help="On the platform itself, not on a cluster of its own.")] = False,
) -> int:
    """Do one, and say what it proves. Exit 6 unless the verdict is valid.

    It is done on a cluster of its own, made from the spec and removed afterwards; the platform's data is never touched.
    """
    from ottla.proof.drills import find_drill

    platform = open_platform(file, environment)
    folder = _drill(platform, find_drill(name), _load(platform, rate, seed), here=here)
    return _judge(folder, output)


@app.command("check")
@explained
def check(history: Annotated[Path, typer.Argument(help="The folder of a history.")], output: OutputOption = Output.TABLE) -> int:
    """Judge a history that was kept, once more. Exit 6 unless the verdict is valid."""
    return _judge(history, output)


def _load(platform: LocalPlatform, rate: int | None, seed: int) -> Load:
    from ottla.proof.load import Load

    wanted = platform.spec.load
    return Load(
        rate=rate or (wanted.events_per_second if wanted else 1_000),
        size=wanted.event_size if wanted else 1_024,
        duration=0,
        seed=seed,
        consumers=2,
    )


def _histories(platform: LocalPlatform) -> list[Path]:
    folder = platform.folder / HISTORIES
    return sorted(path for path in folder.iterdir() if (path / "run.json").is_file()) if folder.is_dir() else []


def _drill(platform: LocalPlatform, drill: Drill, load: Load, *, here: bool) -> Path:
    from ottla.platform.scratch import scratch
    from ottla.proof.drilling import Order, drill_on
    from ottla.proof.subject import subject_of

    if here and not drill.here:
        raise UsageError(
            f"{drill.name} cannot be done to the platform itself", hint="without --here it gets a cluster of its own"
        )
    name = f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{drill.name}"
    folder = platform.folder / HISTORIES / name
    order = Order(drill, load, command=shlex.join(["ottla", *sys.argv[1:]]), said=TerminalReporter().step)
    if here:
        drill_on(platform, subject_of(platform, None), order, folder)
    else:
        with scratch(platform, f"drill-{name}", drill.shape) as made:
            drill_on(made, subject_of(made, None, user=drill.user), order, folder)
    note(f"history: {folder}")
    return folder


def _judge(folder: Path, output: Output) -> int:
    from ottla.proof.checker import Verdict, check
    from ottla.proof.expected import expected_of
    from ottla.proof.history.reading import read_history

    history = read_history(folder)
    judgement = check(history, expected_of(history.run))
    _print(judgement, output)
    return 0 if judgement.verdict is Verdict.VALID else WANTING


def _print(judgement: Judgement, output: Output) -> None:
    for finding in (*judgement.troubles, *judgement.counted):
        typer.echo(f"{finding.verdict.value}  {finding.anomaly}: {finding.count} {finding.meaning} {finding.note}")
        for example in finding.examples[:3]:
            typer.echo(f"    {example}")
    for measure in judgement.liveness:
        typer.echo(
            f"{measure.verdict.value}  {measure.name}: {measure.milliseconds} ms (allowed {measure.allowed_ms}) {measure.note}"
        )
    typer.echo(f"{dict(judgement.figures)}")
    typer.echo(f"{judgement.verdict.value.upper()}")
