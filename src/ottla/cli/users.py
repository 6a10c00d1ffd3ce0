"""`ottla users`: who may log in, how, and where their passwords are; and new passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.exporter import renew_exporters
from ottla.cli.offered import user_names
from ottla.cli.output import Output, OutputOption, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, open_platform, with_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec import EnvironmentSpec
    from ottla.spec.schema import UserSpec

app = typer.Typer(help="Users: who may log in, and new passwords.", no_args_is_help=True, rich_markup_mode=None)
GENERATED = "generated"


@app.command(name="list")
@explained
def list_(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """Each user, by full name: how they log in, where the password is (never which), and what they do. Asks no cluster."""
    from ottla.spec import load_spec

    name, spec = load_spec(file).environment(environment)
    rows = [_document(spec, user, one) for user, one in spec.users_by_full_name.items()]
    if output is not Output.TABLE:
        print_document("users", {"environment": name, "secured": spec.security.enabled, "users": rows}, output)
        return 0
    if not spec.security.enabled:
        note(f"  note: {name} is open: these users exist where security is enabled, and everybody may do everything here")
    shown = [(row["user"], ", ".join(row["mechanisms"]) or row["authentication"], row["password"] or "-") for row in rows]
    does = ["; ".join(row["does"]) or "nothing but what `acls` say" for row in rows]
    print_table(("USER", "LOGS IN BY", "PASSWORD", "DOES"), [(*row, what) for row, what in zip(shown, does, strict=True)])
    return 0


@app.command()
@explained
def rotate(
    user: Annotated[str, typer.Argument(help="A user of the spec.", autocompletion=user_names)],
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
) -> int:
    """Give a user a new generated password. The one before is refused from then on; it is not printed: see client-config."""
    platform = open_platform(file, environment)
    platform.rotate_password(user)
    typer.echo(f"{user} has a new password; whoever used the one before needs new files")
    note("hand out: " + with_options(f"ottla client-config {user} --for java, librdkafka, dapr or spring"))
    renew_exporters(file, platform)
    return 0


def _document(spec: EnvironmentSpec, name: str, user: UserSpec) -> dict[str, Any]:
    from ottla.spec.identity import Authentication

    scram = user.authentication is Authentication.SCRAM
    return {
        "user": name,
        "description": user.description,
        "authentication": user.authentication.value,
        "mechanisms": [str(mechanism) for mechanism in spec.security.mechanisms] if scram else [],
        "password": (GENERATED if user.password is None else str(user.password)) if scram else None,
        "administrator": name == spec.security.administrator,
        "does": list(_does(spec, user)),
    }


def _does(spec: EnvironmentSpec, user: UserSpec) -> Iterator[str]:
    if user.admin:
        yield "administers"
    if user.monitor:
        yield "monitors"
    if user.produces:
        yield f"produces {_topics(len(user.produces))}"
    if user.consumes is not None:
        yield f"consumes {_topics(len(user.consumes.topics))} as {spec.full_name(user.consumes.group)}"
    if user.streams is not None:
        name, reads, writes = spec.full_name(user.streams.application_id), len(user.streams.reads), len(user.streams.writes)
        yield f"streams {name}: {reads} in, {writes} out"


def _topics(count: int) -> str:
    return f"{count} topic{'' if count == 1 else 's'}"
