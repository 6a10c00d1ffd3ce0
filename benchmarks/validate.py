"""A spec of 10,000 topics in two environments: `ottla validate` against what one would use without it.

In turns, in the same run; what counts is the ratio of the medians. Wanted: validate below 3 s, ratio at most 1, and ten times the
topics (or twice the environments) at most ten (two) times as long, give or take noise.
  validate     load_spec and its warnings: every environment, Kafka's keys, lines, faults between keys
  load+schema  ruamel.yaml's safe load (C parser) and jsonschema with the schema that `ottla schema` prints: no lines, no overlays
  command      `ottla validate` as a process of its own
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from ottla.spec import load_spec
from ottla.spec.json_schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable

TOPICS = 10_000
ROUNDS = 5
WANTED = 3.0
OTTLA = Path(sys.executable).parent / "ottla"


def spec_text(topics: int, environments: int) -> str:
    """A spec with as many topics, each with seven keys, and environments that each change every tenth topic."""
    lines = ["platform: big", "cluster: {name: big}", "topics:"]
    for number in range(topics):
        lines += [
            f"  team-{number % 97}.topic-{number}:",
            f"    description: Topic number {number}",
            f"    partitions: {1 + number % 12}",
            f"    retention: {1 + number % 30}d",
            "    cleanup_policy: delete",
            "    config: {max.message.bytes: 1MB, segment.ms: 1h}",
            f"    event: {{key: id, written_by: [service-{number % 50}], types: [event-{number}]}}",
        ]
    lines.append("environments:")
    for environment in range(environments):
        lines += [f"  environment-{environment}:", "    target: local", "    topics:"]
        lines += [f"      team-{number % 97}.topic-{number}: {{partitions: 1}}" for number in range(0, topics, 10)]
    return "\n".join(lines) + "\n"


def validate(path: Path, topics: int) -> None:
    """What `ottla validate` does."""
    spec = load_spec(path)
    assert spec.warnings() == ()
    assert all(len(each.topics) == topics for each in spec.environments.values())


def load_and_schema(path: Path, topics: int) -> None:
    """What a user has without Ottla."""
    document = YAML(typ="safe", pure=False).load(path)
    assert len(document["topics"]) == topics
    assert not list(Draft202012Validator(json_schema()).iter_errors(document))


def command(path: Path, topics: int) -> None:
    """The command, start of Python included."""
    done = subprocess.run([OTTLA, "validate", "--file", path], check=True, capture_output=True, text=True)
    assert f" {topics} " in done.stdout


def seconds(what: Callable[[Path, int], None], path: Path, topics: int) -> float:
    """How long it takes once."""
    started = time.perf_counter()
    what(path, topics)
    return time.perf_counter() - started


def main() -> None:
    """Run in turns and print medians, ratios and growth."""
    with tempfile.TemporaryDirectory() as name:
        sizes = {
            (TOPICS, 2): Path(name, "big.yaml"),
            (TOPICS // 10, 2): Path(name, "tenth.yaml"),
            (TOPICS, 4): Path(name, "four.yaml"),
        }
        for (topics, environments), path in sizes.items():
            path.write_text(spec_text(topics, environments))
        big, tenth, four = sizes.values()
        times: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for label, what, path, topics in (
                ("validate", validate, big, TOPICS),
                ("load+schema", load_and_schema, big, TOPICS),
                ("command", command, big, TOPICS),
                ("a tenth of the topics", validate, tenth, TOPICS // 10),
                ("four environments", validate, four, TOPICS),
            ):
                times.setdefault(label, []).append(seconds(what, path, topics))
    medians = {label: statistics.median(each) for label, each in times.items()}
    for label, each in times.items():
        print(f"{label:22} median {medians[label]:6.2f} s  ({min(each):.2f} to {max(each):.2f})")
    print(f"validate / load+schema        {medians['validate'] / medians['load+schema']:.2f}")
    print(f"10,000 topics / 1,000         {medians['validate'] / medians['a tenth of the topics']:.1f}")
    print(f"four environments / two       {medians['four environments'] / medians['validate']:.2f}")
    print(json.dumps({"medians_seconds": medians, "ratio": medians["validate"] / medians["load+schema"]}))
    print(f"the command is {'below' if medians['command'] < WANTED else 'ABOVE'} {WANTED:.0f} s")


if __name__ == "__main__":
    main()
