"""Kafka's jars, and the JMX agent's: a packaged lock says which, with sha256 and size; one cache holds them for all platforms."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.files import locked, private_folder, write_atomic

if TYPE_CHECKING:
    from ottla.local.report import Reporter

CACHE_VARIABLE = "OTTLA_CACHE"
REPOSITORY_VARIABLE = "OTTLA_REPOSITORY"
VERIFIED = "verified"
KAFKA = "kafka"  # what a node runs on
TOOLS = "tools"  # Kafka's own command line tools, to be measured against
JMX_AGENT = "jmx-agent"  # what reads metrics inside a node; fetched where a spec asks for it
JSON_LAYOUT = "json-layout"  # what writes a node's log as JSON; fetched where a spec asks for it
WHAT = {KAFKA: "Kafka", TOOLS: "Kafka's tools", JMX_AGENT: "the JMX agent", JSON_LAYOUT: "the JSON layout of logs"}


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of a lock."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def path(self) -> str:
        """Where a Maven repository has it."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.name}"


def cache_folder() -> Path:
    """``$OTTLA_CACHE``, else ``ottla`` in the user's cache folder (XDG base directory specification)."""
    own = os.environ.get(CACHE_VARIABLE)
    if own:
        return Path(own).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "ottla"


def lock_text(version: str, jar_set: str = KAFKA) -> str:
    """The packaged lock of a set of jars: of a Kafka version, or of the agent's own."""
    return (files("ottla.local") / "locks" / f"{jar_set}-{version}.json").read_text(encoding="utf-8")


@cache
def locked_jars(version: str, jar_set: str = KAFKA) -> tuple[Jar, ...]:
    """The jars of a set, in the order of the class path."""
    lines = json.loads(lock_text(version, jar_set))["jars"]
    return tuple(_jar(line["jar"], line["sha256"], line["size"]) for line in lines)


def _jar(coordinates: str, sha256: str, size: int) -> Jar:
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, sha256, size)


def ensure_jars(version: str, jar_set: str = KAFKA, *, report: Reporter) -> tuple[Path, ...]:
    """The jars on this machine, downloaded if they are not there yet. Raises LocalError.

    A second run waits for the first one's download; one that was cut off goes on where it stopped.
    """
    folder, jars = _folder(version, jar_set), locked_jars(version, jar_set)
    paths = tuple(folder / jar.name for jar in jars)
    if _remembered(folder, jars) or _checked(folder, jars):
        return paths
    private_folder(cache_folder())
    with locked(folder / "lock", waiting=lambda who: report.step(f"waiting for {who}, which downloads {WHAT[jar_set]}")):
        if not _checked(folder, jars):
            from ottla.local.download import Download, fetch_all  # noqa: PLC0415  (needed once on a machine)

            downloads = [Download(jar.path, folder / jar.name, jar.sha256, jar.size) for jar in jars]
            fetch_all(downloads, repository=repository(), what=f"{WHAT[jar_set]} {version}", report=report)
            write_atomic(folder / VERIFIED, _mark(folder, jars))
    return paths


def damaged_jars(version: str, jar_set: str = KAFKA) -> list[str]:
    """The names of jars that are not what the lock says, all of them read; they are fetched again by the next ``ensure_jars``.

    Hashing takes 80 ms, too long for every start: it is done where a jar has another size or time of change than when it was
    checked, and where a node died.
    """
    folder = _folder(version, jar_set)
    damaged = [jar.name for jar in locked_jars(version, jar_set) if not _is(folder / jar.name, jar)]
    if damaged:
        with suppress(OSError):
            (folder / VERIFIED).unlink(missing_ok=True)
    return damaged


def _folder(version: str, jar_set: str) -> Path:
    return cache_folder() / jar_set / version


def repository() -> str:
    """The address of the repository: the user's mirror or folder (``$OTTLA_REPOSITORY``), or the public one that jgo knows."""
    own = os.environ.get(REPOSITORY_VARIABLE)
    if own:
        return own if "://" in own else Path(own).expanduser().absolute().as_uri()
    from jgo.maven import MavenContext  # noqa: PLC0415  (0.3 s, needed once on a machine)

    return str(next(iter(MavenContext().remote_repos.values())))


def sha256(path: Path) -> str:
    """The sha256 of a file, as the lock writes it. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is(path: Path, jar: Jar) -> bool:
    try:
        return path.stat().st_size == jar.size and sha256(path) == jar.sha256
    except OSError:
        return False


def _mark(folder: Path, jars: tuple[Jar, ...]) -> str:
    """What tells files that were checked from those that were changed, or copied, since then. Raises OSError."""
    stats = [(jar, (folder / jar.name).stat()) for jar in jars]
    return "".join(f"{jar.sha256}  {jar.name}  {stat.st_size} {stat.st_mtime_ns}\n" for jar, stat in stats)


def _remembered(folder: Path, jars: tuple[Jar, ...]) -> bool:
    """Whether every jar is still the file that was once checked against this lock."""
    try:
        return (folder / VERIFIED).read_text(encoding="utf-8") == _mark(folder, jars)
    except OSError:
        return False


def _checked(folder: Path, jars: tuple[Jar, ...]) -> bool:
    """Whether every jar is what the lock says; remembered, where this user may write that down."""
    if not all(_is(folder / jar.name, jar) for jar in jars):
        return False
    with suppress(LocalError, OSError):
        write_atomic(folder / VERIFIED, _mark(folder, jars))
    return True
