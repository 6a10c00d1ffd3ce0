"""Files written whole or not at all, folders nobody else reads, and locks between two runs."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ottla.errors import LocalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
PUBLIC_FILE = 0o644
OTHERS_MAY_LOOK = stat.S_IRWXG | stat.S_IRWXO  # the bits of a mode that a file with secrets has none of


@contextmanager
def explained(what: str, path: Path) -> Iterator[None]:
    """Turn an OSError (disk full, no permission, a file where a folder should be) into a LocalError that names the path."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalError(
            f"cannot {what}: {reason}",
            where=str(error.filename or path),
            hint="free space or fix permissions, then rerun",
        ) from error


def write_atomic(path: Path, content: str | bytes, *, mode: int = PUBLIC_FILE) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new one, never a part.

    The mode is set before the first byte is written. Raises LocalError.
    """
    data = content.encode() if isinstance(content, str) else content
    with explained("write", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            os.fchmod(handle, mode)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def private_folder(path: Path) -> Path:
    """Make ``path`` a folder that only its owner may enter; parents too, if they are missing."""
    with explained("make the folder", path):
        path.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        path.chmod(PRIVATE_FOLDER)
    return path


@contextmanager
def locked(path: Path, *, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` (made if missing); another run waits, after telling ``waiting`` who holds it.

    The kernel drops the lock when its holder dies, so a killed run leaves none behind.
    """
    handle = _take_lock(path, waiting)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"pid {os.getpid()}".encode(), 0)
        yield
    finally:
        os.close(handle)


def lock_holder(path: Path) -> str | None:
    """Who holds the lock on ``path`` (``pid 4711``); None where nobody does."""
    with explained("look at", path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _named_in(handle)
        finally:
            os.close(handle)
    return None


def _named_in(handle: int) -> str:
    return os.pread(handle, 64, 0).decode(errors="replace").strip() or "another run"


def _take_lock(path: Path, waiting: Callable[[str], None] | None) -> int:
    while True:
        with explained("lock", path):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting is not None:
                waiting(_named_in(handle))
            fcntl.flock(handle, fcntl.LOCK_EX)
        if _is_still(path, handle):
            return handle
        os.close(handle)  # its holder removed the file (a wipe): a lock on nothing keeps nobody out


def _is_still(path: Path, handle: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
