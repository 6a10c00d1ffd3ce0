"""The keys of monitoring: what they take, and what they say against the rest of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ottla.spec.exporter import Listen
from ottla.spec.monitoring import GroupLag

if TYPE_CHECKING:
    from tests.spec.conftest import Faults, Load

HEAD = """\
platform: shop
cluster: {name: shop}
environments: {dev: {target: local}}
topics: {orders: {partitions: 1}}
users: {reader: {consumes: {topics: [orders], group: readers}}}
"""


def test_what_is_not_said_is_as_the_house_has_it(load: Load) -> None:
    monitoring = load(HEAD).environment("dev")[1].monitoring
    assert (monitoring.lag.records, monitoring.lag.seconds, monitoring.lag.lasting) == (1000, 60_000, 300_000)
    assert (monitoring.disk.used, monitoring.disk.full_within) == (0.85, 14_400_000)
    assert monitoring.certificates.expire_within == 21 * 86_400_000
    assert (monitoring.prometheus.listen, monitoring.prometheus.scrape_interval) == (Listen("127.0.0.1", 9090), 10_000)
    assert (monitoring.alertmanager.listen, monitoring.webhook) == (Listen("127.0.0.1", 9099), "none")


def test_prometheus_may_ask_every_two_minutes(load: Load) -> None:
    monitoring = load(f"{HEAD}monitoring: {{prometheus: {{scrape_interval: 2m}}}}\n").environment("dev")[1].monitoring
    assert monitoring.prometheus.scrape_interval == 120_000


def test_limits_are_said_for_all_groups_and_for_one(load: Load) -> None:
    said = "{lag: {records: unlimited, for: 2m, groups: {readers: {seconds: 10s}}}, disk: {used: 92.5%}, webhook: 'http://h:1/x'}"
    monitoring = load(f"{HEAD}monitoring: {said}\n").environment("dev")[1].monitoring
    assert (monitoring.lag.records, monitoring.lag.lasting) == (-1, 120_000)
    assert monitoring.lag.groups == {"readers": GroupLag(seconds=10_000)}
    assert (monitoring.disk.used, monitoring.webhook) == (0.925, "http://h:1/x")


@pytest.mark.parametrize(
    ("said", "key", "message"),
    [
        ("disk: {used: 0%}", "disk.used", "between 0% and 100%"),
        ("disk: {used: 100%}", "disk.used", "between 0% and 100%"),
        ("disk: {used: 85}", "disk.used", "such as 85%"),
        ("disk: {full_within: 0s}", "disk.full_within", "more than 0"),
        ("lag: {records: -5}", "lag.records", "a number of records"),
        ("lag: {records: '5'}", "lag.records", "a number of records"),
        ("lag: {seconds: 0s}", "lag.seconds", "or unlimited"),
        ("lag: {records: -1}", "lag.records", "or unlimited"),
        ("lag: {for: 19s}", "lag.for", "20s is the least"),
        ("lag: {lasting: 5m}", "lag.lasting", "unknown key"),
        ("lag: {fro: 5m}", "lag.fro", "did you mean 'for'?"),
        ("lag: {groups: {reader: {records: 5}}}", "lag.groups.reader", "did you mean 'readers'?"),
        ("webhook: example.com", "webhook", "expected a URL"),
        ("webhook: 'http://example.com:99999/'", "webhook", "expected a URL"),
        ("webhook: 'https://user:pass@example.com/'", "webhook", "a spec holds no secret"),
        ("runbooks: ''", "runbooks", "expected the URL of a folder"),
        ("prometheus: {scrape_interval: 500ms}", "prometheus.scrape_interval", "1s or more"),
        ("prometheus: {scrape_interval: 121s}", "prometheus.scrape_interval", "2m or less"),
        ("prometheus: {listen: '9090'}", "prometheus.listen", "expected HOST:PORT"),
        ("prometheus: {listen: '127.0.0.1:9308'}", "prometheus.listen", "exporter.listen has the port 9308"),
        ("alertmanager: {listen: '127.0.0.1:9090'}", "alertmanager.listen", "monitoring.prometheus.listen has the port"),
    ],
)
def test_what_cannot_be_is_said_with_its_key(said: str, key: str, message: str, faults: Faults) -> None:
    [fault] = faults(f"{HEAD}monitoring:\n  {said}\n")
    assert f": monitoring.{key}: " in f": {fault.partition(':')[2].strip()}"
    assert message in fault


def test_lag_lasts_two_rounds_of_a_slow_exporter_too(faults: Faults) -> None:
    [fault] = faults(f"{HEAD}exporter: {{interval: 3m}}\nmonitoring: {{lag: {{for: 5m}}}}\n")
    assert "two of exporter.interval" in fault


def test_any_group_may_have_a_limit_where_no_user_says_as_which_it_reads(load: Load) -> None:
    head = HEAD.replace("users: {reader: {consumes: {topics: [orders], group: readers}}}\n", "")
    spec = load(f"{head}monitoring: {{lag: {{groups: {{any: {{records: 5}}}}}}}}\n").environment("dev")[1]
    assert spec.monitoring.lag.groups == {"any": GroupLag(records=5)}
