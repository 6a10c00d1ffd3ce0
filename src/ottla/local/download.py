"""Files from a Maven repository: in parallel, resumed where they were cut off, kept only with the right sha256.

Threads: up to eight, each downloads one file at a time.
"""

from __future__ import annotations

import base64
import threading
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.files import explained
from ottla.local.artifacts import sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.client import HTTPResponse
    from pathlib import Path

    from ottla.local.report import Reporter

THREADS = 8
TRIES = 4
PAUSE_SECONDS = 0.5
TIMEOUT_SECONDS = 30
CHUNK = 1 << 16
PARTIAL_CONTENT = 206
NOT_WORTH_A_RETRY = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class Download:
    """A file to have: its path in the repository, where it goes, and what it must be."""

    path: str
    to: Path
    sha256: str
    size: int


@dataclass(slots=True)
class _Progress:
    """Bytes that have come, counted over all threads."""

    what: str
    total: int
    report: Reporter
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)

    def add(self, count: int) -> None:
        with self.lock:
            self.done += count
            self.report.progress(self.what, self.done, self.total)


def fetch_all(downloads: Sequence[Download], *, repository: str, what: str, report: Reporter) -> None:
    """Fetch every file that is not there yet. Raises LocalError for the first that cannot be had; parts are kept."""
    missing = [download for download in downloads if not _is_there(download)]
    progress = _Progress(f"downloading {what}", sum(download.size for download in missing), report)
    pool = ThreadPoolExecutor(THREADS)
    try:
        jobs = [pool.submit(_fetch, download, repository, progress) for download in missing]
        for job in as_completed(jobs):
            job.result()
    except BaseException:
        progress.stop.set()  # a thread that waits for a server ends by itself; nobody waits for it
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _is_there(download: Download) -> bool:
    with explained("read", download.to):
        return download.to.exists() and sha256(download.to) == download.sha256


def _fetch(download: Download, repository: str, progress: _Progress) -> None:
    base, credentials = _without_credentials(repository)
    url = f"{base.rstrip('/')}/{download.path}"
    problem = ""
    for attempt in range(TRIES):
        if attempt and progress.stop.wait(PAUSE_SECONDS * 2**attempt):
            return
        try:
            _fetch_rest(download, url, credentials, progress)
        except urllib.error.HTTPError as error:
            problem = f"HTTP {error.code} {error.reason}"
            if error.code in NOT_WORTH_A_RETRY:
                break
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            problem = str(getattr(error, "reason", error))
            if url.startswith("file:"):
                break
        else:
            if progress.stop.is_set() or _keep(download, progress):
                return
            problem = "the file that came has another sha256"
    raise LocalError(
        f"cannot download {url}: {problem}",
        hint="check the network and rerun (it goes on where it stopped), or name a mirror, or a folder that somebody brought: "
        "OTTLA_REPOSITORY=https://... or OTTLA_REPOSITORY=/folder",
    )


def _part(download: Download) -> Path:
    return download.to.with_name(f".{download.to.name}.part")


def _without_credentials(repository: str) -> tuple[str, dict[str, str]]:
    """``https://user:password@host/`` as an address that may be shown, and the header that says who asks (RFC 7617)."""
    parts = urllib.parse.urlsplit(repository)
    if parts.username is None:
        return repository, {}
    who = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    return urllib.parse.urlunsplit(shown), {"Authorization": f"Basic {base64.b64encode(who.encode()).decode()}"}


def _fetch_rest(download: Download, url: str, credentials: dict[str, str], progress: _Progress) -> None:
    part = _part(download)
    with explained("write", part):
        part.parent.mkdir(parents=True, exist_ok=True)
        have = part.stat().st_size if part.exists() else 0
    if have >= download.size:
        progress.add(have)
        return
    headers = {"User-Agent": "ottla", **credentials, **({"Range": f"bytes={have}-"} if have else {})}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  (the user's own setting, or jgo's)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  (as above)
        resumed = have > 0 and answer.status == PARTIAL_CONTENT
        if resumed:
            progress.add(have)
        _copy(answer, part, "ab" if resumed else "wb", progress)


def _copy(answer: HTTPResponse, part: Path, mode: str, progress: _Progress) -> None:
    with explained("write", part):
        file = part.open(mode)
    with file:
        while not progress.stop.is_set():
            chunk = answer.read(CHUNK)  # what the network raises here is for a retry
            if not chunk:
                return
            with explained("write", part):
                file.write(chunk)
            progress.add(len(chunk))


def _keep(download: Download, progress: _Progress) -> bool:
    part = _part(download)
    with explained("keep", download.to):
        if part.stat().st_size == download.size and sha256(part) == download.sha256:
            part.replace(download.to)
            return True
        progress.add(-part.stat().st_size)
        if part.stat().st_size >= download.size:
            part.unlink()
    return False
