"""What a change of a resource does to the data, and what cannot be done at all. Pure.

Nobody here sees the records, so that each risk is told as for a topic that was not looked at. What Strimzi would not carry out
(it keeps what was there, and says so in a condition) is refused before anything is applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ottla.kubernetes.strimzi import CLUSTER_LABEL
from ottla.kubernetes.versions import is_older, metadata_version
from ottla.kubernetes.weighing_pools import weigh_pool
from ottla.model.state import Evidence
from ottla.plan import AddPartitions, AlterTopicConfigs, ConfigChange, Risk, Severity, risks_of, risks_of_properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SEEN_NOTHING = Evidence()
OF_A_CLUSTER = ("KafkaNodePool", "KafkaTopic", "KafkaUser")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a change may cost, and why it cannot be made."""

    risks: tuple[Risk, ...] = ()
    refusals: tuple[str, ...] = ()


def weigh(live: Mapping[str, Any], applied: Mapping[str, Any], classes: Mapping[str, Mapping[str, Any]] | None) -> Weighed:
    """``live`` is what is there, ``applied`` what would be. ``classes`` are the StorageClasses by name; None: nobody may look."""
    said: list[Risk | str] = [*_whose(live, applied)]
    if live["kind"] == "KafkaNodePool":
        said.extend(weigh_pool(live, applied, classes))
    elif live["kind"] in WEIGHERS:
        said.extend(WEIGHERS[live["kind"]](live, applied))
    risks = tuple(each for each in said if isinstance(each, Risk))
    return Weighed(risks, tuple(each for each in said if isinstance(each, str)))


def _whose(live: Mapping[str, Any], applied: Mapping[str, Any]) -> Iterator[str]:
    """What belongs to a cluster stays with it: under another one a topic is empty, and a node has other records."""
    before, after = cluster_of(live), cluster_of(applied)
    if before is not None and after is not None and before != after:
        yield (
            f"it is of the cluster {before}, and would be of {after}: say the old cluster.name; or take that one down first "
            "(ottla undeploy, with the spec as it was); or give this environment namespaces of its own"
        )


def cluster_of(document: Mapping[str, Any]) -> str | None:
    """The cluster that a resource belongs to, where it says so: by Strimzi's label, or by whom Dapr connects to. Pure."""
    if document["kind"] == "Component":
        listed = document["spec"].get("metadata") or ()
        brokers = next((str(each.get("value")) for each in listed if each.get("name") == "brokers"), None)
        return None if brokers is None else brokers.rpartition(":")[0]
    found: str | None = (document["metadata"].get("labels") or {}).get(CLUSTER_LABEL)
    return found if document["kind"] in OF_A_CLUSTER else None


def _topic(live: Mapping[str, Any], applied: Mapping[str, Any]) -> Iterator[Risk | str]:
    before, after = live["spec"], applied["spec"]
    name = str(after.get("topicName") or applied["metadata"]["name"])
    was = str(before.get("topicName") or live["metadata"]["name"])
    if was != name:
        yield f"a topic cannot be called otherwise: it is {was}, and would be {name}; make another one"
    old, new = before.get("partitions"), after.get("partitions")
    if old is not None and new is not None and new < old:
        yield f"Kafka cannot take partitions away ({old} -> {new}): make another topic, or say partitions: {old}"
    elif old is not None and new is not None and new > old:
        yield from risks_of(AddPartitions(name, old, new), SEEN_NOTHING)
    if None not in (before.get("replicas"), after.get("replicas")) and before["replicas"] != after["replicas"]:
        yield (
            f"Strimzi changes the number of replicas ({before['replicas']} -> {after['replicas']}) only with Cruise Control, "
            f"which is not rendered: say replication_factor: {before['replicas']}"
        )
    changed = _configs(before.get("config"), after.get("config"))
    policy = (before.get("config") or {}).get("cleanup.policy")
    if changed:
        yield from risks_of(AlterTopicConfigs(name, changed, None if policy is None else _text(policy)), SEEN_NOTHING)


def _kafka(live: Mapping[str, Any], applied: Mapping[str, Any]) -> Iterator[Risk | str]:
    before, after = live["spec"]["kafka"], applied["spec"]["kafka"]
    yield from risks_of_properties(_configs(before.get("config"), after.get("config")))
    yield from _doors(before, after)
    yield from _versions(live, before, after)


def _doors(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Risk]:
    """Who comes in: listeners that are no more, or want another login; and whether anybody does."""
    if before.get("authorization") and not after.get("authorization"):
        yield Risk("opens-platform", Severity.DATA, "anybody who reaches a listener may do anything: ACLs are gone")
    if after.get("authorization") and not before.get("authorization"):
        yield Risk("locks-out", Severity.NOTICE, "what no ACL allows is refused from now on")
    kept = {each["name"]: _door(each) for each in after.get("listeners") or ()}
    for each in before.get("listeners") or ():
        if kept.get(each["name"]) != _door(each):
            gone = "gone" if each["name"] not in kept else "another one: its port, TLS or login"
            yield Risk("locks-out", Severity.NOTICE, f"clients of the listener {each['name']} are cut off: it is {gone}")


def _door(listener: Mapping[str, Any]) -> tuple[Any, ...]:
    return listener.get("port"), listener.get("tls"), (listener.get("authentication") or {}).get("type")


def _versions(live: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Risk | str]:
    """Kafka's version may go back as long as metadata.version has not been raised (KIP-778)."""
    status = live.get("status") or {}
    was, now = status.get("kafkaVersion") or before.get("version"), after.get("version")
    metadata, wanted = metadata_version(live), after.get("metadataVersion")
    if metadata and wanted and is_older(wanted, metadata):
        yield (
            f"metadata.version is {metadata}, and there is no way back to {wanted}: Kafka {now} could not start; "
            f"leave kafka_version at {was}"
        )
        return
    if was and now and was != now:
        way = "up" if is_older(was, now) else "back"
        yield Risk("restarts-nodes", Severity.NOTICE, f"every node is restarted, one at a time: {way} from Kafka {was} to {now}")
    if metadata and wanted and metadata != wanted:
        text = f"metadata.version goes from {metadata} to {wanted}: no older Kafka can start after that"
        yield Risk("one-way", Severity.NOTICE, text)


def _user(live: Mapping[str, Any], applied: Mapping[str, Any]) -> Iterator[Risk | str]:
    before, after = ((each["spec"].get("authorization") or {}).get("acls") or [] for each in (live, applied))
    gone = sum(each not in after for each in before)
    if gone:
        yield Risk("revokes", Severity.NOTICE, f"{gone} of its {len(before)} ACLs are gone or others, at once")


def _configs(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[ConfigChange, ...]:
    old, new = ({key: _text(value) for key, value in (each or {}).items()} for each in (before, after))
    keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return tuple(ConfigChange(key, old.get(key), new.get(key)) for key in keys)


def _text(value: Any) -> str:
    """A config as Kafka has it, of what a KafkaTopic may say instead (its topic operator does the same: numbers, lists)."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)


WEIGHERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[Risk | str]]] = {
    "Kafka": _kafka,
    "KafkaTopic": _topic,
    "KafkaUser": _user,
}
