from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ottla.errors import LocalError
from ottla.platform import Platform

SHIPPED = Path(__file__).parent.parent.parent / "platform.yaml"


def test_a_platform_has_the_warnings_of_its_own_environment_with_their_place() -> None:
    [local] = Platform.load(SHIPPED).on("local").warnings
    [laptop] = Platform.load(SHIPPED).on("laptop").warnings
    assert str(local).startswith(f"{SHIPPED}:13: cluster.disk: 10,000 events/s of 1 KiB kept for 7d need 5.63 TiB a node")
    assert "replication_factor 3 on 3 nodes" in local.message
    assert "replication_factor 1 on 1 node)" in laptop.message


def test_every_node_of_a_locked_platform_asks_its_authorizer_and_one_of_an_open_platform_has_none() -> None:
    for environment, locked in (("local-secure", True), ("local", False)):
        nodes = Platform.load(SHIPPED).on(environment).desired.nodes.values()
        assert {"authorizer.class.name" in node.properties for node in nodes} == {locked}


def test_nothing_is_started_while_a_password_is_not_where_the_spec_says(tmp_path: Path) -> None:
    spec = YAML(typ="safe").load(SHIPPED)
    spec["users"]["monitoring"]["password"] = "${env:OTTLA_TEST_UNSET}"  # noqa: S105  (where it would be)
    (tmp_path / "platform.yaml").write_text(json.dumps(spec))
    with pytest.raises(LocalError, match="OTTLA_TEST_UNSET is not set"):
        Platform.load(tmp_path / "platform.yaml").on("local-secure").up()
    assert not (tmp_path / ".ottla").exists()


def test_the_jmx_agent_is_planned_for_every_node_and_is_no_property_of_kafka(tmp_path: Path) -> None:
    assert not any("jmx_agent" in node.properties for node in Platform.load(SHIPPED).on("local").desired.nodes.values())
    spec = YAML(typ="safe").load(SHIPPED)
    spec["cluster"]["jmx_agent"] = True
    (tmp_path / "platform.yaml").write_text(json.dumps(spec))
    platform = Platform.load(tmp_path / "platform.yaml").on("local")
    assert [node.properties["jmx_agent"] for node in platform.desired.nodes.values()] == ["true"] * 3
    assert platform.properties == Platform.load(SHIPPED).on("local").properties


def test_the_form_of_logs_is_planned_for_every_node_and_is_no_property_of_kafka(tmp_path: Path) -> None:
    assert not any("logs.format" in node.properties for node in Platform.load(SHIPPED).on("local").desired.nodes.values())
    spec = YAML(typ="safe").load(SHIPPED)
    spec["logs"] = {"format": "ecs"}
    (tmp_path / "platform.yaml").write_text(json.dumps(spec))
    platform = Platform.load(tmp_path / "platform.yaml").on("local")
    assert [node.properties["logs.format"] for node in platform.desired.nodes.values()] == ["ecs"] * 3
    assert platform.properties == Platform.load(SHIPPED).on("local").properties
