"""Pools: the same nodes as on this machine, with the disk, heap and distance that the spec says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kubernetes.sites import OPEN, documents, of_kind, shipped, site_of

from ottla.kubernetes.site import Site
from ottla.kubernetes.strimzi_pools import heap_size, pools
from ottla.local.roles import node_roles
from ottla.spec import load_spec

if TYPE_CHECKING:
    from pathlib import Path


def sized(more: str, kubernetes: str = "") -> str:
    """An open platform with more said of its cluster, and of the Kubernetes."""
    text = OPEN.replace("disk: 10GiB}", f"disk: 10GiB, {more}}}") if more else OPEN
    return f"{text}kubernetes: {{{kubernetes}}}\n"


def as_strimzi_assigns(rendered: list[dict[str, Any]]) -> dict[int, tuple[str, ...]]:
    """The roles of the nodes, by the ids that new pools get: the lowest ones of their ranges that are free (NodeIdAssignor)."""
    taken: dict[int, tuple[str, ...]] = {}
    for pool in rendered:
        found = re.fullmatch(r"\[(\d+)-(\d+)\]", pool["metadata"]["annotations"]["strimzi.io/next-node-ids"])
        assert found is not None
        free = [each for each in range(int(found[1]), int(found[2]) + 1) if each not in taken]
        assert len(free) >= pool["spec"]["replicas"]
        taken |= dict.fromkeys(free[: pool["spec"]["replicas"]], tuple(sorted(pool["spec"]["roles"])))
    return taken


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pools")


@given(nodes=st.integers(1, 120), kind=st.sampled_from(["combined", "dedicated"]), step=st.sampled_from([1, -1]))
def test_nodes_have_the_ids_and_roles_that_they_have_on_this_machine(folder: Path, nodes: int, kind: str, step: int) -> None:
    text = sized(f"nodes: {nodes}, controllers: {kind}").replace(
        "topics:", "topic_defaults: {replication_factor: 1, min_insync_replicas: 1}\ntopics:"
    )
    rendered = [each.document for each in pools(site_of(text, folder))]
    roles = node_roles(nodes, dedicated=kind == "dedicated")
    assert as_strimzi_assigns(rendered[::step]) == {each: tuple(sorted(theirs)) for each, theirs in roles.items()}


def test_one_pool_of_combined_nodes_or_one_for_each_kind(tmp_path: Path) -> None:
    assert set(of_kind(site_of(sized(""), tmp_path), "KafkaNodePool")) == {"kafka"}
    apart = of_kind(site_of(sized("controllers: dedicated"), tmp_path), "KafkaNodePool")
    assert {name: pool["spec"]["roles"] for name, pool in apart.items()} == {
        "broker": ["broker"],
        "controller": ["controller"],
    }


@pytest.mark.parametrize(
    ("name", "size", "heap", "requests", "limits"),
    [
        ("minikube", "10G", "512m", {"cpu": "500m", "memory": "1G"}, {"cpu": "1", "memory": "2G"}),
        ("doks", "10Gi", "1g", {"cpu": "1", "memory": "2Gi"}, {"cpu": "2", "memory": "4Gi"}),
        ("aks", "100Gi", "1g", {"cpu": "1", "memory": "2Gi"}, {"cpu": "2", "memory": "4Gi"}),
    ],
)
def test_shipped_environments_have_the_figures_of_the_documents(
    name: str, size: str, heap: str, requests: dict[str, str], limits: dict[str, str]
) -> None:
    spec = documents(shipped()[name])["node-pool-kafka.yaml"]["spec"]
    assert spec["replicas"] == 3
    [volume] = spec["storage"]["volumes"]
    assert (volume["type"], volume["size"], volume["deleteClaim"]) == ("persistent-claim", size, False)
    assert spec["jvmOptions"] == {"-Xms": heap, "-Xmx": heap}
    assert spec["resources"] == {"requests": requests, "limits": limits}


def test_classes_of_storage_are_those_of_the_clouds() -> None:
    classes = {
        name: documents(site)["node-pool-kafka.yaml"]["spec"]["storage"]["volumes"][0].get("class")
        for name, site in shipped().items()
    }
    assert classes == {"minikube": None, "doks": "do-block-storage", "aks": "managed-csi-premium"}


def test_a_node_may_have_several_volumes_and_keeps_metadata_on_one_of_them(tmp_path: Path) -> None:
    found = of_kind(
        site_of(sized("controllers: dedicated", "storage: {volumes: 3, delete_claim: true}"), tmp_path), "KafkaNodePool"
    )
    volumes = {name: pool["spec"]["storage"]["volumes"] for name, pool in found.items()}
    assert [each["id"] for each in volumes["broker"]] == [0, 1, 2]
    assert [each.get("kraftMetadata") for each in volumes["broker"]] == ["shared", None, None]
    assert all(each["deleteClaim"] for each in volumes["broker"])
    assert len(volumes["controller"]) == 1


def test_controllers_may_be_promised_less_than_brokers(tmp_path: Path) -> None:
    said = "resources: {requests: {memory: 4GiB}}, controller_resources: {requests: {memory: 1GiB}}"
    found = of_kind(site_of(sized("controllers: dedicated", said), tmp_path), "KafkaNodePool")
    memory = {name: pool["spec"]["resources"]["requests"]["memory"] for name, pool in found.items()}
    assert memory == {"broker": "4Gi", "controller": "1Gi"}


def apart(site: Site, pool: str = "kafka") -> dict[str, Any]:
    template: dict[str, Any] = of_kind(site, "KafkaNodePool")[pool]["spec"]["template"]["pod"]
    return template


def test_no_two_nodes_of_a_kind_share_a_machine_or_they_rather_do_not(tmp_path: Path) -> None:
    [term] = apart(shipped()["doks"])["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    labels = {"strimzi.io/cluster": "todo-kafka", "strimzi.io/pool-name": "kafka"}
    assert term == {"labelSelector": {"matchLabels": labels}, "topologyKey": "kubernetes.io/hostname"}
    preferred = apart(shipped()["minikube"])["affinity"]["podAntiAffinity"]
    assert set(preferred) == {"preferredDuringSchedulingIgnoredDuringExecution"}
    site = site_of(sized("controllers: dedicated"), tmp_path)
    for pool in ("broker", "controller"):
        [term] = apart(site, pool)["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert term["labelSelector"]["matchLabels"]["strimzi.io/pool-name"] == pool


def test_nodes_are_spread_over_racks_where_there_are_any(tmp_path: Path) -> None:
    [constraint] = apart(shipped()["aks"])["topologySpreadConstraints"]
    assert (constraint["topologyKey"], constraint["whenUnsatisfiable"]) == ("topology.kubernetes.io/zone", "DoNotSchedule")
    rather = site_of(sized("", "spread: preferred, rack: zone"), tmp_path)
    assert apart(rather)["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "ScheduleAnyway"
    assert "topologySpreadConstraints" not in apart(shipped()["doks"])


def test_a_storage_class_that_is_made_keeps_volumes_lets_them_grow_and_encrypts_as_it_is_told(tmp_path: Path) -> None:
    said = "storage: {class: encrypted, create: {provisioner: disk.csi.azure.com, parameters: {skuName: Premium_LRS}}}"
    site = site_of(sized("", said), tmp_path)
    made = documents(site)["storage-class.yaml"]
    assert made["metadata"]["name"] == documents(site)["node-pool-kafka.yaml"]["spec"]["storage"]["volumes"][0]["class"]
    assert "namespace" not in made["metadata"]
    assert made["provisioner"] == "disk.csi.azure.com"
    assert made["parameters"] == {"skuName": "Premium_LRS"}
    assert (made["allowVolumeExpansion"], made["reclaimPolicy"]) == (True, "Retain")
    assert made["volumeBindingMode"] == "WaitForFirstConsumer"
    assert "storage-class.yaml" not in documents(shipped()["doks"])


@given(size=st.integers(1, 2**40))
def test_a_heap_is_written_as_the_jvm_reads_it_and_exactly(size: int) -> None:
    found = re.fullmatch(r"([0-9]+)([mMgG]?)", heap_size(size))  # JvmOptions of Strimzi's API
    assert found is not None
    assert int(found[1]) * {"": 1, "m": 2**20, "g": 2**30}[found[2]] == size


def test_a_pool_is_rendered_for_every_shipped_environment_and_none_for_a_shared_cluster(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text(OPEN.replace("k8s: {target: strimzi}", "k8s: {shares: prod, prefix: k8s.}, prod: {target: strimzi}"))
    spec = load_spec(path)
    assert [*pools(Site("k8s", spec.environments["k8s"]))] == []
    assert all(len([*pools(site)]) == 1 for site in shipped().values())
