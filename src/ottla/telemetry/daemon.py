"""A server of others that runs beside the nodes: found on PATH, started, told of new files, started anew, ended.

What it runs with is read from the process table and from the server itself, so that nothing stale is left by a run that was cut
off.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

from ottla.errors import LocalError, WaitTimeout
from ottla.files import private_folder
from ottla.local.companion import Companion
from ottla.local.ports import EVERY_ADDRESS, LOOPBACK, holder, is_free, listening
from ottla.local.processes import is_alive, is_paused
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import psutil

    from ottla.spec.exporter import Listen

PACKAGES = "prometheus prometheus-alertmanager"
START_TIMEOUT = 30.0  # seconds; a store of some days is read again before it is ready
RELOAD_TIMEOUT = 15.0
ASK_TIMEOUT = 10.0
CHECK_TIMEOUT = 60.0
VERSION = re.compile(r"version ([0-9]+(?:\.[0-9]+)+)")
LAST_WORDS = 3  # lines


@dataclass(frozen=True, slots=True)
class Program:
    """A program of one of Debian's packages. ``names`` are what it may be called."""

    names: tuple[str, ...]

    def path(self) -> str:
        """Where it is. Raises LocalError, with how to install it."""
        for name in self.names:
            found = shutil.which(name)
            if found is not None:
                return found
        as_root = "" if os.geteuid() == 0 else "sudo "
        raise LocalError(
            f"{self.names[0]} is not installed (it is not on PATH)",
            hint=f"install it: {as_root}apt-get install --yes --no-install-recommends {PACKAGES}\n"
            "  that is all that monitoring needs; nothing else of this machine is changed",
        )

    def version(self) -> str:
        """Its version. Raises LocalError."""
        done = self.run("--version")
        found = VERSION.search(done.stdout + done.stderr)
        return found[1] if found else "of an unknown version"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end. Raises LocalError where it is missing, or does not come to one."""
        path = self.path()
        try:
            return subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=CHECK_TIMEOUT)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LocalError(f"{path} does not run: {error}", hint=f"install it anew: apt-get install {PACKAGES}") from error


@dataclass(frozen=True, slots=True)
class Daemon:
    """A server with its files in ``folder``. ``config`` is the file it is told of; ``files`` are all that it reads.

    ``key`` is where the spec says where it listens; ``prefix`` is how its own metrics begin.
    """

    name: str
    program: Program
    checker: Program
    check: tuple[str, ...]
    folder: Path
    config: str
    files: tuple[str, ...]
    listen: Listen
    key: str
    arguments: tuple[str, ...]
    prefix: str

    @property
    def companion(self) -> Companion:
        """Its process: known by the file that it was told of."""
        marks = (f"--config.file={self.folder.resolve() / self.config}",)
        return Companion(self.name, self.folder, self.program.names[0], marks)

    @property
    def url(self) -> str:
        """Where a person looks at it."""
        return self.listen.url(tls=False).removesuffix("/metrics")

    def find(self) -> psutil.Process | None:
        """The process, if it runs."""
        return self.companion.find()

    def refuse_wrong(self, staged: Path) -> None:
        """Raise LocalError where its checker finds a fault in the files that lie in ``staged``."""
        done = self.checker.run(*self.check, str(staged / self.config))
        if done.returncode != 0:
            said = "\n  ".join(line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip())
            raise LocalError(
                f"{self.checker.names[0]} refuses what was made of the spec for {self.name}, and the files that were there stay:"
                f"\n  {said.replace(str(staged), str(self.folder))}",
                where=str(self.folder / self.config),
                hint="that is a bug in Ottla, unless the spec has a text in it that Prometheus cannot read",
            )

    def keep_running(self) -> bool:
        """Run it with the files as they are, and the arguments as they should be; whether it was started, or told of files.

        Raises LocalError, WaitTimeout where it does not come up.
        """
        process = self.find()
        if process is None or self.companion.arguments_of(process) != list(self.arguments) or is_paused(process):
            return self._start_anew()
        loaded = self._loaded_at()
        if loaded is None:  # it does not answer: it was cut off while it started, or hangs
            return self._start_anew()
        if loaded < self._written_at():
            self._reload(process)
            return True
        return False

    def stop(self) -> bool:
        """End it; whether it ran."""
        return self.companion.stop()

    def ask(self, path: str) -> Any:
        """What it answers, as data; None where it does not answer."""
        answer = self._request(path)
        if answer is None or answer[0] != HTTPStatus.OK:
            return None
        try:
            return json.loads(answer[1])
        except ValueError:
            return None

    def _start_anew(self) -> bool:
        self.stop()
        private_folder(self.folder)
        self._refuse_taken_port()
        companion = Companion(self.name, self.folder, self.program.path(), self.companion.marks)
        started = companion.start(self.arguments, {})  # none of the variables of this process: there may be secrets in them
        state = wait_until(
            lambda: (is_alive(started), self._is_ready()),
            lambda seen: seen[1] or not seen[0],
            what=f"{self.name} to be ready",
            timeout=START_TIMEOUT,
            every=0.1,
            hint=f"see why: {companion.output}",
        )
        if not state[0]:
            raise LocalError(
                f"{self.name} does not run: {self._last_words()}",
                where=str(companion.output),
                hint="the nodes do; mend it, then: ottla up --with monitoring",
            )
        return True

    def _refuse_taken_port(self) -> None:
        host, port = self.listen
        if is_free(host, port):
            return
        other = self._other_environment()
        by = f"the {self.name} of environment {other}" if other else holder(host, port)
        service = f"; or, if that is the service of Debian's package: systemctl disable --now {PACKAGES}"
        raise LocalError(
            f"{self.name} cannot listen on {host}:{port}: there listens {by}",
            hint=f"the nodes run; give {self.key} another port in the spec, then: ottla up --with monitoring"
            f"{service if by.startswith('prometheus') else ''}",
        )

    def _other_environment(self) -> str | None:
        """The environment of the same spec whose server of this kind has the port."""
        for folder in sorted(self.folder.parent.parent.glob(f"*/{self.folder.name}")):
            config = folder.resolve() / self.config
            process = Companion(self.name, folder, marks=(f"--config.file={config}",)).find() if folder != self.folder else None
            if process is not None and any(port == self.listen.port for _, port in listening(process)):
                return folder.parent.name
        return None

    def _is_ready(self) -> bool:
        answer = self._request("/-/ready")
        return answer is not None and answer[0] == HTTPStatus.OK

    def _reload(self, process: psutil.Process) -> None:
        """Have it read its files, by a signal: a port that takes such orders takes them from anybody. Raises LocalError."""
        written = self._written_at()
        process.send_signal(signal.SIGHUP)
        try:
            wait_until(
                self._loaded_at,
                lambda loaded: loaded is not None and loaded >= written,
                what=f"{self.name} to read its new files",
                timeout=RELOAD_TIMEOUT,
                every=0.1,
            )
        except WaitTimeout as error:
            raise LocalError(
                f"{self.name} did not take its new files",
                where=str(self.folder / self.config),
                hint=f"see why: {self.companion.output}",
            ) from error

    def _written_at(self) -> float:
        return max((self.folder / name).stat().st_mtime for name in self.files)

    def _loaded_at(self) -> float | None:
        """When it last read its files, in seconds since 1970."""
        return self._metric("config_last_reload_success_timestamp_seconds")

    def _metric(self, name: str) -> float | None:
        answer = self._request("/metrics")
        wanted = f"{self.prefix}_{name} "
        lines = [] if answer is None else [line for line in answer[1].splitlines() if line.startswith(wanted)]
        return float(lines[0].rpartition(" ")[2]) if lines else None

    def _request(self, path: str) -> tuple[int, str] | None:
        host = LOOPBACK if self.listen.host in EVERY_ADDRESS else self.listen.host
        try:
            with closing(HTTPConnection(host, self.listen.port, timeout=ASK_TIMEOUT)) as client:
                client.request("GET", path)
                answer = client.getresponse()
                return answer.status, answer.read().decode(errors="replace")
        except (OSError, HTTPException):
            return None

    def _last_words(self) -> str:
        try:
            lines = self.companion.output.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return "\n  ".join(lines[-LAST_WORDS:]) or "it said nothing"
