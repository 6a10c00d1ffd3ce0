from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.model.secret import Secret
from ottla.secrets import SecretStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> SecretStore:
    return SecretStore.within(tmp_path / "local-secure")


def refusal(store: SecretStore) -> str:
    with pytest.raises(LocalError) as caught:
        store.password("alice")
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_password_is_generated_once_and_kept(store: SecretStore) -> None:
    made = store.ensure_password("alice")
    assert len(made.reveal()) == 32
    assert made.reveal().isalnum()
    assert SecretStore(store.path).ensure_password("alice") == made
    assert store.ensure_password("bob") != made


def test_looking_makes_no_file(store: SecretStore) -> None:
    assert store.password("alice") is None
    assert store.sent_version("alice SCRAM-SHA-512") is None
    assert not store.path.exists()


def test_versions_are_the_same_in_every_call_once_there_is_a_key(store: SecretStore) -> None:
    secret = Secret("given")
    assert store.version_of(secret) != store.version_of(secret)
    store.ensure_key()
    version = store.version_of(secret)
    store.ensure_key()
    assert SecretStore(store.path).version_of(secret) == version
    made = store.ensure_password("alice")
    store.ensure_key()
    assert store.password("alice") == made


def test_the_file_is_for_its_owner_alone(store: SecretStore) -> None:
    store.ensure_password("alice")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_that_others_may_read_is_refused_with_the_way_out(store: SecretStore, mode: int) -> None:
    store.ensure_password("alice")
    store.path.chmod(mode)
    assert f"chmod 600 {store.path}" in refusal(store)


def test_a_new_password_takes_the_place_of_the_old_one(store: SecretStore) -> None:
    old, other = store.ensure_password("alice"), store.ensure_password("bob")
    new = store.new_password("alice")
    assert new != old
    assert (store.password("alice"), store.password("bob")) == (new, other)
    assert old.reveal() not in store.path.read_text()


def test_a_forgotten_password_is_nowhere(store: SecretStore) -> None:
    old, other = store.ensure_password("alice"), store.ensure_password("bob")
    store.forget("alice")
    store.forget("nobody")
    assert (store.password("alice"), store.password("bob")) == (None, other)
    assert old.reveal() not in store.path.read_text()


def test_a_version_names_a_password_as_long_as_the_file_is_there(store: SecretStore) -> None:
    store.new_password("alice")
    version = store.version_of(Secret("a"))
    assert SecretStore(store.path).version_of(Secret("a")) == version
    assert store.version_of(Secret("b")) != version
    store.new_password("bob")
    assert store.version_of(Secret("a")) == version


def test_asking_for_a_version_writes_nothing(store: SecretStore) -> None:
    """A plan asks without the lock: what another run generates meanwhile must not be lost."""
    store.version_of(Secret("a"))
    assert not store.path.exists()


def test_a_version_cannot_be_guessed_from_a_weak_password(store: SecretStore, tmp_path: Path) -> None:
    """Another environment has another key: the same password has another version there."""
    assert SecretStore.within(tmp_path / "other").version_of(Secret("a")) != store.version_of(Secret("a"))


def test_what_was_sent_is_remembered_until_it_is_gone(store: SecretStore) -> None:
    store.keep_sent({"alice SCRAM-SHA-512": Secret("a"), "alice SCRAM-SHA-256": Secret("b")})
    store.keep_sent({"alice SCRAM-SHA-512": Secret("c"), "alice SCRAM-SHA-256": None})
    assert store.sent_version("alice SCRAM-SHA-512") == store.version_of(Secret("c"))
    assert store.sent_version("alice SCRAM-SHA-256") is None


def test_a_file_of_a_newer_ottla_is_not_called_damaged(store: SecretStore) -> None:
    store.new_password("alice")
    before = store.path.read_text().replace('"format": 1', '"format": 2')
    store.path.write_text(before)
    with pytest.raises(LocalError, match="made by a newer Ottla"):
        store.ensure_password("bob")
    assert store.path.read_text() == before


@pytest.mark.parametrize(
    "changed",
    [{"format": 0}, {"key": "abcd"}, {"key": 5}, {"passwords": {"alice": ""}}, {"passwords": []}, {"sent": {"alice": 5}}],
    ids=str,
)
def test_a_damaged_file_is_refused_without_being_quoted(store: SecretStore, changed: dict[str, object]) -> None:
    password = store.ensure_password("alice").reveal()
    store.path.write_text(json.dumps(json.loads(store.path.read_text()) | changed))
    said = refusal(store)
    assert "damaged" in said
    assert password not in said


def test_a_cut_off_file_is_refused_and_not_written_over(store: SecretStore) -> None:
    store.ensure_password("alice")
    cut = store.path.read_bytes()[:60]
    store.path.write_bytes(cut)
    with pytest.raises(LocalError):
        store.ensure_password("bob")
    assert store.path.read_bytes() == cut


def test_the_store_shows_no_secret(store: SecretStore) -> None:
    password = store.ensure_password("alice").reveal()
    assert password not in repr(store) + repr(store._read())
