"""The certificates that nodes know each other by: made once, and mended where a file was lost or cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ottla.errors import LocalError
from ottla.files import explained, write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ottla.local.layout import Layout
    from ottla.local.record import NodeAddress

KEY = b"-----BEGIN PRIVATE KEY-----"
BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----\n"


def ensure_certificates(layout: Layout, name: str, nodes: Sequence[NodeAddress], *, others_run: bool) -> None:
    """A CA, and for each of ``nodes`` (about to start) a key store of that CA, where they are not there and whole.

    Each key store ends with the CA's certificate, so a lost one comes back from there. Where the key of the CA is lost too,
    all nodes get new ones; that cannot be done while ``others_run`` with the old ones (LocalError).
    """
    authority = _authority(layout)
    missing = [node for node in nodes if not _fits(layout.node(node.node_id).keystore, authority)]
    if not missing:
        return
    # Needed once: it takes its time to import.
    from ottla.local.certificates import authority_fits, make_authority, make_node_certificate  # noqa: PLC0415

    if authority is None or not authority_fits(layout):
        if others_run:
            raise LocalError(
                "the cluster's own CA is lost or damaged, and nodes run that trust it",
                where=str(layout.authority_key),
                hint="with every node stopped, all get new certificates: ottla down, then ottla up",
            )
        make_authority(layout, name)
        missing = list(nodes)
    for node in missing:
        make_node_certificate(layout, node)


def ensure_own_certificate(layout: Layout) -> None:
    """The key store that Ottla itself works with on a secured cluster. Raises LocalError where the key of the CA is lost."""
    if _fits(layout.own_store, _authority(layout)):
        return
    from ottla.local.certificates import authority_fits, make_own_certificate  # noqa: PLC0415  (as above)

    if not authority_fits(layout):
        raise LocalError(
            "the key of the cluster's own CA is lost or damaged, so Ottla gets no certificate to work with",
            where=str(layout.authority_key),
            hint="put it back from a copy; or give all nodes a new CA: remove each node.pem, then ottla down, then ottla up",
        )
    make_own_certificate(layout)


def _authority(layout: Layout) -> bytes | None:
    """The CA's certificate; put back from a key store if its own file is lost or cut off."""
    there = _bytes(layout.authority)
    if there.startswith(BEGIN) and there.endswith(END):
        return there
    stores = [_bytes(layout.node(node_id).keystore) for node_id in layout.node_ids()]
    whole = next((store for store in stores if store.startswith(KEY) and store.endswith(END)), None)
    if whole is None:
        return None
    authority = BEGIN + whole.rpartition(BEGIN)[2]
    write_atomic(layout.authority, authority)
    return authority


def _fits(keystore: Path, authority: bytes | None) -> bool:
    store = _bytes(keystore)
    return authority is not None and store.startswith(KEY) and store.endswith(authority) and store.count(BEGIN) > 1


def _bytes(path: Path) -> bytes:
    with explained("read", path):
        return path.read_bytes() if path.exists() else b""
