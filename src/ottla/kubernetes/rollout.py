"""A rollout as a value: what applying would do to each resource, what stands against it, what is left alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.conditions import AWAITED
from ottla.kubernetes.difference import comparable, conflicts, difference, owned
from ottla.kubernetes.operators import AFTER, NOTHING, STEP
from ottla.kubernetes.weighing import weigh
from ottla.plan import refuse_open

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ottla.kubernetes.cluster import Answer, Place
    from ottla.kubernetes.difference import Conflict, FieldChange
    from ottla.kubernetes.operators import OperatorStep
    from ottla.kubernetes.passwords import PlannedPassword
    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.secret_copies import PlannedCopy
    from ottla.plan import Risk


class Action(Enum):
    """What applying does to a resource. TAKE_OVER: its values stay, and from then on they are ours to change."""

    ADD = "add"
    CHANGE = "change"
    TAKE_OVER = "take over"
    NONE = "none"


USERS, DAPR = "users", "dapr"  # the steps that name Secrets
SIGNS = {Action.ADD: "+", Action.CHANGE: "~", Action.TAKE_OVER: "~"}


@dataclass(frozen=True, slots=True)
class Planned:
    """A resource, its step, and what is to be done to it. ``seen`` is what was there: None for nothing."""

    step: str
    resource: Resource
    place: Place
    action: Action
    seen: dict[str, Any] | None
    fields: tuple[FieldChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    refusals: tuple[str, ...] = ()
    risks: tuple[Risk, ...] = ()
    forced: bool = False
    revived_as: str | None = None  # the cluster_id of volumes that were kept

    @property
    def name(self) -> str:
        """``Kafka kafka/todo-kafka``."""
        return name_of(self.resource.identity)

    @property
    def awaited(self) -> bool:
        """Whether a rollout waits until it is ready."""
        return self.resource.identity[1] in AWAITED

    @property
    def line(self) -> str:
        """What is done, for a person."""
        return f"{SIGNS.get(self.action, '=')} {self.name}"


@dataclass(frozen=True, slots=True)
class Rollout:
    """The plan. ``left_alone`` has our labels and is rendered no more."""

    context: str
    server: str
    version: str
    namespace: str
    planned: tuple[Planned, ...]
    left_alone: tuple[str, ...]
    notes: tuple[str, ...]
    copies: tuple[PlannedCopy, ...] = ()
    passwords: tuple[PlannedPassword, ...] = ()
    operator: OperatorStep = NOTHING
    kept: tuple[str, str] | None = None  # what is remembered of topics, and need not be once they are there

    @property
    def changes(self) -> tuple[Planned, ...]:
        """What is to be written."""
        return tuple(each for each in self.planned if each.action is not Action.NONE)

    @property
    def lines(self) -> tuple[str, ...]:
        """What is done, a line each, in its order."""
        found: list[str] = []
        for step, planned in self.steps.items():
            if step == STEP:
                found.extend(self.operator.lines)
            found.extend(each.line for each in self.secrets(step) if each.action is not Action.NONE)
            found.extend(each.line for each in planned if each.action is not Action.NONE)
        return tuple(found)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it cannot be carried out: fields of others, and what the server would refuse."""
        of_secrets = tuple(f"{each.name}: {each.refusal}" for each in self.all_secrets if each.refusal is not None)
        return (*(reason for each in self.planned for reason in _reasons(each)), *of_secrets)

    @property
    def all_secrets(self) -> tuple[PlannedPassword | PlannedCopy, ...]:
        """The Secrets that Ottla writes, whatever is to be done to them."""
        return (*self.passwords, *self.copies)

    def secrets(self, step: str) -> tuple[PlannedPassword | PlannedCopy, ...]:
        """The Secrets that are written before that step, in which something names them."""
        return self.passwords if step == USERS else self.copies if step == DAPR else ()

    @property
    def steps(self) -> dict[str, tuple[Planned, ...]]:
        """What is planned by its step, in their order; no step is empty but that of the operator, which is no resource."""
        found: dict[str, tuple[Planned, ...]] = {}
        for each in self.planned:
            if each.step != AFTER and self.operator.namespace:
                found.setdefault(STEP, ())
            found[each.step] = (*found.get(each.step, ()), each)
        return found


def _reasons(planned: Planned) -> tuple[str, ...]:
    return tuple(f"{planned.name}: {each}" for each in (*planned.conflicts, *planned.refusals))


def refuse_unaccepted(plan: Rollout, accepted: Collection[str]) -> None:
    """Raise PlanRefused if a risk to data is not accepted by its code."""
    found = ((each.name, risk) for each in plan.planned for risk in each.risks)
    refuse_open(found, accepted, hint="nothing was changed; if that is meant, add to the command")


