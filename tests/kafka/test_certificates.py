"""Another CA for the clients of a platform that runs: whoever has been given what is new in between is never refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from tests.kafka.clients import LET_IN, entrance, of_librdkafka, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Locked

pytestmark = [pytest.mark.kafka, pytest.mark.long]

USER = "with-certificate"


def handed_out(locked: Locked, folder: Path) -> dict[str, dict[str, Any]]:
    """What a user with a certificate and one with a password are given now, as copies."""
    layout = locked.platform.cluster.layout
    folder.mkdir()
    trusted, store = folder / "authorities.pem", folder / "user.pem"
    shutil.copy(layout.client_authorities, trusted)
    shutil.copy(layout.user_keystore(USER), store)
    mine = {"ssl.ca.location": str(trusted)}
    certificate = {"ssl.certificate.location": str(store), "ssl.key.location": str(store)}
    return {
        USER: {**of_librdkafka(locked.login(USER)), **mine, **certificate},
        "task-service": {**of_librdkafka(locked.login("task-service")), **mine},
    }


def let_in(clients: dict[str, dict[str, Any]]) -> set[str]:
    return {user for user, config in clients.items() if entrance(config) == LET_IN}


def test_a_rotation_of_the_ca_loses_no_client(locked: Locked, tmp_path: Path) -> None:
    old = handed_out(locked, tmp_path / "old")
    assert let_in(old) == {USER, "task-service"}
    begun = locked.run("certs", "rotate", "--yes")
    assert begun.returncode == 0, begun.stderr
    new = handed_out(locked, tmp_path / "new")
    assert (let_in(old), let_in(new)) == ({USER, "task-service"}, {USER, "task-service"})
    finished = locked.run("certs", "rotate", "--finish", "--yes")
    assert finished.returncode == 0, finished.stderr
    assert (let_in(old), let_in(new)) == (set(), {USER, "task-service"})
    assert write(new[USER], "task-events") == LET_IN
    for command in (["certs", "check"], ["verify"], ["plan", "--exit-code"]):
        done = locked.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_leaves_are_renewed_and_the_ones_before_get_in_as_well(locked: Locked, tmp_path: Path) -> None:
    old = handed_out(locked, tmp_path / "old")
    renewed = locked.run("certs", "rotate", "--leaves", "--yes")
    assert renewed.returncode == 0, renewed.stderr
    new = handed_out(locked, tmp_path / "new")
    assert (tmp_path / "old/user.pem").read_bytes() != (tmp_path / "new/user.pem").read_bytes()
    assert (let_in(old), let_in(new)) == ({USER, "task-service"}, {USER, "task-service"})
