"""A rollout carried out: step after step, each waited for. It can be run again, and goes on where it was cut off."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ottla.errors import ApplyError, ClusterError, LocalError, StalePlan, WaitTimeout
from ottla.kubernetes.cluster import CLAIMS
from ottla.kubernetes.conditions import GONE, UNSEEN, condition_of
from ottla.kubernetes.difference import comparable, conflicts
from ottla.kubernetes.kept import forget_kept
from ottla.kubernetes.operator_installing import install, wait_for_operator
from ottla.kubernetes.operator_planning import refuse_moved
from ottla.kubernetes.operators import STEP
from ottla.kubernetes.passwords import write_password
from ottla.kubernetes.resource import OTTLA
from ottla.kubernetes.revival import revive
from ottla.kubernetes.rollout import Action
from ottla.kubernetes.secret_copies import PlannedCopy, make_copy
from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.strimzi_pools import POOL_LABEL
from ottla.kubernetes.weighing_pools import still_growing, volumes
from ottla.spec.kubernetes import MANAGED_BY
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ottla.kubernetes.cluster import Answer, Cluster
    from ottla.kubernetes.operators import OperatorStep
    from ottla.kubernetes.passwords import PlannedPassword
    from ottla.kubernetes.rollout import Planned, Rollout
    from ottla.local import Reporter

EVERY = 2.0  # seconds between two looks at what is waited for
HINT = "what is left: ottla deploy --plan; to go on: ottla deploy"


@dataclass
class _Account:
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a step still waits for: names, and what is said of each."""

    total: int
    pending: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        name, said = self.pending[0]
        more = f" (and {len(self.pending) - 1} more)" if len(self.pending) > 1 else ""
        return f"{self.total - len(self.pending)} of {self.total} ready; {name}: {said}{more}"


def carry_out(cluster: Cluster, plan: Rollout, report: Reporter, *, timeout: float, every: float = EVERY) -> tuple[str, ...]:
    """Do exactly that; lines for what was done. ``timeout`` is the seconds that each step may take to get ready.

    Raises StalePlan before anything is changed if what the plan saw has moved, ApplyError if only a part was done, WaitTimeout
    where nothing was to be done and it is not ready.
    """
    refuse_moved(cluster, plan.operator)
    _refuse_moved(cluster, plan)
    account = _Account(left=[*plan.lines])
    with told_if_interrupted(account.done, report, HINT):
        for step, planned in plan.steps.items():
            _carry_out_step(cluster, plan, step, planned, account, report, timeout=timeout, every=every)
    if plan.kept is not None:
        forget_kept(cluster, *plan.kept)
    return tuple(account.done)


@contextmanager
def told_if_interrupted(done: Sequence[str], report: Reporter, hint: str) -> Iterator[None]:
    """Say what was done by then, and how to go on, where somebody presses Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        for line in done:
            report.note(f"done before it was interrupted: {line}")
        report.note(hint)
        raise


def told(failed: ClusterError | WaitTimeout) -> str:
    """Where and what, in one line."""
    return f"{f'{failed.where} ' if failed.where else ''}{failed.message}"


def advised(failed: ClusterError | WaitTimeout) -> str:
    """What to do about it, to stand behind something else."""
    return f"; {failed.hint}" if failed.hint else ""


def _carry_out_step(
    cluster: Cluster,
    plan: Rollout,
    step: str,
    planned: Sequence[Planned],
    account: _Account,
    report: Reporter,
    *,
    timeout: float,
    every: float,
) -> None:
    if step == STEP:
        _bring(cluster, plan.operator, account, report, timeout=timeout, every=every)
    for secret in plan.secrets(step):
        if secret.action is not Action.NONE:
            _do(secret.line, partial(_write, cluster, secret), account, report)
    for each in planned:
        if each.action is not Action.NONE:
            _apply(cluster, each, account, report, timeout=timeout, every=every)
    awaited = tuple(each for each in planned if each.awaited)
    if awaited:
        _wait(cluster, step, awaited, account, report, timeout=timeout, every=every)


def _refuse_moved(cluster: Cluster, plan: Rollout) -> None:
    """What is to be written is looked at again: what is there now may not be what was shown."""
    for each in plan.changes:
        _, _, namespace, name = each.resource.identity
        live = cluster.get(each.place, namespace, name)
        if (None if live is None else comparable(live)) != each.seen:
            raise StalePlan(
                f"{each.name} has moved since the plan was made; nothing was changed", hint="run it again: ottla deploy"
            )


def _apply(cluster: Cluster, planned: Planned, account: _Account, report: Reporter, *, timeout: float, every: float) -> None:
    place, document, cluster_id = planned.place, planned.resource.document, planned.revived_as
    if cluster_id is None:
        _do(planned.line, lambda: cluster.apply(place, document, dry_run=False, force=planned.forced), account, report)
    else:
        _do(
            planned.line,
            lambda: revive(cluster, place, document, cluster_id, force=planned.forced, timeout=timeout, every=every),
            account,
            report,
        )


def _write(cluster: Cluster, secret: PlannedPassword | PlannedCopy) -> Answer:
    """A copy is as its original is by now: a user's password may be made by its operator after the plan was."""
    return make_copy(cluster, secret) if isinstance(secret, PlannedCopy) else write_password(cluster, secret)


