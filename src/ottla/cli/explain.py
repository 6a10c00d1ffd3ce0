"""`ottla explain`: what a key means, and what this platform makes of it."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.output import Output, OutputOption, note, print_document
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained, with_options
from ottla.errors import SpecError
from ottla.model.units import format_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ottla.spec import Spec
    from ottla.spec.explain import Explanation
    from ottla.spec.kafka_configs import ConfigKey

WIDEST = 110
LABEL = 9
INNER = 23


@explained
def command(
    key: Annotated[
        str,
        typer.Argument(help="A key of the spec (topics.orders.retention) or of Kafka (retention.ms); none: the keys there are."),
    ] = "",
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """What a key means, its type, range and default, where its value comes from, and what Kafka is told."""
    from ottla.spec.explain import explain

    dotted, chosen = _without_environment(key, environment)
    explanation = explain(dotted, _spec(file), chosen)
    if output is Output.TABLE:
        _print(explanation)
    else:
        print_document("explanation", _document(explanation), output)
    return 0


def _without_environment(key: str, environment: str | None) -> tuple[str, str | None]:
    """``environments.laptop.cluster.nodes`` is ``cluster.nodes`` in that environment."""
    first, _, rest = key.partition(".")
    if first != "environments" or not rest:
        return key, environment
    name, _, rest = rest.partition(".")
    return rest, environment or name


def _spec(file: Path) -> Spec | None:
    """The spec; None where there is none to look at, so that a key can be looked up before there is a platform."""
    from ottla.spec import load_spec

    if file == DEFAULT_FILE and not file.exists():
        return None
    try:
        return load_spec(file)
    except SpecError:
        note(with_options(f"{file} has faults, so that only meanings are told; see them: ottla validate"))
        return None


def _print(explanation: Explanation) -> None:
    typer.echo(explanation.key or "platform.yaml")
    width = min(WIDEST, shutil.get_terminal_size().columns)
    for line in textwrap.wrap(explanation.meaning, width - 2):
        typer.echo(f"  {line}")
    label = ""
    for row, text in _rows(explanation):
        _print_row("" if row == label else row, text, LABEL, width)
        label = row
    for name, meaning in explanation.inner:
        _print_row(f"  {name}", meaning, INNER, width)


def _print_row(label: str, text: str, wide: int, width: int) -> None:
    wrapped = textwrap.wrap(text, max(width - wide - 1, 20), break_long_words=False, break_on_hyphens=False) or [""]
    for index, line in enumerate(wrapped):
        typer.echo(f"{label if not index else '':{wide}} {line}")


def _rows(explanation: Explanation) -> Iterator[tuple[str, str]]:
    if explanation.key:
        yield "type", explanation.type
    if explanation.default:
        size = explanation.type.startswith("a size")
        yield "default", format_size(int(explanation.default)) if size else _in_words(explanation.key, explanation.default)
    yield from (("Kafka", line) for line in _kafka_lines(explanation))
    for said in explanation.said:
        if not isinstance(said.value, dict):
            yield "said in", f"{said.file}:{said.line}: {said.key}: {_yaml(said.value)}"
    if explanation.environment and explanation.in_kafka:
        if not explanation.said:
            yield "said in", "no place: the default holds"
        yield from ((explanation.environment, f"{key} = {_in_words(key, text)}") for key, text in explanation.in_kafka.items())


def _yaml(value: object) -> str:
    """A value as it may stand in the file."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _in_words(key: str, text: str) -> str:
    from ottla.spec.explain import in_words

    return in_words(key, text)


def _kafka_lines(explanation: Explanation) -> list[str]:
    from ottla.spec.config_checks import KINDS

    lines = []
    for scope, key in explanation.kafka:
        valid = f", {key.valid}" if key.valid else ""
        default = "" if key.required else f"; default {_default(key)}"
        update = f"; update mode {key.update}" if key.update else ""
        lines.append(f"{key.name}: {KINDS[scope]}, {key.type}{valid}{default}{update}")
        if key.doc != explanation.meaning:
            lines.append(key.doc)
    return lines


def _default(key: ConfigKey) -> str:
    if key.default is None:
        return "null"
    return _in_words(key.name, key.default) if key.default else "empty"


def _document(explanation: Explanation) -> dict[str, Any]:
    return {
        "key": explanation.key,
        "meaning": explanation.meaning,
        "type": explanation.type,
        "default": explanation.default,
        "kafka": [
            {
                "scope": scope,
                "key": key.name,
                "type": key.type,
                "valid": key.valid,
                "default": key.default,
                "update_mode": key.update,
                "meaning": key.doc,
            }
            for scope, key in explanation.kafka
        ],
        "environment": explanation.environment,
        "said": [{"file": said.file, "line": said.line, "key": said.key, "value": said.value} for said in explanation.said],
        "in_kafka": explanation.in_kafka,
        "keys": [{"key": name, "meaning": meaning} for name, meaning in explanation.inner],
    }
