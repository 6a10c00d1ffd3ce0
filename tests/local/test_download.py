"""The downloader, against a real HTTP server that can be told to misbehave."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.local import Silent, artifacts, download
from ottla.local.artifacts import JMX_AGENT, damaged_jars, ensure_jars, locked_jars
from ottla.local.download import Download, fetch_all
from ottla.spec.versions import JMX_AGENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = bytes(range(256)) * 4096


class Shares(Silent):
    """A reporter that keeps the shares it is told."""

    def __init__(self) -> None:
        self.shares: list[tuple[int, int]] = []

    def progress(self, text: str, done: int, total: int) -> None:  # noqa: ARG002  (the interface has it)
        self.shares.append((done, total))


@dataclass
class Site:
    """What the server has, and what it was asked."""

    files: dict[str, bytes]
    cut_first: int | None = None
    status: int = 200
    ranges: list[str | None] = field(default_factory=list)
    asked_by: list[str | None] = field(default_factory=list)
    address: str = ""


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.ranges.append(self.headers.get("Range"))
            site.asked_by.append(self.headers.get("Authorization"))
            data = site.files.get(self.path.lstrip("/"))
            if data is None or site.status != 200:
                self.send_error(404 if data is None else site.status)
                return
            asked = self.headers.get("Range")
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            body = data[start:]
            if site.cut_first is not None:
                body, site.cut_first = body[: site.cut_first], None
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        site.address = f"http://127.0.0.1:{server.server_port}"
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wanted(to: Path, content: bytes = CONTENT) -> Download:
    return Download("a/b.jar", to / "b.jar", hashlib.sha256(content).hexdigest(), len(content))


def test_a_file_comes_whole_and_progress_reaches_the_end(tmp_path: Path) -> None:
    told = Shares()
    with serve(Site({"a/b.jar": CONTENT})) as site:
        fetch_all([wanted(tmp_path)], repository=site.address, what="it", report=told)
    assert (tmp_path / "b.jar").read_bytes() == CONTENT
    assert told.shares[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == ["b.jar"]


def test_a_transfer_that_was_cut_off_is_resumed_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.001)
    with serve(Site({"a/b.jar": CONTENT}, cut_first=200_000)) as site:
        fetch_all([wanted(tmp_path)], repository=site.address, what="it", report=Silent())
        assert site.ranges == [None, "bytes=200000-"]
    assert (tmp_path / "b.jar").read_bytes() == CONTENT


def test_the_part_that_an_earlier_run_left_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / ".b.jar.part").write_bytes(CONTENT[:1000])
    with serve(Site({"a/b.jar": CONTENT})) as site:
        fetch_all([wanted(tmp_path)], repository=site.address, what="it", report=Silent())
        assert site.ranges == ["bytes=1000-"]
    assert (tmp_path / "b.jar").read_bytes() == CONTENT


def test_a_file_with_another_sha256_is_never_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.001)
    with serve(Site({"a/b.jar": CONTENT[::-1]})) as site, pytest.raises(LocalError, match="another sha256"):
        fetch_all([wanted(tmp_path)], repository=site.address, what="it", report=Silent())
    assert not (tmp_path / "b.jar").exists()


def test_a_file_that_is_there_and_right_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "b.jar").write_bytes(CONTENT)
    with serve(Site({})) as site:
        fetch_all([wanted(tmp_path)], repository=site.address, what="it", report=Silent())
        assert site.ranges == []


def test_what_cannot_be_had_says_what_and_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.001)
    with serve(Site({})) as site, pytest.raises(LocalError) as caught:
        fetch_all([wanted(tmp_path)], repository=site.address, what="it", report=Silent())
    assert "a/b.jar: HTTP 404" in caught.value.message
    assert "OTTLA_REPOSITORY" in str(caught.value)
    assert len(site.ranges) == 1  # a 404 is final
    with pytest.raises(LocalError, match="Connection refused"):
        fetch_all([wanted(tmp_path)], repository=site.address, what="it", report=Silent())


def test_a_full_disk_or_a_forbidden_folder_is_said_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with serve(Site({"a/b.jar": CONTENT})) as site, pytest.raises(LocalError, match="file"):
        fetch_all([wanted(tmp_path / "file")], repository=site.address, what="it", report=Silent())


def test_a_password_in_the_address_of_a_mirror_is_sent_and_never_shown(tmp_path: Path) -> None:
    with serve(Site({})) as site:
        address = site.address.replace("//", "//anna:s3cret@")
        with pytest.raises(LocalError) as caught:
            fetch_all([wanted(tmp_path)], repository=address, what="it", report=Silent())
    assert site.asked_by == ["Basic YW5uYTpzM2NyZXQ="]
    assert "s3cret" not in str(caught.value)


def test_a_folder_serves_as_a_repository(tmp_path: Path) -> None:
    (tmp_path / "mirror" / "a").mkdir(parents=True)
    (tmp_path / "mirror" / "a" / "b.jar").write_bytes(CONTENT)
    fetch_all([wanted(tmp_path)], repository=(tmp_path / "mirror").as_uri(), what="it", report=Silent())
    assert (tmp_path / "b.jar").read_bytes() == CONTENT


def mirror_of_the_lock(folder: Path) -> None:
    """A repository with every jar of the lock, made of what this machine's cache has."""
    have = {jar.name: path for jar, path in zip(locked_jars("4.3.1"), ensure_jars("4.3.1", report=Silent()), strict=True)}
    for jar in locked_jars("4.3.1"):
        path = folder / jar.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(have[jar.name])


