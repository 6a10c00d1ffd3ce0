"""Write the generated part of the documentation: `make docs`. A test compares it with what is committed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.main import get_command
from typer.testing import CliRunner

from ottla.cli.main import app
from ottla.doctor.guide import guide
from ottla.kubernetes.folder import folder_changes, write_changes
from ottla.metrics.alert_reference import alerts_reference
from ottla.metrics.reference import metrics_reference
from ottla.platform import Platform
from ottla.platform.dashboards import dashboard_documents
from ottla.spec.json_schema import schema_text
from ottla.spec.keys import find_spec_key

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
TARGET = REFERENCE / "cli.md"
SHIPPED = REFERENCE.parent.parent / "platform.yaml"
STARTER = SHIPPED.parent / "src" / "ottla" / "spec" / "starters" / "task-management.yaml"
BEGIN, END = "<!-- keys: written by `make docs`; do not edit -->", "<!-- end of keys -->"
SPEC = REFERENCE / "platform-yaml.md"
SCHEMA = REFERENCE / "platform.schema.json"
METRICS = REFERENCE / "metrics.md"
ALERTS = REFERENCE / "alerts.md"
TROUBLESHOOTING = REFERENCE.parent / "how-to" / "troubleshooting.md"
DASHBOARDS = SHIPPED.parent / "monitoring" / "grafana"
DOKS = SHIPPED.parent / "kubernetes" / "doks"  # the paths that [000] names
TOPICS = SHIPPED.parent / "kafka" / "topics.yaml"


def shipped_dashboards() -> dict[str, str]:
    """The dashboards of the shipped platform, by their file names."""
    return dashboard_documents(Platform.load(SHIPPED).on("local"))


def shipped_topics() -> str:
    """The topics of the shipped platform on DOKS, in one file."""
    head = "# The KafkaTopics of `ottla render -e doks`, written by `make docs`; change platform.yaml, then run that again.\n"
    return head + Platform.load(SHIPPED).render("doks").stream_of_kind("KafkaTopic").partition("\n")[2]


def cli_reference() -> str:
    """The help of every command, as Markdown."""
    runner = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"})
    parts = ["# Commands\n\nWritten by `make docs`; do not edit.\n"]
    for arguments in _commands(get_command(app), []):
        title = " ".join(["ottla", *arguments])
        text = runner.invoke(app, [*arguments, "--help"], prog_name="ottla").output.strip()
        lines = "\n".join(line.rstrip() for line in text.splitlines())
        parts.append(f"## `{title}`\n\n```text\n{lines}\n```\n")
    return "\n".join(parts)


def _commands(command: Any, path: list[str]) -> Iterator[list[str]]:
    """The words of a command and of everything below it."""
    yield path
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from _commands(below, [*path, name])


def with_keys(page: str) -> str:
    """The page about platform.yaml with its table of keys written anew."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    rows = "\n".join(f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in _keys("", ""))
    return f"{before}{BEGIN}\n\n| key | type | meaning |\n|---|---|---|\n{rows}\n\n{END}{after}"


def _keys(dotted: str, shown: str) -> Iterator[tuple[str, str, str]]:
    """Every key below ``dotted``, as the reference shows it, with its type and meaning."""
    for name, meaning in find_spec_key(dotted, ()).inner:
        below, here = f"{dotted}.{name}".strip("."), f"{shown}.{name}".strip(".")
        key = find_spec_key(below, ())
        yield here, key.type.partition(":")[0].replace("|", "/"), meaning
        if name == "environments":
            continue
        each = {"topics": ".NAME", "users": ".NAME", "acls": ".N", "quotas": ".N"}.get(name, "") if not dotted else ""
        yield from _keys(below + each, here + each)


if __name__ == "__main__":
    TARGET.write_text(cli_reference(), encoding="utf-8")
    METRICS.write_text(metrics_reference(), encoding="utf-8")
    ALERTS.write_text(alerts_reference(), encoding="utf-8")
    TROUBLESHOOTING.write_text(guide(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    SPEC.write_text(with_keys(SPEC.read_text(encoding="utf-8")), encoding="utf-8")
    DASHBOARDS.mkdir(parents=True, exist_ok=True)
    for name, text in shipped_dashboards().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")
    manifests = Platform.load(SHIPPED).render("doks").files
    write_changes(DOKS, manifests, folder_changes(DOKS, manifests, environment="doks"))
    TOPICS.parent.mkdir(exist_ok=True)
    TOPICS.write_text(shipped_topics(), encoding="utf-8")
    shutil.copyfile(SHIPPED, STARTER)
