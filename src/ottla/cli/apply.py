"""`ottla apply`: show the plan, ask, do exactly that."""

from __future__ import annotations

from ottla.cli.consent import Accept, Yes, carry_out
from ottla.cli.exporter import renew_exporters
from ottla.cli.on_cluster import AsUserOrItself  # noqa: TC001  (typer reads the annotations)
from ottla.cli.plan import KINDS, Allow
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, chosen, explained, open_platform


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    allow: Allow = None,
    accept: Accept = None,
    yes: Yes = False,
    as_user: AsUserOrItself = None,
) -> int:
    """Make the live cluster what the spec says. Nothing is deleted without --allow; risks to data want --accept."""
    kinds = chosen("--allow", allow, "kinds", KINDS)
    platform = open_platform(file, environment).working_as(as_user)
    return carry_out(
        platform.plan(allow=kinds),
        lambda plan, accepted: platform.apply(plan, accept=accepted),
        accept=accept,
        yes=yes,
        cluster=platform.spec.cluster.name,
        then=lambda: renew_exporters(file, platform),
    )
