from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ottla

SOUND = "platform: shop\ncluster: {name: shop}\nenvironments: {local: {target: local}}\ntopics: {orders: {partitions: 4}}\n"


def test_a_sound_spec_is_told_with_what_is_in_it(ottla: Ottla) -> None:
    done = ottla("validate")
    assert done.exit_code == 0
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["ENVIRONMENT", "TARGET", "NODES", "TOPICS", "PARTITIONS", "REPLICAS"],
        ["local", "(default)", "local", "3", "9", "31", "93"],
        ["laptop", "local", "1", "9", "22", "22"],
        ["local-secure", "local", "3", "9", "31", "93"],
        ["minikube", "strimzi", "3", "10", "34", "102"],
        ["doks", "strimzi", "3", "10", "34", "102"],
        ["aks", "strimzi", "3", "10", "34", "102"],
        ["platform.yaml", "is", "sound,", "with", "7", "warnings"],
    ]


def test_warnings_go_to_stderr_with_the_environments_that_have_them(ottla: Ottla) -> None:
    lines = ottla("validate").stderr.splitlines()
    keys = [line.removeprefix("  note: platform.yaml:").split(": ")[1] for line in lines]
    kubernetes = [f"environments.{key}" for key in ("minikube.cluster.disk", "doks.cluster.disk", "doks.kubernetes.image")]
    assert keys[:5] == ["cluster.disk", "cluster.disk", *kubernetes]
    where = [line.rpartition(" ")[2] for line in lines]
    assert where == ["[laptop]", "local-secure]", "[minikube]", "[doks]", "[doks]", "[aks]", "[aks]"]


def test_strict_fails_on_a_warning_and_on_nothing_else(ottla: Ottla, folder: Path) -> None:
    assert ottla("validate", "--strict").exit_code == 6
    (folder / "sound.yaml").write_text(SOUND)
    done = ottla("validate", "--strict", "--file", "sound.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "sound.yaml is sound"


def test_all_faults_of_all_environments_are_told_at_once(ottla: Ottla, folder: Path) -> None:
    (folder / "bad.yaml").write_text(SOUND.replace("4}", "0}").replace("{target: local}}", "{target: local}, b: {target: moon}}"))
    done = ottla("validate", "--file", "bad.yaml")
    assert done.exit_code == 1
    assert done.stdout == ""
    lines = done.stderr.removeprefix("ottla: ").splitlines()
    assert [line.split(": ")[0] for line in lines[:2]] == ["bad.yaml:3", "bad.yaml:4"]


def test_json_has_figures_and_warnings_in_an_envelope(ottla: Ottla) -> None:
    document = json.loads(ottla("validate", "-o", "json").stdout)
    assert (document["kind"], document["version"]) == ("validation", 1)
    assert document["data"]["valid"]
    assert document["data"]["environments"][1] == {
        "name": "laptop",
        "target": "local",
        "nodes": 1,
        "topics": 9,
        "partitions": 22,
        "replicas": 22,
    }
    assert [warning["environments"] for warning in document["data"]["warnings"]] == [
        ["laptop"],
        ["local", "local-secure"],
        ["minikube"],
        ["doks"],
        ["doks"],
        ["aks"],
        ["aks"],
    ]


def test_faults_are_data_too(ottla: Ottla, folder: Path) -> None:
    (folder / "bad.yaml").write_text(SOUND.replace("partitions: 4", "partitions: 0"))
    done = ottla("validate", "-o", "yaml", "--file", "bad.yaml")
    assert done.exit_code == 1
    [fault] = YAML(typ="safe").load(done.stdout)["data"]["faults"]
    assert (fault["file"], fault["line"], fault["key"]) == ("bad.yaml", 4, "topics.orders.partitions")


def test_a_missing_spec_is_a_usage_error(ottla: Ottla) -> None:
    done = ottla("validate", "--file", "none.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("ottla: there is no none.yaml")
