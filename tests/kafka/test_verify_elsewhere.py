"""`ottla verify` of a cluster at an address: what a Job in Kubernetes does from within."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import local_spec

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka
SPEC = "elsewhere.yaml"


def elsewhere(home: Home, **changes: Any) -> list[str]:
    """The options that name the cluster by its address, and a spec that differs in these."""
    spec = local_spec()
    spec["topics"]["notification-events"].update(changes)
    (home.folder / SPEC).write_text(json.dumps(spec))
    settings = home.folder / "client.properties"
    settings.write_text(f"bootstrap.servers={','.join(home.bootstrap_servers)}\n")
    return ["verify", "--command-config", str(settings)]


def test_a_cluster_at_an_address_is_compared_with_the_spec(three: Home) -> None:
    done = three.run(*elsewhere(three), spec=SPEC)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok  topic task-events: 6 partitions" in done.stdout
    assert "ok  node 3: " in done.stdout


def test_what_is_kafkas_own_default_there_is_in_force_as_well(three: Home) -> None:
    options = elsewhere(three)
    spec = json.loads((three.folder / SPEC).read_text())
    spec["cluster"]["config"]["log.index.interval.bytes"] = "4KiB"  # Kafka's default, which no node was told
    (three.folder / SPEC).write_text(json.dumps(spec))
    done = three.run(*options, spec=SPEC)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_off_there_is_named_and_is_exit_code_6(three: Home) -> None:
    done = three.run(*elsewhere(three, partitions=9), spec=SPEC)
    assert done.returncode == 6
    assert "WANTING  topic notification-events: partitions: 4, the spec says 9\n" in done.stdout
    assert done.stdout.endswith(" checks found wanting.\n")  # who runs that cluster knows what would mend it


def test_an_event_goes_through_each_topic_there(three: Home) -> None:
    done = three.run(*elsewhere(three), "--write", "-o", "json", spec=SPEC)
    assert done.returncode == 0, done.stdout + done.stderr
    checks = json.loads(done.stdout)["data"]["checks"]
    assert sum(each["name"] == "event" for each in checks) == len(local_spec()["topics"])


def test_an_address_where_nobody_is_is_an_error_and_no_finding(three: Home) -> None:
    elsewhere(three)
    done = three.run("verify", "-b", "127.0.0.1:1", spec=SPEC)
    assert (done.returncode, done.stdout) == (1, "")
