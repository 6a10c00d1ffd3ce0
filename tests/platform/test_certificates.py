"""`ottla certs` on a platform whose nodes do not run: the files go through every step, and what is printed is what is there."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from ruamel.yaml import YAML
from typer.testing import CliRunner

from ottla.cli.certs import print_certificates, print_findings, rotate_certificates
from ottla.cli.main import app
from ottla.cli.output import Output
from ottla.errors import LocalError, OttlaError, PlanRefused, UsageError
from ottla.files import write_atomic
from ottla.local.certificate_rotation import Rotation, begin
from ottla.local.client_authority import keep_authority
from ottla.local.client_certificates import ensure_client_certificates
from ottla.local.issuing import new_authority
from ottla.local.key_store import KeyStore
from ottla.local.record import ClusterRecord, NodeAddress, new_cluster_id, write_record
from ottla.platform import Platform
from ottla.platform.admission import given_authority
from ottla.platform.certificates import expiry_warnings, view_certificates

if TYPE_CHECKING:
    from ottla.platform import LocalPlatform

SHIPPED = Path(__file__).parent.parent.parent / "platform.yaml"
NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
NODES = tuple(NodeAddress.in_block(node_id, "127.0.0.1", 9082 + 10 * node_id) for node_id in (1, 2, 3))


def platform_of(folder: Path, security: dict[str, Any] | None = None, environment: str = "local-secure") -> LocalPlatform:
    spec = YAML(typ="safe").load(SHIPPED)
    spec["users"]["billing"] = {"authentication": "certificate"}
    spec["environments"]["local-secure"]["security"] |= security or {}
    (folder / "platform.yaml").write_text(json.dumps(spec))
    return Platform.load(folder / "platform.yaml").on(environment)


def make(platform: LocalPlatform) -> LocalPlatform:
    write_record(platform.cluster.layout.record, ClusterRecord(new_cluster_id(), "4.3.1", NODES))
    given = given_authority(platform.identity, now=NOW)
    ensure_client_certificates(platform.cluster.layout, "todo-kafka", NODES, ["billing"], now=NOW, given=given)
    return platform


@pytest.fixture
def platform(tmp_path: Path) -> LocalPlatform:
    return make(platform_of(tmp_path))


def rotate(platform: LocalPlatform, *, finish: bool = False, leaves: bool = False, now: dt.datetime = NOW) -> None:
    assert rotate_certificates(platform, finish=finish, leaves=leaves, yes=True, now=now) == 0


def trusted(platform: LocalPlatform) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(platform.cluster.layout.client_authorities.read_bytes())


def test_a_rotation_goes_from_one_ca_over_two_to_the_other(platform: LocalPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    [old] = trusted(platform)
    rotate(platform)
    assert view_certificates(platform, now=NOW).rotation is Rotation.BEGUN
    assert trusted(platform)[0] == old
    said = capsys.readouterr()
    layout = platform.cluster.layout
    assert f"give clients {layout.client_authorities}\ngive billing {layout.user_keystore('billing')}\n" in said.out
    assert "ottla certs rotate" in said.err
    assert "--finish" in said.err
    both = trusted(platform)
    rotate(platform)  # run again, it goes on, and there is nothing left to do
    assert trusted(platform) == both
    with pytest.raises(UsageError, match="renews every certificate"):
        rotate(platform, leaves=True)
    rotate(platform, finish=True)
    assert trusted(platform) == both[1:]
    assert view_certificates(platform, now=NOW).findings == ()
    with pytest.raises(UsageError, match="no change to another CA is begun"):
        rotate(platform, finish=True)


def test_a_rotation_that_was_cut_off_at_its_beginning_is_not_ended_before_users_have_what_is_theirs(
    platform: LocalPlatform,
) -> None:
    begin(platform.cluster.layout, "todo-kafka", now=NOW, given=None)  # and then it was killed
    both = trusted(platform)
    with pytest.raises(PlanRefused, match="user billing: no certificate of the new CA yet"):
        rotate(platform, finish=True)
    assert trusted(platform) == both
    rotate(platform)
    rotate(platform, finish=True)
    assert trusted(platform) == both[1:]


def test_leaves_are_renewed_for_another_397_days(platform: LocalPlatform) -> None:
    later = NOW + 380 * DAY
    before = trusted(platform)
    assert len(expiry_warnings(platform, now=later)) == 4
    assert print_findings(platform, Output.TABLE, now=later) == 6
    rotate(platform, leaves=True, now=later)
    assert expiry_warnings(platform, now=later) == ()
    assert print_findings(platform, Output.TABLE, now=later) == 0
    assert trusted(platform) == before


def test_nobody_is_rotated_away_without_being_asked(platform: LocalPlatform) -> None:
    before = trusted(platform)
    with pytest.raises(PlanRefused, match="nobody is there to be asked"):
        rotate_certificates(platform, finish=False, leaves=False, yes=False, now=NOW)
    assert trusted(platform) == before


def test_the_list_is_a_table_and_a_document_with_the_same_facts(
    platform: LocalPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    assert print_certificates(platform, Output.TABLE, now=NOW) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["CERTIFICATE", "SUBJECT", "ISSUER", "NOT", "AFTER", "DAYS", "LEFT", "TRUSTED"]
    assert [row.split("  ")[0] for row in rows] == ["authority", "node 1", "node 2", "node 3", "user billing"]
    assert rows[-1].split()[-3:] == ["2027-04-02", "397", "yes"]
    assert print_certificates(platform, Output.JSON, now=NOW) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["version"], document["data"]["rotation"]) == ("certs", 1, "none")
    billing = document["data"]["certificates"][-1]
    assert (billing["subject"], billing["days_left"], billing["trusted"]) == ("CN=billing", 397, True)
    assert billing["not_after"] == "2027-04-02T12:00:00+00:00"
    assert print_certificates(platform, Output.YAML, now=NOW) == 0
    assert YAML(typ="safe").load(capsys.readouterr().out) == document


def test_a_check_names_what_is_wanting_and_exits_6(platform: LocalPlatform, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_findings(platform, Output.TABLE, now=NOW) == 0
    assert "ok  node 2: holds for 397 days" in capsys.readouterr().out
    platform.cluster.layout.node(2).listener_keystore.chmod(0o644)
    platform.cluster.layout.user_keystore("billing").unlink()
    assert print_findings(platform, Output.TABLE, now=NOW) == 6
    wanting = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("ok  ")]
    assert wanting[0].startswith("WANTING  node 2: others may read its key (mode 0644): chmod 600 ")
    assert wanting[1].startswith("WANTING  user billing: missing or damaged (")
    assert print_findings(platform, Output.JSON, now=NOW) == 6
    codes = {each["certificate"]: each["code"] for each in json.loads(capsys.readouterr().out)["data"]["wanting"]}
    assert codes == {"node 2": "key-readable", "user billing": "unreadable"}


def test_an_open_platform_has_no_certificates_to_rotate(tmp_path: Path) -> None:
    platform = platform_of(tmp_path, environment="local")
    for run in (print_certificates, print_findings):
        with pytest.raises(UsageError, match="environment 'local' is open"):
            run(platform, Output.TABLE, now=NOW)
    with pytest.raises(UsageError, match="environment 'local' is open"):
        rotate(platform)
    assert expiry_warnings(platform, now=NOW) == ()
    done = CliRunner().invoke(app, ["certs", "list", "-f", str(tmp_path / "platform.yaml"), "-e", "local"])
    assert done.exit_code == 2
    assert "is open: its clients need no certificates" in done.stderr


def test_options_that_do_not_go_together_are_a_usage_error() -> None:
    done = CliRunner().invoke(app, ["certs", "rotate", "--finish", "--leaves"])
    assert done.exit_code == 2
    assert "give one of them" in done.stderr


def test_what_was_never_made_is_neither_listed_nor_rotated(tmp_path: Path) -> None:
    platform = platform_of(tmp_path)
    for run in (lambda: view_certificates(platform, now=NOW), lambda: rotate(platform)):
        with pytest.raises(LocalError, match="no local cluster was made here yet"):
            run()


GIVEN = {"authority": {"certificate": "${file:corp/ca.pem}", "key": "${file:corp/ca.key}"}}


def give(folder: Path, name: str) -> None:
    authority = new_authority(name, now=NOW)
    keep_authority(folder / "both.pem", authority, own=True)
    key = (folder / "both.pem").read_bytes().partition(b"-----BEGIN CERT")[0]
    write_atomic(folder / "corp" / "ca.key", key)
    write_atomic(folder / "corp" / "ca.pem", KeyStore(authority.certificate).pem())


def test_a_given_ca_is_read_beside_the_spec_and_changed_by_a_rotation(tmp_path: Path) -> None:
    give(tmp_path, "first")
    platform = make(platform_of(tmp_path, GIVEN))
    [first] = trusted(platform)
    assert "first client CA" in first.subject.rfc4514_string()
    assert view_certificates(platform, now=NOW).findings == ()
    with pytest.raises(UsageError, match="is the CA that issues now"):
        rotate(platform)
    give(tmp_path, "second")
    rotate(platform)
    rotate(platform, finish=True)
    assert "second client CA" in trusted(platform)[0].subject.rfc4514_string()
    assert view_certificates(platform, now=NOW).findings == ()


def test_a_given_ca_that_cannot_be_used_is_found_by_a_check_and_refused_by_a_rotation(tmp_path: Path) -> None:
    give(tmp_path, "first")
    platform = make(platform_of(tmp_path, GIVEN))
    shutil.rmtree(tmp_path / "corp")
    view = view_certificates(platform, now=NOW)
    assert len(view.certificates) == 5
    [finding] = view.findings
    assert "${file:corp/ca.pem}: cannot read" in finding.message
    assert expiry_warnings(platform, now=NOW) == ()
    with pytest.raises(OttlaError, match="cannot read"):
        rotate(platform, leaves=True)
