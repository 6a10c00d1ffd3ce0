"""A panel as Grafana's: one way to draw each kind, so that all dashboards look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from ottla.dashboards.panel import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.dashboards.panel import Panel

Drawn = stat.Panel | timeseries.Panel | table.Panel | statetimeline.Panel
SOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="${datasource}")
REFERENCES = "ABCDEFGH"


def built_panel(panel: Panel, number: int, place: dashboard.GridPos) -> dashboard.Panel:
    """A panel with its place and what all kinds have."""
    drawn = _DRAW[panel.kind](panel)
    drawn.id(number).grid_pos(place).title(panel.title).description(panel.description).unit(panel.unit)
    drawn.datasource(SOURCE).thresholds(_thresholds(panel)).targets(
        [_target(panel, index) for index in range(len(panel.queries))]
    )
    if panel.decimals is not None:
        drawn.decimals(panel.decimals)
    if panel.names:
        results = {
            value: dashboard.ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, text, colour) in enumerate(panel.names)
        }
        drawn.mappings([dashboard.ValueMap(options=results)])
    if panel.empty_until:
        drawn.no_value("none")
    return drawn.build()


def _target(panel: Panel, index: int) -> prometheus.Dataquery:
    query = panel.queries[index]
    built = prometheus.Dataquery().ref_id(REFERENCES[index]).expr(query.expression).datasource(SOURCE)
    if panel.kind is Kind.TABLE:
        return built.instant().format(PromQueryFormat.TABLE)
    return built.range().legend_format(query.legend or panel.title)


def _thresholds(panel: Panel) -> builders.ThresholdsConfig:
    steps = [dashboard.Threshold(value=step.value, color=step.colour) for step in panel.steps]
    return builders.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _coloured(mode: dashboard.FieldColorModeId) -> builders.FieldColor:
    return builders.FieldColor().mode(mode)


def _stat(panel: Panel) -> stat.Panel:  # noqa: ARG001  (every kind is drawn from a panel)
    last = common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)
    return (
        stat.Panel()
        .reduce_options(last)
        .color_scheme(_coloured(dashboard.FieldColorModeId.THRESHOLDS))
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.AREA)
        .text_mode(common.BigValueTextMode.VALUE)
    )


def _lines(panel: Panel) -> timeseries.Panel:
    dashed = common.GraphThresholdsStyleMode.DASHED if panel.line else common.GraphThresholdsStyleMode.OFF
    drawn = (
        timeseries.Panel()
        .color_scheme(_coloured(dashboard.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .line_width(1)
        .fill_opacity(20 if panel.stacked else 6)
        .gradient_mode(common.GraphGradientMode.OPACITY)
        .show_points(common.VisibilityMode.NEVER)
        .thresholds_style(common_builders.GraphThresholdsStyleConfig().mode(dashed))
        .legend(_legend())
        .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
    )
    if panel.stacked:
        drawn.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
    if panel.minimum is not None:
        drawn.min(panel.minimum)
    if panel.maximum is not None:
        drawn.max(panel.maximum)
    return drawn


def _legend() -> common_builders.VizLegendOptions:
    shown = common_builders.VizLegendOptions().display_mode(common.LegendDisplayMode.LIST)
    return shown.placement(common.LegendPlacement.BOTTOM).show_legend(show_legend=True).calcs([])


def _table(panel: Panel) -> table.Panel:
    """One row for each series, one column for each question; columns have their own units."""
    drawn = table.Panel().color_scheme(_coloured(dashboard.FieldColorModeId.THRESHOLDS)).filterable(filterable=True)
    drawn.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    drawn.with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=_columns(panel)))
    for query in panel.queries:
        if query.unit:
            drawn.override_by_name(query.legend, [dashboard.DynamicConfigValue(id_val="unit", value=query.unit)])
    return drawn


def _columns(panel: Panel) -> dict[str, object]:
    """Grafana calls the figures of several questions "Value #A", "Value #B", those of a single one "Value"."""
    single = len(panel.queries) == 1
    called = {"Value" if single else f"Value #{REFERENCES[index]}": each.legend for index, each in enumerate(panel.queries)}
    hidden = [name for name, heading in called.items() if heading in panel.hidden]
    return {"excludeByName": dict.fromkeys(["Time", *hidden], True), "renameByName": called}


def _states(panel: Panel) -> statetimeline.Panel:  # noqa: ARG001  (every kind is drawn from a panel)
    return (
        statetimeline.Panel()
        .color_scheme(_coloured(dashboard.FieldColorModeId.THRESHOLDS))
        .merge_values(merge_values=True)
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .fill_opacity(70)
        .line_width(0)
        .legend(_legend())
    )


_DRAW: dict[Kind, Callable[[Panel], Drawn]] = {Kind.STAT: _stat, Kind.LINES: _lines, Kind.TABLE: _table, Kind.STATES: _states}
