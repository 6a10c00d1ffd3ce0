"""`ottla up` where it cannot work: one message, exit 1, nothing half done. None of these gets as far as starting Kafka."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import SHIPPED_SPEC, Done, Home, local_spec
from typer.testing import CliRunner

from ottla.cli.main import app
from ottla.local.record import ClusterRecord, NodeAddress, read_record, write_record

# Root obeys permissions once it may not override them (capabilities(7): CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH).
ORDINARY = (
    "import ctypes, os, sys; drop = ctypes.CDLL(None).prctl\n"
    "drop(24, 1, 0, 0, 0); drop(24, 2, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
FULL = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); os.execv(sys.argv[1], sys.argv[1:])"

linux = pytest.mark.skipif(sys.platform != "linux", reason="capabilities and /dev/full are Linux's")


def ottla(folder: Path, *arguments: str, within: str | None = None) -> Done[str]:
    """Run it in this process, or in one of its own that a program has made a place ``within``."""
    words = [*arguments, "--file", str(folder / "platform.yaml"), "-e", "laptop"]
    if within is None:
        invoked = CliRunner().invoke(app, words)
        assert invoked.exception is None or isinstance(invoked.exception, SystemExit), invoked.exception
        return Done(invoked.exit_code, invoked.stdout, invoked.stderr)
    command = [sys.executable, "-c", within, *Home.command(*words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    return Done(done.returncode, done.stdout, done.stderr)


def refused(done: Done[str], *words: str) -> None:
    said = [line for line in done.stderr.splitlines() if "cluster.disk: 10,000 events/s" not in line]
    assert done.returncode == 1, done.stderr
    assert [line.startswith("ottla: ") for line in said] == [True, False], said  # the message, and the way out
    for word in words:
        assert word in done.stderr


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SHIPPED_SPEC, tmp_path)
    return tmp_path


def test_nodes_that_cannot_fit_into_memory(folder: Path) -> None:
    spec: dict[str, Any] = local_spec()
    spec["cluster"]["heap"] = "100TiB"
    (folder / "platform.yaml").write_text(json.dumps(spec))
    done = ottla(folder, "up")
    refused(done, "1 node may take 100 TiB of memory", "is available", "cluster.heap", "-e laptop")
    assert not (folder / ".ottla" / "laptop" / "nodes").exists()


def test_after_a_refused_first_start_fewer_nodes_may_be_asked_for(folder: Path) -> None:
    """Nothing was formatted, so no quorum was fixed."""
    spec: dict[str, Any] = local_spec()
    spec["cluster"]["heap"] = "100TiB"
    for nodes in (3, 1):
        spec["environments"]["laptop"]["cluster"]["nodes"] = nodes
        (folder / "platform.yaml").write_text(json.dumps(spec))
        refused(ottla(folder, "up"), f"{nodes} node")
    record = read_record(folder / ".ottla" / "laptop" / "cluster.json")
    assert record is not None
    assert [node.node_id for node in record.nodes] == [1]


def test_a_state_folder_that_is_a_file(folder: Path) -> None:
    (folder / ".ottla").write_text("in the way")
    for command in ("up", "down"):
        refused(ottla(folder, command), str(folder / ".ottla"))
    assert (folder / ".ottla").read_text() == "in the way"
    refused(ottla(folder, "status"), "no local cluster was made here yet")


@pytest.mark.parametrize("command", ["up", "plan", "status", "verify", "restart", "logs", "apply"])
def test_a_record_of_a_newer_ottla_is_refused_by_every_command_and_nothing_is_touched(folder: Path, command: str) -> None:
    (folder / ".ottla" / "laptop" / "nodes" / "1").mkdir(parents=True)
    (folder / ".ottla" / "laptop" / "cluster.json").write_text('{"version": 99, "members": {}}')
    before = tree(folder)
    refused(ottla(folder, command), "made by a newer Ottla")
    assert tree(folder) == before


@linux
def test_a_folder_that_may_not_be_written(folder: Path) -> None:
    (folder / ".ottla").mkdir(mode=0o500)
    refused(ottla(folder, "up", within=ORDINARY), "Permission denied", str(folder / ".ottla"))
    assert list((folder / ".ottla").iterdir()) == []


@linux
def test_a_record_that_may_not_be_read_is_an_error_and_no_empty_cluster(folder: Path) -> None:
    record = folder / ".ottla" / "laptop" / "cluster.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    record.chmod(0)
    refused(ottla(folder, "up", within=ORDINARY), "Permission denied", str(record))


def test_a_disk_without_room_for_the_record_of_a_cluster(folder: Path) -> None:
    refused(ottla(folder, "up", within=FULL), "File too large", str(folder / ".ottla" / "laptop"))
    assert list(tree(folder / ".ottla")) == []


@pytest.mark.parametrize("name", ["lock", "cluster.json"])
def test_a_folder_in_the_place_of_a_file(folder: Path, name: str) -> None:
    (folder / ".ottla" / "laptop" / name).mkdir(parents=True)
    refused(ottla(folder, "up"), "Is a directory", str(folder / ".ottla" / "laptop" / name))


def test_an_offline_folder_without_the_jars(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTTLA_CACHE", str(folder / "cache"))
    monkeypatch.setenv("OTTLA_REPOSITORY", str(folder / "empty"))
    done = ottla(folder, "up")
    assert (done.returncode, done.stderr.count("Traceback")) == (1, 0)
    assert f"cannot download file://{folder}/empty/" in done.stderr


@linux
def test_data_that_may_not_be_entered(folder: Path) -> None:
    record = folder / ".ottla" / "laptop" / "cluster.json"
    data = folder / ".ottla" / "laptop" / "nodes" / "1" / "data"
    data.mkdir(parents=True)
    write_record(record, ClusterRecord("id", "4.3.1", (NodeAddress.in_block(1, "127.0.0.1", 9092),)))
    data.chmod(0)
    done = ottla(folder, "up", within=ORDINARY)
    data.chmod(0o700)
    assert (done.returncode, done.stderr.count("Traceback")) == (1, 0), done.stderr
    assert f"{data}/" in done.stderr
    assert "Permission denied" in done.stderr


@linux
def test_output_to_a_full_disk(folder: Path) -> None:
    spec, command = folder / "platform.yaml", Path(sys.executable).parent / "ottla"
    line = f"{command} down -f {spec} -e laptop > /dev/full"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "ottla: cannot write the output: No space left on device\n")
