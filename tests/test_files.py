from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.files import PRIVATE_FILE, explained, locked, private_folder, write_atomic
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLDER = """
import sys
from pathlib import Path
from ottla.files import locked
with locked(Path(sys.argv[1]), waiting=lambda who: print("waits for", who, flush=True)):
    print("holds", flush=True)
    sys.stdin.read()
"""
FULL_DISK = """
import resource, sys
from pathlib import Path
from ottla.errors import LocalError
from ottla.files import write_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
try:
    write_atomic(Path(sys.argv[1]), "new" * 100)
except LocalError as error:
    print(error)
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@contextmanager
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Another run that wants the lock, and holds it until its input is closed."""
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("content", ["täst\n", b"\x00\xff", ""])
def test_what_is_written_is_read_back(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "new" / "folder" / "file"
    write_atomic(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert names(path.parent) == ["file"]


def test_an_old_file_is_replaced_and_so_is_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old, and longer")
    assert mode(path) == 0o644
    write_atomic(path, "new", mode=PRIVATE_FILE)
    assert (path.read_text(), mode(path)) == ("new", 0o600)


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "file", "x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o644


def test_the_mode_is_set_before_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    really = os.fchmod

    def seen(handle: int, wanted: int) -> None:
        sizes.append((os.fstat(handle).st_size, wanted))
        really(handle, wanted)

    monkeypatch.setattr(os, "fchmod", seen)
    write_atomic(tmp_path / "secret", "x" * 100_000, mode=PRIVATE_FILE)
    assert sizes == [(0, PRIVATE_FILE)]


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")
    with path.open() as reader:
        write_atomic(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_when_writing_fails_the_old_file_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=30, check=True)
    assert "cannot write: File too large" in done.stdout
    assert str(path) in done.stdout
    assert (path.read_text(), names(tmp_path)) == ("old", ["file"])


def test_a_folder_in_the_place_of_the_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(LocalError, match="cannot write") as caught:
        write_atomic(tmp_path / "file", "x")
    assert caught.value.where
    assert str(tmp_path) in caught.value.where
    assert names(tmp_path) == ["file"]


def test_a_file_in_the_place_of_a_folder_is_explained(tmp_path: Path) -> None:
    write_atomic(tmp_path / "file", "x")
    with pytest.raises(LocalError) as caught:
        write_atomic(tmp_path / "file" / "below", "x")
    assert caught.value.where == str(tmp_path / "file")


def test_an_error_names_its_path_and_what_to_do() -> None:
    with pytest.raises(LocalError) as caught, explained("read", Path("/data/x")):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(caught.value) == "/data/x: cannot read: No space left on device\n  free space or fix permissions, then rerun"
    assert isinstance(caught.value.__cause__, OSError)


def test_the_path_of_the_error_itself_counts_more() -> None:
    with pytest.raises(LocalError) as caught, explained("read", Path("/data/x")):
        raise OSError(errno.EACCES, "Permission denied", "/data/x/deep")
    assert caught.value.where == "/data/x/deep"


def test_any_other_error_is_passed_on() -> None:
    with pytest.raises(ValueError, match=r"^bug$"), explained("read", Path("/data/x")):
        raise ValueError("bug")


def test_a_private_folder_is_its_owners_only(tmp_path: Path) -> None:
    assert mode(private_folder(tmp_path / "a" / "b")) == 0o700


def test_a_folder_that_was_open_is_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o755)
    (tmp_path / "a" / "kept").touch()
    private_folder(tmp_path / "a")
    assert (mode(tmp_path / "a"), names(tmp_path / "a")) == (0o700, ["kept"])


def test_a_private_folder_where_a_file_is_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match="cannot make the folder") as caught:
        private_folder(tmp_path / "file")
    assert caught.value.where == str(tmp_path / "file")


def test_a_lock_is_private_and_says_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "new" / "lock"
    with locked(lock):
        assert (lock.read_text(), mode(lock)) == (f"pid {os.getpid()}", 0o600)


def test_nothing_of_an_earlier_holder_stays_in_a_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("pid 12345678901234567890")
    with locked(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == f"pid {os.getpid()}"


def test_a_lock_can_be_taken_again_after_an_error(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(ValueError, match=r"^broken$"), locked(tmp_path / "lock"):
        raise ValueError("broken")
    with locked(tmp_path / "lock", waiting=told.append):
        assert told == []


def test_another_run_waits_and_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with ExitStack() as stack:
        with locked(lock):
            process = stack.enter_context(holder(lock))
            assert line(process) == f"waits for pid {os.getpid()}"
            assert process.poll() is None
        assert line(process) == "holds"
        assert lock.read_text() == f"pid {process.pid}"


def test_a_run_that_was_killed_leaves_no_lock_behind(tmp_path: Path) -> None:
    told: list[str] = []
    with holder(tmp_path / "lock") as process:
        assert line(process) == "holds"
        process.kill()
        wait_until(process.poll, lambda code: code is not None, what="the kill", timeout=30)
        with locked(tmp_path / "lock", waiting=told.append):
            assert told == []
            assert (tmp_path / "lock").read_text() == f"pid {os.getpid()}"


def test_a_run_that_waited_for_a_lock_whose_folder_was_removed_takes_a_new_one(tmp_path: Path) -> None:
    lock = tmp_path / "home" / "lock"
    with ExitStack() as stack:
        with locked(lock):
            process = stack.enter_context(holder(lock))
            assert line(process).startswith("waits")
            shutil.rmtree(lock.parent)
        assert line(process) == "holds"
        assert lock.read_text() == f"pid {process.pid}"


def test_a_lock_where_a_folder_is_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot lock"), locked(tmp_path):
        pass
