"""Whether a Prometheus that somebody else runs really asks nodes and exporter, and has our rules: by its own answers."""

from __future__ import annotations

import json
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ottla.errors import WaitTimeout
from ottla.metrics.promql import EXPORTER_JOB, NODES_JOB, quoted, up
from ottla.reconcile import Check
from ottla.spec import Target
from ottla.telemetry.watching import counted_nodes
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec import EnvironmentSpec

TIMEOUT = 10.0  # seconds for an answer
NEW = 60.0  # seconds until Prometheus knows of what has just been made: its operator writes its configuration anew
EVERY = 2.0
WATCHDOG = "Watchdog"  # the alert that always fires
SUBJECT = "prometheus"


def scrape_checks(spec: EnvironmentSpec, url: str, *, patience: float = NEW) -> tuple[Check, ...]:
    """A check for each job, and one for the rules. What is wanting is looked at again for ``patience`` seconds."""
    try:
        return wait_until(
            lambda: tuple(_checks(spec, url.rstrip("/"))),
            lambda found: all(check.wanting is None for check in found),
            what="Prometheus to ask every target",
            timeout=patience,
            every=EVERY,
        )
    except WaitTimeout as late:
        found: tuple[Check, ...] = late.last  # type: ignore[assignment]  # what the first argument gave last
        return found


def _checks(spec: EnvironmentSpec, url: str) -> Iterator[Check]:
    """The rules are known to be there by the alert that always fires."""
    cluster = spec.cluster.name
    try:
        for job, least in _jobs(spec):
            answers = [float(each["value"][1]) for each in _asked(url, up(job, cluster))]
            yield _of_job(job, least, len(answers), int(sum(answers)))
        rules = _asked(url, f'ALERTS{{alertname="{WATCHDOG}",cluster="{quoted(cluster)}"}}')
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
        yield Check(SUBJECT, "answers", "no", f"{url} does not answer: {error}")
        return
    none = "our rules are not there: does it select the PrometheusRule? see kubernetes.monitors.labels"
    yield Check(SUBJECT, "rules", "read" if rules else "none", None if rules else none)


def _jobs(spec: EnvironmentSpec) -> Iterator[tuple[str, int]]:
    """What is asked, and how many targets there are at least. Who shares a cluster has none of its own."""
    if spec.shares is not None:
        return
    if spec.target is Target.STRIMZI or spec.cluster.jmx_agent:
        nodes = counted_nodes(spec)
        dedicated = spec.cluster.controllers.value == "dedicated"
        yield NODES_JOB, nodes.brokers + (nodes.voters if dedicated else 0)
    if spec.exporter.enabled:
        yield EXPORTER_JOB, 1


def _of_job(job: str, least: int, there: int, answering: int) -> Check:
    wanting = None
    if there < least:
        wanting = f"it knows {there} of {least}: does it select the monitors? see kubernetes.monitors.labels"
    elif answering < there:
        wanting = f"{there - answering} of {there} do not answer it: a NetworkPolicy, or a pod that is not ready"
    return Check(SUBJECT, f"{job} targets", f"{answering}/{max(there, least)}", wanting)


def _asked(url: str, query: str) -> list[dict[str, Any]]:
    """The series of an instant query (Prometheus' HTTP API)."""
    address = f"{url}/api/v1/query?{urlencode({'query': query})}"
    with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:  # noqa: S310  (http or https, as the option says)
        document = json.load(answer)
    found: list[dict[str, Any]] = document["data"]["result"]
    return found
