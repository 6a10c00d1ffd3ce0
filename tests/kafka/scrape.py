"""What a node's JMX agent answers, read as Prometheus reads it (text format 0.0.4)."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ottla.metrics.catalogue import CATALOGUE
from ottla.metrics.metric import MBean, Presence, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tests.conftest import Home

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="([^"]*)"')
OF_KAFKA = "kafka_"
NODE_METRICS = {metric.name: metric for metric in CATALOGUE if isinstance(metric.source, MBean)}


@dataclass(frozen=True)
class Sample:
    """A line of the answer that is no comment."""

    name: str
    labels: Mapping[str, str]
    value: float

    @property
    def series(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        return self.name, tuple(sorted(self.labels.items()))


@dataclass(frozen=True)
class Scrape:
    """An answer: its lines, and how long it took to come."""

    text: str
    seconds: float

    @cached_property
    def samples(self) -> list[Sample]:
        """Everything that is no comment; a line that is neither is a fault."""
        lines = [SAMPLE.match(line) for line in self.text.splitlines() if line and not line.startswith("#")]
        assert None not in lines
        return [Sample(line[1], dict(LABEL.findall(line[2] or "")), float(line[3])) for line in lines if line is not None]

    @cached_property
    def names(self) -> set[str]:
        """The metrics of Kafka that have a sample."""
        return {sample.name for sample in self.samples if sample.name.startswith(OF_KAFKA)}

    def said(self, what: str) -> list[tuple[str, str]]:
        """Each metric's TYPE or HELP, as often as it is said."""
        lines = [line.split(" ", 3) for line in self.text.splitlines() if line.startswith(f"# {what} {OF_KAFKA}")]
        return [(name, rest) for _, _, name, rest in lines]

    def value(self, name: str) -> float:
        (found,) = [sample.value for sample in self.samples if sample.name == name]
        return found

    def by_label(self, name: str, label: str) -> dict[str, float]:
        return {sample.labels[label]: sample.value for sample in self.samples if sample.name == name}


def scrape(port: int) -> Scrape:
    """Ask the agent on this machine."""
    started = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    return Scrape(text, time.monotonic() - started)


def names_of(scrapes: Collection[Scrape]) -> set[str]:
    return set().union(*(each.names for each in scrapes))


def promised(roles: set[Role], *presences: Presence) -> set[str]:
    """The metrics that the catalogue has for nodes with any of these roles."""
    beans = [(metric, metric.source) for metric in NODE_METRICS.values() if isinstance(metric.source, MBean)]
    return {metric.name for metric, bean in beans if bean.roles & roles and metric.presence in presences}


def jmx_ports(home: Home, spec: str = "platform.yaml") -> dict[int, int]:
    """Where the agent of each node is, as `ottla status` says it."""
    nodes = json.loads(home.run("status", "-o", "json", spec=spec).stdout)["data"]["nodes"]
    return {node["node_id"]: node["ports"]["jmx"] for node in nodes if "jmx" in node["ports"]}


def scrape_all(home: Home, spec: str = "platform.yaml") -> dict[int, Scrape]:
    return {node_id: scrape(port) for node_id, port in jmx_ports(home, spec).items()}
