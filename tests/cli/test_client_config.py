from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from ottla.model.client import ClientKind
from ottla.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ottla

    from ottla.platform import LocalPlatform

SECURED = ("-e", "local-secure")


@pytest.fixture
def up(folder: Path, made: Callable[[str], LocalPlatform]) -> Path:
    """The folder of a locked platform that was made, whose users have passwords."""
    platform = made("local-secure")
    for user in platform.spec.users:
        platform.identity.ensure_password(user)
    return folder


def password(folder: Path, user: str, environment: str = "local-secure") -> str:
    return Platform.load(folder / "platform.yaml").on(environment).identity.known_password(user).reveal()


@pytest.mark.parametrize("kind", [each.value for each in ClientKind])
def test_files_are_written_beside_the_environment_and_no_secret_is_printed(ottla: Ottla, up: Path, kind: str) -> None:
    done = ottla("client-config", "task-service", "--for", kind, *SECURED)
    assert done.exit_code == 0, done.stderr
    written = sorted((up / ".ottla/local-secure/clients/task-service" / kind).iterdir())
    assert sorted(done.stdout.splitlines()) == [str(path) for path in written]
    assert any(password(up, "task-service") in path.read_text() for path in written)
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert password(up, "task-service") not in done.output
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
        (("task-service", "--for", "java"), "the platform is open: nobody logs in"),
        (("task-service", "--for", "perl", *SECURED), "perl"),
        (("task-service", *SECURED), "--for"),
    ],
)
def test_what_cannot_be_written_is_a_usage_error(
    ottla: Ottla, made: Callable[[str], LocalPlatform], arguments: tuple[str, ...], said: str
) -> None:
    made("local")
    done = ottla("client-config", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize("name", ["event-service", "dev.event-service"])
def test_two_users_of_one_name_in_a_shared_cluster_have_files_of_their_own(
    ottla: Ottla, shared: Path, up: Path, name: str
) -> None:
    assert shared.parent == up
    Platform.load(shared).on("dev").identity.ensure_password("dev.event-service")
    assert ottla("client-config", "event-service", "--for", "java", *SECURED).exit_code == 0
    done = ottla("client-config", name, "--for", "java", "-e", "dev")
    assert done.exit_code == 0, done.stderr
    theirs = up / ".ottla/local-secure/clients/event-service/java/client.properties"
    ours = up / ".ottla/dev/clients/dev.event-service/java/client.properties"
    assert password(up, "event-service") in theirs.read_text()
    assert password(up, "dev.event-service", "dev") in ours.read_text()
    assert 'username\\="dev.event-service"' in ours.read_text()
    assert "group.id=dev.event-service\n" in (ours.parent / "consumer.properties").read_text()