def test_two_runs_at_once_share_one_download_and_a_third_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror_of_the_lock(tmp_path / "mirror")
    program = (
        "from ottla.local.artifacts import ensure_jars\n"
        "class R:\n  step = note = print\n  def progress(self, *a): pass\n"
        "print(len(ensure_jars('4.3.1', report=R())))"
    )
    environment = {"OTTLA_CACHE": str(tmp_path / "cache"), "OTTLA_REPOSITORY": str(tmp_path / "mirror"), "PATH": ""}
    runs = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert [run.communicate(timeout=60)[0].split()[-1] for run in runs] == ["46", "46"]
    monkeypatch.setenv(artifacts.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(artifacts.REPOSITORY_VARIABLE, "http://127.0.0.1:9/nothing-listens-here")
    assert len(ensure_jars("4.3.1", report=Silent())) == 46


def test_a_jar_that_was_damaged_in_the_cache_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror_of_the_lock(tmp_path / "mirror")
    monkeypatch.setenv(artifacts.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(artifacts.REPOSITORY_VARIABLE, str(tmp_path / "mirror"))
    damaged = ensure_jars("4.3.1", report=Silent())[0]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1])
    ensure_jars("4.3.1", report=Silent())
    assert damaged.read_bytes() == whole


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole cache of one's own, filled from an offline folder; the first jar in it."""
    mirror_of_the_lock(tmp_path / "mirror")
    monkeypatch.setenv(artifacts.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv(artifacts.REPOSITORY_VARIABLE, (tmp_path / "mirror").as_uri())
    return ensure_jars("4.3.1", report=Silent())[0]


def test_damage_that_leaves_the_size_is_noticed_and_fetched_again(cached: Path) -> None:
    whole = cached.read_bytes()
    cached.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    ensure_jars("4.3.1", report=Silent())
    assert cached.read_bytes() == whole


def test_damage_that_leaves_no_trace_in_size_or_time_is_found_when_a_node_died_of_it(cached: Path) -> None:
    whole, stat = cached.read_bytes(), cached.stat()
    cached.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    os.utime(cached, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    ensure_jars("4.3.1", report=Silent())
    assert cached.read_bytes() != whole  # a start does not read 46 MB for that
    assert damaged_jars("4.3.1") == [cached.name]
    ensure_jars("4.3.1", report=Silent())
    assert cached.read_bytes() == whole
    assert damaged_jars("4.3.1") == []


def test_a_cache_that_was_copied_is_checked_once_and_needs_no_network(
    cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(cached.parent, tmp_path / "copy" / "kafka" / "4.3.1", copy_function=shutil.copyfile)
    monkeypatch.setenv(artifacts.CACHE_VARIABLE, str(tmp_path / "copy"))
    monkeypatch.setenv(artifacts.REPOSITORY_VARIABLE, "http://127.0.0.1:9/nothing-listens-here")
    assert not artifacts._remembered(tmp_path / "copy" / "kafka" / "4.3.1", locked_jars("4.3.1"))
    assert len(ensure_jars("4.3.1", report=Silent())) == 46
    assert artifacts._remembered(tmp_path / "copy" / "kafka" / "4.3.1", locked_jars("4.3.1"))


def test_a_folder_that_lacks_a_jar_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(LocalError) as caught:
        fetch_all([wanted(tmp_path)], repository=(tmp_path / "empty").as_uri(), what="it", report=Silent())
    assert "a/b.jar: " in caught.value.message
    assert "No such file" in caught.value.message


def test_no_network_is_one_sentence_that_names_a_mirror_and_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.001)
    with pytest.raises(LocalError) as caught:
        fetch_all([wanted(tmp_path)], repository="http://no-such-host.invalid", what="it", report=Silent())
    assert str(caught.value).startswith("cannot download http://no-such-host.invalid/a/b.jar: ")
    assert "OTTLA_REPOSITORY=https://... or OTTLA_REPOSITORY=/folder" in str(caught.value)


STALLED = """
import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
from ottla.cli.main import main
main()
"""


def test_an_interrupt_does_not_wait_for_a_server_that_says_nothing_and_the_next_run_goes_on(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent.parent.parent / "platform.yaml", tmp_path)
    environment = {"OTTLA_CACHE": str(tmp_path / "cache"), "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        environment["OTTLA_REPOSITORY"] = f"http://127.0.0.1:{server.getsockname()[1]}"
        command = [sys.executable, "-c", STALLED, "up", "-f", str(tmp_path / "platform.yaml"), "-e", "laptop"]
        with subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE) as run, server.accept()[0]:
            run.send_signal(signal.SIGINT)
            _, said = run.communicate(timeout=10)  # the server's time-out is 30 s
    assert (run.returncode, said.count("Traceback")) == (130, 0)
    assert said.endswith("ottla: interrupted; to go on, run the command again\n")


def test_the_lock_has_the_broker_and_a_binding_for_its_logs() -> None:
    names = {jar.artifact for jar in locked_jars("4.3.1")}
    assert {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl", "log4j-core"} <= names
    assert {jar.version for jar in locked_jars("4.3.1") if jar.group == "org.apache.kafka"} == {"4.3.1"}


def test_the_lock_of_the_jmx_agent_is_that_one_jar() -> None:
    [jar] = locked_jars(JMX_AGENT_VERSION, JMX_AGENT)
    assert jar.path == "io/prometheus/jmx/jmx_prometheus_javaagent/1.0.1/jmx_prometheus_javaagent-1.0.1.jar"
