from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.conftest import SHIPPED_SPEC

import ottla.dashboards
from ottla.cli.monitoring import _dashboards
from ottla.errors import OttlaError
from ottla.platform import Platform
from ottla.platform.dashboards import dashboard_documents
from ottla.platform.monitoring_files import is_ours

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform


@pytest.fixture
def platform() -> LocalPlatform:
    return Platform.load(SHIPPED_SPEC).on("local")


def test_dashboards_are_known_as_ours_and_those_of_others_are_not(platform: LocalPlatform) -> None:
    for name, text in dashboard_documents(platform).items():
        assert is_ours(name, text)
    assert not is_ours("kafka.json", '{"uid": "somebody-else"}')
    assert not is_ours("rules.yml", '"uid": "ottla-overview"')


def test_without_what_writes_dashboards_the_command_says_how_to_get_it(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: object) -> dict[str, str]:
        raise OttlaError("dashboards are not to be had", hint="install it: pip install 'ottla[dashboards]'")

    monkeypatch.setattr("ottla.platform.dashboards.documents", missing)
    assert _dashboards(platform) == {}
    assert "left out: dashboards" in (said := capsys.readouterr().err)
    assert "pip install 'ottla[dashboards]'" in said
    assert ottla.dashboards.SDK == "grafana_foundation_sdk"
