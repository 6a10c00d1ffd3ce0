from __future__ import annotations

import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ottla.cli import client_config
from ottla.local import Layout
from ottla.model.client import PLAIN_PROFILE, ClientKind
from ottla.model.login import Login, ScramLogin
from ottla.model.secret import Secret
from ottla.model.user import ScramMechanism
from ottla.spec import load_spec

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Ottla

SECURED = ("-e", "local-secure")
PASSWORD = "geheim"  # noqa: S105  (an example)


@pytest.fixture
def up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for a platform that runs: its logins are all that is asked for. tests/kafka has the real one."""
    authorities = folder / "ca.pem"
    authorities.touch()

    def login(user: str) -> Login:
        return Login(user, ("127.0.0.1:9094",), authorities, ScramLogin(ScramMechanism.SHA_512, Secret(PASSWORD)))

    layout = Layout.beside(folder / "platform.yaml", "local-secure")
    _, spec = load_spec(folder / "platform.yaml").environment("local-secure")
    platform = SimpleNamespace(login=login, profile=PLAIN_PROFILE, cluster=SimpleNamespace(layout=layout), spec=spec)
    monkeypatch.setattr(client_config, "open_platform", lambda *_: platform)
    return folder


@pytest.mark.parametrize("kind", [each.value for each in ClientKind])
def test_files_are_written_beside_the_environment_and_no_secret_is_printed(ottla: Ottla, up: Path, kind: str) -> None:
    done = ottla("client-config", "task-service", "--for", kind, *SECURED)
    assert done.exit_code == 0, done.stderr
    written = sorted((up / ".ottla/local-secure/clients/task-service" / kind).iterdir())
    assert sorted(done.stdout.splitlines()) == [str(path) for path in written]
    assert any(PASSWORD in path.read_text() for path in written)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert PASSWORD not in done.output
    assert "use them: " in done.stderr
    assert str(written[0].parent) in done.stderr


def test_a_folder_may_be_named(ottla: Ottla, up: Path) -> None:
    assert ottla("client-config", "admin", "--for", "java", "--output", "for/admin", *SECURED).exit_code == 0
    assert "group.id" not in (up / "for/admin/consumer.properties").read_text()
    assert 'username\\="admin"' in (up / "for/admin/client.properties").read_text()
    assert stat.S_IMODE((up / "for/admin").stat().st_mode) == 0o700


def test_the_group_of_the_role_is_in_the_files(ottla: Ottla, up: Path) -> None:
    ottla("client-config", "event-service", "--for", "java", "--output", "here", *SECURED)
    assert "group.id=event-service\n" in (up / "here/consumer.properties").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("task-servic", "--for", "java", *SECURED), "did you mean 'task-service'?"),
        (("task-service", "--for", "java"), "local is open: clients need no login there"),
        (("task-service", "--for", "perl", *SECURED), "perl"),
        (("task-service", *SECURED), "--for"),
    ],
)
def test_what_cannot_be_written_is_a_usage_error(ottla: Ottla, arguments: tuple[str, ...], said: str) -> None:
    done = ottla("client-config", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
