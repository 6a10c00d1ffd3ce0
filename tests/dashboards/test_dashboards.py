from __future__ import annotations

import builtins
import json
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as Model
from tests.conftest import SHIPPED_SPEC

from ottla.dashboards import dashboards, documents
from ottla.dashboards.grafana import MARKED
from ottla.dashboards.panel import COLUMNS, NEUTRAL, Kind, Panel, Row, bad_from, places
from ottla.dashboards.query import FIRING, SCRAPE_DURATION, Own, Scope, Variable, buckets
from ottla.errors import OttlaError
from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.cluster_metrics import BROKERS_PRESENT, LOG_DIR_SIZE
from ottla.metrics.metric import MBean, Metric, Presence
from ottla.metrics.promql import node_metric
from ottla.metrics.watched import LagLimit
from ottla.model.units import UNLIMITED
from ottla.platform import Platform
from ottla.platform.monitoring_files import watched

if TYPE_CHECKING:
    from ottla.dashboards.panel import Dashboard
    from ottla.dashboards.query import Query

register_default_plugins()
WATCHED = watched(Platform.load(SHIPPED_SPEC).on("local"))
ALL = dashboards(WATCHED)
PANELS = [(board, panel) for board in ALL for panel in board.panels]
BY_NAME = {metric.name: metric for metric in CATALOGUE}
OF_PROMETHEUS = {"up": {"job", "node", "instance"}, FIRING.name: set(), SCRAPE_DURATION.name: {"job", "instance"}}
OF_TARGETS = {"cluster"}  # what the scrape configuration gives everything; node targets have two more
OF_NODES = {"node", "role"}
SELECTOR = re.compile(r"\b([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
MATCHER = re.compile(r'([a-z_]+)(?:=~|!=|=)"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")
IN_LEGEND = re.compile(r"\{\{(\w+)\}\}")
UNITS = {"none", "short", "s", "bytes", "Bps", "cps", "percentunit"}
IDS = [f"{board.uid}: {row.title}: {panel.title}" for board in ALL for row in board.rows for panel in row.panels]
EVERY = pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)


def labels_of(name: str) -> set[str]:
    """Which labels the series of this name have once Prometheus has scraped them."""
    if name in OF_PROMETHEUS:
        return OF_PROMETHEUS[name] | OF_TARGETS
    metric = BY_NAME.get(name) or BY_NAME[name.removesuffix("_bucket")]
    return {*metric.labels, *OF_TARGETS, *(OF_NODES if isinstance(metric.source, MBean) else ())} | (
        {"le"} if name.endswith("_bucket") else set()
    )


def known(name: str) -> bool:
    return name in BY_NAME or name in OF_PROMETHEUS or bool(re.fullmatch(r"ottla_canary_(produce|delivery)_seconds_bucket", name))


@EVERY
def test_a_panel_has_a_title_a_unit_a_description_and_a_question(board: Dashboard, panel: Panel) -> None:
    assert panel.title
    assert panel.unit in UNITS
    assert len(panel.description) > 20, board.uid
    assert panel.queries
    assert all(query.unit in {*UNITS, ""} for query in panel.queries)


@EVERY
def test_a_panel_asks_only_for_metrics_of_the_catalogue_and_labels_that_they_have(board: Dashboard, panel: Panel) -> None:
    for query in panel.queries:
        asked = SELECTOR.findall(query.expression)
        assert asked, query.expression
        assert [name for name, _ in asked if not known(name)] == [], board.uid
        for name, matchers in asked:
            if name == FIRING.name:
                continue
            assert set(MATCHER.findall(matchers)) <= labels_of(name)
        grouped = {label.strip() for found in GROUPED.findall(query.expression) for label in found.split(",")}
        shared = set.intersection(*(labels_of(name) for name, _ in asked))
        if asked[0][0] != FIRING.name:
            assert grouped <= shared
        if panel.kind is not Kind.TABLE:
            assert set(IN_LEGEND.findall(query.legend)) <= (grouped or shared)


@EVERY
def test_every_question_is_about_the_chosen_cluster(board: Dashboard, panel: Panel) -> None:
    for query in panel.queries:
        for name, matchers in SELECTOR.findall(query.expression):
            assert matchers.startswith('cluster="$cluster"'), (board.uid, name)


@EVERY
def test_a_dashboard_has_each_variable_that_its_panels_ask(board: Dashboard, panel: Panel) -> None:
    used = {name for query in panel.queries for name in re.findall(r"\$([a-z]+)", query.expression)} - {"cluster"}
    assert used <= {str(each) for each in board.variables}


@EVERY
def test_a_rate_is_taken_of_counters_only_and_over_enough_scrapes(board: Dashboard, panel: Panel) -> None:
    for query in panel.queries:
        for name in re.findall(r"\b(?:rate|increase)\((\w+)", query.expression):
            assert name.endswith(("_total", "_bucket")), board.uid
        assert set(re.findall(r"\[([^\]]+)\]", query.expression)) <= {"$__rate_interval", "30m"}
        for name in re.findall(r"\bderiv\((\w+)", query.expression):
            assert BY_NAME[name].type.value == "gauge"


@EVERY
def test_a_panel_that_may_be_empty_in_health_says_until_when(board: Dashboard, panel: Panel) -> None:
    """A comparison leaves only what is wrong, and some metrics are given only then."""
    expressions = [query.expression for query in panel.queries]
    bad = {
        "ottla_kafka_consumer_group_topic_retention_seconds",
        "kafka_server_raft_metrics_election_latency_avg_seconds",
        "ottla_kafka_certificate_expiry_timestamp_seconds",
    }
    if all(re.search(r"> 0\)*$", each) or any(name in each for name in bad) for each in expressions):
        assert panel.empty_until, board.uid
    if panel.empty_until:
        assert f"Empty until {panel.empty_until}." in panel.description
        assert all(waits_for_an_event(query) for query in panel.queries), board.uid


def waits_for_an_event(query: Query) -> bool:
    """By the catalogue, by a comparison that leaves only what is wrong, or because it is about alerts."""
    presences = {metric.presence for metric in query.metrics}
    return FIRING.name in query.expression or presences == {Presence.AFTER_EVENT} or "> 0" in query.expression


def test_titles_of_a_row_differ_and_uids_differ() -> None:
    assert len({board.uid for board in ALL}) == len({board.title for board in ALL}) == 6
    for board in ALL:
        for row in board.rows:
            assert [title for title, count in Counter(panel.title for panel in row.panels).items() if count > 1] == []


def test_the_grid_has_no_overlap_and_no_row_that_is_not_full() -> None:
    for board in ALL:
        taken: Counter[tuple[int, int]] = Counter()
        for _, place in places(board):
            assert place.x + place.width <= COLUMNS
            taken.update((x, y) for x in range(place.x, place.x + place.width) for y in range(place.y, place.y + place.height))
        assert [cell for cell, count in taken.items() if count > 1] == []
        bottom = max(y for _, y in taken) + 1
        assert len(taken) == COLUMNS * bottom, board.uid


def test_a_row_of_figures_comes_first() -> None:
    for board in ALL:
        assert {panel.kind for panel in board.rows[0].panels} == {Kind.STAT}
        assert len(board.rows[0].panels) == 8


def loaded() -> dict[str, dict[str, Any]]:
    return {name: json.loads(text) for name, text in documents(WATCHED).items()}


def test_the_same_input_gives_the_same_bytes() -> None:
    assert documents(WATCHED) == documents(replace(WATCHED))


def test_what_is_written_goes_through_the_models_of_the_sdk_and_back() -> None:
    for name, document in loaded().items():
        (mark,) = document["annotations"]["list"]
        assert [mark.pop(key) for key in MARKED] == list(MARKED.values())
        again = json.loads(json.dumps(Model.from_json(document), cls=JSONEncoder))
        assert again == document, name


def test_ids_of_panels_are_once_each_and_every_panel_is_written() -> None:
    for board, document in zip(ALL, loaded().values(), strict=True):
        ids = [panel["id"] for panel in document["panels"]]
        assert ids == list(range(1, len(ids) + 1))
        written = [panel for panel in document["panels"] if panel["type"] != "row"]
        assert [panel["title"] for panel in written] == [panel.title for panel in board.panels]
        assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in written)
        assert all(panel["datasource"]["uid"] == "${datasource}" for panel in written)


