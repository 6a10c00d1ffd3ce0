"""The Containerfile: no engine builds it in these tests, so that what it names is looked at."""

from __future__ import annotations

import re
from pathlib import Path

from ottla.kubernetes.exporter import USER
from ottla.spec import load_spec

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "Containerfile").read_text()
LINES = [line for line in TEXT.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]


def of(word: str) -> list[str]:
    return [line.removeprefix(word).strip() for line in LINES if line.startswith(f"{word} ")]


def test_its_base_is_a_version_and_one_that_ottla_runs_on() -> None:
    [first, second] = (line.partition(" ")[0] for line in of("FROM"))
    assert first == second
    assert re.fullmatch(r"docker\.io/library/python:3\.11\.\d+-slim-[a-z]+", first)
    assert "latest" not in TEXT


def test_what_it_copies_is_there_and_not_ignored() -> None:
    copied = [name for line in of("COPY") if not line.startswith("--from") for name in line.split()[:-1]]
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert set(copied) == kept


def test_it_installs_what_is_locked_by_hash_and_nothing_else() -> None:
    [run] = of("RUN")
    installs = [part for part in run.split("&&") if "pip install" in part]
    assert all("--no-deps" in part for part in installs)
    assert "--require-hashes --requirement constraints.txt" in installs[0]
    assert "--hash=sha256:" in (ROOT / "constraints.txt").read_text()


def test_it_runs_as_who_the_manifests_say_and_hears_when_it_is_to_end() -> None:
    assert of("USER") == [f"{USER}:{USER}"]
    assert of("STOPSIGNAL") == ["SIGINT"]
    assert of("ENTRYPOINT") == ['["ottla"]']


def test_the_image_of_the_spec_is_this_version() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert load_spec(ROOT / "platform.yaml").environments["doks"].kubernetes.image == f"ottla:{version[1]}"
    assert f"ottla:{version[1]} ." in TEXT
