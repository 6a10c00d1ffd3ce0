from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.errors import LocalError
from ottla.model.secret import parse_reference
from ottla.secrets import resolve

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str, folder: Path, **environ: str) -> str:
    return resolve(parse_reference(text), environ=environ, folder=folder).reveal()


def refusal(text: str, folder: Path, **environ: str) -> str:
    with pytest.raises(LocalError) as caught:
        read(text, folder, **environ)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_a_variable_is_taken_as_it_is(tmp_path: Path) -> None:
    assert read("${env:TEXT}", tmp_path, TEXT=" a b\n") == " a b\n"


@pytest.mark.parametrize(("content", "secret"), [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), (" a \n\n", " a \n")])
def test_a_file_is_taken_without_its_last_line_end(tmp_path: Path, content: str, secret: str) -> None:
    (tmp_path / "password").write_bytes(content.encode())
    assert read("${file:password}", tmp_path) == secret


def test_a_relative_path_starts_beside_the_spec_and_an_absolute_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere"
    path.write_text("x")
    assert read(f"${{file:{path}}}", tmp_path / "spec") == "x"


def test_what_is_missing_is_said_with_the_reference_and_the_way_out(tmp_path: Path) -> None:
    assert refusal("${env:PASSWORD}", tmp_path).startswith("${env:PASSWORD}: the variable PASSWORD is not set\n")
    said = refusal("${file:password}", tmp_path)
    assert said.startswith(f"${{file:password}}: cannot read {tmp_path / 'password'}: No such file or directory\n")


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\n")
    assert "the secret is empty" in refusal("${file:password}", tmp_path)
    assert "the secret is empty" in refusal("${env:TEXT}", tmp_path, TEXT="")


def test_what_is_no_password_is_refused_without_being_shown(tmp_path: Path) -> None:
    for name, content in (("binary", b"hidden\xff"), ("zero", b"hidden\0"), ("large", b"hidden" * 20_000)):
        (tmp_path / name).write_bytes(content)
        assert "hidden" not in refusal(f"${{file:{name}}}", tmp_path)
    assert "Is a directory" in refusal("${file:.}", tmp_path)
