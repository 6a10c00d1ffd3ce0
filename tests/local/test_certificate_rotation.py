"""A change to another CA: nobody who does what is asked is ever refused, and at its end nobody of the old one gets in."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from tests.local.tls import Refused, shake_hands

from ottla.errors import LocalError, UsageError
from ottla.local import Layout
from ottla.local.certificate_rotation import (
    Rotation,
    begin,
    finish,
    renew_leaves,
    renew_nodes,
    renew_users,
    rotation_state,
)
from ottla.local.client_certificates import ensure_client_certificates, stale_nodes
from ottla.local.issuing import Authority, new_authority
from ottla.local.key_store import read_key_store
from ottla.local.record import NodeAddress

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
NODES = tuple(NodeAddress.in_block(node_id, "127.0.0.1", 9082 + 10 * node_id) for node_id in (1, 2))
USERS = ("orders", "monitoring")
GIVEN, OTHER_GIVEN = new_authority("given", now=NOW), new_authority("other", now=NOW)
Step = Callable[[Layout, Authority | None], None]


class Client:
    """Somebody elsewhere: has copies of a key store and of whom to trust, taken at one moment."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        folder.mkdir()
        self.trusts = folder / "authorities.pem"
        self.store = folder / "orders.pem"
        shutil.copy(layout.client_authorities, self.trusts)
        shutil.copy(layout.user_keystore("orders"), self.store)

    def gets_in(self, broker: Broker) -> bool:
        try:
            seen = shake_hands(
                server=broker.store, server_trusts=broker.trusts, client=self.store, client_trusts=self.trusts, host="localhost"
            )
        except Refused:
            return False
        return seen == "orders"


class Broker:
    """A broker that runs: what it read when it was started, whatever the files are now."""

    def __init__(self, layout: Layout, node: NodeAddress, folder: Path, given: Authority | None = None) -> None:
        self.layout, self.node, self.folder = layout, node, folder
        folder.mkdir()
        self.store, self.trusts = folder / "listener.pem", folder / "authorities.pem"
        self.restart(given)

    def restart(self, given: Authority | None) -> None:
        ensure_client_certificates(self.layout, "todo-kafka", (self.node,), USERS, now=NOW, given=given)
        shutil.copy(self.layout.node(self.node.node_id).listener_keystore, self.store)
        shutil.copy(self.layout.client_authorities, self.trusts)


def refused(clients: dict[str, Client], brokers: list[Broker]) -> dict[str, list[int]]:
    out = {who: [broker.node.node_id for broker in brokers if not client.gets_in(broker)] for who, client in clients.items()}
    return {who: where for who, where in out.items() if where}


def ensure(layout: Layout, given: Authority | None = None) -> tuple[str, ...]:
    return ensure_client_certificates(layout, "todo-kafka", NODES, USERS, now=NOW, given=given)


STEPS: dict[str, Step] = {
    "begin": lambda layout, given: begin(layout, "todo-kafka", now=NOW, given=given),
    "users": lambda layout, given: renew_users(layout, USERS, now=NOW, given=given),
    "nodes": lambda layout, given: renew_nodes(layout, NODES, now=NOW, given=given),
    "finish": lambda layout, given: finish(layout, NODES, USERS, now=NOW, given=given),
}
RESTARTS = {"begin", "nodes", "finish"}
# Who still has to be served until then, and was told to take what is new: whom to trust before the nodes have certificates of
# the new CA, and their own certificate before the old CA is dropped.
LAST_CALL = {"nodes": ("read before begin",), "finish": ("read after begin", "read before users")}
# what the CA is before, and after: Ottla's own (None) or one that the spec gives
WAYS = {
    "own to own": (None, None),
    "own to given": (None, GIVEN),
    "given to own": (GIVEN, None),
    "given to given": (GIVEN, OTHER_GIVEN),
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "local")
    ensure(layout)
    return layout


def files(layout: Layout) -> dict[str, bytes]:
    return {str(path.relative_to(layout.root)): path.read_bytes() for path in sorted(layout.root.rglob("*")) if path.is_file()}


def trusted(layout: Layout) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(layout.client_authorities.read_bytes())


def rotated(layout: Layout, given: Authority | None = None, *, before: str | None = None) -> None:
    """Go through the steps (up to one that is not done)."""
    for name, step in STEPS.items():
        if name == before:
            return
        step(layout, given)