def test_each_dashboard_is_linked_tagged_and_marks_alerts() -> None:
    for document in loaded().values():
        (link,) = document["links"]
        assert set(link["tags"]) <= set(document["tags"])
        assert (link["includeVars"], link["keepTime"]) == (True, True)
        (mark,) = document["annotations"]["list"]
        assert mark["expr"].startswith("ALERTS{")
        assert 'alertstate="firing"' in mark["expr"]
        names = [variable["name"] for variable in document["templating"]["list"]]
        assert names[:2] == ["datasource", "cluster"]


def test_limits_are_those_of_the_spec() -> None:
    strict = replace(WATCHED, brokers=5, lag=LagLimit(7, 11_000), disk_used=0.5, full_within=60_000)
    found = {panel.title: panel.steps for board in dashboards(strict) for panel in board.panels}
    assert [step.value for step in found["Brokers present"]] == [None, 5, 6]
    assert [step.value for step in found["Lag in seconds"]] == [None, 11]
    assert [step.value for step in found["Lag in records"]] == [None, 7]
    assert found["Volume used"] == bad_from(0.5)
    assert [step.value for step in found["Volume full in"]] == [None, 60]
    endless = replace(strict, lag=LagLimit(UNLIMITED, UNLIMITED))
    found = {panel.title: panel.steps for board in dashboards(endless) for panel in board.panels}
    assert found["Lag in seconds"] == found["Lag in records"] == NEUTRAL


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name == "ottla.dashboards.grafana":
            raise ModuleNotFoundError("no SDK", name="grafana_foundation_sdk.builders")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(OttlaError) as error:
        documents(WATCHED)
    assert error.value.hint == "install it: pip install 'ottla[dashboards]'"


