from __future__ import annotations

import subprocess
import sys

import pytest

from ottla.spec.document import Document, read_document


def read(text: str) -> Document:
    return read_document(text, file="p.yaml")


def faults(text: str) -> list[str]:
    return [str(fault) for fault in read(text).faults]


def test_values_are_those_of_yaml() -> None:
    assert read("a: 1\nb: [x, 1.5, true, null]\nc: {d: 0x10, e: '7', f: 1_000}\ng:\n").values == {
        "a": 1,
        "b": ["x", 1.5, True, None],
        "c": {"d": 16, "e": "7", "f": 1000},
        "g": None,
    }


def test_keys_are_words_whatever_they_look_like() -> None:
    assert read("1: a\ntrue: b\nnull: c\n").values == {"1": "a", "true": "b", "null": "c"}


def test_a_date_and_a_version_stay_as_they_are_written() -> None:
    assert read("a: 2026-02-05\nb: 4.3.1\nc: yes\n").values == {"a": "2026-02-05", "b": "4.3.1", "c": "yes"}


def test_every_value_has_the_line_of_its_key() -> None:
    marks = read("a:\n  b: 1\n\n  c:\n    - x\n    - y\n# comment\nd: >\n  text\n").marks
    lines = {mark.key: mark.line for mark in marks.values()}
    assert lines == {"a": 1, "a.b": 2, "a.c": 4, "a.c.0": 5, "a.c.1": 6, "d": 8}


def test_a_key_with_dots_is_one_step_of_the_path() -> None:
    assert read("a:\n  b.c: 1\n").marks["a", "b.c"].line == 2


def test_a_key_written_twice_is_a_fault_and_the_first_one_counts() -> None:
    document = read("a: 1\nb: {c: 1}\na: 2\nb: {c: 1, c: 2}\n")
    assert document.values == {"a": 1, "b": {"c": 1}}
    assert [str(fault) for fault in document.faults] == [
        "p.yaml:3: a: written twice (first on line 1)",
        "p.yaml:4: b: written twice (first on line 2)",
    ]


def test_a_nested_key_written_twice_is_a_fault() -> None:
    assert faults("a:\n  b: 1\n  b: 2\n") == ["p.yaml:3: a.b: written twice (first on line 2)"]


def test_a_tab_is_told_as_one() -> None:
    assert faults("a:\n\tb: 1\n") == ["p.yaml:2: not YAML: a character that cannot stand here (a tab? indent with spaces)"]


@pytest.mark.parametrize(
    ("text", "line"), [("a: b: c", 1), ("a: 1\nb: [1\n", 3), ("a: 1\n b: 2\n", 2), ("a: *b\n", 1), ("\0", 1)]
)
def test_what_is_not_yaml_is_a_fault_with_its_line(text: str, line: int) -> None:
    [fault] = faults(text)
    assert fault.startswith(f"p.yaml:{line}: not YAML: ")


def test_several_documents_are_a_fault() -> None:
    assert faults("a: 1\n---\nb: 2\n") == ["p.yaml:2: not YAML: but found another document"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "word", "3", "--- |\n  text\n", "[a: 1]"])
def test_what_is_not_a_mapping_is_a_fault(text: str) -> None:
    assert faults(text) == ["p.yaml:1: expected a mapping with the key 'platform'"]


def test_an_anchor_gives_its_value_again() -> None:
    document = read("a: &same {x: 1}\nb: *same\n")
    assert document.values == {"a": {"x": 1}, "b": {"x": 1}}
    assert document.marks["b",].line == 2


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: &a {b: *a}\n", "a: &a {b: [{c: *a}]}\n"])
def test_an_alias_that_contains_itself_is_a_fault(text: str) -> None:
    [fault] = faults(text)
    assert fault.endswith("an alias that contains itself")


@pytest.mark.parametrize("tag", ["!thing", "!!binary", "!!python/name:os.system"])
def test_an_odd_tag_is_a_fault(tag: str) -> None:
    [fault] = faults(f"a: 1\nb: {tag} x\n")
    assert fault.startswith("p.yaml:2: b: the tag ")
    assert fault.endswith(" is not understood here")


@pytest.mark.parametrize("text", ["? [a]\n: 1\n", "? {a: 1}\n: 1\n"])
def test_a_key_that_is_no_word_is_a_fault(text: str) -> None:
    assert faults(text) == ["p.yaml:1: a key must be a word"]


def test_a_number_with_too_many_digits_stays_text() -> None:
    digits = "9" * 5000
    assert read(f"a: {digits}\n").values == {"a": digits}


def test_faults_do_not_hide_what_is_sound() -> None:
    document = read("a: !x 1\nb: 2\nb: 3\nc: 4\n")
    assert document.values == {"a": None, "b": 2, "c": 4}
    assert len(document.faults) == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("'a: ' + '[' * 200_000 + ']' * 200_000", id="nested 200,000 deep"),
        pytest.param(
            "'a0: &a0 [x]\\n' + ''.join(f'a{i}: &a{i} [' + ', '.join([f'*a{i - 1}'] * 10) + ']\\n' for i in range(1, 10))",
            id="aliases that make a billion values",
        ),
    ],
)
def test_a_hostile_file_is_a_fault_and_neither_a_crash_nor_a_hang(text: str) -> None:
    program = f"from ottla.spec.document import read_document; print(len(read_document({text}, file='p.yaml').faults))"
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31)); {program}"
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, timeout=4, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout != "0\n"
