"""`ottla upgrade`: every node to the spec's Kafka, one at a time; metadata.version only when asked, because it is one-way."""

from __future__ import annotations

from typing import Annotated

import typer

from ottla.cli.consent import Yes, agreed_to
from ottla.cli.output import note
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, open_platform, with_options


@explained
def command(
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    finalise: Annotated[
        bool, typer.Option("--finalize", help="Also raise metadata.version. One-way: an older Kafka cannot start after that.")
    ] = False,
    yes: Yes = False,
) -> int:
    """Move every node to the Kafka of the spec, one at a time, each only while every replica is in sync."""
    from ottla.platform.shared import refuse_shared

    platform = open_platform(file, environment)
    refuse_shared(platform.spec, "upgrade")
    before, after = platform.cluster.made().kafka_version, platform.spec.cluster.kafka_version
    steps = [f"move nodes from Kafka {before} to {after}, one at a time"] if before != after else []
    steps += ["raise metadata.version to what every node knows; no older Kafka can start after that"] if finalise else []
    for step in steps:
        typer.echo(f"~ {step}")
    if steps and not yes and not agreed_to("Go on?"):
        note("nothing was done")
        return 0
    done = platform.upgrade()
    moved = f"moved to it: node {', '.join(map(str, done.restarted))}" if done.restarted else "every node ran it already"
    typer.echo(f"Kafka {done.kafka_version}; {moved}")
    if finalise:
        was, now = platform.finalise()
        typer.echo(f"metadata.version {now}" + (f", before {was}: there is no way back" if was != now else ", as before"))
    elif done.supported > done.finalised:
        typer.echo(f"metadata.version stays {done.finalised}; every node knows {done.supported}, and the way back is open")
        note(with_options("once all is well, take the one-way step: ottla upgrade --finalize"))
    return 0