@pytest.mark.parametrize("way", WAYS)
def test_no_client_is_lost_at_any_moment_of_a_rotation(tmp_path: Path, way: str) -> None:
    first, second = WAYS[way]
    layout = Layout(tmp_path / "local")
    ensure(layout, first)
    brokers = [Broker(layout, node, tmp_path / f"broker-{node.node_id}", first) for node in NODES]
    clients: dict[str, Client] = {}
    for name, step in STEPS.items():
        clients[f"read before {name}"] = Client(layout, tmp_path / f"before-{name}")
        for who in LAST_CALL.get(name, ()):
            clients.pop(who)
        step(layout, second)
        clients[f"read after {name}"] = Client(layout, tmp_path / f"after-{name}")  # starts at this very moment
        assert refused(clients, brokers) == {}, name
        for broker in brokers if name in RESTARTS else []:
            broker.restart(second)
            assert refused(clients, brokers) == {}, (name, broker.node.node_id)
    assert rotation_state(layout) is Rotation.NONE
    left_behind = Client(layout, tmp_path / "copy")
    shutil.copy(tmp_path / "before-begin" / "orders.pem", left_behind.store)
    assert not any(left_behind.gets_in(broker) for broker in brokers)  # it trusts the brokers, and they not it


@pytest.mark.parametrize("way", WAYS)
def test_at_its_end_only_the_new_ca_is_trusted_and_no_key_of_a_given_ca_was_kept(tmp_path: Path, way: str) -> None:
    first, second = WAYS[way]
    layout = Layout(tmp_path / "local")
    ensure(layout, first)
    [old] = trusted(layout)
    rotated(layout, second)
    [new] = trusted(layout)
    assert new != old
    assert (second is None) or new == second.certificate
    store = read_key_store(layout.client_authority)
    assert store is not None
    assert (store.key is None) == (second is not None)
    assert ensure(layout, second) == ()
    assert not layout.next_client_authority.exists()


@pytest.mark.parametrize("name", STEPS)
def test_every_step_can_be_run_again_and_changes_nothing_then(layout: Layout, name: str) -> None:
    rotated(layout, before=name)
    STEPS[name](layout, None)
    once = files(layout)
    if name == "finish":
        with pytest.raises(UsageError, match="no change to another CA is begun"):
            STEPS[name](layout, None)
    else:
        STEPS[name](layout, None)
    assert files(layout) == once


@pytest.mark.parametrize("given", [None, GIVEN], ids=["own", "given"])
@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_was_killed_after_any_of_its_files_is_finished_by_another_run(
    tmp_path: Path, name: str, given: Authority | None
) -> None:
    """A step writes (or removes) whole files, one after the other: each beginning of that row is what a kill may leave."""
    layout = Layout(tmp_path / "local")
    ensure(layout)
    rotated(layout, given, before=name)
    before = files(layout)
    STEPS[name](layout, given)
    after = files(layout)
    gone = [each for each in before if each not in after]  # removed last, by `finish`
    written = sorted(
        (each for each in after if after[each] != before.get(each)), key=lambda each: (layout.root / each).stat().st_mtime_ns
    )
    assert written
    for count in range(len(written) + bool(gone)):
        for each in {*before, *after} - before.keys():
            (layout.root / each).unlink(missing_ok=True)
        for each, content in before.items():
            (layout.root / each).write_bytes(content)
        for each in written[:count]:
            (layout.root / each).write_bytes(after[each])
        ensure(layout, given)  # a node that starts in between
        works = Client(layout, tmp_path / f"client-{count}").gets_in(
            Broker(layout, NODES[0], tmp_path / f"broker-{count}", given)
        )
        assert works, (name, count)
        rest = list(STEPS)[list(STEPS).index(name) :]
        for step in rest:
            STEPS[step](layout, given)
        assert len(trusted(layout)) == 1
        assert rotation_state(layout) is Rotation.NONE
        assert ensure(layout, given) == ()


def test_a_rotation_is_the_way_out_of_a_lost_key_and_loses_no_client(layout: Layout, tmp_path: Path) -> None:
    client, broker = Client(layout, tmp_path / "client"), Broker(layout, NODES[0], tmp_path / "broker")
    layout.client_authority.unlink()
    begin(layout, "todo-kafka", now=NOW, given=None)
    assert len(trusted(layout)) == 2
    broker.restart(None)
    assert client.gets_in(broker)
    renew_users(layout, USERS, now=NOW, given=None)
    assert Client(layout, tmp_path / "new").gets_in(broker)
    renew_nodes(layout, NODES, now=NOW, given=None)
    finish(layout, NODES, USERS, now=NOW, given=None)
    assert ensure(layout) == ()
    assert len(trusted(layout)) == 1