def name_of(identity: tuple[str, str, str, str]) -> str:
    """A resource as people and kubectl call it."""
    _, kind, namespace, name = identity
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def named(identity: tuple[str, str, str, str]) -> str:
    """A resource in one word, as it is typed: ``Kafka/kafka/todo-kafka``."""
    return name_of(identity).replace(" ", "/", 1)


def decided(
    step: str,
    resource: Resource,
    place: Place,
    live: dict[str, Any] | None,
    answer: Answer | None,
    *,
    forced: bool = False,
    classes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Planned:
    """What is to be done, by what is there and what a dry run answers; no answer: the namespace is not there yet.

    ``classes`` are the StorageClasses by name; None: nobody may look at them.
    """
    seen = None if live is None else comparable(live)
    if answer is not None and not answer.done:
        found = conflicts(answer.body) if answer.status == HTTPStatus.CONFLICT else ()
        refusals = () if found else (answer.message,)
        action = Action.ADD if live is None else Action.CHANGE
        return Planned(step, resource, place, action, seen, conflicts=found, refusals=refusals, forced=forced)
    if live is None or answer is None:
        return Planned(step, resource, place, Action.ADD, seen, forced=forced)
    fields = difference(live, answer.body)
    others = Action.NONE if owned(live) == owned(answer.body) else Action.TAKE_OVER
    cost = weigh(live, answer.body, classes)
    action = Action.CHANGE if fields else others
    return Planned(step, resource, place, action, seen, fields, refusals=cost.refusals, risks=cost.risks, forced=forced)


def rollout_lines(plan: Rollout) -> tuple[str, ...]:
    """What would be done, a line each, with the fields that change under it; and what stands against it."""
    lines: list[str] = []
    after_operator = next((each for each in plan.planned if each.step != AFTER), None)
    for each in plan.planned:
        if each is after_operator:
            lines.extend(plan.operator.shown)
        if each.action is not Action.NONE:
            taken = "  (as it is; from now on Ottla's)" if each.action is Action.TAKE_OVER else ""
            lines.extend([each.line + taken, *(f"    {field}" for field in each.fields)])
            lines.extend(f"!   {risk.code}: {risk.text}" for risk in each.risks)
        if each.revived_as is not None:
            lines.append(f"    it comes back to the volumes that were kept, as cluster_id {each.revived_as}")
        lines.extend(f"! {reason}" for reason in _reasons(each))
    return (*lines, *(each.line for each in plan.all_secrets if each.action is not Action.NONE))


def rollout_document(plan: Rollout) -> dict[str, Any]:
    """The same as data."""
    return {
        "context": plan.context,
        "server": plan.server,
        "kubernetes": plan.version,
        "namespace": plan.namespace,
        "operator": plan.operator.document,
        "changes": [_document(each) for each in plan.changes],
        "passwords": [each.name for each in plan.passwords if each.action is not Action.NONE],
        "copied_secrets": [
            {"from": f"{each.copy.namespace}/{each.copy.name}", "to": f"{each.copy.to_namespace}/{each.copy.to_name}"}
            for each in plan.copies
            if each.action is not Action.NONE
        ],
        "unchanged": len(plan.planned) - len(plan.changes),
        "refused": list(plan.reasons),
        "left_alone": list(plan.left_alone),
        "notes": list(plan.notes),
    }


def _document(planned: Planned) -> dict[str, Any]:
    api, kind, namespace, name = planned.resource.identity
    fields = [{"path": each.path, "old": each.old, "new": each.new} for each in planned.fields]
    place = {"api_version": api, "kind": kind, "namespace": namespace or None, "name": name}
    if planned.revived_as is not None:
        place["revived_as"] = planned.revived_as
    risks = [{"code": each.code, "severity": each.severity.value, "text": each.text} for each in planned.risks]
    return {"step": planned.step, "action": planned.action.value, **place, "fields": fields, "risks": risks}


def rollout_summary(plan: Rollout) -> str:
    """All of it in one line."""
    actions = [*(each.action for each in plan.planned), *(each.action for each in plan.all_secrets)]
    counts = {action: actions.count(action) for action in Action}
    for line in plan.operator.lines:
        counts[next(action for action, sign in SIGNS.items() if line.startswith(sign))] += 1
    words = {Action.ADD: "to add", Action.CHANGE: "to change", Action.TAKE_OVER: "to take over", Action.NONE: "as they are"}
    said = [f"{counts[action]} {word}" for action, word in words.items() if counts[action]]
    return f"{', '.join(said)}; nothing is deleted" if plan.lines else "no changes: all resources are as the spec says"
