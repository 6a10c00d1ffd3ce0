"""The nodes of a cluster as KafkaNodePools: one of combined nodes, or brokers and controllers apart; and their StorageClass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ottla.kubernetes.resource import Resource, Said, Tree, metadata, quantity
from ottla.kubernetes.strimzi import CLUSTER_LABEL, CONFINED, KAFKA, compute, custom_resource
from ottla.kubernetes.strimzi_oauth import allowed_urls
from ottla.local.roles import BROKER, CONTROLLER, LEAST_ID_SPACE, node_roles
from ottla.spec.kubernetes import Spread
from ottla.spec.strimzi import BROKER_POOL, COMBINED_POOL, CONTROLLER_POOL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.kubernetes.site import Site

NEXT_IDS = "strimzi.io/next-node-ids"
POOL_LABEL = "strimzi.io/pool-name"  # Strimzi gives it to pods
MACHINE = "kubernetes.io/hostname"
HEAVIEST = 100  # of preferences
MEGABYTE, GIGABYTE = 1024**2, 1024**3


class _Pool(NamedTuple):
    """Some nodes of one kind: ``ids`` from the first on, as on this machine (Strimzi itself would begin with 0)."""

    name: str
    roles: tuple[str, ...]
    ids: tuple[int, ...]


def pools(site: Site) -> Iterator[Resource]:
    """A pool for each kind of node, where the environment has a cluster of its own."""
    for pool in _pools(site) if site.has_cluster else ():
        spec = {
            "replicas": Said(len(pool.ids), ("cluster", "nodes" if BROKER in pool.roles else "controllers")),
            "roles": [*reversed(pool.roles)],
            "storage": _storage(site, pool),
            "resources": _resources(site, pool),
            "jvmOptions": _jvm(site),
            "template": _template(site, pool),
        }
        annotations = {NEXT_IDS: f"[{pool.ids[0]}-{_last_id(pool)}]"}
        file = f"node-pool-{pool.name}.yaml"
        yield custom_resource(site, "KafkaNodePool", file=file, name=pool.name, spec=spec, annotations=annotations)


def storage_class(site: Site) -> Iterator[Resource]:
    """The StorageClass, where it is to be made: volumes that can grow, and lie where their pod does.

    They outlive their claim, unless they are to be deleted with the cluster.
    """
    storage, path = site.spec.kubernetes.storage, ("kubernetes", "storage")
    made = storage.create if site.has_cluster else None
    if made is None:
        return
    name = Said(storage.storage_class, (*path, "class"))
    parameters = {key: Said(value, (*path, "create", "parameters", key)) for key, value in made.parameters.items()}
    tree = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata(name, namespace=None, component=KAFKA, site=site),
        "provisioner": Said(made.provisioner, (*path, "create", "provisioner")),
        "parameters": parameters or None,
        "allowVolumeExpansion": True,
        "reclaimPolicy": Said("Delete" if storage.delete_claim else "Retain", (*path, "delete_claim")),
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    yield Resource("storage-class.yaml", tree)


def _pools(site: Site) -> tuple[_Pool, ...]:
    roles = node_roles(site.spec.cluster.nodes, dedicated=site.dedicated)
    named = {(BROKER, CONTROLLER): COMBINED_POOL, (BROKER,): BROKER_POOL, (CONTROLLER,): CONTROLLER_POOL}
    kinds = dict.fromkeys(roles.values())
    return tuple(_Pool(named[kind], kind, tuple(each for each, theirs in roles.items() if theirs == kind)) for kind in kinds)


def _last_id(pool: _Pool) -> int:
    """Where the ids of a pool end: below those of the next one, with room to grow. Strimzi takes the lowest that is free."""
    digits = max(LEAST_ID_SPACE, len(str(len(pool.ids))))
    return pool.ids[0] + int("9" * digits) - 1


def _storage(site: Site, pool: _Pool) -> dict[str, Tree]:
    """As JBOD also where there is one volume, so that more can be added. Controllers have their metadata log, and one volume."""
    kubernetes = site.spec.kubernetes.storage
    count = kubernetes.volumes if BROKER in pool.roles else 1
    return {"type": "jbod", "volumes": [_volume(site, number) for number in range(count)]}


def _volume(site: Site, number: int) -> dict[str, Tree]:
    storage, path = site.spec.kubernetes.storage, ("kubernetes", "storage")
    return {
        "id": number,
        "type": "persistent-claim",
        "size": Said(quantity(site.spec.cluster.disk or 0), ("cluster", "disk")),
        "class": None if storage.storage_class is None else Said(storage.storage_class, (*path, "class")),
        "deleteClaim": Said(storage.delete_claim, (*path, "delete_claim")),
        "kraftMetadata": "shared" if number == 0 else None,
    }


def _resources(site: Site, pool: _Pool) -> dict[str, Tree] | None:
    kubernetes = site.spec.kubernetes
    if BROKER not in pool.roles and kubernetes.controller_resources is not None:
        return compute(kubernetes.controller_resources, ("kubernetes", "controller_resources"))
    return compute(kubernetes.resources, ("kubernetes", "resources"))


def _jvm(site: Site) -> dict[str, Tree]:
    heap = Said(heap_size(site.spec.cluster.heap), ("cluster", "heap"))
    return {"-Xms": heap, "-Xmx": heap, "javaSystemProperties": allowed_urls(site)}


def heap_size(size: int) -> str:
    """Bytes as the JVM takes them (JvmOptions: digits, and m or g after them)."""
    for letter, unit in (("g", GIGABYTE), ("m", MEGABYTE)):
        if size % unit == 0:
            return f"{size // unit}{letter}"
    return str(size)


def _template(site: Site, pool: _Pool) -> dict[str, Tree]:
    pod = {"affinity": {"podAntiAffinity": _apart(site, pool)}, "topologySpreadConstraints": _over_racks(site, pool)}
    containers = {"kafkaContainer": CONFINED, "initContainer": None if site.spec.kubernetes.rack is None else CONFINED}
    return {"pod": pod, **containers}


def _apart(site: Site, pool: _Pool) -> dict[str, Tree]:
    """No two nodes of a pool on one machine. A broker and a controller may share one: each kind survives its loss."""
    topology = Said(MACHINE, ("kubernetes", "spread"))
    term = {"labelSelector": _pods(site, pool), "topologyKey": topology}
    if site.spec.kubernetes.spread is Spread.REQUIRED:
        return {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": HEAVIEST, "podAffinityTerm": term}]}


def _over_racks(site: Site, pool: _Pool) -> list[Tree] | None:
    """As many nodes in each rack as can be; Strimzi itself only keeps them off machines that have no rack."""
    rack = site.spec.kubernetes.rack
    if rack is None:
        return None
    strict = site.spec.kubernetes.spread is Spread.REQUIRED
    return [
        {
            "maxSkew": 1,
            "topologyKey": Said(rack, ("kubernetes", "rack")),
            "whenUnsatisfiable": "DoNotSchedule" if strict else "ScheduleAnyway",
            "labelSelector": _pods(site, pool),
        }
    ]


def _pods(site: Site, pool: _Pool) -> dict[str, Tree]:
    return {"matchLabels": {CLUSTER_LABEL: site.cluster, POOL_LABEL: pool.name}}
