"""An environment in the cluster of another one, before any Kafka runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from ottla.cli.main import app
from ottla.errors import LocalError, PlanRefused
from ottla.local import Layout
from ottla.platform import LocalPlatform, Platform, SharedPlatform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPEC = """\
platform: shop
cluster: {name: shop, nodes: 1, config: {num.io.threads: 4}}
topic_defaults: {replication_factor: 1, min_insync_replicas: 1}
topics: {orders: {partitions: 1, verify_write: never}}
environments:
  prod: {target: local}
  dev: {shares: prod, prefix: dev.}
  staging: {shares: prod, prefix: staging.}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "platform.yaml"
    path.write_text(SPEC)
    return path


@pytest.fixture
def dev(path: Path) -> LocalPlatform:
    return Platform.load(path).on("dev")


def run(path: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--file", str(path)])
    return done.exit_code, done.output


def test_it_works_on_the_cluster_of_the_owner_with_its_lock_and_keeps_its_own_folder(path: Path, dev: LocalPlatform) -> None:
    prod = Platform.load(path).on("prod")
    assert isinstance(dev, SharedPlatform)
    assert not isinstance(prod, SharedPlatform)
    assert replace(dev.cluster, report=prod.cluster.report) == prod.cluster
    assert dev.cluster.layout == Layout.beside(path, "prod")
    assert (dev.folder, prod.folder) == (path.parent / ".ottla/dev", path.parent / ".ottla/prod")


def test_it_wants_topics_with_its_prefix_and_no_nodes(path: Path, dev: LocalPlatform) -> None:
    assert dev.desired.topics.keys() == dev.spec.topics_by_full_name.keys() == {"dev.orders"}
    assert dev.desired.nodes == {}
    prod = Platform.load(path).on("prod")
    assert prod.neighbours == {"dev": "dev.", "staging": "staging."}
    assert prod.desired.nodes[1].properties == {"num.io.threads": "4"}


@pytest.mark.parametrize(
    ("verb", "command"),
    [
        (lambda dev: dev.down(), "ottla down -e prod"),
        (lambda dev: dev.wipe(), "ottla down -e prod --wipe"),
        (lambda dev: dev.restart(), "ottla restart -e prod"),
        (lambda dev: dev.restart([1]), "ottla restart -e prod 1"),
        (lambda dev: dev.upgrade(), "ottla upgrade -e prod"),
        (lambda dev: dev.finalise(), "ottla upgrade -e prod --finalize"),
    ],
)
def test_what_is_done_to_nodes_is_refused_with_the_command_for_their_owner(
    dev: LocalPlatform, verb: Callable[[LocalPlatform], object], command: str
) -> None:
    with pytest.raises(PlanRefused, match="lives in the cluster of prod") as caught:
        verb(dev)
    assert str(caught.value.hint) == f"if it is meant for all: {command}"
    assert not dev.cluster.layout.root.parent.exists()


@pytest.mark.parametrize("command", ["down", "down --wipe", "down --wipe --yes", "restart", "upgrade --yes", "upgrade"])
def test_commands_are_refused_before_they_ask_anything(path: Path, command: str) -> None:
    code, said = run(path, *command.split(), "-e", "dev")
    assert code == 4
    verb, *options = command.replace(" --yes", "").split()
    assert (
        said.splitlines()[-1]
        == f"  if it is meant for all: ottla {verb} -e prod --file {path}{''.join(f' {each}' for each in options)}"
    )


def test_up_needs_the_owners_cluster_says_so_and_leaves_nothing_behind(path: Path, dev: LocalPlatform) -> None:
    with pytest.raises(LocalError, match="dev lives in the cluster of prod, which does not run"):
        dev.up()
    assert not dev.cluster.layout.root.parent.exists()
    code, said = run(path, "up", "-e", "dev")
    assert (code, said.splitlines()[-1]) == (1, f"  start it: ottla up -e prod --file {path}")


@pytest.mark.parametrize("command", ["plan", "apply", "verify", "status", "logs", "topics list", "consume dev.orders"])
def test_whoever_needs_the_cluster_is_sent_to_its_owner(path: Path, command: str) -> None:
    code, said = run(path, *command.split(), "-e", "dev")
    assert (code, said.splitlines()[-1]) == (1, f"  make it: ottla up --file {path} -e prod")


def test_wiping_the_owner_names_those_whose_events_go_with_it(path: Path) -> None:
    code, said = run(path, "down", "--wipe", "-e", "prod")
    assert code == 4
    assert "every event in it, those of dev, staging as well" in said


def test_validate_and_ottla_alone_say_whose_cluster_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, said = run(path, "validate")
    assert ["dev", "in", "prod", "1", "1", "1", "1"] in [line.split() for line in said.splitlines()]
    _, document = run(path, "validate", "-o", "json")
    assert '"shares": "prod"' in document
    monkeypatch.chdir(path.parent)
    done = CliRunner().invoke(app, [])
    assert ["dev", "in", "prod", "not", "made", "yet", "-"] in [line.split() for line in done.output.splitlines()]
