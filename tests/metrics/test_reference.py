from __future__ import annotations

import pytest

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import Family
from ottla.metrics.reference import metrics_reference

PAGE = metrics_reference()


def test_every_metric_has_its_line_with_all_there_is_to_say() -> None:
    for metric in CATALOGUE:
        [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `{metric.name}` | {metric.type} |")]
        assert all(each in line for each in (metric.unit, metric.meaning, metric.presence, metric.when, *metric.labels))
        assert line.count(" |") == 8


def test_every_other_name_has_its_line() -> None:
    names = [other.name for metric in CATALOGUE for other in metric.also]
    assert [name for name in names if f"| `{name}` |" not in PAGE] == []


@pytest.mark.parametrize("family", Family)
def test_every_family_has_its_table(family: Family) -> None:
    assert f"Family `{family}`." in PAGE
