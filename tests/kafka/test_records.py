"""`produce`, `consume` and `records` on real brokers: exact bytes, in and out."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from ottla.waiting import wait_until

if TYPE_CHECKING:
    from tests.conftest import Home

pytestmark = pytest.mark.kafka


def make_topic(home: Home, name: str, *, partitions: int = 1, configs: tuple[str, ...] = ()) -> str:
    options = [word for config in configs for word in ("--config", config)]
    made = home.run("topics", "create", name, "--partitions", str(partitions), "--yes", *options)
    assert made.returncode == 0, made.stderr
    return name


def as_json(home: Home, *arguments: str) -> list[dict[str, Any]]:
    found = home.pipe("consume", *arguments, "-o", "json")
    assert found.returncode == 0, found.stderr.decode()
    return [json.loads(line)["data"] for line in found.stdout.splitlines()]


def test_exact_bytes_go_in_and_come_out(three: Home) -> None:
    topic = make_topic(three, "records-exact")
    every_byte = bytes(range(256))
    lines: list[dict[str, Any]] = [
        {
            "key": {"base64": "AP8="},
            "value": {"base64": "AAECA/8="},
            "headers": [["h", None], ["h", ""], ["h", "é"], ["b", {"base64": "gA=="}]],
        },
        {"key": None, "value": None},
        {"key": "", "value": ""},
        {"key": "k", "value": "line\none"},
    ]
    done = three.pipe("produce", topic, "-i", "json", given="\n".join(map(json.dumps, lines)).encode())
    assert (done.returncode, b"4 records" in done.stderr) == (0, True), done.stderr
    done = three.pipe("produce", topic, "-i", "whole", "-H", "a=1", "-H", "nothing", given=every_byte)
    assert done.returncode == 0, done.stderr
    found = as_json(three, topic)
    assert [(each["key"], each["value"]) for each in found[:4]] == [(each["key"], each["value"]) for each in lines]
    assert found[0]["headers"] == lines[0]["headers"]
    assert found[4]["headers"] == [["a", "1"], ["nothing", None]]
    assert three.pipe("consume", topic, "--from", "4", "-F", "%s").stdout == every_byte
    copy = make_topic(three, "records-exact-copy")
    everything = three.pipe("consume", topic, "-o", "json").stdout
    assert three.pipe("produce", copy, "-i", "json", given=everything).returncode == 0
    for one, other in zip(found, as_json(three, copy), strict=True):
        assert {**one, "topic": copy} == other


def test_lines_keys_tombstones_and_partitions(three: Home) -> None:
    topic = make_topic(three, "records-lines", partitions=2)
    assert three.pipe("produce", topic, "-K", ":", "-Z", "-p", "1", given=b"a:1\nb:2:3\nc:\n:4\n").returncode == 0
    found = as_json(three, topic)
    assert [(each["key"], each["value"], each["partition"]) for each in found] == [
        ("a", "1", 1),
        ("b", "2:3", 1),
        ("c", None, 1),
        (None, "4", 1),
    ]
    missing = three.pipe("produce", topic, "-K", ":", given=b"a:1\nnothing\n")
    assert missing.returncode == 5
    assert b"stdin:2" in missing.stderr
    assert b"1 record written" in missing.stderr
    assert three.pipe("produce", topic, "-K", "", given=b"x").returncode == 2
    assert three.pipe("produce", topic, "-p", "7", given=b"x").returncode == 2


def test_a_record_that_cannot_be_written_is_counted_and_ends_in_its_exit_code(three: Home) -> None:
    topic = make_topic(three, "records-compacted", configs=("cleanup.policy=compact",))
    none = three.pipe("produce", topic, given=b"no key\n")
    assert none.returncode == 1
    assert b"without a key" in none.stderr
    lines = b'{"key": "k", "value": "v"}\n{"key": "k", "value": "v", "partition": 9}\n'
    some = three.pipe("produce", topic, "-i", "json", "-o", "json", given=lines)
    assert some.returncode == 5
    told = json.loads(some.stdout)["data"]
    assert (told["acknowledged"], told["failed"]) == (1, 1)


def test_reading_begins_where_one_says_and_stops_at_the_end(three: Home) -> None:
    topic = make_topic(three, "records-from")
    three.pipe("produce", topic, given=b"".join(b"%d\n" % number for number in range(5)))
    between = int(time.time() * 1000)
    wait_until(lambda: time.time() * 1000, lambda now: now > between + 5, what="the clock", timeout=1, every=0.01)
    three.pipe("produce", topic, given=b"5\n6\n")

    def read(*arguments: str) -> bytes:
        found = three.pipe("consume", topic, *arguments)
        assert found.returncode == 0, found.stderr.decode()
        return found.stdout.replace(b"\n", b" ").strip()

    assert read() == b"0 1 2 3 4 5 6"
    assert read("--from", "3", "-n", "2") == b"3 4"
    assert read("--from", "-2") == b"5 6"
    assert read("--from", f"@{between}") == b"5 6"
    assert read("--from", "1h") == b"0 1 2 3 4 5 6"
    assert read("--from", "end") == b""
    assert read("--from", "99") == b""
    following = [*three.command("consume", topic, "--from", "99", "--follow"), "--file", str(three.folder / "platform.yaml")]
    with subprocess.Popen(following, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        try:
            while not select.select([reader.stdout], [], [], 0.5)[0]:  # nobody sees when it has begun to listen
                three.pipe("produce", topic, given=b"later\n")
            assert reader.stdout.readline() == b"later\n"
        finally:
            reader.kill()
    assert three.pipe("consume", topic, "--from", "soon").returncode == 2
    assert three.pipe("consume", "records-frm").stderr.startswith(
        b"ottla: there is no topic 'records-frm': did you mean 'records-from'?"
    )
    assert b"'zzz': no other name is close to it\n" in three.pipe("consume", "zzz").stderr


def test_filters_choose_by_key_and_header(three: Home) -> None:
    topic = make_topic(three, "records-filters", partitions=3)
    three.pipe("produce", topic, "-K", "=", "-H", "kind=one", given=b"task-1=a\ntask-2=b\n")
    three.pipe("produce", topic, "-K", "=", "-H", "kind=two", given=b"task-1=c\n")
    assert three.pipe("consume", topic, "--key", "task-1", "--header", "kind=two").stdout == b"c\n"
    assert sorted(three.pipe("consume", topic, "--key-match", "1$").stdout.split()) == [b"a", b"c"]
    assert three.pipe("consume", topic, "--header", "kind=three").stdout == b""


@pytest.mark.long
def test_a_group_goes_on_where_it_stopped_record_by_record(three: Home) -> None:
    topic = make_topic(three, "records-group", partitions=2)
    three.pipe("produce", topic, "-p", "0", given=b"0\n1\n2\n3\n")
    first = three.pipe("consume", topic, "--group", "records-readers", "-n", "3")
    assert (first.returncode, first.stdout) == (0, b"0\n1\n2\n"), first.stderr
    lag = json.loads(three.run("lag", "records-readers", "-o", "json").stdout)["data"]["partitions"]
    assert [(each["partition"], each["committed_offset"], each["lag"]) for each in lag if each["committed_offset"]] == [(0, 3, 1)]
    assert three.pipe("consume", topic, "--group", "records-readers").stdout == b"3\n"
    assert three.pipe("consume", topic, "--group", "records-readers").stdout == b""
    assert three.pipe("consume", topic, "-X", "client.id=somebody", "--value-match", "^[12]$").stdout == b"1\n2\n"
    refused = three.pipe("consume", topic, "--group", "records-readers", "--from", "1")
    assert refused.returncode == 2
    described = json.loads(three.run("groups", "describe", "records-readers", "-o", "json").stdout)["data"]
    assert (described["state"], described["type"], described["members"]) == ("Empty", "consumer", [])


def test_a_member_that_came_first_reads_on_when_a_second_one_joins(three: Home) -> None:
    """The classic protocol takes all partitions away before it gives them anew: that is not the end of the topic."""
    topic = make_topic(three, "records-two-members", partitions=2)
    three.pipe("produce", topic, "--rate", "200", given=b"".join(b"%d\n" % number for number in range(400)))
    address = ",".join(three.bootstrap_servers)
    member = three.command("consume", topic, "-b", address, "--group", "records-pair")
    with subprocess.Popen(member, stdout=subprocess.PIPE) as one, subprocess.Popen(member, stdout=subprocess.PIPE) as two:
        read = one.communicate(timeout=120)[0].split() + two.communicate(timeout=120)[0].split()
    assert (one.returncode, two.returncode) == (0, 0)
    assert {int(number) for number in read} == set(range(400))


def test_following_shows_what_comes_and_a_member_is_seen_until_it_is_terminated(three: Home) -> None:
    topic = make_topic(three, "records-follow")
    arguments = ["consume", topic, "--follow", "--group", "records-followers", "--file", str(three.folder / "platform.yaml")]
    with subprocess.Popen(three.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        try:
            three.pipe("produce", topic, given=b"hello\n")
            assert reader.stdout.readline() == b"hello\n"
            shown = three.run("groups", "describe", "records-followers")
            assert shown.stdout.splitlines()[0].endswith(", 1 member")
            assert "ottla (127.0.0.1)" in shown.stdout
        finally:
            os.kill(reader.pid, signal.SIGTERM)
        assert reader.wait(timeout=30) == 143
    left = json.loads(three.run("groups", "describe", "records-followers", "-o", "json").stdout)["data"]
    assert (left["state"], left["members"]) == ("Empty", [])  # it left: nobody waits for its session to end


@pytest.mark.long
def test_a_cluster_that_does_not_answer_is_said_once_and_what_waits_is_written_when_it_does(one: Home) -> None:
    topic = make_topic(one, "records-silence")
    arguments = ["produce", topic, "--file", str(one.folder / "platform.yaml"), "-e", "laptop"]
    with subprocess.Popen(one.command(*arguments), stdin=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        assert writer.stderr is not None
        writer.stdin.write(b"before\n")
        writer.stdin.flush()
        look = one.platform.access().partition_ranges
        wait_until(lambda: look(topic)[0].end, lambda end: end == 1, what="the first record", timeout=60)
        node = one.platform.cluster.running()[1]
        node.send_signal(signal.SIGSTOP)
        try:
            writer.stdin.write(b"meanwhile\n")
            writer.stdin.close()
            said = writer.stderr.readline() + writer.stderr.readline()
        finally:
            node.send_signal(signal.SIGCONT)
        assert b"nothing was acknowledged for 5 s; still trying, for 5m at most (records that wait: 1)" in said
        assert b"ottla status --file" in said
        assert writer.stderr.read() == b"  2 records written to records-silence\n"
    assert writer.returncode == 0


def test_a_rate_is_kept(three: Home) -> None:
    topic = make_topic(three, "records-rate")
    three.pipe("produce", topic, "--rate", "20", given=b"x\n" * 11)
    stamps = [each["timestamp"] for each in as_json(three, topic)]
    assert stamps[-1] - stamps[0] >= 480


def test_the_tail_is_the_last_by_time_and_a_sample_is_of_what_is_there(three: Home) -> None:
    topic = make_topic(three, "records-tail", partitions=3)
    for partition in (2, 0, 1):
        three.pipe("produce", topic, "-p", str(partition), given=b"%d-a\n%d-b\n" % (partition, partition))
    assert three.pipe("records", "tail", topic, "-n", "3", "-F", "%s ").stdout == b"0-b 1-a 1-b "
    everything = set(three.pipe("consume", topic).stdout.split())
    sample = three.pipe("records", "sample", topic, "-n", "4", "-F", "%s ").stdout.split()
    assert len(sample) == len(set(sample)) == 4
    assert set(sample) <= everything
    assert three.pipe("records", "sample", make_topic(three, "records-none")).stdout == b""
