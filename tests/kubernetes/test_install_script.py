"""scripts/install-kafka.sh: the rollout by hand, with the versions and names of the shipped platform."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.conftest import ROOT, SHIPPED_SPEC

from ottla.platform import Platform
from ottla.spec.versions import STRIMZI_VERSION

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = ROOT / "scripts" / "install-kafka.sh"


def run(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ if path is None else {**os.environ, "PATH": f"{path}:/usr/bin:/bin"}
    return subprocess.run(["/bin/bash", SCRIPT, *arguments], capture_output=True, text=True, check=False, env=environment)


def test_it_has_the_version_and_the_names_of_the_shipped_platform() -> None:
    said = dict(line.split("=", 1) for line in SCRIPT.read_text().splitlines() if line[:1].isupper() and "=" in line)
    spec = Platform.load(SHIPPED_SPEC).spec.environments["doks"]
    assert said["STRIMZI_VERSION"] == STRIMZI_VERSION
    assert (said["NAMESPACE"], said["CLUSTER"]) == (spec.kubernetes.namespace, spec.cluster.name)


def test_it_applies_every_file_that_is_rendered() -> None:
    """Each file of the folder matches a pattern of the script, but the kustomization."""
    text = SCRIPT.read_text()
    for path in (ROOT / "kubernetes" / "doks").iterdir():
        stem = path.name.removesuffix(".yaml")
        if stem == "kustomization":
            continue
        prefixes = [stem[:length] for length in range(len(stem), 2, -1)]
        assert any(f"/{prefix}.yaml" in text or f"/{prefix}*.yaml" in text for prefix in prefixes), path.name


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(("--force",), 2, "unknown option --force"), (("nowhere",), 1, "there is no ")],
)
def test_what_it_cannot_do_is_told_before_anything_is_applied(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    for program in ("kubectl", "helm"):  # found, and never asked
        (tmp_path / program).write_text("#!/bin/sh\nexit 99\n")
        (tmp_path / program).chmod(0o755)
    done = run(*arguments, path=tmp_path)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    (tmp_path / "kubectl").write_text("#!/bin/sh\nexit 99\n")
    (tmp_path / "kubectl").chmod(0o755)
    done = run(path=tmp_path)
    assert (done.returncode, "helm is not installed" in done.stderr) == (1, True), done.stderr
