"""The troubleshooting guide, written from the table of kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.doctor.kinds import KINDS
from ottla.doctor.signatures import SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.doctor.finding import Kind

HEAD = """# Troubleshooting

Written by `make docs` from the table that `ottla doctor` itself uses; do not edit.

`ottla doctor` looks at the processes, the files, the logs and the cluster, and says what is wrong, what shows it, why it is so
and what to do next. It changes nothing, it works while the platform is down, and with `-b HOST:PORT` on any cluster as far as
that can be seen. It exits with 0 where nothing is wanting (notes are not), with 6 where something is.

What it could not look at is a finding as well (`cannot-see`): no answer is never taken for "healthy". A kind is explained by
`ottla doctor --explain KIND`.

| kind | severity | |
|---|---|---|
"""
LAST_WORDS = """## Last words

What Kafka writes before it ends, and what it means. Each was made by breaking a real node.

| in the log | finding | next |
|---|---|---|
"""


def guide() -> str:
    """The page, as Markdown: every kind has a section of its name."""
    rows = "\n".join(f"| [`{kind.name}`](#{kind.name}) | {kind.severity} | {kind.title} |" for kind in KINDS)
    words = "\n".join(_signatures())
    return "\n".join([f"{HEAD}{rows}\n", *(_section(kind) for kind in KINDS), f"{LAST_WORDS}{words}\n"])


def _section(kind: Kind) -> str:
    return (
        f"## {kind.name}\n\n**{kind.title}** ({kind.severity}).\n\n{kind.meaning}\n\n"
        f"- How it comes about: {kind.comes}\n- What to do: {kind.remedy}\n"
    )


def _signatures() -> Iterator[str]:
    for each in SIGNATURES:
        pattern = each.pattern.pattern.replace("|", "\\|")
        yield f"| `{pattern}` | [`{each.kind.name}`](#{each.kind.name}) | {each.command} |"
