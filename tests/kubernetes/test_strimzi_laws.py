"""What holds for every file that is rendered, whatever the spec says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from tests.kubernetes.sites import documents, in_kubernetes, loaded, resources, shipped
from tests.kubernetes.variations import specs

from ottla.kubernetes.rendering import resources_of
from ottla.kubernetes.strimzi import API
from ottla.kubernetes.writing import files_of
from ottla.spec.kubernetes import is_label_value, is_resource_name

if TYPE_CHECKING:
    from pathlib import Path

    from ottla.kubernetes.site import Site


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laws")


def hold(sites: dict[str, Site]) -> None:
    """No resource and no file of environments of one cluster is another's, and all have names that are legal."""
    found = [each for site in sites.values() for each in resources_of(site)]
    assert len({each.identity for each in found}) == len(found)
    assert len({each.file for each in found}) == len(found)
    for each in found:
        metadata = each.document["metadata"]
        assert is_resource_name(metadata["name"])
        assert each.file.endswith(".yaml")
        assert "/" not in each.file
        assert all(is_label_value(value) for value in metadata.get("labels", {}).values())
        if each.document["apiVersion"] == API:
            assert metadata["labels"]["strimzi.io/cluster"] in {site.spec.cluster.name for site in sites.values()}
            assert {key for key in metadata["labels"] if key.startswith("strimzi.io/")} == {"strimzi.io/cluster"}


@pytest.mark.parametrize("name", ["minikube", "doks", "aks"])
def test_it_holds_for_what_is_shipped(name: str) -> None:
    hold({name: shipped()[name]})


@settings(max_examples=20, deadline=None)
@given(text=specs())
def test_it_holds_for_specs_of_every_sort_and_the_same_spec_gives_the_same_bytes(folder: Path, text: str) -> None:
    spec = loaded(text, folder)
    hold(in_kubernetes(spec))
    for name, site in in_kubernetes(spec).items():
        once, again = (files_of(resources(site), spec.documents[name], environment=name) for _ in range(2))
        assert once == again
        assert list(once) == list(again)


def test_strimzi_is_left_what_it_makes_itself() -> None:
    made = {each["kind"] for site in shipped().values() for each in documents(site).values()}
    assert made <= {"Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "ConfigMap", "StorageClass"}
    assert "PodDisruptionBudget" not in {each.document["kind"] for site in shipped().values() for each in resources_of(site)}
