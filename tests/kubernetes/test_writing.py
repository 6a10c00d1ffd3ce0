"""Resources become YAML that is the same each time, and says where each value was said."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from tests.conftest import SHIPPED_SPEC
from tests.kubernetes.sites import shipped

from ottla.kubernetes.resource import Resource, Said, cpu, metadata, plain, quantity
from ottla.kubernetes.writing import KUSTOMIZATION, files_of, stream_of
from ottla.spec import load_spec

if TYPE_CHECKING:
    from ottla.spec.document import Document

texts = st.text(alphabet=string.printable, max_size=12) | st.sampled_from(
    ["true", "null", "1", "0x1", "~", "- a", "a: b", "#", ""]
)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner, max_size=3),
)
PATHS = st.sampled_from([("platform",), ("cluster", "name"), ("cluster", "disk"), ("no", "such", "key")])
said_trees = st.recursive(
    scalars | st.builds(Said, scalars, PATHS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner, max_size=3),
)


@pytest.fixture(scope="module")
def document() -> Document:
    return load_spec(SHIPPED_SPEC).documents["doks"]


def resource(spec: Any, file: str = "thing.yaml") -> Resource:
    about = metadata("thing", namespace="kafka", component="thing", site=shipped()["doks"])
    return Resource(file, {"apiVersion": "v1", "kind": "Thing", "metadata": about, "spec": spec})


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


@given(spec=said_trees)
def test_what_is_written_is_read_as_it_was(document: Document, spec: Any) -> None:
    one = resource({"it": spec})
    text = files_of([one], document, environment="doks")["thing.yaml"]
    assert read(text) == one.document


@pytest.mark.parametrize("text", ["a\n\x0cb", "a\r\nb", "\n\x0b", "a\n\tb\n", " a\n  b", "\n\n", "a: b\n# c\n"], ids=repr)
def test_so_are_lines_with_a_form_feed_and_other_odd_ones(document: Document, text: str) -> None:
    one = resource({"it": text})
    assert read(files_of([one], document, environment="doks")["thing.yaml"]) == one.document


def test_the_line_of_the_spec_stands_behind_a_value_that_it_says_and_behind_no_other(document: Document) -> None:
    spec = {"said": Said("10Gi", ("cluster", "disk")), "default": Said("x", ("kubernetes", "context")), "ours": 1}
    lines = files_of([resource(spec)], document, environment="doks")["thing.yaml"].splitlines()
    line = document.marks["cluster", "disk"].line
    assert f"  said: 10Gi # platform.yaml:{line}" in lines
    assert {"  default: x", "  ours: 1"} <= set(lines)
    assert "disk: 10GiB" in SHIPPED_SPEC.read_text().splitlines()[line - 1]


def test_the_kustomization_lists_every_file_in_the_order_in_which_it_is_applied(document: Document) -> None:
    files = files_of([resource({}, "z.yaml"), resource({}, "a.yaml")], document, environment="doks")
    assert [*files] == ["z.yaml", "a.yaml", KUSTOMIZATION]
    assert read(files[KUSTOMIZATION])["resources"] == ["z.yaml", "a.yaml"]


def test_the_stream_has_every_resource(document: Document) -> None:
    made = [resource({"number": number}) for number in range(3)]
    text = stream_of(made, document, environment="doks")
    assert [each for each in YAML(typ="safe", pure=True).load_all(text) if each] == [each.document for each in made]


@given(tree=trees)
def test_plain_leaves_out_what_is_none_and_nothing_else(tree: Any) -> None:
    assert plain({"it": tree, "none": None}) == ({"it": plain(tree)} if tree is not None else {})


def test_a_value_that_came_through_an_alias_has_the_line_of_the_alias(document: Document) -> None:
    path = ("kubernetes", "operators", "topic", "requests", "cpu")
    spec = {"aliased": Said("200m", path), "default": Said("x", (*path, "more"))}
    lines = files_of([resource(spec)], document, environment="doks")["thing.yaml"].splitlines()
    line = document.marks["kubernetes", "operators"].line
    assert lines[-2:] == [f"  aliased: 200m # platform.yaml:{line}", "  default: x"]


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (10 * 1024**3, "10Gi"),
        (10 * 1000**3, "10G"),
        (512 * 1024**2, "512Mi"),
        (1536 * 1024**2, "1536Mi"),
        (1000, "1000"),  # no `1k`: Strimzi does not read it
        (1025, "1025"),
    ],
)
def test_a_size_is_written_in_the_largest_unit_that_is_exact(size: int, written: str) -> None:
    assert quantity(size) == written


@pytest.mark.parametrize(("thousandths", "written"), [(500, "500m"), (1000, "1"), (2000, "2"), (1500, "1500m")])
def test_cores_are_whole_or_thousandths(thousandths: int, written: str) -> None:
    assert cpu(thousandths) == written
