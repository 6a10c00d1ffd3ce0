"""What is made once is there whole or not at all; and a program that cannot be built says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.companions.go import build
from tests.companions.go.build import NotBuilt, Program, built
from tests.companions.kept import VARIABLE, kept, kept_folder

from ottla.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent
TELLS = 'package main\n\nimport "fmt"\n\nvar word string\n\nfunc main() { fmt.Println(word) }\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(build, "FOLDER", tmp_path / "programs")
    return tmp_path


def nothing(_: str) -> None:
    pass


def program(folder: Path, *, go: str = "1.25", source: str = TELLS, word: str = "hello") -> Program:
    (folder / "programs" / "tells").mkdir(parents=True, exist_ok=True)
    (folder / "programs" / "tells" / "go.mod").write_text(f"module ottla.test/tells\n\ngo {go}\n")
    (folder / "programs" / "tells" / "main.go").write_text(source)
    return Program("tells", values=(("main.word", word),))


def test_it_is_made_once_and_again_where_what_decides_it_differs() -> None:
    made: list[Path] = []
    first = [kept("x", ["a", b"b"], made.append, say=nothing) for _ in range(2)]
    other = kept("x", ["ab"], made.append, say=nothing)
    assert (first[0] == first[1] != other, len(made)) == (True, 2)
    assert sorted(kept_folder().glob("x/*")) == sorted([first[0], other, kept_folder() / "x" / "lock"])


def test_two_at_once_make_it_once() -> None:
    made, both = [], threading.Barrier(2)

    def make(into: Path) -> None:
        made.append(into)
        (into / "file").write_text("whole")

    def one() -> str:
        both.wait()
        return (kept("x", [], make, say=nothing) / "file").read_text()

    with ThreadPoolExecutor() as pool:
        assert [job.result() for job in [pool.submit(one) for _ in range(2)]] == ["whole", "whole"]
    assert len(made) == 1


def test_a_run_that_fails_leaves_nothing() -> None:
    def fail(into: Path) -> None:
        (into / "part").write_text("part")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        kept("x", [], fail, say=nothing)
    assert [path.name for path in kept_folder().glob("x/*")] == ["lock"]


def test_a_run_that_is_killed_in_the_middle_is_made_good_by_the_next() -> None:
    killed = (
        "from tests.companions.kept import kept; import threading\n"
        "def make(into): (into / 'part').write_text('part'); threading.Event().wait()\n"
        "kept('x', [], make, say=print)"
    )
    with subprocess.Popen([sys.executable, "-c", killed], cwd=ROOT) as run:
        wait_until(lambda: list(kept_folder().glob("x/.making-*/part")), bool, what="a part", timeout=30)
        run.send_signal(signal.SIGKILL)
    place = kept("x", [], lambda into: (into / "file").touch(), say=nothing)
    assert [path.name for path in place.iterdir()] == ["file"]
    assert {path.name for path in place.parent.iterdir()} == {"lock", place.name}


def test_without_go_it_is_told_how_to_install_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(folder / "python"))  # a Go that pip installed is beside it
    with pytest.raises(NotBuilt, match=r"tells is built by Go 1\.25 or newer, and there is no `go` on PATH\n  install it: "):
        built(program(folder), say=nothing)


def test_a_go_that_is_too_old_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = folder / "go"
    old.write_text("#!/bin/sh\necho go1.19.8\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    with pytest.raises(NotBuilt, match=r"by Go 1\.25 or newer, and this is go1\.19\.8 \(.*/go\)\n  install it: "):
        built(program(folder), say=nothing)


@pytest.mark.companions
def test_a_program_is_built_once_and_again_where_its_source_or_a_value_of_it_differs(folder: Path) -> None:
    said: list[str] = []
    first = built(program(folder), say=said.append)
    assert subprocess.run([first], capture_output=True, text=True, check=True).stdout == "hello\n"
    assert [line.partition(":")[2].split()[0] for line in said] == ["once", "done"]
    assert built(program(folder), say=said.append) == first
    assert len(said) == 2
    assert built(program(folder, word="other"), say=said.append) != first
    assert built(program(folder, source=TELLS + "// more\n"), say=said.append) != first
    assert len(said) == 6


@pytest.mark.companions
def test_a_build_that_fails_says_what_the_compiler_said(folder: Path) -> None:
    with pytest.raises(NotBuilt, match=r"(?s)`go build .* failed \(1\):.*undefined: Wrong"):
        built(program(folder, source="package main\n\nfunc main() { Wrong() }\n"), say=nothing)


@pytest.mark.companions
def test_a_build_that_takes_too_long_is_ended_with_what_it_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "LIMIT", 0.2)
    slow = folder / "go"
    slow.write_text('#!/bin/sh\n[ "$1" = env ] && { echo go1.30.0; exit; }\nsleep 60 & sleep 60\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    began = time.monotonic()
    with pytest.raises(NotBuilt, match=r"failed \(-9\)"):
        built(program(folder), say=nothing)
    assert time.monotonic() - began < 10  # the pipe is closed: nobody of them is left to hold it
