"""Client quotas: read all, and alter key by key (KIP-546)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

from ottla.errors import ClusterError
from ottla.kafka.connection import check, error_text
from ottla.model.quota import DEFAULT, QuotaEntity, Unnamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ottla.kafka.connection import Connection
    from ottla.model.quota import EntityName

USER, CLIENT_ID, IP = "user", "client-id", "ip"


def read_quotas(connection: Connection) -> dict[QuotaEntity, dict[str, float]]:
    """The quotas of every entity, as they were set, in one request. Raises ClusterError if they cannot be read."""
    answer = connection.send(DescribeClientQuotasRequest(components=[], strict=False))
    check(answer.error_code, answer.error_message, what="cannot read the quotas")
    return {_entity(entry.entity): {each.key: each.value for each in entry.values} for entry in answer.entries or ()}


def _entity(parts: Any) -> QuotaEntity:
    names: dict[str, EntityName] = {part.entity_type: DEFAULT if part.entity_name is None else part.entity_name for part in parts}
    unknown = names.keys() - {USER, CLIENT_ID, IP}
    if unknown:
        raise ClusterError(f"the cluster has a quota for what is not known here: {', '.join(sorted(unknown))}")
    return QuotaEntity(names.get(USER), names.get(CLIENT_ID), names.get(IP))


def alter_quotas(
    connection: Connection, changes: Mapping[QuotaEntity, Mapping[str, float | None]]
) -> dict[QuotaEntity, str | None]:
    """Set quotas (None: take away), leaving every other key alone, in one request.

    The answer says for each entity the refusal, or None.
    """
    if not changes:
        return {}
    entries = [
        (_parts(entity), [(key, value or 0.0, value is None) for key, value in values.items()])
        for entity, values in changes.items()
    ]
    answer = connection.send(AlterClientQuotasRequest(entries=entries, validate_only=False))
    said = {_entity(entry.entity): error_text(entry.error_code, entry.error_message) for entry in answer.entries}
    return {entity: said.get(entity, "the cluster gave no answer about it") for entity in changes}


def _parts(entity: QuotaEntity) -> list[tuple[str, str | None]]:
    names = ((USER, entity.user), (CLIENT_ID, entity.client_id), (IP, entity.ip))
    return [(kind, None if isinstance(name, Unnamed) else name) for kind, name in names if name is not None]
