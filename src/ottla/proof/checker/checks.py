"""All the checks, as a table: what each needs to be able to tell, what it causes, and where what it finds is legal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from inspect import signature
from itertools import islice
from typing import TYPE_CHECKING

from ottla.proof.checker import acknowledged, alerts, appended, commits, conduct, polling, replicas
from ottla.proof.checker.verdict import MOST_EXAMPLES, Finding, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ottla.proof.checker.ledger import Ledger
    from ottla.proof.expected import Expected

    Legal = Callable[[Ledger, Expected], str]


class Need(Enum):
    """What a check cannot do without. Where it lacks, the answer is unknown."""

    INTENTS = "what every producer meant to send"
    OUTCOMES = "what every producer was told"
    FINAL = "the final read"
    WHOLE = "a final read to the end"
    MEMBERS = "what every member of the group was given"
    GROUP = "samples of the group's commits"
    REPLICAS = "the log of every replica"
    TIMELINE = "the timeline"
    ENDED = "a run that went to its end"


@dataclass(frozen=True, slots=True)
class Check:
    """``find`` yields a sentence for each thing found; its docstring is the meaning, its name the anomaly's.

    ``legal`` says why what was found is allowed in this run; no words: it is not. ``asked`` is whether a run is asked at all.
    """

    find: Callable[..., Iterator[str]]
    needs: tuple[Need, ...] = ()
    causes: Verdict = Verdict.INVALID
    legal: Legal = lambda _ledger, _expected: ""
    asked: Callable[[Ledger], bool] = lambda _ledger: True

    @property
    def name(self) -> str:
        """The anomaly."""
        return self.find.__name__.replace("_", "-")

    @property
    def meaning(self) -> str:
        """What the anomaly is, in a sentence."""
        return (self.find.__doc__ or self.name).splitlines()[0].rstrip(".")

    def run(self, ledger: Ledger, expected: Expected) -> Finding:
        """Look, or say why it cannot be told."""
        lacking = [told for need in self.needs if (told := lack(ledger, need))]
        if lacking:
            return Finding(self.name, self.meaning, Verdict.UNKNOWN, note="cannot tell: " + "; ".join(lacking))
        found = self.find(ledger, expected) if len(signature(self.find).parameters) > 1 else self.find(ledger)
        examples = tuple(islice(found, MOST_EXAMPLES))
        count = len(examples) + sum(1 for _ in found)
        legal = self.legal(ledger, expected) if count else ""
        verdict = self.causes if count and not legal else Verdict.VALID
        return Finding(self.name, self.meaning, verdict, count, examples, legal)


def _without_acks_all(ledger: Ledger, _expected: Expected) -> str:
    return "" if ledger.run.acks in {"all", "-1"} else f"counted only: acks={ledger.run.acks} does not promise it"


def _without_idempotence(ledger: Ledger, _expected: Expected) -> str:
    return "" if ledger.run.idempotent else "counted only: without idempotence it is not promised"


def _unknown_is_allowed(_ledger: Ledger, expected: Expected) -> str:
    return f"legal here: {expected.reason}" if expected.unknown_allowed else ""


def _redelivery_is_allowed(_ledger: Ledger, expected: Expected) -> str:
    return "legal here: after a rebalance a group reads again from its commits" if expected.redelivery_allowed else ""


def _an_old_high_watermark(ledger: Ledger, expected: Expected) -> str:
    """Of a coordinator that takes over: what is above the high watermark that it has, it tells nobody (CoordinatorLoaderImpl).

    That is the one of its last fetch as a follower, or after a start the one on its disk, which is up to 5 s old
    (``replica.high.watermark.checkpoint.interval.ms``). It knows better once the other replicas have fetched from it.
    """
    if not (expected.commits_may_lag and commits.commits_came_back(ledger)):
        return ""
    return "legal here: for a moment a coordinator that takes over knows of no commit above the high watermark that it has"


_SENT = (Need.INTENTS, Need.OUTCOMES)
_SENT_AND_THERE = (*_SENT, Need.WHOLE)
_LOG = (Need.INTENTS, Need.FINAL)
_GROUP = (Need.INTENTS, Need.WHOLE, Need.MEMBERS)

CHECKS = (
    Check(acknowledged.lost, _SENT_AND_THERE, legal=_without_acks_all),
    Check(acknowledged.lost_then_reused, _SENT_AND_THERE, legal=_without_acks_all),
    Check(acknowledged.truncated, _SENT_AND_THERE, legal=_without_acks_all),
    Check(acknowledged.misplaced, _SENT_AND_THERE),
    Check(acknowledged.offset_given_twice, _SENT),
    Check(acknowledged.ack_inversion, _SENT, legal=_without_idempotence),
    Check(appended.duplicate_append, _LOG, legal=_without_idempotence),
    Check(appended.reordered, _LOG, legal=_without_idempotence),
    Check(appended.reordered_key, _LOG, legal=_without_idempotence),
    Check(appended.phantom, _LOG),
    Check(appended.corrupt, _LOG),
    Check(appended.refused_but_visible, (*_SENT, Need.FINAL)),
    Check(polling.poll_skip, (Need.FINAL, Need.MEMBERS)),
    Check(polling.non_monotone_poll, (Need.MEMBERS,)),
    Check(polling.read_unassigned, (Need.MEMBERS,), causes=Verdict.UNKNOWN),
    Check(polling.readers_disagree, (Need.FINAL, Need.MEMBERS)),
    Check(polling.read_then_gone, (Need.WHOLE, Need.MEMBERS)),
    Check(commits.skipped, _GROUP),
    Check(commits.backlog_left, (*_GROUP, Need.ENDED)),
    Check(commits.redelivered, (Need.MEMBERS,), legal=_redelivery_is_allowed),
    Check(commits.unexplained_redelivery, (Need.MEMBERS,)),
    Check(commits.commit_went_back, (Need.TIMELINE, Need.GROUP), legal=_an_old_high_watermark),
    Check(commits.commit_vanished, (Need.TIMELINE, Need.GROUP)),
    Check(commits.commit_beyond_end, (Need.WHOLE, Need.GROUP)),
    Check(commits.commit_ahead_of_reading, (Need.FINAL, Need.MEMBERS)),
    Check(replicas.replicas_disagree, (Need.REPLICAS,)),
    Check(replicas.replica_short, (*_SENT, Need.REPLICAS)),
    Check(conduct.refused_without_reason, _SENT),
    Check(conduct.unknown_without_reason, (*_SENT, Need.ENDED), legal=_unknown_is_allowed),
    Check(conduct.nothing_sent, (Need.INTENTS,)),
    Check(conduct.too_few_acknowledged, (*_SENT, Need.ENDED)),
    Check(conduct.too_few_acknowledged_during_the_fault, (*_SENT, Need.TIMELINE, Need.ENDED)),
    Check(conduct.stopped_early, causes=Verdict.UNKNOWN),
    Check(conduct.final_read_incomplete, causes=Verdict.UNKNOWN),
    Check(conduct.fault_not_shown, causes=Verdict.UNKNOWN),
    Check(conduct.heal_not_shown, causes=Verdict.UNKNOWN),
    Check(alerts.alert_not_fired, (Need.TIMELINE, Need.ENDED), asked=alerts.watched),
    Check(alerts.alert_late, (Need.TIMELINE,), asked=alerts.watched),
    Check(alerts.alert_without_reason, (Need.TIMELINE,), asked=alerts.watched),
    Check(alerts.alert_not_resolved, (Need.TIMELINE, Need.ENDED), asked=alerts.watched),
    Check(alerts.alerts_unseen, causes=Verdict.UNKNOWN, asked=alerts.watched),
    Check(conduct.torn_file, causes=Verdict.UNKNOWN),
    Check(conduct.missing_file, causes=Verdict.UNKNOWN),
)

# Where each need lies on disk: names of files that begin and end like this. A file whose loss of its last entries would make
# something look missing that was there is as good as none.
_FILES = {
    Need.INTENTS: (("producer-", ".intents"),),
    Need.OUTCOMES: (("producer-", ".outcomes"),),
    Need.FINAL: (("final", ""),),
    Need.WHOLE: (("final", ""),),
    Need.MEMBERS: (("reader-", ""),),
    Need.REPLICAS: (("replica", ""),),
    Need.TIMELINE: (("timeline", ""),),
}
_WHOLE_OR_NONE = {Need.WHOLE, Need.MEMBERS, Need.REPLICAS}


def lack(ledger: Ledger, need: Need) -> str:
    """What a check with this need lacks; no words: nothing."""
    history = ledger.history
    for begin, end in _FILES.get(need, ()):
        for name in history.missing:
            if name.startswith(begin) and name.endswith(end):
                return f"{name} is missing"
        for told in history.torn if need in _WHOLE_OR_NONE else ():
            if told.startswith(begin):
                return told
    is_lacking, told = _CONDITIONS.get(need, (None, ""))
    return told if is_lacking and is_lacking(ledger) else ""


def _final_read_stopped(ledger: Ledger) -> bool:
    return ledger.history.final is not None and not ledger.history.final.complete


_CONDITIONS: dict[Need, tuple[Callable[[Ledger], bool], str]] = {
    Need.WHOLE: (_final_read_stopped, "the final read is not complete"),
    Need.GROUP: (lambda ledger: not ledger.samples, "the group's commits were never looked at"),
    Need.ENDED: (lambda ledger: not ledger.run.complete, "the run did not go to its end"),
    Need.MEMBERS: (lambda ledger: not ledger.run.readers, "nobody read in a group"),
    Need.REPLICAS: (lambda ledger: not ledger.run.nodes, "no replica's log was read"),
}
