"""The exporter in Kubernetes looks at what the spec says, and gets there without a secret in any manifest."""

from __future__ import annotations

import signal
import subprocess
from contextlib import closing, suppress
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import OTTLA
from tests.kubernetes.around import DEDICATED, FULL, OPEN, SHARED, all_shipped, documents, of_kind, texts_in
from tests.kubernetes.sites import shipped, site_of, sites_of

from ottla.kafka.settings import read_settings
from ottla.kubernetes.exporter import CHECKSUM, CLIENT, FOLDER, SPEC
from ottla.local.ports import LOOPBACK, free_port
from ottla.model.secret import REFERENCE
from ottla.platform.exporting import view_of_environment
from ottla.spec import load_spec
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from ottla.kubernetes.site import Site

KEYS = st.fixed_dictionaries(
    {},
    optional={
        "interval": st.sampled_from(["1s", "90s", "2m"]),
        "families": st.sampled_from(["[brokers]", "[topics, consumer_groups]"]),
        "partitions": st.sampled_from(["true", "false"]),
        "max_series": st.integers(1, 10**6).map(str),
        "topics": st.sampled_from(['"or.*"', "'\\d+: \\\"x'", '"#"']),
        "except_groups": st.just('"b\\\\.*"'),
        "read_committed": st.sampled_from(["[]", "[reader, other]"]),
        "canary": st.just("{enabled: true, interval: 250ms, deadline: 3s, topic: __own}"),
    },
)


def config(site: Site) -> dict[str, str]:
    data: dict[str, str] = of_kind(site, "ConfigMap")["kafka-exporter"]["data"]
    return data


def deployment(site: Site) -> dict[str, Any]:
    return documents(site)["kafka-exporter.yaml"]


def container(site: Site) -> dict[str, Any]:
    [found] = deployment(site)["spec"]["template"]["spec"]["containers"]
    return dict(found)


def sees_the_same(site: Site, folder: Path) -> None:
    """The spec that the exporter is given makes it look at what the whole spec would, with the same clients."""
    path = folder / SPEC
    path.write_text(config(site)[SPEC])
    own = load_spec(path).environment(site.environment)[1]
    assert view_of_environment(own, own.exporter) == view_of_environment(site.spec, site.spec.exporter)
    assert own.exporter.canary == site.spec.exporter.canary
    assert (own.client, own.cluster.name) == (site.spec.client, site.spec.cluster.name)


def test_it_looks_at_what_the_spec_says(tmp_path: Path) -> None:
    for name in ("doks", "aks"):
        sees_the_same(shipped()[name], tmp_path)


@settings(max_examples=25)
@given(keys=KEYS, text=st.sampled_from([FULL, DEDICATED]))
def test_so_it_does_whatever_its_keys_are(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str], text: str) -> None:
    folder = tmp_path_factory.mktemp("exporter")
    exporter = ", ".join(f"{key}: {value}" for key, value in {"enabled": "true", **keys}.items())
    sees_the_same(site_of(text.replace("exporter: {enabled: true, user: eyes}", f"exporter: {{{exporter}}}"), folder), folder)


def test_the_settings_are_those_of_its_user_and_name_the_files_that_are_mounted(tmp_path: Path) -> None:
    site = site_of(FULL, tmp_path)
    (tmp_path / CLIENT).write_text(config(site)[CLIENT])
    reached = read_settings(None, tmp_path / CLIENT, [])
    assert reached.bootstrap_servers == ("shop-kafka-bootstrap.kafka.svc:9093",)
    assert reached.connection["sasl.mechanism"] == "SCRAM-SHA-512"
    assert reached.connection["sasl.username"] == "eyes"
    pod = deployment(site)["spec"]["template"]["spec"]
    volumes = {each["name"]: each.get("secret", {}).get("secretName") for each in pod["volumes"]}
    mounts = {each["mountPath"]: volumes[each["name"]] for each in container(site)["volumeMounts"]}
    named = REFERENCE.fullmatch(reached.connection["sasl.password"])
    assert named is not None
    assert mounts[named[2].rpartition("/")[0]] == "eyes"
    assert mounts[reached.connection["ssl.ca.location"].rpartition("/")[0]] == "shop-cluster-ca-cert"


def test_on_an_open_platform_it_logs_in_as_nobody(tmp_path: Path) -> None:
    site = site_of(OPEN, tmp_path)
    assert config(site)[CLIENT] == "bootstrap.servers=shop-kafka-bootstrap.kafka.svc:9092\n"
    assert not [each for each in texts_in(deployment(site)) if "secret" in each.lower()]


