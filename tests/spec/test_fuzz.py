"""Whatever stands in the file: a spec that works, or an error that a person can read."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ottla.errors import OttlaError, SpecError, UsageError
from ottla.spec import client_profile, desired_state, load_spec
from ottla.spec.document import read_document
from ottla.spec.explain import explain
from ottla.spec.json_schema import json_schema
from ottla.spec.kafka_configs import config_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from ottla.spec import Spec

    Try = Callable[[str], None]

SHIPPED_SPEC = Path(__file__).parent.parent.parent / "platform.yaml"
SHIPPED = SHIPPED_SPEC.read_text()
LINES = SHIPPED.splitlines()
VALUES = read_document(SHIPPED, file="platform.yaml").values
VALIDATOR = Draft202012Validator(json_schema())
KAFKA_KEYS = [key for scope in ("topic", "broker", "producer", "consumer") for key in config_keys(scope)]
HEAD = "platform: shop\ncluster: {name: shop, disk: 1GiB}\nenvironments: {local: {target: local}}\n"

WORDS = """platform cluster environments topics topic_defaults default_environment load client producer consumer config name
nodes target local partitions retention retention_bytes reset event key tombstones replication_factor cleanup_policy disk a
retention.ms retention.bytes log.segment.bytes message.max.bytes max.request.size min.insync.replicas __b
shares prefix users quotas acls"""
words = st.sampled_from(WORDS.split())
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        ["local", "7d", "10GiB", "compact", "compact,delete", "unlimited", "-1", "1.5", "0", "4.3.1", "other", "dev."]
    ),
    st.text(max_size=8),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=4), inner, max_size=6),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all examples of a run."""
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def attempt(folder: Path) -> Try:
    """Load a text, and read all that is asked of a spec that loads."""
    path = folder / "platform.yaml"

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
        spec.warnings()

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
        "environments": {
            "local": {"target": "local"},
            "other": {"target": "local"},
            "dev": {"shares": "other", "prefix": "dev."},
        },
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


def holders(value: Any) -> list[Any]:
    """Every mapping and list inside, the outermost first."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(each for one in inner for each in holders(one))] if isinstance(value, dict | list) else []


@st.composite
def altered(draw: st.DrawFn) -> dict[str, Any]:
    """The shipped spec as data, with a few values put elsewhere, replaced, taken away, renamed, or set to null."""
    spec = copy.deepcopy(VALUES)
    for _ in range(draw(st.integers(1, 3))):
        holder = draw(st.sampled_from(holders(spec)))
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        old = draw(st.sampled_from(keys)) if keys else None
        value = draw(values | st.sampled_from(holders(VALUES)).map(copy.deepcopy))
        if isinstance(holder, list):
            holder.append(value)
        elif draw(st.booleans()) and old is not None:
            holder[old] = value
        else:
            taken = holder.pop(old, value)
            name = draw(
                words | st.sampled_from(KAFKA_KEYS) | st.sampled_from(["a.b", "a_b", "A.b", "__consumer_offsets", "orders"])
            )
            holder[name] = draw(st.sampled_from([taken, value, None]))
    return spec


@given(spec=altered())
@settings(max_examples=200, deadline=None)
def test_any_change_of_the_shipped_spec_is_a_spec_or_an_error_that_is_explained(attempt: Try, spec: dict[str, Any]) -> None:
    attempt(json.dumps(spec))


def refusals_of_what_is_sound(folder: Path, spec: dict[str, Any]) -> list[str]:
    """What the schema says against a spec that loads; nothing of one that does not."""
    path = folder / "sound.json"
    path.write_text(json.dumps(spec))
    try:
        load_spec(path)
    except OttlaError:
        return []
    return [error.message for error in VALIDATOR.iter_errors(spec)]


@given(spec=altered())
@settings(max_examples=200, deadline=None)
def test_the_schema_for_editors_never_refuses_what_is_sound(folder: Path, spec: dict[str, Any]) -> None:
    assert refusals_of_what_is_sound(folder, spec) == []


@given(scope=st.sampled_from(["topic", "broker", "producer", "consumer"]), value=scalars, data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_value_of_any_kafka_key_that_is_sound_passes_the_schema(
    folder: Path, scope: str, value: Any, data: st.DataObject
) -> None:
    place = {"topic": ("topic_defaults", "config"), "broker": ("cluster", "config")}.get(scope, ("client", scope))
    key = data.draw(st.sampled_from(list(config_keys(scope))))
    spec: dict[str, Any] = {"platform": "shop", "cluster": {"name": "shop"}, "environments": {"local": {"target": "local"}}}
    spec.setdefault(place[0], {})[place[1]] = {key: value}
    assert refusals_of_what_is_sound(folder, spec) == []


@cache
def shipped() -> Spec:
    """The shipped spec, loaded once for all examples."""
    return load_spec(SHIPPED_SPEC)


@given(key=st.lists(words | st.sampled_from(KAFKA_KEYS) | st.text(max_size=5), max_size=5).map(".".join), spec=st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_key_is_explained_or_a_usage_error(key: str, spec: bool) -> None:  # noqa: FBT001  (hypothesis names its arguments)
    try:
        assert explain(key, shipped() if spec else None).meaning is not None
    except UsageError as error:
        str(error)


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
