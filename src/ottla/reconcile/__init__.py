"""Live cluster and plan, both ways: observe, apply, verify."""

from ottla.reconcile.apply import Credentials, apply_plan
from ottla.reconcile.observe import Observation, observe, read_evidence, wait_for_brokers, wait_for_isr, wait_for_voters
from ottla.reconcile.verify import Check, verify
from ottla.reconcile.write_probe import verify_write

__all__ = [
    "Check",
    "Credentials",
    "Observation",
    "apply_plan",
    "observe",
    "read_evidence",
    "verify",
    "verify_write",
    "wait_for_brokers",
    "wait_for_isr",
    "wait_for_voters",
]
