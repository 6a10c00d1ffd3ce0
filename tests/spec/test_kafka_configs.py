from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ottla.spec.config_checks import refusal
from ottla.spec.kafka_configs import config_keys, find_key
from ottla.spec.refused import OWN_OF_LOCAL, RETIRED
from ottla.spec.schema import NAMED_CONFIGS
from ottla.spec.versions import KAFKA_VERSIONS

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.kafka
@pytest.mark.parametrize("version", KAFKA_VERSIONS)
def test_the_data_is_what_kafka_itself_prints(version: str) -> None:
    program = f"import kafka_configs, sys; sys.stdout.write(kafka_configs.configs_text({version!r}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT / "scripts", capture_output=True, text=True, check=True)
    data = ROOT / "src/ottla/spec/data" / f"kafka-{version}-configs.json"
    assert done.stdout == data.read_text(), "run `make kafka-configs`"


def test_a_key_has_type_range_default_and_meaning() -> None:
    key = config_keys("topic")["segment.bytes"]
    assert (key.type, key.valid, key.default, key.server_key) == ("int", "[1048576,...]", "1073741824", "log.segment.bytes")
    assert key.doc.startswith("This configuration controls the segment file size for the log.")


def test_no_default_a_null_and_an_empty_one_are_told_apart() -> None:
    broker = config_keys("broker")
    assert [
        (broker[name].required, broker[name].default) for name in ("node.id", "log.retention.ms", "kafka.metrics.reporters")
    ] == [
        (True, None),
        (False, None),
        (False, ""),
    ]


def test_server_keys_say_how_they_are_changed() -> None:
    broker = config_keys("broker")
    assert {broker[name].update for name in ("node.id", "log.cleaner.threads", "ssl.keystore.location")} == {
        "read-only",
        "cluster-wide",
        "per-broker",
    }


def test_every_named_key_is_a_topic_config() -> None:
    assert set(NAMED_CONFIGS.values()) <= config_keys("topic").keys()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("listener.name.internal.ssl.client.auth", "ssl.client.auth"),
        ("listener.name.client.scram-sha-512.sasl.jaas.config", "sasl.jaas.config"),
        ("listener.name.client.no.such.key", None),
        ("ssl.client.auth", "ssl.client.auth"),
    ],
)
def test_a_listeners_key_is_known_by_what_it_sets(name: str, found: str | None) -> None:
    key = find_key("broker", name)
    assert (key.name if key else None) == found


def test_what_is_retired_is_gone_and_what_is_named_instead_is_there() -> None:
    for scope, lines in RETIRED.items():
        keys = config_keys(scope)
        assert not lines.keys() & keys.keys()
        for name, (instead, source) in lines.items():
            assert source
            named = [
                word.strip(".,:") for word in instead.split() if word.count(".") >= 2 and not word.startswith(("org.", "2."))
            ]
            assert all(word in keys or word == "eligible.leader.replicas.version" for word in named), (name, named)


def test_what_a_local_node_gets_from_ottla_is_known_to_kafka() -> None:
    assert {key for key in OWN_OF_LOCAL if find_key("broker", key) is None} == set()


def test_the_data_is_read_only_when_a_key_is_looked_up() -> None:
    program = (
        "import sys, ottla.spec, ottla.platform; from ottla.spec import kafka_configs as k; "
        "sys.exit(k._data.cache_info().currsize)"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=False).returncode == 0


def test_a_version_that_is_not_in_the_table_has_the_pinned_keys() -> None:
    assert refusal("topic", "retention.ms", "0.8.2") is None
