"""Specs as text, and the faults of one as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.errors import SpecError
from ottla.spec import Spec, load_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[[str], Spec]
    Faults = Callable[[str], list[str]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(text: str) -> Spec:
        path = tmp_path / "platform.yaml"
        path.write_text(text)
        return load_spec(path)

    return load


@pytest.fixture
def faults(load: Load, tmp_path: Path) -> Faults:
    """The faults of a text as ``LINE: KEY: MESSAGE``."""

    def faults(text: str) -> list[str]:
        with pytest.raises(SpecError) as caught:
            load(text)
        shown = f"{tmp_path / 'platform.yaml'}:"
        assert all(str(fault).startswith(shown) for fault in caught.value.faults)
        return [str(fault).removeprefix(shown) for fault in caught.value.faults]

    return faults


@pytest.fixture
def warnings(load: Load, tmp_path: Path) -> Faults:
    """The warnings of a text without faults, as ``LINE: KEY: MESSAGE``."""

    def warnings(text: str) -> list[str]:
        return [str(warning).removeprefix(f"{tmp_path / 'platform.yaml'}:") for warning in load(text).warnings()]

    return warnings