def test_without_a_user_of_its_own_it_is_the_administrator(tmp_path: Path) -> None:
    site = site_of(FULL.replace(", user: eyes", ""), tmp_path)
    assert "sasl.username=admin\n" in config(site)[CLIENT]


def test_it_gets_no_token_and_cannot_write() -> None:
    for site in (shipped()["doks"], shipped()["aks"]):
        pod = deployment(site)["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert of_kind(site, "ServiceAccount")["kafka-exporter"]["automountServiceAccountToken"] is False
        assert container(site)["securityContext"]["readOnlyRootFilesystem"] is True
        assert all(mount["readOnly"] for mount in container(site)["volumeMounts"])


def test_another_configuration_rolls_the_pod_and_nothing_else_does(tmp_path: Path) -> None:
    def checksum(text: str) -> str:
        pod = deployment(site_of(text, tmp_path))["spec"]["template"]
        return str(pod["metadata"]["annotations"][CHECKSUM])

    first = checksum(FULL)
    assert checksum(FULL.replace("user: eyes}", "user: eyes, interval: 30s}")) != first
    assert checksum(FULL.replace("exporter: {enabled: true, user: eyes}", "exporter: {enabled: true, user: window}")) != first
    assert checksum(FULL.replace("orders: {partitions: 2}", "orders: {partitions: 6}")) == first


def test_names_and_port_are_those_that_people_know() -> None:
    found = documents(shipped()["doks"])
    service = found["kafka-exporter-service.yaml"]
    assert (found["kafka-exporter.yaml"]["kind"], service["metadata"]["name"]) == ("Deployment", "kafka-exporter")
    assert service["spec"]["ports"] == [{"name": "metrics", "port": 9308, "targetPort": "metrics"}]
    assert service["spec"]["selector"].items() <= found["kafka-exporter.yaml"]["spec"]["template"]["metadata"]["labels"].items()


def test_one_exporter_sees_all_environments_of_a_cluster(tmp_path: Path) -> None:
    sites = sites_of(SHARED, tmp_path)
    assert "kafka-exporter.yaml" in documents(sites["k8s"])
    assert [file for file in documents(sites["dev"]) if "exporter" in file] == []


def test_there_is_none_where_the_spec_has_none() -> None:
    assert not [file for file in documents(shipped()["minikube"]) if "exporter" in file]


def test_what_its_container_is_told_is_what_the_command_takes(tmp_path: Path) -> None:
    """The real command with these files, and nobody to look at."""
    site, port = shipped()["doks"], free_port(LOOPBACK, taken=set(), start=9600)
    (tmp_path / "config").mkdir()
    (tmp_path / "login").mkdir()
    (tmp_path / "login" / "password").write_text("of-nobody")
    for name, text in config(site).items():
        there = text.replace(FOLDER, str(tmp_path)).replace(site.servers, f"{LOOPBACK}:1")
        (tmp_path / "config" / name).write_text(there.replace("SASL_SSL", "SASL_PLAINTEXT"))
    arguments = [each.replace(FOLDER, str(tmp_path)) for each in container(site)["args"]]
    arguments[arguments.index("0.0.0.0:9308")] = f"{LOOPBACK}:{port}"
    with subprocess.Popen([OTTLA, *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            status = wait_until(lambda: _healthz(port), lambda found: found is not None, what="an answer", timeout=30)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=20)[1]
        finally:
            process.kill()
    assert (status, process.returncode) == (503, 130), said


def _healthz(port: int) -> int | None:
    with suppress(OSError), closing(HTTPConnection(LOOPBACK, port, timeout=5)) as client:
        client.request("GET", "/healthz")
        return client.getresponse().status
    return None


def test_its_start_is_soon_over_and_says_nothing_of_kafka() -> None:
    """A startup probe that failed where Kafka is away would end the pod long before the liveness probe does."""
    probes = {name: probe for name, probe in container(shipped()["doks"]).items() if name.endswith("Probe")}
    assert {name: probe["httpGet"]["path"] for name, probe in probes.items()} == {
        "startupProbe": "/",
        "readinessProbe": "/healthz",
        "livenessProbe": "/healthz",
    }
    assert (probes["startupProbe"]["periodSeconds"], probes["startupProbe"]["failureThreshold"]) == (1, 120)


def test_no_manifest_holds_a_secret() -> None:
    for site in all_shipped():
        assert "Secret" not in {document["kind"] for document in documents(site).values()}
