from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from ottla.cli import users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ottla

    from ottla.platform import LocalPlatform

SECURED = ("-e", "local-secure")


def change(folder: Path, user: str, text: str) -> int:
    """Write a user anew; the line where it stands. What lies in a Kubernetes is left out."""
    path = folder / "platform.yaml"
    lines = path.read_text().partition("\n  minikube:")[0].splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(f"  {user}:"))
    lines[at] = f"  {user}: {text}"
    path.write_text("\n".join(lines) + "\n")
    return at + 1


def test_each_user_is_listed_with_login_password_and_roles(ottla: Ottla, folder: Path) -> None:
    change(folder, "monitoring", "{password: '${env:WATCH}', monitor: true, produces: [task-events]}")
    lines = ottla("users", "list", *SECURED).stdout.splitlines()
    cells = {line.split()[0]: [cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines[1:]}
    mechanisms = "SCRAM-SHA-512, SCRAM-SHA-256"
    assert cells["admin"] == ["admin", mechanisms, "generated", "administers"]
    assert cells["monitoring"] == ["monitoring", mechanisms, "${env:WATCH}", "monitors; produces 1 topic"]
    assert cells["task-service"][2:] == ["generated", "produces 2 topics; consumes 1 topic as task-service"]


def test_a_user_with_a_certificate_has_no_password_and_one_without_a_role_does_nothing(ottla: Ottla, folder: Path) -> None:
    change(folder, "monitoring", "{authentication: certificate}")
    done = ottla("users", "list", *SECURED, "-o", "json")
    found = {each["user"]: each for each in json.loads(done.stdout)["data"]["users"]}
    assert (found["monitoring"]["authentication"], found["monitoring"]["mechanisms"]) == ("certificate", [])
    assert (found["monitoring"]["password"], found["monitoring"]["does"]) == (None, [])
    assert [name for name, each in found.items() if each["administrator"]] == ["admin"]
    row = next(line for line in ottla("users", "list", *SECURED).stdout.splitlines() if line.startswith("monitoring"))
    assert row.split()[1:3] == ["certificate", "-"]
    assert row.endswith("nothing but what `acls` say")


def test_a_streams_application_is_told_in_words(ottla: Ottla, folder: Path) -> None:
    change(folder, "monitoring", "{streams: {application_id: totals, reads: [task-events]}}")
    assert "streams totals: 1 in, 0 out" in ottla("users", "list", *SECURED).stdout


def test_users_of_an_open_environment_are_listed_with_a_note(ottla: Ottla) -> None:
    done = ottla("users", "list")
    assert (done.exit_code, "task-service" in done.stdout) == (0, True)
    assert "local is open" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rotate", "task-servic", *SECURED), "did you mean 'task-service'?"),
        (("rotate", "task-service"), "the platform is open: nobody logs in"),
    ],
)
def test_who_has_no_password_here_cannot_get_another(
    ottla: Ottla, made: Callable[[str], LocalPlatform], arguments: tuple[str, ...], said: str
) -> None:
    made("local")
    done = ottla("users", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_password_from_elsewhere_is_changed_there(ottla: Ottla, folder: Path) -> None:
    change(folder, "monitoring", "{password: '${file:secrets/watch}'}")
    done = ottla("users", "rotate", "monitoring", *SECURED)
    assert done.exit_code == 2
    assert "users.monitoring.password: the password of monitoring is ${file:secrets/watch}: Ottla does not make it" in done.stderr
    assert "ottla apply -e local-secure" in done.stderr


def test_a_certificate_is_no_password(ottla: Ottla, folder: Path) -> None:
    change(folder, "monitoring", "{authentication: certificate}")
    done = ottla("users", "rotate", "monitoring", *SECURED)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "a new certificate: ottla certs rotate -e local-secure --leaves" in done.stderr


def test_a_token_is_no_password_either(ottla: Ottla, folder: Path) -> None:
    oauth = "oauth: {issuer: 'https://login.test', jwks: 'https://login.test/keys', audience: todo}"
    path = folder / "platform.yaml"
    path.write_text(path.read_text().replace("security: {enabled: true}", f"security: {{enabled: true, {oauth}}}"))
    change(folder, "monitoring", "{authentication: token}")
    done = ottla("users", "rotate", "monitoring", *SECURED)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "user monitoring logs in with tokens of an issuer" in done.stderr


def test_a_new_password_is_asked_for_once_and_what_to_hand_out_is_told(ottla: Ottla, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that is not up is stood in for here; tests/kafka has the real one."""
    rotated: list[str] = []
    stand_in = SimpleNamespace(environment="local-secure", neighbours={}, rotate_password=rotated.append)
    monkeypatch.setattr(users, "open_platform", lambda *_: stand_in)
    done = ottla("users", "rotate", "task-service", *SECURED)
    assert (done.exit_code, rotated) == (0, ["task-service"])
    assert "ottla client-config -e local-secure task-service" in done.stderr


def test_users_of_a_shared_cluster_are_listed_by_the_names_that_they_log_in_by(ottla: Ottla, shared: Path) -> None:
    text = shared.read_text()
    shared.write_text(text.replace("users: {admin: null}", "users: {admin: {admin: false, produces: [task-events]}}"))
    users = json.loads(ottla("users", "list", "-e", "dev", "-o", "json").stdout)["data"]["users"]
    found = {each["user"]: each for each in users}
    assert all(name.startswith("dev.") for name in found)
    assert [name for name, each in found.items() if each["administrator"]] == []
    assert found["dev.event-service"]["does"][-1].endswith("as dev.event-service")
