"""`ottla bench`: what cannot be measured is told before anything is done, and what was measured is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ottla.cli.bench import _Heard
from ottla.proof.benching import Run, Security
from ottla.proof.judging import Aims, Judgement, Verdict
from ottla.proof.load import Load
from ottla.proof.measurement import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Ottla

    from ottla.platform import LocalPlatform


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "big"), "--size big"),
        (("--size", "0"), "--size 0"),
        (("--size", "unlimited"), "--size unlimited"),
        (("--duration", "x"), "--duration x"),
        (("--duration", "5"), "no unit"),
        (("--duration", "999ms"), "at least 1s"),
        (("--duration", "unlimited"), "at least 1s"),
        (("--warm-up", "30"), "no unit"),
        (("--warm-up", "soon"), "--warm-up soon"),
        (("--rate", "10", "--duration", "30s"), "300 events"),
        (("--here", "--find-max"), "--find-max"),
        (("--here", "--security", "plain"), "--security plain"),
        (("--here", "--security", "all"), "--security all"),
        (("--find-max", "--security", "all"), "--security all"),
        (("--security", "nonsense"), "--security nonsense"),
        (("--size", "2GiB"), "does not fit into a request"),
        (("--topic", "nope"), "there is no topic 'nope'"),
        (("--compare", "a.json", "b.json", "--rate", "10"), "--rate says nothing to --compare"),
    ],
)
def test_what_cannot_be_measured_is_a_usage_error(ottla: Ottla, arguments: tuple[str, ...], said: str) -> None:
    done = ottla("bench", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--size", "5XB"), "--size 5XB: not a size"),
        (("--size", "0"), "--size 0: at least 1 byte"),
        (("--size", "2GiB"), "does not fit into a request"),
        (("--warm-up", "30"), "no unit"),
    ],
)
def test_a_load_that_no_drill_can_have_is_a_usage_error(ottla: Ottla, arguments: tuple[str, ...], said: str) -> None:
    done = ottla("drill", "run", "none", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_each_run_is_saved_as_it_ends(made: Callable[[str], LocalPlatform]) -> None:
    measurement = Measurement(Load(rate=1_000, size=100, duration=1))
    judgement = Judgement(Verdict.INVALID, ("too little",))
    heard = _Heard(made("local"), Aims())
    for count, security in enumerate((Security.PLAIN, Security.TLS), start=1):
        heard.done(Run(security, "orders", measurement, judgement, ("-Xmx1g",), datetime.now(UTC)))
        saved = json.loads(heard.path.read_text())
        assert len(saved["data"]["runs"]) == count
        assert heard.path.with_suffix(".html").read_text().count("from the real send") == 2 * count
