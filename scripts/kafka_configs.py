"""Ask the pinned Kafka for its config keys and write them as data: `make kafka-configs`. Needs its jars, no broker.

Kafka's config classes print their own documentation (`ConfigDef.toHtml`); this reads type, default, valid values, update mode
and the first sentences of each key out of it.
"""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from pathlib import Path

from ottla.local import Silent
from ottla.local.artifacts import ensure_jars
from ottla.local.jvm import environment, java_command
from ottla.spec.versions import KAFKA_VERSIONS

DATA = Path(__file__).parent.parent / "src" / "ottla" / "spec" / "data"
CLASSES = {
    "topic": "org.apache.kafka.storage.internals.log.LogConfig",
    "broker": "kafka.server.KafkaConfig",
    "group": "org.apache.kafka.coordinator.group.GroupConfig",
    "producer": "org.apache.kafka.clients.producer.ProducerConfig",
    "consumer": "org.apache.kafka.clients.consumer.ConsumerConfig",
}
ENTRY = re.compile(r'<h4><a id="([^"]+)"></a>.*?</h4>\s*(.*?)<table><tbody>(.*?)</tbody></table>', re.DOTALL)
ROW = re.compile(r"<tr><th>([^<:]+):</th><td>(.*?)</td></tr>", re.DOTALL)
FIELDS = {
    "Type": "type",
    "Default": "default",
    "Valid Values": "valid",
    "Server Default Property": "server_key",
    "Update Mode": "update",
}
SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z])")
ENOUGH = 320  # characters of documentation; whole sentences only, at least one


def printed(version: str, main: str) -> str:
    """What the config class prints about itself."""
    class_path = os.pathsep.join(map(str, ensure_jars(version, report=Silent())))
    command = [str(java_command()), "-XX:TieredStopAtLevel=1", "-Xlog:disable", "-cp", class_path, main]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout


def keys_of(page: str) -> dict[str, dict[str, str | None]]:
    """Every key of a page, by name. ``default`` is missing where a value is required, and None where Kafka has null."""
    keys: dict[str, dict[str, str | None]] = {}
    for name, doc, table in ENTRY.findall(page):
        rows = {FIELDS[label]: _cell(cell) for label, cell in ROW.findall(table) if label in FIELDS and cell}
        if "default" in rows:
            rows["default"] = _default(str(rows["default"]))
        keys[name] = {**rows, "doc": _first_sentences(_plain(doc))}
    return dict(sorted(keys.items()))


def _cell(cell: str) -> str | None:
    return html.unescape(cell).strip()


def _default(text: str) -> str | None:
    """``604800000 (7 days)`` -> ``604800000``; Kafka's null -> None; ``""`` -> an empty text."""
    if text == "null":
        return None
    return "" if text == '""' else re.sub(r"^(-?\d+) \(.*\)$", r"\1", text)


def _plain(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"</?(code|em|i|a)\b[^>]*>", "", markup))).split())


def _first_sentences(text: str) -> str:
    kept = ""
    for sentence in SENTENCE_END.split(text):
        longer = f"{kept} {sentence}".strip()
        if kept and len(longer) > ENOUGH:
            break
        kept = longer
    return kept


def configs_text(version: str) -> str:
    """The data of a Kafka version: JSON with one line for each key, so that a change can be read."""
    scopes = []
    for scope, main in CLASSES.items():
        keys = keys_of(printed(version, main))
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(key, ensure_ascii=False)}" for name, key in keys.items())
        scopes.append(f" {json.dumps(scope)}: {{\n{lines}\n }}")
    return f'{{"kafka": {json.dumps(version)},\n' + ",\n".join(scopes) + "\n}\n"


def main() -> None:
    """Write the data of every version in the table."""
    for version in KAFKA_VERSIONS:
        path = DATA / f"kafka-{version}-configs.json"
        path.write_text(configs_text(version), encoding="utf-8")
        counts = ", ".join(f"{len(keys)} {scope}" for scope, keys in json.loads(path.read_text()).items() if scope != "kafka")
        print(f"{path}: {counts} keys, {path.stat().st_size:,} bytes")  # noqa: T201


if __name__ == "__main__":
    main()
