"""Whatever stands in the file: a spec that works, or an error that a person can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ottla.errors import OttlaError, SpecError
from ottla.spec import client_profile, desired_state, disk_warnings, load_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    Try = Callable[[str], None]

SHIPPED = (Path(__file__).parent.parent.parent / "platform.yaml").read_text()
LINES = SHIPPED.splitlines()
HEAD = "platform: shop\ncluster: {name: shop, disk: 1GiB}\nenvironments: {local: {target: local}}\n"

WORDS = """platform cluster environments topics topic_defaults default_environment load client producer consumer config name
nodes target local partitions retention retention_bytes reset event key tombstones replication_factor cleanup_policy disk a
retention.ms retention.bytes log.segment.bytes message.max.bytes max.request.size min.insync.replicas __b"""
words = st.sampled_from(WORDS.split())
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["local", "7d", "10GiB", "compact", "compact,delete", "unlimited", "-1", "1.5", "0", "4.3.1"]),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=4), inner, max_size=6),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def attempt(tmp_path_factory: pytest.TempPathFactory) -> Try:
    """Load a text, and read all that is asked of a spec that loads."""
    path = tmp_path_factory.mktemp("fuzz") / "platform.yaml"

    def attempt(text: str) -> None:
        path.write_bytes(text.encode(errors="surrogatepass"))
        try:
            spec = load_spec(path)
            _, default = spec.environment(None)
        except OttlaError as error:
            str(error)
            return
        for environment in (default, *spec.environments.values()):
            desired_state(environment)
            client_profile(environment)
            disk_warnings(environment)

    return attempt


@given(text=st.text())
@settings(deadline=None)
def test_any_text_is_a_spec_or_an_error_that_is_explained(attempt: Try, text: str) -> None:
    attempt(text)


@given(text=st.text(alphabet="ab:-?[]{},&*!|>'\"%@` #\n\t0", max_size=40))
@settings(deadline=None)
def test_any_yaml_like_text_is_a_spec_or_an_error_that_is_explained(attempt: Try, text: str) -> None:
    attempt(text)


@given(data=st.dictionaries(words, values, max_size=8))
@settings(deadline=None)
def test_any_data_is_a_spec_or_an_error_that_is_explained(attempt: Try, data: dict[str, Any]) -> None:
    attempt(json.dumps(data))


@given(extra=st.dictionaries(words, values, max_size=3), topic=st.dictionaries(words, values, max_size=3), load=values)
@settings(deadline=None)
def test_any_data_in_a_sound_spec_is_a_spec_or_an_error_that_is_explained(
    attempt: Try, extra: dict[str, Any], topic: dict[str, Any], load: Any
) -> None:
    base: dict[str, Any] = {
        "platform": "shop",
        "cluster": {"name": "shop"},
        "environments": {"local": {"target": "local"}, "other": {"target": "local"}},
        "topics": {"orders": {"partitions": 1, **topic}},
    }
    attempt(json.dumps({**base, **extra, "load": load}))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """The shipped spec with a few lines replaced, deleted, doubled, indented or given another value."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        key = lines[at].split(":")[0]
        lines[at : at + 1] = draw(
            st.sampled_from([[], [lines[at]] * 2, ["  " + lines[at]], [lines[at][2:]], [draw(st.sampled_from(LINES))]])
            | st.text(max_size=12).map(lambda text: [text])
            | scalars.map(lambda value: [f"{key}: {json.dumps(value)}"])  # noqa: B023  (drawn before the next round)
        )
    return "\n".join(lines)


@given(text=mutated())
@settings(max_examples=100, deadline=None)
def test_any_slip_in_the_shipped_spec_is_a_spec_or_an_error_that_is_explained(attempt: Try, text: str) -> None:
    attempt(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"a: {'[' * 5000}{']' * 5000}\n", id="deep lists"),
        pytest.param(f"a: {'{a: ' * 5000}1{'}' * 5000}\n", id="deep mappings"),
        pytest.param(f"topics: {{t: {{partitions: 1, retention: {'9' * 5000}d}}}}\n", id="a duration of 5000 digits"),
        pytest.param(f"topics: {{t: {{partitions: 1, retention: {'9' * 1_000_001}d}}}}\n", id="a duration of a million digits"),
        pytest.param("load: {events_per_second: 1, event_size: 0B, retention: unlimited}\n", id="nothing, kept for ever"),
    ],
)
def test_an_extreme_value_is_a_spec_or_an_error_that_is_explained(attempt: Try, text: str) -> None:
    attempt(HEAD + text)


def test_a_fault_always_has_a_file_and_a_line(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text("a: b: c")
    with pytest.raises(SpecError) as caught:
        load_spec(path)
    assert str(caught.value).startswith(f"{path}:1: not YAML: ")
