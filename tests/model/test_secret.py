from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from typing import Any

import pytest

from ottla.model.secret import Secret, parse_reference

TEXT = "correct horse battery"


@pytest.mark.parametrize("show", [repr, str, "{}".format, "%s".__mod__, lambda secret: repr([{"a": secret}])])
def test_a_secret_does_not_show_itself(show: Any) -> None:
    assert TEXT not in show(Secret(TEXT))
    assert "***" in show(Secret(TEXT))


def test_a_secret_is_not_in_a_traceback_or_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(TEXT)
    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        raise ValueError(secret)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    logging.getLogger("test").warning("login with %s", secret)
    assert TEXT not in shown + caplog.text
    assert "***" in caplog.text


def test_a_secret_is_neither_pickled_nor_written_as_json() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(TEXT))
    with pytest.raises(TypeError, match="not pickled"):
        copy.deepcopy(Secret(TEXT))
    with pytest.raises(TypeError, match="Secret is not JSON"):
        json.dumps(Secret(TEXT))


def test_two_secrets_are_compared_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert Secret(TEXT).reveal() == TEXT


@pytest.mark.parametrize("text", ["${env:DB_PASSWORD}", "${file:/run/secrets/db}", " ${file:secrets/a b} "])
def test_a_reference_is_read_and_written(text: str) -> None:
    assert str(parse_reference(text)) == text.strip()


@pytest.mark.parametrize("text", [TEXT, "", "${vault:x}", "${env:}", "${env:A}${env:B}", "x${env:A}", 5, None, ["a"]])
def test_anything_else_is_refused_without_being_repeated(text: object) -> None:
    with pytest.raises(ValueError, match="a spec holds no secret itself") as caught:
        parse_reference(text)
    assert TEXT not in str(caught.value)
