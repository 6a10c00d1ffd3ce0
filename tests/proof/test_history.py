from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.proof.good import good_history
from tests.proof.runs import a_run
from tests.proof.written import write_history

from ottla.errors import HistoryError
from ottla.proof.checker import Verdict, check
from ottla.proof.expected import expected_of
from ottla.proof.history.columns import INTACT, NOBODY, NOWHERE, Event, Fault, Kind
from ottla.proof.history.reading import read_history
from ottla.proof.history.writing import (
    BatchLog,
    IntentLog,
    MemberLog,
    OutcomeLog,
    ReadLog,
    Timeline,
    write_final,
    write_replicas,
    write_run,
)

if TYPE_CHECKING:
    from pathlib import Path


def write_small(folder: Path) -> None:
    """One producer, one member, one node: three attempts, of which two were read."""
    write_run(folder, a_run(producers=1, readers=1, nodes=(1,), faults=(Fault("kill", "node 1"),)))
    with Timeline(folder) as timeline:
        timeline.append(1_000, "load-begins")
        timeline.append(2_000, "group", offsets={0: 5, 1: None})
    with IntentLog(folder, 0) as intents:
        assert [intents.append(intended=10 * seq, checksum=2**32 - 1 - seq, key=seq) for seq in range(3)] == [0, 1, 2]
    with OutcomeLog(folder, 0) as outcomes:
        outcomes.acked(1, partition=2, offset=2**40, at=77)
        outcomes.refused(0, code=-152, at=78)
    with ReadLog(folder, 0) as reads, MemberLog(folder, 0, reads) as member:
        member.append(5, "assigned", {0: 3, 1: None})
        reads.append(0, 3, 0, 1, 99, 50, intact=True)
        reads.append(0, 4, 0xFFFF, -1, 0, 51, intact=False)
        member.append(60, "committed", {0: 5})
    with ReadLog(folder) as final:
        final.append(0, 3, 0, 1, 99, 90, intact=True)
    write_final(folder, starts={0: 0}, ends={0: 5}, complete=True)
    with BatchLog(folder, 1) as batches:
        batches.append(0, base=0, last=4, checksum=7, epoch=2)
    write_replicas(folder, {1: {0: (0, 5)}})


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_small(tmp_path)
    history = read_history(tmp_path)
    assert history.missing == history.torn == ()
    assert history.run == a_run(producers=1, readers=1, nodes=(1,), faults=(Fault("kill", "node 1"),))
    assert history.timeline == (Event(1_000, "load-begins"), Event(2_000, "group", {"offsets": {0: 5, 1: None}}))
    (attempts,) = history.attempts
    assert list(attempts.checksum) == [2**32 - 1, 2**32 - 2, 2**32 - 3]
    assert list(attempts.kind) == [Kind.REFUSED, Kind.ACKED, Kind.NONE]
    assert list(attempts.code) == [-152, 0, 0]
    assert list(attempts.offset) == [NOWHERE, 2**40, NOWHERE]
    (member,) = history.members
    assert [list(column) for column in (member.reads.offset, member.reads.producer)] == [[3, 4], [0, NOBODY]]
    assert list(member.reads.flags) == [INTACT, 0]
    assert [(event.what, event.facts["reads"]) for event in member.events] == [("assigned", 0), ("committed", 2)]
    assert history.final is not None
    assert (history.final.starts, history.final.ends, history.final.complete) == ({0: 0}, {0: 5}, True)
    assert (history.replicas[0].bounds, list(history.replicas[0].batches.checksum)) == ({0: (0, 5)}, [7])


def test_an_intent_is_on_disk_when_flush_returns_and_not_before(tmp_path: Path) -> None:
    intents = IntentLog(tmp_path, 0)
    intents.append(intended=1, checksum=2)
    assert intents.path.stat().st_size == 0
    intents.flush()
    assert intents.path.stat().st_size == 16
    intents.close()
    with IntentLog(tmp_path, 0) as again:
        assert again.append(intended=1, checksum=2) == 1


def test_many_entries_are_appended_before_they_are_flushed(tmp_path: Path) -> None:
    with OutcomeLog(tmp_path, 0) as outcomes:
        for seq in range(10_000):
            outcomes.acked(seq, partition=0, offset=seq, at=seq)
        assert outcomes.path.stat().st_size > 200_000


