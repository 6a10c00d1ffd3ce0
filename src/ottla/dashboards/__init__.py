"""Dashboards for Grafana, from the catalogue of metrics and the limits of a spec. Pure: the same input gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards.brokers import brokers
from ottla.dashboards.clients import clients
from ottla.dashboards.groups import groups
from ottla.dashboards.overview import overview
from ottla.dashboards.quorum import quorum
from ottla.dashboards.topics import topics
from ottla.errors import OttlaError

if TYPE_CHECKING:
    from ottla.dashboards.panel import Dashboard
    from ottla.metrics.watched import Watched

SDK = "grafana_foundation_sdk"


def dashboards(watched: Watched) -> tuple[Dashboard, ...]:
    """All of them, the first to open first."""
    return overview(watched), topics(), groups(watched), brokers(watched), quorum(watched), clients()


def documents(watched: Watched) -> dict[str, str]:
    """File names and JSON, as Grafana imports it. Raises OttlaError where the extra ``dashboards`` is not installed."""
    try:
        from ottla.dashboards.grafana import written  # noqa: PLC0415  (an extra: only who writes dashboards needs it)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != SDK:
            raise
        raise OttlaError(
            f"dashboards are written with {SDK.replace('_', '-')}, which is not installed",
            hint="install it: pip install 'ottla[dashboards]'",
        ) from None
    return {f"{each.uid}.json": written(each, watched) for each in dashboards(watched)}


__all__ = ["dashboards", "documents"]
