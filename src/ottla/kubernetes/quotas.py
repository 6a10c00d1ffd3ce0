"""Whether what is new fits the quotas of its namespace: pods that do not would never be made, and nobody says so but an event."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.cluster import Place
from ottla.kubernetes.resource import amount_of, quantity
from ottla.kubernetes.rollout import Action
from ottla.kubernetes.weighing_pools import volumes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ottla.kubernetes.cluster import Cluster
    from ottla.kubernetes.rollout import Planned

QUOTAS = Place("api/v1", "resourcequotas", namespaced=True)
Needs = Counter[str]  # by the names that a quota has for them; CPUs, bytes, numbers (Decimal)
ALIASES = {"cpu": "requests.cpu", "memory": "requests.memory"}  # kubernetes.io/docs, "Resource Quotas"


def over_quota(cluster: Cluster, planned: Iterable[Planned]) -> tuple[str, ...]:
    """What would not fit, each with how much is left. Who may not look at quotas is told nothing."""
    found: dict[str, Needs] = {}
    for each in planned:
        if each.action is Action.ADD:
            found.setdefault(each.resource.identity[2], Counter()).update(needs_of(each.resource.document))
    return tuple(
        line
        for namespace, needs in found.items()
        if namespace and needs and cluster.may("list", QUOTAS, namespace)
        for quota in cluster.listed(QUOTAS, namespace)
        for line in _over(quota, needs)
    )


def needs_of(document: Mapping[str, Any]) -> Needs:
    """What the pods and volumes of a resource need. Pure."""
    spec = document.get("spec") or {}
    match document["kind"]:
        case "KafkaNodePool":
            count = spec.get("replicas", 0)
            of_volumes = {"persistentvolumeclaims": Decimal(0), "requests.storage": Decimal(0)}
            for volume in volumes(document).values():
                of_volumes["persistentvolumeclaims"] += count
                of_volumes["requests.storage"] += count * amount_of(str(volume.get("size", 0)))
            return Counter({**of_volumes, **_pods(count, [spec.get("resources")])})
        case "Kafka":
            operators = (spec.get("entityOperator") or {}).values()
            return Counter(_pods(1, [each.get("resources") for each in operators]) if operators else {})
        case "Deployment":
            containers = spec["template"]["spec"]["containers"]
            return Counter(_pods(spec.get("replicas", 1), [each.get("resources") for each in containers]))
        case _:
            return Counter()


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
        if needed > left:
            name = f"{quota['metadata']['namespace']}/{quota['metadata']['name']}"
            more = _shown(key, needed)
            yield f"ResourceQuota {name} leaves {_shown(key, left)} of {key}, and {more} more is needed: ask for more"


def _shown(key: str, amount: Decimal) -> str:
    return quantity(int(amount)) if key.endswith(("storage", "memory")) else f"{amount:f}"