def test_what_a_member_read_is_on_disk_before_what_it_committed(tmp_path: Path) -> None:
    with ReadLog(tmp_path, 0) as reads, MemberLog(tmp_path, 0, reads) as member:
        reads.append(1, 7, 0, 0, 0, 5, intact=True)
        member.append(6, "committed", {1: 8})
        assert reads.path.stat().st_size > 0


def test_a_torn_last_entry_is_cut_off_and_said(tmp_path: Path) -> None:
    write_small(tmp_path)
    for name in ("producer-0.intents", "reader-0.reads", "timeline.jsonl"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-3])
    history = read_history(tmp_path)
    assert history.torn == (
        "timeline.jsonl: 51 bytes after line 1 were cut off",
        "producer-0.intents: 13 bytes after entry 2 were cut off",
        "reader-0.reads: 32 bytes after entry 1 were cut off",
    )
    assert (len(history.timeline), len(history.attempts[0]), len(history.members[0].reads)) == (1, 2, 1)


@pytest.mark.parametrize(
    "name",
    [
        "timeline.jsonl",
        "producer-0.intents",
        "producer-0.outcomes",
        "reader-0.reads",
        "reader-0.jsonl",
        "final.reads",
        "final.json",
        "replica-1.batches",
        "replicas.json",
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_small(tmp_path)
    (tmp_path / name).unlink()
    assert read_history(tmp_path).missing == (name,)


def test_a_folder_without_a_run_is_no_history(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match=r"is no history: it has no run\.json\n  ottla drill list"):
        read_history(tmp_path)


def test_a_newer_format_is_refused_by_the_name_of_who_wrote_it(tmp_path: Path) -> None:
    write_small(tmp_path)
    run = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**run, "format": 2, "ottla_version": "9.1"}))
    with pytest.raises(HistoryError, match=r"format 2; this Ottla reads up to 1\n  check it with the Ottla that wrote it: 9\.1"):
        read_history(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("run.json", "{", r"run\.json: is damaged"),
        ("run.json", "{}", r"run\.json: is not the run of a history"),
        ("run.json", '{"format": 1, "drill": 3}', r"run\.json: is damaged: drill: "),
        ("final.json", '{"starts": {"0": 1}, "ends": {"x": 1}, "complete": true}', r"final\.json: is damaged: ends\.x"),
        ("timeline.jsonl", '{"at": 1}\n', r"timeline\.jsonl:1: is damaged"),
        ("reader-0.jsonl", '{"at": 1, "what": "committed", "partitions": [3]}\n', r"reader-0\.jsonl:1: is damaged"),
        ("replicas.json", '{"1": {"0": {"start": 0}}}', r"replicas\.json: is damaged: 1\.0\.end"),
    ],
)
def test_damage_in_the_middle_is_an_error_that_says_where(tmp_path: Path, name: str, content: str, told: str) -> None:
    write_small(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(HistoryError, match=told):
        read_history(tmp_path)


def test_an_outcome_of_an_attempt_that_nobody_meant_is_damage(tmp_path: Path) -> None:
    write_small(tmp_path)
    with OutcomeLog(tmp_path, 0) as outcomes:
        outcomes.unknown(3, code=-195, at=80)
    with pytest.raises(HistoryError, match=r"producer-0\.outcomes: an outcome of kind 3 for seq 3, where 3 attempts were meant"):
        read_history(tmp_path)


@pytest.mark.parametrize("expects", ["none", "kill-all", "revoke-acl"])
def test_a_whole_history_comes_back_as_it_was(tmp_path: Path, expects: str) -> None:
    history = good_history(expects=expects, seed=4)
    write_history(tmp_path, history)
    assert read_history(tmp_path) == history


CUT = [
    "timeline.jsonl",
    "producer-1.intents",
    "producer-0.outcomes",
    "reader-1.reads",
    "reader-0.jsonl",
    "final.reads",
    "replica-2.batches",
]


@pytest.mark.parametrize("name", CUT)
@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_a_file_cut_anywhere_in_an_entry_never_passes_for_a_valid_run(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("history")
    write_history(folder, good_history(expects="kill-leader", seed=4))
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    try:
        history = read_history(folder)
    except HistoryError:
        assert name == "producer-1.intents"  # outcomes of attempts that are gone: no crash leaves that, as intents come first
        return
    assume(history.torn or not name.endswith(".jsonl"))  # whole lines may be missing: what is there still has to be right
    assert check(history, expected_of(history.run)).verdict is not Verdict.VALID
