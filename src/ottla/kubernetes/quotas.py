"""Whether what is new fits the quotas of its namespace: pods that do not would never be made, and nobody says so but an event."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import CLAIMS, Place
from ottla.kubernetes.resource import amount_of, quantity
from ottla.kubernetes.revival import claims_of
from ottla.kubernetes.rollout import Action
from ottla.kubernetes.strimzi import CLUSTER_LABEL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.rollout import Planned

QUOTAS = Place("api/v1", "resourcequotas", namespaced=True)
Needs = Counter[str]  # by the names that a quota has for them; CPUs, bytes, numbers (Decimal)
ALIASES = {"cpu": "requests.cpu", "memory": "requests.memory"}  # kubernetes.io/docs, "Resource Quotas"


def over_quota(cluster: Cluster, planned: Iterable[Planned]) -> tuple[str, ...]:
    """What would not fit, each with how much is left. Who may not look at quotas is told nothing."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in planned:
        document = each.resource.document
        if each.action is Action.ADD and needs_of(document):
            found.setdefault(each.resource.identity[2], []).append(document)
    return tuple(line for namespace, documents in found.items() for line in _over_in(cluster, namespace, documents))


def _over_in(cluster: Cluster, namespace: str, documents: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    quotas = cluster.listed(QUOTAS, namespace) if cluster.may("list", QUOTAS, namespace) else []
    if not quotas:
        return
    needs: Needs = Counter()
    for document in documents:
        needs.update(needs_of(document, _kept(cluster, document) if document["kind"] == "KafkaNodePool" else {}))
    for quota in quotas:
        yield from _over(quota, needs)


def _kept(cluster: Cluster, pool: Mapping[str, Any]) -> dict[str, Decimal]:
    """How large the volumes are that the cluster has already, by the names of their claims: a quota has them in what is used.

    None are where one may not look: then all are counted.
    """
    namespace, labels = pool["metadata"]["namespace"], {CLUSTER_LABEL: pool["metadata"]["labels"][CLUSTER_LABEL]}
    claims = cluster.listed(CLAIMS, namespace, labels) if cluster.may("list", CLAIMS, namespace) else []
    return {each["metadata"]["name"]: amount_of(str(each["spec"]["resources"]["requests"]["storage"])) for each in claims}


def needs_of(document: Mapping[str, Any], kept: Mapping[str, Decimal] | None = None) -> Needs:
    """What the pods and volumes of a resource need. ``kept`` are sizes of volumes that are there, by their claims. Pure."""
    spec = document.get("spec") or {}
    match document["kind"]:
        case "KafkaNodePool":
            pods = _pods(spec.get("replicas", 0), [spec.get("resources")])
            return Counter({**_volumes(document, kept or {}), **pods})
        case "Kafka":
            operators = (spec.get("entityOperator") or {}).values()
            return Counter(_pods(1, [each.get("resources") for each in operators]) if operators else {})
        case "Deployment":
            containers = spec["template"]["spec"]["containers"]
            return Counter(_pods(spec.get("replicas", 1), [each.get("resources") for each in containers]))
        case _:
            return Counter()


def _volumes(pool: Mapping[str, Any], kept: Mapping[str, Decimal]) -> dict[str, Any]:
    """Those of its nodes that are to be made, and what those that are there are to grow by."""
    found = {"persistentvolumeclaims": Decimal(0), "requests.storage": Decimal(0)}
    for claim, volume in claims_of(pool).items():
        found["persistentvolumeclaims"] += claim not in kept
        found["requests.storage"] += max(amount_of(str(volume.get("size", 0))) - kept.get(claim, Decimal(0)), Decimal(0))
    return found


def _pods(count: int, containers: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    found: dict[str, Any] = {"pods": Decimal(count)}
    for resources in containers:
        for kind, amounts in (resources or {}).items():
            for what, amount in amounts.items():
                key = f"{kind}.{what}"
                found[key] = found.get(key, Decimal(0)) + count * amount_of(str(amount))
    return found


def _over(quota: Mapping[str, Any], needs: Needs) -> Iterator[str]:
    """A quota that holds for some pods only is not looked at."""
    if quota["spec"].get("scopes") or quota["spec"].get("scopeSelector"):
        return
    status = quota.get("status") or {}
    for key, hard in (status.get("hard") or {}).items():
        needed = Decimal(needs[ALIASES.get(key, key)])
        left = amount_of(str(hard)) - amount_of(str((status.get("used") or {}).get(key, 0)))
        if needed and needed > left:  # somebody else's may be overdrawn
            name = f"{quota['metadata']['namespace']}/{quota['metadata']['name']}"
            more = _shown(key, needed)
            yield f"ResourceQuota {name} leaves {_shown(key, left)} of {key}, and {more} more is needed: ask for more"


def _shown(key: str, amount: Decimal) -> str:
    return quantity(int(amount)) if key.endswith(("storage", "memory")) else f"{amount:f}"
