"""Topics, groups and lag of an environment, or of any address, also behind TLS."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from ottla.kafka.connection import connect
from ottla.kafka.groups import list_groups
from ottla.kafka.settings import ClientSettings
from ottla.model.client import PLAIN_PROFILE
from ottla.platform.access import Access, _lag

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Home

pytestmark = pytest.mark.kafka


def ottla(home: Home, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run `ottla` where there is no spec."""
    return subprocess.run(
        home.command(*arguments), input=given, capture_output=True, timeout=120, check=False, cwd=home.folder.parent
    )


def test_topics_are_made_and_deleted_through_a_plan_and_its_guards(three: Home) -> None:
    made = three.run("topics", "create", "by-hand", "-p", "2", "-c", "retention.ms=1h", "--yes")
    assert (made.returncode, "replication_factor 3" in made.stdout) == (0, True), made.stderr
    assert three.run("topics", "create", "by-hand", "--yes").returncode == 4
    assert three.run("topics", "create", "by-hand-2").returncode == 4  # nobody is there to be asked
    for bad in (["a b"], [".."], ["todo_tasks.created"], ["ok", "-c", "cleanup.policy=foo"], ["ok", "-c", "retention.ms=soon"]):
        refused = three.run("topics", "create", *bad, "--yes")
        assert refused.returncode in {2, 4}, bad
    shown = json.loads(three.run("topics", "describe", "by-hand", "-o", "json").stdout)["data"]
    assert shown["configs"]["retention.ms"] == {"value": "3600000", "source": "DYNAMIC_TOPIC_CONFIG"}
    assert [each["high_watermark"] for each in shown["partitions"]] == [0, 0]
    three.pipe("produce", "by-hand", given=b"x\n")
    refused = three.run("topics", "delete", "by-hand", "--yes")
    assert (refused.returncode, "--accept deletes-records" in refused.stderr) == (4, True)
    assert three.run("topics", "delete", "by-hand", "--yes", "--accept", "deletes-records").returncode == 0
    assert three.run("topics", "describe", "by-hand").returncode == 2


def test_topics_of_the_spec_and_of_kafka_itself_are_not_touched_by_hand(three: Home) -> None:
    for arguments in (
        ["create", "task-events"],
        ["delete", "task-events"],
        ["create", "__share_group_state"],
        ["delete", "__consumer_offsets"],
    ):
        refused = three.run("topics", *arguments, "--yes")
        assert refused.returncode == 4, refused.stderr
    names = {each["name"] for each in json.loads(three.run("topics", "list", "-o", "json").stdout)["data"]["topics"]}
    assert "task-events" in names
    assert not any(name.startswith("__") for name in names)


def test_an_address_that_answers_nothing_is_given_up_as_soon_each_time(three: Home) -> None:
    """As that of a pod that is gone. kafka-python would wait twice as long each time, whatever an answer may take."""
    with connect(three.bootstrap_servers, request_timeout=1) as connection:
        manager = connection._client._manager
        for _ in range(8):
            manager.update_backoff(7)
        assert 700 < manager.socket_connection_setup_timeout_ms(7) < 1300


@pytest.mark.long
def test_any_address_can_be_looked_at_without_a_spec(three: Home) -> None:
    address = three.bootstrap_servers[0]
    listed = ottla(three, "topics", "list", "-b", address)
    assert (listed.returncode, b"task-events" in listed.stdout) == (0, True), listed.stderr
    both = ottla(three, "topics", "list", "-b", address, "-e", "local")
    assert both.returncode == 2
    nobody = ottla(three, "lag", "-b", "127.0.0.1:1")
    assert (nobody.returncode, b"--bootstrap-server" in nobody.stderr) == (1, True)
    unknown = ottla(three, "groups", "describe", "nobody-knows", "-b", address)
    assert (unknown.returncode, f"ottla groups list -b {address}".encode() in unknown.stderr) == (2, True)


@pytest.mark.long
def test_a_java_client_file_opens_a_tls_listener_for_looking_and_touching(three: Home, tmp_path: Path) -> None:
    node = three.platform.cluster.made().nodes[0]
    files = three.platform.cluster.layout.node(node.node_id)
    config = tmp_path / "client.properties"
    config.write_text(
        f"bootstrap.servers={node.host}:{node.internal_port}\nsecurity.protocol=SSL\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={three.platform.cluster.layout.authority}\n"
        f"ssl.keystore.type=PEM\nssl.keystore.location={files.keystore}\n"
    )
    assert three.run("topics", "create", "through-tls", "--yes").returncode == 0
    wrote = ottla(three, "produce", "through-tls", "--command-config", str(config), given=b"secret\n")
    assert wrote.returncode == 0, wrote.stderr
    read = ottla(three, "consume", "through-tls", "--command-config", str(config), "--group", "through-tls-readers")
    assert (read.returncode, read.stdout) == (0, b"secret\n"), read.stderr
    described = ottla(three, "groups", "describe", "through-tls-readers", "--command-config", str(config))
    assert (described.returncode, b"classic, Empty" in described.stdout) == (0, True), described.stderr
    config.write_text(config.read_text().replace("security.protocol=SSL", "security.protocol=PLAINTEXT"))
    assert ottla(three, "topics", "list", "--command-config", str(config)).returncode == 1  # the same, one thing wrong


def test_lag_needs_no_more_requests_for_more_groups(three: Home) -> None:
    for number in range(3):
        three.pipe("consume", "reminder-events", "--group", f"lag-{number}")
    counted = []
    for names in ({"lag-0"}, {"lag-0", "lag-1", "lag-2"}):
        with connect(three.bootstrap_servers) as connection:
            groups = [group for group in list_groups(connection) if group.group_id in names]
            assert {group.group_id for group in groups} == names
            _lag(connection, groups)
            counted.append(connection.requests["OffsetFetch"] + connection.requests["FindCoordinator"])
    assert counted[0] == 2
    assert counted[1] <= 1 + len(three.bootstrap_servers)  # each node may coordinate some of them


def test_lag_counts_what_is_left_and_a_deleted_topic_has_none(three: Home) -> None:
    assert three.run("topics", "create", "lagging", "-p", "2", "--yes").returncode == 0
    three.pipe("produce", "lagging", "-p", "0", given=b"0\n1\n2\n3\n4\n")
    three.pipe("consume", "lagging", "--group", "laggards", "-n", "2")
    shown = three.run("lag", "laggards")
    assert shown.stdout.splitlines()[1].split() == ["laggards", "lagging", "1", "3"]
    assert three.run("topics", "delete", "lagging", "--yes", "--accept", "deletes-records").returncode == 0
    again = three.run("lag", "laggards")
    assert again.returncode == 0, again.stderr
    rows = [line.split() for line in again.stdout.splitlines()[1:]]
    assert rows in ([], [["laggards", "lagging", "1", "-"]])  # brokers forget the commits of a topic that is gone, by and by


def test_an_access_of_ones_own_needs_no_spec(three: Home) -> None:
    access = Access("by-address", ClientSettings(three.bootstrap_servers), PLAIN_PROFILE)
    assert {topic.name for topic in access.topics()} >= {"task-events", "recurring-events"}
