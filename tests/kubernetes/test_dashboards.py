"""Dashboards in Kubernetes are those of `ottla monitoring`, found by the labels of the spec; or it is said why there are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.kubernetes.around import FULL, SHARED, of_kind
from tests.kubernetes.sites import shipped, site_of, sites_of

from ottla.dashboards import documents
from ottla.errors import OttlaError
from ottla.kubernetes.watching import watched

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site

MOST = 1024**2  # bytes that a ConfigMap may hold


def dashboards(site: Site) -> dict[str, dict[str, Any]]:
    return {name: each for name, each in of_kind(site, "ConfigMap").items() if name.startswith("dashboard-")}


def test_each_dashboard_is_a_config_map_that_grafana_finds() -> None:
    site = shipped()["doks"]
    found = dashboards(site)
    assert {name: text for each in found.values() for name, text in each["data"].items()} == documents(watched(site))
    for each in found.values():
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        [(name, text)] = each["data"].items()
        assert json.loads(text)["uid"] == name.removesuffix(".json")
        assert len(text) < MOST


def test_their_labels_are_those_of_the_spec(tmp_path: Path) -> None:
    site = site_of(f"{FULL}  monitors: {{dashboards: {{show: here}}}}\n", tmp_path)
    labels = [each["metadata"]["labels"] for each in dashboards(site).values()]
    assert all(each["show"] == "here" and "grafana_dashboard" not in each for each in labels)
    assert labels


def test_where_nothing_writes_them_nothing_is_rendered_unless_none_are_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(_: object) -> dict[str, str]:
        raise OttlaError("it is not installed", hint="install it")

    monkeypatch.setattr("ottla.kubernetes.dashboards.documents", missing)
    with pytest.raises(OttlaError, match="it is not installed") as refused:
        dashboards(site_of(FULL, tmp_path))
    assert refused.value.hint == "install it; or have none: `kubernetes: {monitors: {dashboards: {}}}` in the spec"
    without = site_of(f"{FULL}  monitors: {{dashboards: {{}}}}\n", tmp_path)
    assert dashboards(without) == {}
    assert "kafka-exporter" in of_kind(without, "ConfigMap")


def test_an_environment_in_the_cluster_of_another_has_those_of_its_owner(tmp_path: Path) -> None:
    assert dashboards(sites_of(SHARED, tmp_path)["dev"]) == {}
