"""A cluster that is monitored for real, with rules ten times as quick: faults are done, alerts come to a webhook, and go."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka.admin import AdminClient, NewTopic
from ruamel.yaml import YAML
from tests.companions.conftest import monitored_spec, write_spec
from tests.companions.timings import TIMINGS, Timing
from tests.companions.webhook import Webhook, listening
from tests.conftest import Home, start_home
from tests.kafka.clients import of_librdkafka

from ottla.metrics.promql import NODES_JOB
from ottla.platform import Platform
from ottla.platform.monitoring import Monitoring, keep_monitoring, monitoring_of, watched
from ottla.platform.monitoring_files import documents
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from ottla.local.faults.fault import Evidence
    from ottla.platform import LocalPlatform

SCALE = 10.0
WATCHDOG = "Watchdog"
QUIET = 90.0  # seconds
CANNOT_SPARE = (  # topics whose partitions do not outlive the first dead broker of three
    NewTopic("bench-one-replica", num_partitions=3, replication_factor=1),
    NewTopic("bench-all-in-sync", num_partitions=3, replication_factor=3, config={"min.insync.replicas": "3"}),
)
ROUTES, CONFIG = "alertmanager.yml", "prometheus.yml"


@dataclass
class Bench:
    """A monitored home and the webhook that its Alertmanager tells."""

    home: Home
    webhook: Webhook
    began: float

    @property
    def platform(self) -> LocalPlatform:
        """As the spec has it, with the exporter that monitoring needs."""
        return watched(Platform.load(self.home.folder / "platform.yaml").on(self.home.environment), wanted=True)

    @property
    def config(self) -> dict[str, Any]:
        """How a client of librdkafka gets in."""
        return of_librdkafka(self.home.settings)

    def create(self, *topics: NewTopic) -> None:
        """Make topics, and wait until they are there."""
        admin = AdminClient(self.config)  # held: what it was asked for ends with it
        for made in admin.create_topics([*topics]).values():
            made.result(30)

    @property
    def monitoring(self) -> Monitoring:
        return monitoring_of(self.platform)

    def install(
        self,
        change: Callable[[dict[str, Any]], None] | None = None,
        *,
        inhibits: bool = False,
        scale: float = SCALE,
        also_scraped: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Have the rules of the spec, or of a changed one; each alert is told of by itself unless it ``inhibits``.

        ``also_scraped`` are targets of Prometheus that are taken for nodes of the cluster.
        """
        platform = self.platform if change is None else self._changed(change)
        files = documents(platform, scale=scale)
        routes = files[ROUTES] if inhibits else without_inhibition(files[ROUTES])
        scraped = with_nodes(files[CONFIG], also_scraped) if also_scraped else files[CONFIG]
        keep_monitoring(self.platform, wanted=True, documents={**files, ROUTES: routes, CONFIG: scraped})

    @contextmanager
    def quicker(self, scale: float) -> Iterator[None]:
        """Have rules that are so many times as quick, for the length of the block."""
        self.install(scale=scale)
        try:
            yield
        finally:
            self.install()

    def _changed(self, change: Callable[[dict[str, Any]], None]) -> LocalPlatform:
        spec = json.loads((self.home.folder / "platform.yaml").read_text())
        change(spec)
        path = self.home.folder / "changed.yaml"
        path.write_text(json.dumps(spec))
        return watched(Platform.load(path).on(self.home.environment), wanted=True)

    def follower(self) -> int:
        """A node that is not the active controller."""
        return min(self.followers())

    def followers(self) -> set[int]:
        """All of those."""
        status = self.platform.status()
        assert status.view is not None
        assert status.view.quorum is not None
        return {node.node_id for node in self.platform.cluster.made().nodes} - {status.view.quorum.leader}

    def firing(self) -> set[str]:
        """What fires now, as Prometheus has it, told or held back."""
        answer = self.monitoring.prometheus.ask("/api/v1/alerts")
        return {alert["labels"]["alertname"] for alert in answer["data"]["alerts"] if alert["state"] == "firing"}

    def wait_for(self, alerts: Collection[str], timeout: float) -> None:
        """Wait until all of them fire in Prometheus, told or held back."""
        wait_until(
            self.firing, lambda seen: seen.issuperset(alerts), what=f"{sorted(alerts)} to fire", timeout=timeout, every=0.5
        )

    def wait_until_quiet(self) -> None:
        """Wait until nothing fires but the Watchdog."""
        wait_until(self.firing, lambda seen: seen == {WATCHDOG}, what="alerts to be over", timeout=QUIET, every=0.5)

    def prove(
        self, alerts: Collection[str], *, fault: str, do: Callable[[], object], heal: Callable[[], object], within: float = 60.0
    ) -> None:
        """Do a fault: each of ``alerts`` comes to the webhook within so many seconds. Heal it: each is over as soon."""
        began = time.monotonic()
        try:
            shown(do())
            came = {name: self.webhook.fired(name, within, since=began).came - began for name in alerts}
        finally:
            healed = time.monotonic()
            back = heal()
        shown(back)
        for name in alerts:
            gone = self.webhook.resolved(name, within, since=healed).came - healed
            TIMINGS.append(Timing(name, fault, came[name], gone))


def shown(evidence: Evidence | object) -> None:
    """Fail where a fault says that it did not take hold, or is not gone."""
    assert getattr(evidence, "shown", True), getattr(evidence, "lines", ())


def without_inhibition(routes: str) -> str:
    """Alertmanager's document, so that each alert is told of, whatever else fires."""
    document = YAML(typ="safe").load(routes)
    assert document.pop("inhibit_rules")
    return json.dumps(document)


def with_nodes(config: str, targets: Sequence[Mapping[str, Any]]) -> str:
    """Prometheus' document, with more targets among the nodes."""
    document = YAML(typ="safe").load(config)
    (nodes,) = [job for job in document["scrape_configs"] if job["job_name"] == NODES_JOB]
    nodes["static_configs"] += targets
    return json.dumps(document)


@contextmanager
def running_bench(folder: Path, environment: str, change: Callable[[dict[str, Any]], None]) -> Iterator[Bench]:
    """A home with monitoring, up for the length of the block. ``change`` is done to the spec before."""
    with listening() as webhook:
        spec = monitored_spec(webhook=webhook.url)
        change(spec)
        write_spec(folder, spec)
        home = start_home(folder, environment)
        try:
            done = home.run("up", "--with", "monitoring")
            assert done.returncode == 0, done.stderr
            bench = Bench(home, webhook, time.monotonic())
            bench.install()
            wait_until(
                bench.monitoring.status,
                lambda seen: seen is not None and seen.up == seen.targets != 0,
                what="every target to answer",
                timeout=60,
            )
            yield bench
        finally:
            home.platform.wipe()
