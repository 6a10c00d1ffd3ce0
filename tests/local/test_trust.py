"""Certificates: made once, kept, and mended where a file was lost or cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from ottla.errors import LocalError
from ottla.local import Layout
from ottla.local.record import NodeAddress
from ottla.local.trust import ensure_certificates

if TYPE_CHECKING:
    from pathlib import Path

NODES = tuple(NodeAddress.in_block(node_id, "127.0.0.1", 9082 + 10 * node_id) for node_id in (1, 2, 3))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "local")
    ensure_certificates(layout, "todo-kafka", NODES, others_run=False)
    return layout


def files(layout: Layout) -> dict[str, bytes]:
    paths = [layout.authority, layout.authority_key, *(layout.node(node.node_id).keystore for node in NODES)]
    return {str(path.relative_to(layout.root)): path.read_bytes() for path in paths}


def mend(layout: Layout, *, others_run: bool = False) -> None:
    ensure_certificates(layout, "todo-kafka", NODES, others_run=others_run)


def all_of_one_authority(layout: Layout) -> bool:
    authority = x509.load_pem_x509_certificate(layout.authority.read_bytes())
    for node in NODES:
        x509.load_pem_x509_certificates(layout.node(node.node_id).keystore.read_bytes())[0].verify_directly_issued_by(authority)
    return True


def test_certificates_that_are_whole_are_kept(layout: Layout) -> None:
    before = files(layout)
    mend(layout, others_run=True)
    assert files(layout) == before
    assert all_of_one_authority(layout)


@pytest.mark.parametrize("left", [None, 0, 100, -1], ids=["removed", "empty", "cut", "one byte short"])
def test_a_key_store_that_was_lost_or_cut_off_is_made_anew_of_the_same_ca(layout: Layout, left: int | None) -> None:
    before = files(layout)
    path = layout.node(2).keystore
    path.unlink() if left is None else path.write_bytes(path.read_bytes()[:left])
    mend(layout, others_run=True)
    changed = {name for name, content in files(layout).items() if content != before[name]}
    assert changed == {"nodes/2/node.pem"}
    assert all_of_one_authority(layout)


@pytest.mark.parametrize("left", [None, 0, 100])
def test_a_lost_certificate_of_the_ca_comes_back_from_a_key_store(layout: Layout, left: int | None) -> None:
    before = files(layout)
    layout.authority.unlink() if left is None else layout.authority.write_bytes(before["ca.pem"][:left])
    mend(layout, others_run=True)
    assert files(layout) == before


@pytest.mark.parametrize("left", [None, 0, 100])
def test_without_the_key_of_the_ca_all_get_new_certificates_but_not_while_nodes_run(layout: Layout, left: int | None) -> None:
    before = files(layout)
    layout.authority_key.unlink() if left is None else layout.authority_key.write_bytes(before["ca.key"][:left])
    mend(layout, others_run=True)  # nobody needs it now
    layout.node(3).keystore.unlink()
    with pytest.raises(LocalError, match="ottla down, then ottla up"):
        mend(layout, others_run=True)
    mend(layout)
    assert all_of_one_authority(layout)
    assert not {content for content in files(layout).values() if content in before.values()}


def test_certificates_hold_however_the_clock_is_moved(layout: Layout) -> None:
    pems = [layout.authority, *(layout.node(node.node_id).keystore for node in NODES)]
    certificates = [each for pem in pems for each in x509.load_pem_x509_certificates(pem.read_bytes())]
    assert len(certificates) == 7
    assert {each.not_valid_before_utc.year for each in certificates} == {2000}
    assert {each.not_valid_after_utc.year for each in certificates} == {9999}
