"""Dashboards as Grafana's JSON, by grafana-foundation-sdk: variables, links, annotations, and the grid of panels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from ottla.dashboards.grafana_panel import SOURCE, built_panel
from ottla.dashboards.panel import RED, Panel, places
from ottla.dashboards.query import ALIVE, FIRING, Scope, Variable
from ottla.metrics.cluster_metrics import BROKERS_PRESENT, TOPIC_PARTITIONS
from ottla.metrics.group_metrics import GROUP_MEMBERS

if TYPE_CHECKING:
    from ottla.dashboards.panel import Dashboard, Place
    from ottla.metrics.watched import Watched

TAGS = ["ottla", "kafka"]
ALL = dashboard.VariableOption(selected=True, text="All", value="$__all")
ANY = ".*"  # what "All" stands for: a list of all names may be longer than an address can be
# What a mark is called. Grafana's Prometheus plugin reads these keys; the SDK's model of an annotation does not have them.
MARKED = {"titleFormat": "{{alertname}}", "textFormat": "{{consumer_group}} {{topic}} {{node}}", "tagKeys": "severity"}
_in_cluster = Scope().ask
_CHOICES = {
    Variable.NODE: _in_cluster("label_values({up}, node)", "Node", up=ALIVE),
    Variable.TOPIC: _in_cluster("label_values({partitions}, topic)", "Topic", partitions=TOPIC_PARTITIONS),
    Variable.GROUP: _in_cluster("label_values({members}, consumer_group)", "Group", members=GROUP_MEMBERS),
}


def written(chosen: Dashboard, watched: Watched) -> str:
    """A dashboard as JSON: sorted, indented, with a line end."""
    document = json.loads(json.dumps(_built(chosen, watched), cls=JSONEncoder))
    for mark in document["annotations"]["list"]:
        mark.update(MARKED)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _built(chosen: Dashboard, watched: Watched) -> dashboard.Dashboard:
    model = (
        builders.Dashboard(chosen.title)
        .uid(chosen.uid)
        .description(chosen.says)
        .tags(TAGS)
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .link(_links())
        .variables([_data_source(), _cluster(watched), *(_variable(each) for each in chosen.variables)])
        .annotation(_alerts())
        .build()
    )
    model.panels = [
        built_panel(each, number, _grid(place)) if isinstance(each, Panel) else _row(each.title, number, place)
        for number, (each, place) in enumerate(places(chosen), start=1)
    ]
    return model


def _grid(place: Place) -> dashboard.GridPos:
    return dashboard.GridPos(h=place.height, w=place.width, x=place.x, y=place.y)


def _row(title: str, number: int, place: Place) -> dashboard.RowPanel:
    return builders.Row(title).id(number).grid_pos(_grid(place)).build()


def _links() -> builders.DashboardLink:
    """To the other dashboards, with what was chosen here."""
    link = builders.DashboardLink("Kafka").type(dashboard.DashboardLinkType.DASHBOARDS).tags(TAGS)
    return link.include_vars(include_vars=True).keep_time(keep_time=True)


def _data_source() -> builders.DatasourceVariable:
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _cluster(watched: Watched) -> builders.QueryVariable:
    chosen = dashboard.VariableOption(selected=True, text=watched.cluster, value=watched.cluster)
    return _query("cluster", "Cluster", f"label_values({BROKERS_PRESENT.name}, cluster)").current(chosen)


def _variable(variable: Variable) -> builders.QueryVariable:
    choice = _CHOICES[variable]
    built = _query(str(variable), choice.legend, choice.expression).current(ALL)
    return built.multi(multi=True).include_all(include_all=True).all_value(ANY)


def _query(name: str, label: str, query: str) -> builders.QueryVariable:
    built = builders.QueryVariable(name).label(label).query(query).datasource(SOURCE)
    return built.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(dashboard.VariableSort.NATURAL_ASC)


def _alerts() -> builders.AnnotationQuery:
    """A mark from when to when an alert fired."""
    firing = _in_cluster("{firing}", firing=FIRING).expression
    marked = builders.AnnotationQuery().name("Alerts that fire").datasource(SOURCE).icon_color(RED)
    return marked.enable(enable=True).expr(firing)
