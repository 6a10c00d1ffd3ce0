"""How much memory there is for all nodes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from ottla.doctor import see_nodes
from ottla.doctor.see_nodes import see_machine
from ottla.local.cluster import LocalCluster
from ottla.local.layout import Layout
from ottla.local.memory import cgroup_limit
from ottla.local.report import Silent

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1024**3


@pytest.mark.parametrize(
    ("name", "text", "limit"),
    [
        ("memory.max", f"{2 * GIB}\n", 2 * GIB),
        ("memory.max", "max\n", None),
        ("memory/memory.limit_in_bytes", f"{GIB}\n", GIB),
        ("other", "", None),
    ],
)
def test_the_limit_of_a_container_is_what_it_may_take_at_most(tmp_path: Path, name: str, text: str, limit: int | None) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    (tmp_path / "memory.current").write_text(f"{GIB}\n")
    assert cgroup_limit(tmp_path) == limit


@pytest.mark.parametrize("limit", [GIB, None, 2**62])
def test_heaps_are_compared_with_all_the_memory_there_is_and_not_with_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int | None
) -> None:
    total = psutil.virtual_memory().total
    monkeypatch.setattr(see_nodes, "cgroup_limit", lambda: limit)
    cluster = LocalCluster(Layout(tmp_path), "shop", "4.3.1", GIB, Silent())
    assert see_machine(cluster).memory == (GIB if limit == GIB else total)