def test_a_metric_that_is_not_in_the_catalogue_cannot_be_asked_for() -> None:
    with pytest.raises(KeyError):
        node_metric("kafka_server_replicamanager_renamed")
    with pytest.raises(ValueError, match="is no histogram"):
        buckets(BROKERS_PRESENT)


def test_a_question_is_narrowed_by_the_label_that_holds_the_node() -> None:
    ask = Scope((Variable.NODE,)).ask
    leaders = node_metric("kafka_server_replicamanager_leadercount")
    assert ask("{size}", size=LOG_DIR_SIZE).expression == f'{LOG_DIR_SIZE.name}{{cluster="$cluster", node_id=~"$node"}}'
    assert ask("{leaders}", leaders=leaders).expression == f'{leaders.name}{{cluster="$cluster", node=~"$node"}}'
    assert ask("{brokers}", brokers=BROKERS_PRESENT).expression == f'{BROKERS_PRESENT.name}{{cluster="$cluster"}}'
    assert ask("{up}", up=Own("up", of_nodes=True)).expression == 'up{cluster="$cluster", node=~"$node"}'


def test_most_of_the_catalogue_is_seen_somewhere() -> None:
    """What is in no panel is a second view of what is, is for people who ask by hand, or is given only when all is lost."""
    seen = {metric.name for _, panel in PANELS for query in panel.queries for metric in query.metrics}
    unseen = [metric for metric in CATALOGUE if metric.name not in seen]
    assert len(seen) > len(CATALOGUE) * 0.6, sorted(metric.name for metric in unseen)
    assert isinstance(unseen[0], Metric)
    assert Presence.ALWAYS in {metric.presence for metric in unseen}
    assert all(isinstance(each, Row | Panel) for board in ALL for each, _ in places(board))
