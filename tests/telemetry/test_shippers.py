"""What shippers are told: YAML that can be read, credentials by reference, fields by their names in the Elastic Common Schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ottla.telemetry.shippers import BEGINS, LogFiles, Shipper, configuration

# of the schema: what a shipper adds here
ECS_FIELDS = {
    "data_stream.type",
    "data_stream.dataset",
    "data_stream.namespace",
    "event.dataset",
    "service.name",
    "service.type",
    "log.file.path",
    "message",
    "@timestamp",
}
REFERENCE = re.compile(r"\$\{[A-Z_]+\}")


def logs(*, as_json: bool) -> LogFiles:
    return LogFiles(Path("/srv/p/.ottla/local"), "local", "todo-kafka", as_json)


def flat(document: dict[str, Any], prefix: str = "") -> set[str]:
    return {
        name
        for key, value in document.items()
        for name in (flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}"})
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_filebeat_reads_every_log_and_says_whose_it_is(*, as_json: bool) -> None:
    found = configuration(Shipper.FILEBEAT, logs(as_json=as_json))
    inputs = found["filebeat.inputs"]
    assert len({each["id"] for each in inputs}) == len(inputs) == 3
    for each in inputs:
        names = {name for name in flat(each["fields"]) if not name.startswith("labels.")}
        assert names <= ECS_FIELDS
        assert each["fields"]["labels"]["environment"] == "local"
        assert "-" not in each["fields"]["data_stream"]["dataset"] + each["fields"]["data_stream"]["namespace"]
        assert [*(kind for parser in each["parsers"] for kind in parser)] == (
            ["ndjson"] if as_json else ["multiline"] if "nodes" in each["paths"][0] else []
        )
    output = found["output.elasticsearch"]
    assert all(REFERENCE.fullmatch(value) for value in (*output["hosts"], output["api_key"]))


@pytest.mark.parametrize("as_json", [True, False])
def test_fluent_bit_sends_every_log_to_a_data_stream_of_its_own(*, as_json: bool) -> None:
    found = configuration(Shipper.FLUENT_BIT, logs(as_json=as_json))
    pipeline = found["pipeline"]
    tags = [each["tag"] for each in pipeline["inputs"]]
    assert [each["match"] for each in pipeline["outputs"]] == tags
    assert [each["index"] for each in pipeline["outputs"]] == [f"logs-{tag}-todo_kafka" for tag in tags]
    assert {each["path_key"] for each in pipeline["inputs"]} <= ECS_FIELDS
    assert all(
        REFERENCE.fullmatch(each[key]) for each in pipeline["outputs"] for key in ("host", "port", "http_user", "http_passwd")
    )
    assert [each["match"] for each in pipeline["filters"]] == tags
    assert all("labels.environment local" in each["add"] for each in pipeline["filters"])
    added = {line.partition(" ")[0] for each in pipeline["filters"] for line in each["add"]}
    assert {name for name in added if not name.startswith("labels.")} <= ECS_FIELDS
    assert (added == {"labels.environment"}) is as_json
    parsers = {each["name"] for each in (*found.get("parsers", ()), *found.get("multiline_parsers", ()))}
    used = {each.get("parser", each.get("multiline.parser")) for each in pipeline["inputs"]} - {None}
    assert used == parsers


def test_fluent_bit_calls_the_text_of_a_line_message_whichever_way_it_was_read() -> None:
    pipeline = configuration(Shipper.FLUENT_BIT, logs(as_json=False))["pipeline"]
    renamed = {each["match"]: each.get("rename") for each in pipeline["filters"]}
    for each in pipeline["inputs"]:
        if "multiline.parser" in each:  # the text is under `log` then
            assert ("key" in each, renamed[each["tag"]]) == (False, "log message")
        else:
            assert (each["key"], renamed[each["tag"]]) == ("message", None)


def test_a_stack_trace_in_a_log_for_people_belongs_to_the_line_before_it() -> None:
    lines = [
        "[2026-11-22 00:51:14,742] ERROR it broke (kafka.X)",
        "java.lang.IllegalStateException: x",
        "\tat kafka.X.y(X.java:1)",
        "",
    ]
    assert [bool(re.search(BEGINS, line)) for line in lines] == [True, False, False, False]
    (rules,) = configuration(Shipper.FLUENT_BIT, logs(as_json=False))["multiline_parsers"]
    first, more = (re.compile(rule["regex"].strip("/")) for rule in rules["rules"])
    assert [(bool(first.search(line)), bool(more.search(line))) for line in lines] == [(True, False), *[(False, True)] * 3]
