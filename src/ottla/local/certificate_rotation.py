"""Certificates replaced without losing a client, as steps on files. Each can be cut off, and run again.

To another CA: ``begin`` (both are trusted) -> brokers restarted -> ``renew_users`` -> users take what is theirs, and whom they
trust -> ``renew_nodes`` -> brokers restarted -> ``finish`` (only the new one is trusted) -> brokers restarted.
Of the same CA: ``renew_leaves`` -> brokers restarted.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from ottla.errors import LocalError, PlanRefused, UsageError
from ottla.files import PRIVATE_FILE, explained, private_folder, write_atomic
from ottla.local.client_authority import KEY_LOST, ROTATE, Authorities, keep_authority, read_authorities, write_trusted
from ottla.local.client_certificates import leaves_of, make, wanting
from ottla.local.issuing import BACKDATED, Authority, Leaf, new_authority, not_valid
from ottla.local.key_store import read_key_store

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from ottla.local.layout import Layout
    from ottla.local.record import NodeAddress

FINISH = f"{ROTATE} --finish"


class Rotation(Enum):
    """Whether a change to another CA is under way."""

    NONE = "none"
    BEGUN = "begun"


def rotation_state(layout: Layout) -> Rotation:
    """Whether two CAs are trusted, because a rotation was begun and not finished."""
    return Rotation.BEGUN if layout.next_client_authority.exists() else Rotation.NONE


def begin(layout: Layout, name: str, *, now: dt.datetime, given: Authority | None) -> None:
    """Trust another CA beside the one that there is: the ``given`` one, else a new one of Ottla's.

    Raises UsageError where the given one issues already, LocalError where a rotation to yet another one is begun.
    """
    found = _made(layout, given)
    if found.next is None:
        if given is not None and given.is_same_as(found.current):
            hint = "put the new CA into security.authority first; to renew what it issued: ottla certs rotate --leaves"
            raise UsageError("security.authority is the CA that issues now, so there is none to change to", hint=hint)
        following = given or new_authority(name, now=now)
        private_folder(layout.tls)
        if read_key_store(layout.client_authority) is None:  # lost: what is known of it is kept, so that it stays trusted
            keep_authority(layout.client_authority, found.current, own=False)
        keep_authority(layout.next_client_authority, following, own=given is None)
        found = Authorities(found.current, following)
    elif given is not None and not given.is_same_as(found.next):
        hint = f"finish it first, with the CA in the spec that it was begun with: {FINISH}"
        raise LocalError("a rotation to another CA than security.authority is begun", hint=hint)
    write_trusted(layout, found)


def renew_users(layout: Layout, users: Iterable[str], *, now: dt.datetime, given: Authority | None) -> None:
    """Give users certificates of the CA that the rotation goes to, where they have none. Brokers must trust it by now."""
    _issue_from_next(layout, leaves_of(layout, (), users), now, given)


def refuse_half_begun(layout: Layout, users: Iterable[str], *, now: dt.datetime, given: Authority | None) -> None:
    """Raise PlanRefused where a user was not given a certificate of the new CA yet, UsageError where no rotation is begun."""
    following = _following(_made(layout, given))
    left = [leaf.what for leaf in leaves_of(layout, (), users) if _reason(leaf, following, now) is not None]
    if left:
        reason = f"{', '.join(left)}: no certificate of the new CA yet, so they would be locked out"
        raise PlanRefused([reason], hint=f"make them, and give them to the users, first: {ROTATE}")


def renew_nodes(layout: Layout, nodes: Iterable[NodeAddress], *, now: dt.datetime, given: Authority | None) -> None:
    """Give brokers certificates of the CA that the rotation goes to, where they have none. Clients must trust it by now."""
    _issue_from_next(layout, leaves_of(layout, nodes, ()), now, given)


def finish(
    layout: Layout, nodes: Sequence[NodeAddress], users: Iterable[str], *, now: dt.datetime, given: Authority | None
) -> None:
    """Trust only the CA that the rotation went to. Raises LocalError where a node or user has no certificate of it yet."""
    following = _following(_made(layout, given))
    left = [leaf.what for leaf in leaves_of(layout, nodes, users) if _reason(leaf, following, now) is not None]
    if left:
        raise LocalError(f"{', '.join(left)}: no certificate of the new CA yet", hint=f"run it again: {FINISH}")
    with explained("read", layout.next_client_authority):
        store = layout.next_client_authority.read_bytes()
    write_atomic(layout.client_authority, store, mode=PRIVATE_FILE)
    write_trusted(layout, Authorities(following))
    with explained("remove", layout.next_client_authority):
        layout.next_client_authority.unlink()


def renew_leaves(
    layout: Layout, nodes: Sequence[NodeAddress], users: Iterable[str], *, now: dt.datetime, given: Authority | None
) -> None:
    """Give brokers and users new certificates of the same CA; those that were issued at ``now`` already stay.

    Raises UsageError while a rotation is begun, LocalError where the CA cannot issue.
    """
    if rotation_state(layout) is Rotation.BEGUN:
        raise UsageError("a change to another CA is begun, and renews every certificate", hint=f"finish it: {FINISH}")
    authority = _able(_made(layout, given).current, now)
    for leaf in leaves_of(layout, nodes, users):
        store = read_key_store(leaf.path)
        just_made = store is not None and store.certificate.not_valid_before_utc == (now - BACKDATED).replace(microsecond=0)
        if not just_made or wanting(leaf, store, [authority], now) is not None:
            make(leaf, authority, now=now)


def _issue_from_next(layout: Layout, leaves: Iterable[Leaf], now: dt.datetime, given: Authority | None) -> None:
    following = _following(_made(layout, given))
    missing = [leaf for leaf in leaves if _reason(leaf, following, now) is not None]
    for leaf in missing:
        make(leaf, _able(following, now), now=now)


def _reason(leaf: Leaf, authority: Authority, now: dt.datetime) -> str | None:
    return wanting(leaf, read_key_store(leaf.path), [authority], now)


def _made(layout: Layout, given: Authority | None) -> Authorities:
    found = read_authorities(layout, given)
    if found is None:
        raise LocalError("there are no certificates for clients here yet", where=str(layout.tls), hint="make them: ottla up")
    return found


def _following(found: Authorities) -> Authority:
    if found.next is None:
        raise UsageError("no change to another CA is begun", hint=f"begin one: {ROTATE}")
    return found.next


def _able(authority: Authority, now: dt.datetime) -> Authority:
    """The CA, if it can issue."""
    problem = not_valid(authority.certificate, now)
    if problem is not None:
        raise LocalError(f"the CA {problem}, so it can issue nothing", hint=f"change to another one: {ROTATE}")
    if authority.key is None:
        hint = f"put it back, or into security.authority of the spec; or change to another CA: {ROTATE}"
        raise LocalError(f"{KEY_LOST}, so it can issue nothing", hint=hint)
    return authority
