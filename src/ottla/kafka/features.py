"""Features of a cluster (KIP-584): what its nodes can do, and what was finalised for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka.protocol.admin import UpdateFeaturesRequest
from kafka.protocol.metadata import ApiVersionsRequest

from ottla.errors import ClusterError
from ottla.kafka.connection import CLIENT_ID, check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ottla.kafka.connection import Connection

METADATA_VERSION = "metadata.version"
UPGRADE = 1
TIMEOUT_MS = 60_000


@dataclass(frozen=True, slots=True)
class FeatureLevel:
    """``finalised`` holds for the cluster; every node that was asked can do ``supported``."""

    finalised: int
    supported: int


def read_metadata_version(connection: Connection, node_ids: Iterable[int]) -> FeatureLevel:
    """The metadata.version of the cluster, and the highest that all of ``node_ids`` know. Raises ClusterError."""
    supported, finalised = [], 0
    for node_id in node_ids:
        request = ApiVersionsRequest(client_software_name=CLIENT_ID, client_software_version="1", min_version=3)
        answer = connection.send(request, node_id=node_id)
        check(answer.error_code, None, what=f"cannot read the features of node {node_id}")
        supported += [feature.max_version for feature in answer.supported_features if feature.name == METADATA_VERSION]
        finalised = max(
            [finalised, *(each.max_version_level for each in answer.finalized_features if each.name == METADATA_VERSION)]
        )
    if not supported or not finalised:
        raise ClusterError("the cluster does not tell its metadata.version")
    return FeatureLevel(finalised, min(supported))


def finalise_metadata_version(connection: Connection, level: int) -> None:
    """Raise metadata.version for good: nodes of an older Kafka cannot read the metadata after that. Raises ClusterError."""
    update = UpdateFeaturesRequest.FeatureUpdateKey(
        feature=METADATA_VERSION, max_version_level=level, allow_downgrade=False, upgrade_type=UPGRADE
    )
    request = UpdateFeaturesRequest(timeout_ms=TIMEOUT_MS, feature_updates=[update], validate_only=False, min_version=1)
    answer = connection.send(request)
    check(answer.error_code, answer.error_message, what=f"cannot raise metadata.version to {level}")
    for result in answer.results or ():
        check(result.error_code, result.error_message, what=f"cannot raise metadata.version to {level}")
