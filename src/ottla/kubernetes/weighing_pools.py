"""What a change of a pool of nodes, or of their volumes, costs; and what of it Strimzi would not carry out. Pure.

Strimzi keeps the storage that is there where another one is not allowed (StorageDiff of 1.2.0), grows a volume where its
StorageClass lets it (PvcReconciler), and scales only pools of brokers that are no controllers ("Adding nodes to a node pool").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from ottla.kubernetes.conditions import conditions_of
from ottla.kubernetes.difference import annotation
from ottla.kubernetes.resource import amount_of
from ottla.plan import Risk, Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from decimal import Decimal

Classes: TypeAlias = "Mapping[str, Mapping[str, Any]]"

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
CONTROLLER = "controller"
CLAIM = re.compile(r"data-(\d+)-.+-(\d+)")  # data-VOLUME-CLUSTER-POOL-NODE (VolumeUtils.createVolumePrefix of 1.2.0)


def is_default(storage_class: Mapping[str, Any]) -> bool:
    """Whether claims that name no StorageClass are of that one."""
    return annotation(storage_class, DEFAULT_CLASS) == "true"


def weigh_pool(live: Mapping[str, Any], applied: Mapping[str, Any], classes: Classes | None) -> Iterator[Risk | str]:
    """Risks, and refusals as text. ``classes`` are the StorageClasses by name; None: nobody may look."""
    yield from _nodes(live["spec"], applied["spec"])
    was, now = ((each["spec"].get("storage") or {}).get("type") for each in (live, applied))
    if was != now:
        yield f"storage cannot become of another type ({was} -> {now}; Strimzi keeps what is there): a new pool could"
        return
    after = volumes(applied)
    for number, volume in volumes(live).items():
        if number in after:
            yield from _volume(number, volume, after[number], classes)
        else:
            yield f"volume {number} would be taken away with what is on it: move its partitions first, then do it by hand"


def _volume(number: int, volume: Mapping[str, Any], wanted: Mapping[str, Any], classes: Classes | None) -> Iterator[Risk | str]:
    was, now = volume.get("type"), wanted.get("type")
    if was != now:
        yield f"volume {number} cannot become of another type ({was} -> {now}; Strimzi keeps what is there): a new pool could"
        return
    if volume.get("class") != wanted.get("class"):
        yield (
            f"volume {number} cannot come to another StorageClass ({volume.get('class') or 'the default one'} -> "
            f"{wanted.get('class') or 'the default one'}): a new pool of nodes could"
        )
    yield from _size(number, volume, wanted, classes)
    if wanted.get("deleteClaim") and not volume.get("deleteClaim"):
        yield Risk("deletes-with-cluster", Severity.NOTICE, f"volume {number} will be deleted with the cluster")


def _nodes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Risk | str]:
    old, new = before.get("replicas", 0), after.get("replicas", 0)
    if sorted(before.get("roles") or ()) != sorted(after.get("roles") or ()):
        yield "the roles of nodes cannot change while they hold data: a new pool of nodes could have others"
    elif old != new and CONTROLLER in (after.get("roles") or ()):
        yield (
            f"nodes that are controllers cannot become more or fewer ({old} -> {new}): Strimzi's quorum stays as it was made; "
            "with cluster: {controllers: dedicated}, from the beginning, brokers can"
        )
    elif new > old:
        text = f"{new - old} more brokers ({old} -> {new}) have no partitions until some are moved to them, or topics are added"
        yield Risk("adds-brokers", Severity.NOTICE, text)
    elif new < old:
        text = f"{old - new} fewer brokers ({old} -> {new}): Strimzi takes none away that has replicas; move them first"
        yield Risk("removes-brokers", Severity.NOTICE, text)


def _size(number: int, volume: Mapping[str, Any], wanted: Mapping[str, Any], classes: Classes | None) -> Iterator[Risk | str]:
    old, new = _bytes(volume), _bytes(wanted)
    if old is None or new is None:
        return
    if new < old:
        yield f"volume {number} cannot become smaller ({volume['size']} -> {wanted['size']}): say the old size of cluster.disk"
    if new <= old:
        return
    name, can_grow = _can_grow(wanted.get("class"), classes)
    if can_grow is False:
        yield (
            f"volume {number} cannot grow ({volume['size']} -> {wanted['size']}): the StorageClass {name} does not say "
            f"allowVolumeExpansion: true. If its provisioner can: kubectl patch storageclass {name} "
            "--patch '{\"allowVolumeExpansion\": true}'"
        )
        return
    unseen = "; whether its StorageClass lets it could not be looked at" if can_grow is None else ""
    text = f"volume {number} of each node grows from {volume['size']} to {wanted['size']}, and never becomes smaller{unseen}"
    yield Risk("grows-volumes", Severity.NOTICE, text)


def _bytes(volume: Mapping[str, Any]) -> Decimal | None:
    """How large a volume is to be; None where it does not say, or says what is no amount: Strimzi's definition takes any text."""
    try:
        return amount_of(str(volume["size"])) if "size" in volume else None
    except ValueError:
        return None


def _can_grow(name: str | None, classes: Classes | None) -> tuple[str | None, bool | None]:
    """Which StorageClass it is, and whether its volumes can grow; None where that cannot be told."""
    if classes is None:
        return name, None
    found = name if name is not None else next((each for each, document in classes.items() if is_default(document)), None)
    known = None if found is None else classes.get(found)
    return found, None if known is None else bool(known.get("allowVolumeExpansion"))


def volumes(pool: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """The volumes of each node of a KafkaNodePool, by their ids."""
    storage = pool["spec"].get("storage") or {}
    return {each.get("id", 0): each for each in storage.get("volumes") or (storage,)}


def still_growing(
    claim: Mapping[str, Any], wanted: Mapping[int, Mapping[str, Any]], nodes: Collection[int] | None = None
) -> Iterator[tuple[str, str]]:
    """The name of a claim of a node and what is said of it, where its volume is smaller than it is to be.

    ``nodes`` are those of the pool, None where that is not known: the claim of a broker that is no more grows no more.
    """
    status, name = claim.get("status") or {}, claim["metadata"]["name"]
    found = CLAIM.fullmatch(name)
    if found is None or (nodes is not None and int(found[2]) not in nodes):
        return
    volume, there = wanted.get(int(found[1]), {}), (status.get("capacity") or {}).get("storage")
    size = _bytes(volume)
    if there is None or size is None or amount_of(str(there)) >= size:
        return
    conditions = ", ".join(str(each.get("type")) for each in conditions_of(claim) if each.get("status") == "True")
    said = f"{there} of {volume['size']}{f' ({conditions})' if conditions else ''}"
    yield f"PersistentVolumeClaim {claim['metadata']['namespace']}/{name}", said
