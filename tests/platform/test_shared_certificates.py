"""The certificates of a cluster that environments share: its owner rotates them, and locks out nobody who lives there."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from ottla.cli.certs import rotate_certificates
from ottla.cli.main import app
from ottla.errors import PlanRefused
from ottla.local.client_authority import trusted_certificates
from ottla.local.client_certificates import leaves_of, wanting
from ottla.local.issuing import Authority
from ottla.local.key_store import read_key_store
from ottla.local.record import ClusterRecord, NodeAddress, new_cluster_id, write_record
from ottla.platform import Platform
from ottla.platform.certificates import begin_rotation, finish_rotation, renew_certificates, view_certificates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ottla.platform import LocalPlatform

SPEC = """\
platform: shop
cluster: {name: shop, nodes: 1}
topic_defaults: {replication_factor: 1, min_insync_replicas: 1}
security: {enabled: true}
users:
  admin: {admin: true}
  app: {authentication: certificate}
  reader: {}
environments:
  prod: {target: local}
  dev: {shares: prod, prefix: dev., users: {admin: null}}
  staging: {shares: prod, prefix: staging., users: {admin: null, app: null, tester: {authentication: certificate}}}
"""
NOW = dt.datetime.now(dt.UTC)
NODES = (NodeAddress.in_block(1, "127.0.0.1", 9092),)
EVERYBODY = ("app", "dev.app", "staging.tester")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A cluster with certificates for all, whose nodes do not run."""
    path = tmp_path / "platform.yaml"
    path.write_text(SPEC)
    cluster = Platform.load(path).on("prod").cluster
    write_record(cluster.layout.record, ClusterRecord(new_cluster_id(), "4.3.1", NODES))
    cluster.admission.ensure_certificates(NODES)
    return path


@pytest.fixture
def prod(path: Path) -> LocalPlatform:
    return Platform.load(path).on("prod")


def let_in(platform: LocalPlatform) -> list[str]:
    """Who shows a certificate that brokers take."""
    layout = platform.cluster.layout
    trusted = [Authority(each) for each in trusted_certificates(layout)]
    leaves = zip(EVERYBODY, leaves_of(layout, (), EVERYBODY), strict=True)
    return [user for user, leaf in leaves if wanting(leaf, read_key_store(leaf.path), trusted, NOW) is None]


def tree(path: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in path.parent.rglob("*") if file.is_file()}


def run(path: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--file", str(path)])
    return done.exit_code, done.output


def test_whoever_starts_the_cluster_issues_for_all_who_live_in_it(prod: LocalPlatform) -> None:
    assert let_in(prod) == [*EVERYBODY]


def test_another_ca_locks_out_nobody_in_an_environment_that_shares_the_cluster(
    prod: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    for finish in (False, True):
        rotate_certificates(prod, finish=finish, leaves=False, yes=True, now=NOW)
        assert let_in(prod) == [*EVERYBODY]
    assert f"give dev.app {prod.cluster.layout.user_keystore('dev.app')}\n" in capsys.readouterr().out


def test_leaves_of_all_are_renewed(prod: LocalPlatform) -> None:
    before = [prod.cluster.layout.user_keystore(user).read_bytes() for user in EVERYBODY]
    renew_certificates(prod, now=NOW + dt.timedelta(days=1))
    after = [prod.cluster.layout.user_keystore(user).read_bytes() for user in EVERYBODY]
    assert all(one != other for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("options", [(), ("--finish",), ("--leaves",)])
def test_a_rotation_is_refused_to_who_shares_with_the_command_of_the_owner(path: Path, options: tuple[str, ...]) -> None:
    before = tree(path)
    code, said = run(path, "certs", "rotate", "-e", "dev", "--yes", *options)
    command = " ".join(["ottla certs rotate -e prod --file", str(path), *options])
    assert (code, said.splitlines()[-1]) == (4, f"  if it is meant for all: {command}")
    assert tree(path) == before


@pytest.mark.parametrize("verb", [begin_rotation, finish_rotation, renew_certificates])
def test_so_is_a_program_that_asks_for_one(path: Path, verb: Callable[..., object]) -> None:
    before = tree(path)
    with pytest.raises(PlanRefused, match="lives in the cluster of prod"):
        verb(Platform.load(path).on("dev"), now=NOW)
    assert tree(path) == before


@pytest.mark.parametrize("environment", ["prod", "dev"])
def test_every_certificate_of_the_cluster_is_listed_wherever_it_is_asked_from(path: Path, environment: str) -> None:
    view = view_certificates(Platform.load(path).on(environment), now=NOW)
    listed = [each.what for each in view.certificates]
    assert listed == ["authority", "node 1", *(f"user {name}" for name in EVERYBODY)]
    assert view.findings == ()
    code, said = run(path, "certs", "check", "-e", environment)
    assert (code, "ok  user dev.app: holds for " in said) == (0, True)


def test_who_is_taken_out_of_an_environment_or_gets_a_password_is_told_of_in_list_and_check(path: Path) -> None:
    text = path.read_text().replace("  app: {authentication: certificate}", "  app: {}")
    path.write_text(text.replace(", tester: {authentication: certificate}", ""))
    told = [
        f"{name}: the spec gives it none, and whoever has this one still gets in as"
        for name in ("user app", "user dev.app", "user staging.tester")
    ]
    code, said = run(path, "certs", "check", "-e", "dev")
    assert code == 6
    for words in told:
        assert f"WANTING  {words}" in said
    assert said.splitlines()[-1] == "ok  node 1: holds for 396 days"
    assert f"to end it: ottla certs rotate --file {path} -e prod" in said
    code, said = run(path, "certs", "list", "-e", "prod")
    assert code == 0
    for words in told:
        assert f"  note: certificate of {words}" in said
