"""observed x desired -> what would change, in which order, at what risk. Pure: the same input gives the same plan."""

from ottla.plan.access import Unlisted
from ottla.plan.changes import (
    AddPartitions,
    AlterNodeProperties,
    AlterQuota,
    AlterTopicConfigs,
    Change,
    ConfigChange,
    CreateAcl,
    CreateTopic,
    DeleteAcl,
    DeleteScram,
    DeleteTopic,
    QuotaChange,
    UpsertScram,
    describe,
    object_key,
    order_changes,
)
from ottla.plan.diff import Diff, diff
from ottla.plan.json import plan_document
from ottla.plan.plan import Plan, PlannedChange, make_plan, only_creates, reassess, refuse_open, refuse_unaccepted, stale_objects
from ottla.plan.risk import CODES, Risk, Severity, risks_of, risks_of_properties, topics_in_need_of_evidence
from ottla.plan.scope import outside, within
from ottla.plan.simulate import apply_in_memory
from ottla.plan.text import plan_lines, plan_summary

__all__ = [
    "CODES",
    "AddPartitions",
    "AlterNodeProperties",
    "AlterQuota",
    "AlterTopicConfigs",
    "Change",
    "ConfigChange",
    "CreateAcl",
    "CreateTopic",
    "DeleteAcl",
    "DeleteScram",
    "DeleteTopic",
    "Diff",
    "Plan",
    "PlannedChange",
    "QuotaChange",
    "Risk",
    "Severity",
    "Unlisted",
    "UpsertScram",
    "apply_in_memory",
    "describe",
    "diff",
    "make_plan",
    "object_key",
    "only_creates",
    "order_changes",
    "outside",
    "plan_document",
    "plan_lines",
    "plan_summary",
    "reassess",
    "refuse_open",
    "refuse_unaccepted",
    "risks_of",
    "risks_of_properties",
    "stale_objects",
    "topics_in_need_of_evidence",
    "within",
]