def _do(line: str, do: Callable[[], Answer], account: _Account, report: Reporter) -> None:
    report.step(line)
    account.left.remove(line)
    try:
        answer = do()
    except (ClusterError, WaitTimeout) as lost:
        said = f"{line}: {told(lost)}; whether it was done is not known{advised(lost)}"
        raise _partly(account, said) from lost
    if not answer.done:
        said = "; ".join(map(str, conflicts(answer.body))) or answer.message
        raise _partly(account, f"{line}: {said}")
    account.done.append(line)


def _wait(
    cluster: Cluster,
    step: str,
    awaited: Sequence[Planned],
    account: _Account,
    report: Reporter,
    *,
    timeout: float,
    every: float,
) -> None:
    try:
        wait_until(
            lambda: waiting_for(cluster, awaited),
            lambda seen: not seen.pending,
            what=f"{step} to get ready",
            timeout=timeout,
            every=every,
            changed=lambda seen: report.step(f"waiting for {step}: {seen}"),
            hint="its operator goes on by itself; to see it to the end: ottla deploy",
        )
    except (WaitTimeout, ClusterError) as failed:
        if not account.done and not account.left:
            raise
        raise _partly(account, f"{step}: {told(failed)}{_advice(failed)}") from failed


def _bring(
    cluster: Cluster, operator: OperatorStep, account: _Account, report: Reporter, *, timeout: float, every: float
) -> None:
    """The operator, and the kinds that come with it."""
    try:
        if operator.to_do:
            report.step(operator.line)
            account.left.remove(operator.line)
            install(cluster, operator, report, every=every)
            account.done.append(operator.line)
        wait_for_operator(cluster, operator, report, timeout=timeout, every=every)
    except (WaitTimeout, ClusterError, LocalError) as failed:
        if not operator.to_do and not account.done and not account.left:
            raise
        what = operator.line if operator.to_do and operator.line not in account.done else STEP
        raise _partly(account, f"{what}: {f'{failed.where}: ' if failed.where else ''}{failed.message}") from failed


def _advice(failed: WaitTimeout | ClusterError) -> str:
    """What else to look at, where nobody works on what was applied."""
    last = failed.last if isinstance(failed, WaitTimeout) else None
    nobody = isinstance(last, Waiting) and any(said == UNSEEN for _, said in last.pending)
    return "; does its operator run, and does it watch this namespace?" if nobody else ""


def waiting_for(cluster: Cluster, awaited: Sequence[Planned]) -> Waiting:
    """Those that are not ready now; one question for each kind and namespace, however many there are."""
    groups = dict.fromkeys((each.place, each.resource.identity[2]) for each in awaited)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for place, namespace in groups:
        for document in cluster.listed(place, namespace, {MANAGED_BY: OTTLA}):
            found[place.plural, namespace, document["metadata"]["name"]] = {"kind": _kind(awaited, place), **document}
    there = [(each, found.get((each.place.plural, *each.resource.identity[2:]))) for each in awaited]
    states = [(each, GONE if live is None else condition_of(live)) for each, live in there]
    pools = [(each, live) for each, live in there if each.resource.identity[1] == "KafkaNodePool"]
    growing = tuple(line for pool, live in pools for line in _growing(cluster, pool, live or {}))
    pending = (*((each.name, state.said) for each, state in states if not state.ready), *growing)
    return Waiting(len(awaited) + len(growing), pending)


def _growing(cluster: Cluster, pool: Planned, live: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The volumes of a pool that are smaller than it says now, and why (a volume may grow only when its pod is restarted)."""
    _, _, namespace, name = pool.resource.identity
    nodes = (live.get("status") or {}).get("nodeIds")
    document = pool.resource.document
    labels = {CLUSTER_LABEL: document["metadata"]["labels"][CLUSTER_LABEL], POOL_LABEL: name}
    for claim in cluster.listed(CLAIMS, namespace, labels):
        yield from still_growing(claim, volumes(document), nodes)


def _kind(awaited: Sequence[Planned], place: object) -> str:
    """The items of a list do not all say their kind."""
    return next(each.resource.identity[1] for each in awaited if each.place == place)


def _partly(account: _Account, failed: str) -> ApplyError:
    return ApplyError(done=account.done, failed=[failed], not_tried=account.left, hint=HINT)
