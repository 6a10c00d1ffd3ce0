"""`ottla certs`: the certificates that clients meet and show: how long they hold, what is wanting, and others in their place."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.consent import Yes, agreed_to
from ottla.cli.exporter import renew_exporters
from ottla.cli.output import Output, OutputOption, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, WANTING, Environment, SpecFile, explained, open_platform, with_options
from ottla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ottla.local.certificate_expiry import ListedCertificate
    from ottla.platform import LocalPlatform
    from ottla.platform.certificates import CertificatesView

app = typer.Typer(
    help="Certificates of a locked platform: how long they hold, what is wanting, and others in their place.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
NOTHING = "-"


@app.command(name="list")
@explained
def list_(file: SpecFile = DEFAULT_FILE, environment: Environment = None, output: OutputOption = Output.TABLE) -> int:
    """The CAs, and the certificates of nodes and users: who issued them, and how many days they hold."""
    return print_certificates(open_platform(file, environment), output, now=_now())


@app.command()
@explained
def check(file: SpecFile = DEFAULT_FILE, environment: Environment = None, output: OutputOption = Output.TABLE) -> int:
    """Whether each certificate holds for 30 days more, is trusted, names its host, and its key is private. Exit 6 if not."""
    return print_findings(open_platform(file, environment), output, now=_now())


@app.command()
@explained
def rotate(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    finish: Annotated[bool, typer.Option("--finish", help="End a change to another CA: the old one is trusted no more.")] = False,
    leaves: Annotated[
        bool, typer.Option("--leaves", help="Only renew the certificates of nodes and users; the CA stays.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Begin a change to another CA: both are trusted until --finish. Nodes are restarted one at a time, no client is lost."""
    if finish and leaves:
        raise UsageError("--finish ends a change to another CA, --leaves is for when there is none", hint="give one of them")
    platform = open_platform(file, environment)
    renew = partial(renew_exporters, file, platform)
    return rotate_certificates(platform, finish=finish, leaves=leaves, yes=yes, now=_now(), then=renew)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def print_certificates(platform: LocalPlatform, output: Output, *, now: dt.datetime) -> int:
    """Print the list; 0."""
    from ottla.platform.certificates import view_certificates

    view = view_certificates(platform, now=now)
    if output is not Output.TABLE:
        print_document("certs", _document(platform, view), output)
        return 0
    print_table(("CERTIFICATE", "SUBJECT", "ISSUER", "NOT AFTER", "DAYS LEFT", "TRUSTED"), [*map(_row, view.certificates)])
    left_over = {listed.what for listed in view.certificates if listed.left_over}
    for finding in view.findings:
        if finding.what in left_over:
            note(with_options(f"  note: {finding}"))
    return 0


def _row(listed: ListedCertificate) -> tuple[str, ...]:
    facts = listed.facts
    if facts is None:
        return listed.what, "missing or damaged", NOTHING, NOTHING, NOTHING, NOTHING
    trusted = "yes" if facts.trusted else "no"
    return listed.what, facts.subject, facts.issuer, f"{facts.not_after:%Y-%m-%d}", str(facts.days_left), trusted


def print_findings(platform: LocalPlatform, output: Output, *, now: dt.datetime) -> int:
    """Print what is wanting; 6 if anything is."""
    from ottla.platform.certificates import view_certificates

    view = view_certificates(platform, now=now)
    if output is not Output.TABLE:
        print_document("certs-check", _document(platform, view), output)
    else:
        for finding in view.findings:
            typer.echo(f"WANTING  {finding.what}: {finding.message}: {with_options(finding.way_out)}")
        wanting = {finding.what for finding in view.findings}
        for listed in view.certificates:
            if listed.facts is not None and listed.what not in wanting:
                typer.echo(f"ok  {listed.what}: holds for {listed.facts.days_left} days")
    return WANTING if view.findings else 0


def rotate_certificates(
    platform: LocalPlatform,
    *,
    finish: bool,
    leaves: bool,
    yes: bool,
    now: dt.datetime,
    then: Callable[[], None] = lambda: None,
) -> int:
    """Show the steps, ask unless ``yes``, go them, and do ``then`` what they entail."""
    from ottla.platform.certificates import begin_rotation, finish_rotation, refuse_unready, renew_certificates

    options = ["--finish"] if finish else ["--leaves"] if leaves else []
    refuse_unready(platform, *options, now=now)  # before anything is asked
    run = finish_rotation if finish else renew_certificates if leaves else begin_rotation
    for line in _FINISH if finish else _RENEW if leaves else _BEGIN:
        typer.echo(f"~ {line}")
    if not yes and not agreed_to("Go on?"):
        note("nothing was done")
        return 0
    _print_done(platform, run(platform, now=now), finish=finish, leaves=leaves)
    then()
    return 0


_RESTART = "restart the brokers one at a time"
_BEGIN = (
    "trust another CA beside the one that there is: that of security.authority, else a new one",
    _RESTART,
    "give users who log in with a certificate another one, of that CA",
)
_FINISH = (
    f"give nodes certificates of the new CA, and {_RESTART}",
    f"trust no CA but that one, and {_RESTART}: clients that still trust or show the old one get in no more",
)
_RENEW = ("give nodes and users new certificates of the same CA", _RESTART)


def _print_done(platform: LocalPlatform, restarted: Sequence[int], *, finish: bool, leaves: bool) -> None:
    layout = platform.cluster.layout
    nodes = ", ".join(map(str, dict.fromkeys(restarted)))
    typer.echo(f"restarted: node {nodes}" if restarted else "restarted: none; a node that does not run reads them when it starts")
    if finish:
        typer.echo("done: the old CA is trusted no more")
        return
    if not leaves:
        typer.echo(f"begun: two CAs are trusted; give clients {layout.client_authorities}")
    for user in platform.certificate_users:
        typer.echo(f"give {user} {layout.user_keystore(user)}")
    if not leaves:
        note(with_options("once every client has what is new, end it: ottla certs rotate --finish"))


def _document(platform: LocalPlatform, view: CertificatesView) -> dict[str, Any]:
    return {
        "environment": platform.environment,
        "rotation": view.rotation.value,
        "certificates": [_certificate_document(listed) for listed in view.certificates],
        "wanting": [
            {"certificate": each.what, "code": each.wanting.value, "message": each.message, "way_out": each.way_out}
            for each in view.findings
        ],
    }


def _certificate_document(listed: ListedCertificate) -> dict[str, Any]:
    facts = listed.facts
    return {
        "certificate": listed.what,
        "path": str(listed.path),
        "subject": facts and facts.subject,
        "issuer": facts and facts.issuer,
        "sans": list(facts.sans) if facts else [],
        "serial": facts and facts.serial,
        "not_before": facts and facts.not_before.isoformat(),
        "not_after": facts and facts.not_after.isoformat(),
        "days_left": facts and facts.days_left,
        "fingerprint_sha256": facts and facts.fingerprint,
        "trusted": facts is not None and facts.trusted,
    }


def note_expiry(platform: LocalPlatform) -> None:
    """Say which certificates have expired, or soon will."""
    if not platform.secured:
        return
    from ottla.platform.certificates import expiry_warnings

    for warning in expiry_warnings(platform, now=_now()):
        note(with_options(f"  note: {warning}"))
