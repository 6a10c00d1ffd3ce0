"""The certificates of a locked platform: listed, checked, and rotated while it runs, without losing a client.

Files are changed under the lock, step by step; between two steps the brokers that read them are restarted one at a time.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ottla.errors import LocalError, UsageError
from ottla.local import certificate_rotation as steps
from ottla.local.certificate_expiry import AUTHORITY, CertificateFinding, Wanting, expiring_soon, findings, list_certificates
from ottla.local.certificate_rotation import Rotation, rotation_state
from ottla.local.client_certificates import stale_nodes
from ottla.platform.admission import given_authority
from ottla.platform.restart import refuse_missing
from ottla.platform.shared import refuse_shared

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from ottla.local.certificate_expiry import ListedCertificate
    from ottla.local.issuing import Authority
    from ottla.platform.local import LocalPlatform


@dataclass(frozen=True, slots=True)
class CertificatesView:
    """The client-facing certificates of a platform, what is wanting, and whether a change to another CA is under way."""

    certificates: tuple[ListedCertificate, ...]
    findings: tuple[CertificateFinding, ...]
    rotation: Rotation


def view_certificates(platform: LocalPlatform, *, now: dt.datetime) -> CertificatesView:
    """Look at every certificate. Raises UsageError on an open platform, LocalError where no cluster was made."""
    _refuse_open(platform)
    certificates, problem = _listed(platform, now)
    found = [*findings(certificates, now), *_not_read(platform)]
    if problem is not None:  # it says why the key is not at hand
        found = [problem, *(each for each in found if (each.what, each.wanting) != (problem.what, problem.wanting))]
    return CertificatesView(certificates, tuple(found), rotation_state(platform.cluster.layout))


def expiry_warnings(platform: LocalPlatform, *, now: dt.datetime) -> tuple[str, ...]:
    """A line for each certificate that has expired, or does in less than 30 days; none on an open platform."""
    return expiring_soon(_listed(platform, now)[0], now) if platform.spec.security.enabled else ()


def refuse_unready(platform: LocalPlatform, *options: str, now: dt.datetime) -> None:
    """Raise UsageError (open), LocalError (never made, or its CA cannot be used) or PlanRefused.

    That is where nodes are missing, or the cluster is another environment's: ``options`` are then part of the command to type.
    """
    with _changing(platform, now, *options):
        pass


def begin_rotation(platform: LocalPlatform, *, now: dt.datetime) -> tuple[int, ...]:
    """Trust another CA beside the old one, everywhere, and then give users certificates of it; the nodes that were restarted.

    Run again, it goes on where it was cut off. Raises PlanRefused where some nodes run and others do not.
    """
    layout, users = platform.cluster.layout, platform.certificate_users
    with _changing(platform, now) as given:
        steps.begin(layout, platform.cluster.name, now=now, given=given)
    restarted = _restart_stale(platform)
    with _changing(platform, now) as given:
        steps.renew_users(layout, users, now=now, given=given)
    return restarted


def finish_rotation(platform: LocalPlatform, *, now: dt.datetime) -> tuple[int, ...]:
    """Give nodes certificates of the new CA, and then trust no other; the nodes that were restarted, in their order.

    Brokers are restarted twice: a client that starts in between reads whom to trust from the same file as they do.
    Raises UsageError where no rotation is begun (and every node has read what the last one left), PlanRefused where its
    beginning was cut off.
    """
    layout, users = platform.cluster.layout, platform.certificate_users
    if rotation_state(layout) is Rotation.NONE and _stale(platform):
        return _restart_stale(platform)  # the last run was cut off there
    nodes = platform.cluster.made().nodes
    with _changing(platform, now, "--finish") as given:
        steps.refuse_half_begun(layout, users, now=now, given=given)
        steps.renew_nodes(layout, nodes, now=now, given=given)
    restarted = _restart_stale(platform)
    with _changing(platform, now) as given:
        steps.finish(layout, nodes, users, now=now, given=given)
    return (*restarted, *_restart_stale(platform))


def renew_certificates(platform: LocalPlatform, *, now: dt.datetime) -> tuple[int, ...]:
    """Give nodes and users new certificates of the same CA; the nodes that were restarted."""
    with _changing(platform, now, "--leaves") as given:
        nodes = platform.cluster.made().nodes
        steps.renew_leaves(platform.cluster.layout, nodes, platform.certificate_users, now=now, given=given)
    return _restart_stale(platform)


@contextmanager
def _changing(platform: LocalPlatform, now: dt.datetime, *options: str) -> Iterator[Authority | None]:
    """Hold the lock, with all nodes running or none; a step that cannot be followed by restarts is not begun."""
    _refuse_open(platform)
    refuse_shared(platform.spec, "certs rotate", *options)
    given = given_authority(platform.identity, now=now)
    platform.cluster.made()
    with platform.cluster.lock():
        if platform.cluster.running():
            refuse_missing(platform.cluster)
        yield given


def _restart_stale(platform: LocalPlatform) -> tuple[int, ...]:
    """Restart the brokers that run with other certificates than there are now; what does not run reads them when it starts."""
    stale = _stale(platform)
    return platform.restart(stale) if stale else ()


def _stale(platform: LocalPlatform) -> list[int]:
    running = platform.cluster.running()
    return [each for each in stale_nodes(platform.cluster.layout, platform.cluster.made().nodes) if each in running]


def _listed(platform: LocalPlatform, now: dt.datetime) -> tuple[tuple[ListedCertificate, ...], CertificateFinding | None]:
    """The certificates, and why the CA that the spec gives cannot be used (None: it can, or it gives none)."""
    problem = None
    try:
        given = given_authority(platform.identity, now=now)
    except LocalError as error:
        given, message = None, f"{error.where}: {error.message}"
        problem = CertificateFinding(AUTHORITY, Wanting.KEY_WRONG, message, error.hint or "mend it")
    layout, nodes = platform.cluster.layout, platform.cluster.made().nodes
    return list_certificates(layout, nodes, platform.certificate_users, now=now, given=given), problem


def _not_read(platform: LocalPlatform) -> Iterator[CertificateFinding]:
    for node_id in _stale(platform):
        message = "the node runs with what was there before"
        yield CertificateFinding(f"node {node_id}", Wanting.NOT_READ, message, f"ottla restart {node_id}")


def _refuse_open(platform: LocalPlatform) -> None:
    if not platform.spec.security.enabled:
        raise UsageError(
            f"environment {platform.environment!r} is open: its clients need no certificates",
            hint="choose a locked one with -e NAME; `security: {enabled: true}` in the spec locks one",
        )
