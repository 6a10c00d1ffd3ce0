"""R2.6: the spec's own arithmetic, with figures."""

from __future__ import annotations

from pathlib import Path

from ottla.spec import EnvironmentSpec, disk_warnings, load_spec

GIB = 1024**3
TIB = 1024**4
SHIPPED = load_spec(Path(__file__).parent.parent.parent / "platform.yaml").environment("local")[1]


def with_disk(disk: int | None) -> EnvironmentSpec:
    return SHIPPED.model_copy(update={"cluster": SHIPPED.cluster.model_copy(update={"disk": disk})})


def bounded(retention_bytes: int, segment_bytes: int | None, *, but_one: bool = False) -> EnvironmentSpec:
    """The shipped spec with retention_bytes on every topic, or on every one but reminder-events."""
    update = {"retention_bytes": retention_bytes, "segment_bytes": segment_bytes}
    topics = {
        name: topic if but_one and index == 1 else topic.model_copy(update=update)
        for index, (name, topic) in enumerate(SHIPPED.topics.items())
    }
    return SHIPPED.model_copy(update={"topics": topics})


def test_the_load_of_the_document_fills_its_disk_in_17_minutes() -> None:
    [warning] = disk_warnings(SHIPPED)
    assert "10,000 events/s of 1 KiB kept for 7d need 5.63 TiB a node" in warning
    assert "cluster.disk is 10 GiB, full after 17m 28s" in warning
    assert "set retention_bytes on every topic, or take a larger disk" in warning


def test_a_larger_disk_resolves_it() -> None:
    assert disk_warnings(with_disk(6 * TIB)) == []
    assert len(disk_warnings(with_disk(5 * TIB))) == 1


def test_a_disk_that_just_holds_it_is_enough() -> None:
    exact = 10_000 * 1024 * 7 * 86_400
    assert disk_warnings(with_disk(exact)) == []
    assert len(disk_warnings(with_disk(exact - 1))) == 1


def test_retention_bytes_on_every_topic_resolve_it() -> None:
    assert disk_warnings(bounded(200_000_000, 100_000_000)) == []


def test_retention_bytes_on_all_topics_but_one_do_not() -> None:
    [warning] = disk_warnings(bounded(200_000_000, 100_000_000, but_one=True))
    assert "full after 17m 28s" in warning


def test_unlimited_retention_bytes_do_not() -> None:
    assert "full after" in disk_warnings(bounded(-1, None))[0]


def test_retention_bytes_that_are_too_big_are_a_warning_of_their_own() -> None:
    [warning] = disk_warnings(bounded(GIB, GIB))  # 21 partitions of 2 GiB; compacted topics are not counted
    assert "retention_bytes lets the topics grow to 42 GiB a node; cluster.disk is 10 GiB" in warning


def test_the_active_segment_counts() -> None:
    assert disk_warnings(bounded(1024, 1024)) == []
    assert "grow to 21 GiB a node" in disk_warnings(bounded(1024, None))[0]  # a segment is 1 GiB unless said otherwise


def test_load_kept_for_ever_fits_no_disk() -> None:
    assert SHIPPED.load is not None
    spec = SHIPPED.model_copy(update={"load": SHIPPED.load.model_copy(update={"retention": -1})})
    [warning] = disk_warnings(spec)
    assert "kept for ever need without end a node" in warning
    assert "full after 17m 28s" in warning


def test_replicas_spread_over_the_nodes() -> None:
    cluster = SHIPPED.cluster.model_copy(update={"nodes": 6})
    assert "full after 34m 57s" in disk_warnings(SHIPPED.model_copy(update={"cluster": cluster}))[0]


def test_without_a_load_or_a_disk_there_is_nothing_to_say() -> None:
    assert disk_warnings(SHIPPED.model_copy(update={"load": None})) == []
    assert disk_warnings(with_disk(None)) == []
