"""Runs as tests need them: small, and complete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ottla.proof.history.columns import Load, Run

RUN = Run(
    drill="baseline",
    expects="none",
    seed=7,
    faults=(),
    load=Load(rate=1_000, size=1_024, duration_ms=10_000),
    topic="drill.events",
    group="drill",
    partitions=3,
    replication_factor=3,
    min_insync_replicas=2,
    acks="all",
    idempotent=True,
    session_ms=9_000,
    producers=2,
    readers=2,
    nodes=(1, 2, 3),
    cluster_id="GnHXkHqcTY2kAZ4rFhPXUg",
    kafka_version="4.3.1",
    ottla_version="0.1.0",
    command="ottla drill run baseline --seed 7",
    acts=0,
    jvm=("-Xmx536870912",),
    began="2026-11-21T17:00:00+00:00",
    began_ns=0,
    complete=True,
)


def a_run(**other: Any) -> Run:
    """A run like any other, but for what is named."""
    return replace(RUN, **other)
