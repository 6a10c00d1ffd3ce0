"""The dashboards of a platform, with the limits of its spec drawn into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.dashboards import documents
from ottla.platform.monitoring_files import watched

if TYPE_CHECKING:
    from ottla.platform.local import LocalPlatform

FOLDER = "dashboards"


def dashboard_documents(platform: LocalPlatform) -> dict[str, str]:
    """File names and what is in them, for Grafana. No cluster need be there.

    Raises OttlaError where what writes them is not installed.
    """
    return documents(watched(platform))
