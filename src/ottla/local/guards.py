"""What is looked at before anything is started, so that nothing is half done: the nodes of the record, their data, the quorum."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

from ottla.errors import LocalError, PlanRefused, WaitTimeout
from ottla.files import explained
from ottla.local.node import META_PROPERTIES, has_run, needs_format
from ottla.local.processes import LET_GO_TIMEOUT
from ottla.model.units import counted
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ottla.local.layout import Layout, NodeFiles
    from ottla.local.record import ClusterRecord, NodeAddress

DATA_LOCK = ".lock"  # Kafka holds it while it uses a log_dir


def named(node_ids: Sequence[int]) -> str:
    """``node 1`` or ``nodes 1, 2``."""
    word = "node" if len(node_ids) == 1 else "nodes"
    return f"{word} {', '.join(str(node_id) for node_id in node_ids)}"


def not_running(node_ids: Sequence[int]) -> str:
    """``node 1 does not run`` or ``nodes 1, 2 do not run``."""
    return f"{named(node_ids)} {'does' if len(node_ids) == 1 else 'do'} not run"


def is_as_made(record: ClusterRecord, roles: Mapping[int, tuple[str, ...]]) -> bool:
    """Whether these nodes, with these roles, are those that the cluster was made with."""
    return {node.node_id: node.roles for node in record.nodes} == dict(roles)


def refuse_other_cluster(record: ClusterRecord, roles: Mapping[int, tuple[str, ...]]) -> None:
    """Raise PlanRefused where other nodes or roles are asked for than the cluster was made with."""
    if is_as_made(record, roles):
        return
    there = _shape(node.roles for node in record.nodes)
    reason = (
        f"the cluster here was made with {there}; the spec asks for {_shape(roles.values())}. Its quorum was fixed when it was "
        "formatted: change the spec back, use another environment, or start anew (all data is lost): ottla down --wipe"
    )
    raise PlanRefused([reason])


def _shape(roles: Iterable[tuple[str, ...]]) -> str:
    counts: dict[str, int] = {}
    for of_node in roles:
        name = of_node[0] if len(of_node) == 1 else "node"
        counts[name] = counts.get(name, 0) + 1
    return " and ".join(counted(count, name) for name, count in counts.items())


def refuse_unusable_data(layout: Layout, record: ClusterRecord, nodes: Sequence[NodeAddress]) -> None:
    """Raise LocalError where the data of a node about to start is in use, is not this node's, or does not say whose it is."""
    _refuse_data_in_use({node.node_id: layout.node(node.node_id).data for node in nodes})
    for node in nodes:
        files = layout.node(node.node_id)
        if has_run(files):
            _refuse_foreign_data(record, node.node_id, files)


def _refuse_data_in_use(data: Mapping[int, Path]) -> None:
    """A process that was just killed gets a moment to die."""
    try:
        wait_until(
            lambda: [node_id for node_id, folder in data.items() if is_in_use(folder / DATA_LOCK)],
            lambda in_use: not in_use,
            what="their data",
            timeout=LET_GO_TIMEOUT,
        )
    except WaitTimeout:
        in_use = next((node_id for node_id, folder in data.items() if is_in_use(folder / DATA_LOCK)), None)
        if in_use is None:
            return
        lock = data[in_use] / DATA_LOCK
        raise LocalError(
            f"the data of node {in_use} is in use by another process",
            where=str(lock.parent),
            hint=f"was the folder moved while its nodes ran? End that process (fuser {lock} names it), then: ottla up",
        ) from None


def is_in_use(lock: Path) -> bool:
    """Whether a process holds the lock of a log_dir."""
    with explained("look at", lock):
        if not lock.exists():
            return False
        with lock.open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kind of lock that Java takes; closing lets it go
            except BlockingIOError:
                return True
    return False


def _refuse_foreign_data(record: ClusterRecord, node_id: int, files: NodeFiles) -> None:
    path = files.data / META_PROPERTIES
    wanted = {"cluster.id": record.cluster_id, "node.id": str(node_id)}
    with explained("read", path):
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    wrong = [f"{key} is {found.get(key, 'missing')}, not {value}" for key, value in wanted.items() if found.get(key) != value]
    if wrong:
        away = (
            "move that data folder away: ottla up formats the node, and it catches up from the others"
            if len(record.nodes) > 1
            else "start anew (no other node has its records, all are lost): ottla down --wipe"
        )
        raise LocalError(
            f"the data of node {node_id} does not belong here: {'; '.join(wrong)}" if text else "missing or empty",
            where=str(path),
            hint=f"put the file back from a copy. Or {away}",
        )


def refuse_blank_majority(layout: Layout, record: ClusterRecord) -> None:
    """Voters that lost their data may come back empty only while a majority still knows the metadata. Raises PlanRefused."""
    voters = [node.node_id for node in record.voters]
    blank = [node_id for node_id in voters if needs_format(layout.node(node_id))]
    knowing = [node_id for node_id in voters if has_run(layout.node(node_id))]
    some_data = knowing or any(has_run(layout.node(node.node_id)) for node in record.nodes)
    if some_data and len(blank) * 2 >= len(voters):
        left = f"only {named(knowing)} still has any" if knowing else "no controller has any left"
        reason = (
            f"{named(blank)} lost their data, and {left}: blank nodes would outvote it, and every topic would be forgotten. "
            f"Put the data back into {layout.nodes}, or start anew (all data is lost): ottla down --wipe"
        )
        raise PlanRefused([reason])


def refuse_leftovers(layout: Layout, running: Sequence[int]) -> None:
    """Raise LocalError where a cluster is to be made among what another one left: data without a record, or its processes."""
    start_anew = "restore the file from a copy, or start anew (all data is lost): ottla down --wipe"
    if running:
        raise LocalError(
            f"{named(running)} of a cluster whose files were removed still run here, and no {layout.record.name} knows them",
            where=str(layout.root),
            hint=start_anew,
        )
    if any(not needs_format(layout.node(node_id)) for node_id in layout.node_ids()):
        raise LocalError(
            f"there are nodes with data, and no {layout.record.name} that says whose they are",
            where=str(layout.root),
            hint=start_anew,
        )
