"""observed x desired -> what would change, in which order, at what risk. Pure: the same input gives the same plan."""

from ottla.plan.changes import (
    AddPartitions,
    AlterNodeProperties,
    AlterTopicConfigs,
    Change,
    ConfigChange,
    CreateTopic,
    DeleteTopic,
    describe,
)
from ottla.plan.diff import Diff, diff
from ottla.plan.json import plan_document
from ottla.plan.plan import Plan, PlannedChange, make_plan, only_creates, reassess, refuse_unaccepted, stale_objects
from ottla.plan.risk import CODES, Risk, Severity, topics_in_need_of_evidence
from ottla.plan.simulate import apply_in_memory
from ottla.plan.text import plan_lines, plan_summary

__all__ = [
    "CODES",
    "AddPartitions",
    "AlterNodeProperties",
    "AlterTopicConfigs",
    "Change",
    "ConfigChange",
    "CreateTopic",
    "DeleteTopic",
    "Diff",
    "Plan",
    "PlannedChange",
    "Risk",
    "Severity",
    "apply_in_memory",
    "describe",
    "diff",
    "make_plan",
    "only_creates",
    "plan_document",
    "plan_lines",
    "plan_summary",
    "reassess",
    "refuse_unaccepted",
    "stale_objects",
    "topics_in_need_of_evidence",
]