def test_during_a_rotation_what_is_missing_comes_from_the_old_ca_which_every_client_trusts(
    layout: Layout, tmp_path: Path
) -> None:
    client = Client(layout, tmp_path / "client")
    begin(layout, "todo-kafka", now=NOW, given=None)
    layout.node(1).listener_keystore.unlink()
    assert client.gets_in(Broker(layout, NODES[0], tmp_path / "broker"))


def test_the_end_is_refused_while_a_node_or_user_has_a_certificate_of_the_old_ca(layout: Layout) -> None:
    begin(layout, "todo-kafka", now=NOW, given=None)
    with pytest.raises(LocalError, match="node 1, node 2, user orders, user monitoring: no certificate of the new CA yet"):
        STEPS["finish"](layout, None)
    renew_users(layout, USERS, now=NOW, given=None)
    with pytest.raises(LocalError, match="node 1, node 2: no certificate"):
        STEPS["finish"](layout, None)
    assert len(trusted(layout)) == 2
    renew_nodes(layout, NODES, now=NOW, given=None)
    STEPS["finish"](layout, None)


def test_nothing_is_finished_that_was_not_begun_and_no_ca_rotated_where_there_is_none(layout: Layout, tmp_path: Path) -> None:
    for name in ("users", "nodes", "finish"):
        with pytest.raises(UsageError, match="no change to another CA is begun"):
            STEPS[name](layout, None)
    with pytest.raises(LocalError, match="no certificates for clients here yet"):
        begin(Layout(tmp_path / "blank"), "todo-kafka", now=NOW, given=None)


def test_a_given_ca_is_not_changed_to_itself_nor_to_a_third_one_half_way(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "local")
    ensure(layout, GIVEN)
    with pytest.raises(UsageError, match="put the new CA into"):
        begin(layout, "todo-kafka", now=NOW, given=GIVEN)
    begin(layout, "todo-kafka", now=NOW, given=OTHER_GIVEN)
    with pytest.raises(LocalError, match=r"another CA than security.authority is begun"):
        begin(layout, "todo-kafka", now=NOW, given=GIVEN)


def test_another_given_ca_is_a_note_and_changes_nothing_until_it_is_rotated_to(layout: Layout) -> None:
    before = files(layout)
    [note] = ensure(layout, GIVEN)
    assert "ottla certs rotate" in note
    assert files(layout) == before


def test_renewed_leaves_are_new_and_of_the_same_ca(layout: Layout, tmp_path: Path) -> None:
    old, old_broker = Client(layout, tmp_path / "old"), Broker(layout, NODES[0], tmp_path / "broker")
    before, later = files(layout), NOW + dt.timedelta(seconds=1)
    renew_leaves(layout, NODES, USERS, now=later, given=None)
    after = files(layout)
    assert {name for name in before if after[name] == before[name]} == {
        "tls/authority.pem",
        "tls/authorities.pem",
        "nodes/1/certificates-read",
        "nodes/2/certificates-read",
    }
    assert stale_nodes(layout, NODES) == [1, 2]
    new, new_broker = Client(layout, tmp_path / "new"), Broker(layout, NODES[0], tmp_path / "new-broker")
    assert all(client.gets_in(broker) for client in (old, new) for broker in (old_broker, new_broker))
    assert stale_nodes(layout, NODES) == [2]
    renew_leaves(layout, NODES, USERS, now=later, given=None)
    assert files(layout) | {"nodes/1/certificates-read": b""} == after | {"nodes/1/certificates-read": b""}


def test_leaves_are_not_renewed_while_a_rotation_is_begun_nor_without_a_key(layout: Layout) -> None:
    key = layout.client_authority.read_bytes()
    layout.client_authority.unlink()
    before = files(layout)
    with pytest.raises(LocalError, match=r"the key of the CA is not here"):
        renew_leaves(layout, NODES, USERS, now=NOW, given=None)
    assert files(layout) == before
    layout.client_authority.write_bytes(key)
    begin(layout, "todo-kafka", now=NOW, given=None)
    with pytest.raises(UsageError, match="finish it: ottla certs rotate --finish"):
        renew_leaves(layout, NODES, USERS, now=NOW, given=None)


def test_a_damaged_next_ca_is_an_error_and_never_taken_for_none(layout: Layout) -> None:
    begin(layout, "todo-kafka", now=NOW, given=None)
    layout.next_client_authority.write_bytes(layout.next_client_authority.read_bytes()[:100])
    before = files(layout)
    for run in (lambda: ensure(layout), lambda: begin(layout, "todo-kafka", now=NOW, given=None)):
        with pytest.raises(LocalError, match="damaged: the CA that a rotation goes to"):
            run()
    assert files(layout) == before
