"""Faults that are verbs of the platform: what an administrator does on a good day, done while events flow.

Each says what it saw of it, as a killed node's fault does. Some of them (a restart, a rotation, more partitions) leave nothing
to undo: healed means then that the platform is whole again with it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from ottla.errors import ClusterError, OttlaError
from ottla.local.certificate_rotation import Rotation, rotation_state
from ottla.local.faults.fault import Evidence
from ottla.local.faults.record import forget, remember
from ottla.model.acl import Permission
from ottla.model.state import Evidence as Contents
from ottla.model.user import principal_of
from ottla.plan import Diff, make_plan, order_changes
from ottla.plan.changes import AddPartitions, AlterTopicConfigs, ConfigChange, CreateAcl, DeleteAcl
from ottla.platform.certificates import begin_rotation, finish_rotation
from ottla.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import psutil

    from ottla.model.acl import AclBinding
    from ottla.plan import Change
    from ottla.platform import LocalPlatform
    from ottla.platform.access import Access

REFUSED_TIMEOUT = 10.0  # seconds until every broker knows a changed password
CERTIFICATE_TIMEOUT = 5.0


def _evidence(look: Callable[[], Iterable[tuple[bool, str]]]) -> Evidence:
    """What ``look`` did and saw; an error ends it, and is evidence that is not shown."""
    seen: list[tuple[bool, str]] = []
    try:
        seen.extend(look())
    except OttlaError as error:
        seen.append((False, str(error)))
    return Evidence.of(seen)


class _Verb(ABC):
    """A fault that the platform itself does: ``_done`` does it, ``_healed`` undoes it, and both tell what they see."""

    name: ClassVar[str]

    def __init__(self, platform: LocalPlatform, target: str) -> None:
        self._platform = platform
        self.target = target

    def do(self) -> Evidence:
        """Do it, and show that it took hold."""
        return _evidence(self._done)

    def heal(self) -> Evidence:
        """Undo what can be undone, and show that the platform is whole."""
        return _evidence(self._healed)

    @abstractmethod
    def _done(self) -> Iterator[tuple[bool, str]]: ...

    def _healed(self) -> Iterator[tuple[bool, str]]:
        leader = self._platform.wait_until_whole()
        yield True, f"every broker is there, every replica in sync, and node {leader} leads the quorum"


class RollingRestart(_Verb):
    """Every node restarted, one at a time."""

    name = "rolling-restart"

    def __init__(self, platform: LocalPlatform) -> None:
        super().__init__(platform, "all nodes, one at a time")

    def _done(self) -> Iterator[tuple[bool, str]]:
        before = self._platform.cluster.running()
        order = self._platform.restart()
        now = self._platform.cluster.running()
        for node_id in order:
            yield _is_another(before.get(node_id), now.get(node_id)), f"node {node_id}: {_pids(before, now, node_id)}"


class RotateCertificates(_Verb):
    """Another CA for clients and brokers, from its beginning to its end."""

    name = "rotate-certificates"

    def __init__(self, platform: LocalPlatform, renew_clients: Callable[[], None]) -> None:
        super().__init__(platform, "the CA of clients and brokers")
        self._renew_clients = renew_clients

    def _done(self) -> Iterator[tuple[bool, str]]:
        before = self._served()
        begin_rotation(self._platform, now=dt.datetime.now(dt.UTC))
        self._renew_clients()  # one that runs knows the old CA alone
        finish_rotation(self._platform, now=dt.datetime.now(dt.UTC))
        for node_id, shown in self._served().items():
            line = f"node {node_id} shows certificate {shown or 'none'}, before {before.get(node_id) or 'none'}"
            yield shown is not None and shown != before.get(node_id), line
        state = rotation_state(self._platform.cluster.layout)
        yield state is Rotation.NONE, f"rotation under way: {state.name.lower()}"

    def _served(self) -> dict[int, str | None]:
        """The beginning of the digest of what each broker shows to clients."""
        brokers = [node for node in self._platform.cluster.made().nodes if node.is_broker]
        return {node.node_id: _certificate(node.host, node.ports[0]) for node in brokers}


class RotatePassword(_Verb):
    """Another password for a user."""

    name = "rotate-password"

    def __init__(self, platform: LocalPlatform, user: str) -> None:
        super().__init__(platform, f"user {user}")
        self._user = user

    def _done(self) -> Iterator[tuple[bool, str]]:
        before = self._platform.access(self._user)
        self._platform.rotate_password(self._user)
        yield _logs_in(self._platform.access(self._user)), f"{self.target} logs in with the new password"
        outdated = wait_until(
            lambda: _logs_in(before), lambda let_in: not let_in, what="the old password to be refused", timeout=REFUSED_TIMEOUT
        )
        yield not outdated, f"{self.target} is refused with the old password"

    def _healed(self) -> Iterator[tuple[bool, str]]:
        yield _logs_in(self._platform.access(self._user)), f"{self.target} logs in with the new password, which stays"


class RevokeAcls(_Verb):
    """Everything that ACLs allow a user taken away, and given back. A user of the spec: ``ottla up`` gives it back as well."""

    name = "revoke-acls"

    def __init__(self, platform: LocalPlatform, user: str) -> None:
        super().__init__(platform, f"user {user}")
        self._principal = principal_of(platform.spec.full_name(user) if user in platform.spec.users else user)
        self._revoked: tuple[AclBinding, ...] = ()
        self._fault_id: str | None = None

    def _done(self) -> Iterator[tuple[bool, str]]:
        self._revoked = self._there()
        if not self._revoked:
            yield False, f"no ACL allows {self._principal} anything"
            return
        self._fault_id = remember(self._platform.cluster.layout, f"{self.name} ({self.target})", ())
        _carry_out(self._platform, [DeleteAcl(binding) for binding in self._revoked])
        left = self._there()
        yield not left, f"{len(self._revoked)} ACLs of {self._principal} are gone, {len(left)} are left"

    def _healed(self) -> Iterator[tuple[bool, str]]:
        there = set(self._there())
        _carry_out(self._platform, [CreateAcl(binding) for binding in self._revoked if binding not in there])
        back = set(self._revoked) & set(self._there())
        healed = len(back) == len(self._revoked)
        if healed and self._fault_id is not None:
            forget(self._platform.cluster.layout, self._fault_id)
        yield healed, f"{len(back)} of {len(self._revoked)} ACLs of {self._principal} are back"

    def _there(self) -> tuple[AclBinding, ...]:
        acls = self._platform.look().state.acls
        return tuple(sorted(each for each in acls if each.principal == self._principal and each.permission is Permission.ALLOW))


class ApplyTopicConfig(_Verb):
    """A config of a topic changed by a plan, and changed back."""

    name = "apply-config"

    def __init__(self, platform: LocalPlatform, topic: str, key: str, value: str) -> None:
        super().__init__(platform, f"{key}={value} of topic {topic}")
        self._topic, self._key, self._value = topic, key, value
        self._before: str | None = None
        self._done_once = False

    def _done(self) -> Iterator[tuple[bool, str]]:
        if not self._done_once:
            self._before, self._done_once = self._now(), True
        yield self._set(self._value)

    def _healed(self) -> Iterator[tuple[bool, str]]:
        if self._done_once:
            yield self._set(self._before)
        yield from super()._healed()

    def _now(self) -> str | None:
        return _topic(self._platform, self._topic).get(self._key)

    def _set(self, value: str | None) -> tuple[bool, str]:
        before = self._now()
        if before != value:
            _carry_out(self._platform, [AlterTopicConfigs(self._topic, (ConfigChange(self._key, before, value),))])
        now = self._now()
        return now == value, f"topic {self._topic}: {self._key} is {now or 'not set'}, before {before or 'not set'}"


class ApplyPartitions(_Verb):
    """More partitions for a topic, by a plan. Kafka takes none away, so they stay."""

    name = "apply-partitions"

    def __init__(self, platform: LocalPlatform, topic: str, more: int) -> None:
        super().__init__(platform, f"{more} more partitions of topic {topic}")
        self._topic, self._more = topic, more

    def _done(self) -> Iterator[tuple[bool, str]]:
        before = self._count()
        _carry_out(self._platform, [AddPartitions(self._topic, before, before + self._more)])
        now = self._count()
        yield now == before + self._more, f"topic {self._topic} has {now} partitions, before {before}"

    def _count(self) -> int:
        _topic(self._platform, self._topic)
        return self._platform.look().state.topics[self._topic].partitions


def _carry_out(platform: LocalPlatform, changes: Sequence[Change]) -> None:
    """Plan these changes alone, accept what they risk (that is what a drill is for), and apply them."""
    if not changes:
        return
    seen = platform.look()
    difference = Diff(order_changes(list(changes)), (), ())
    plan = make_plan(difference, seen.state, Contents(), cluster_id=seen.cluster_id, environment=platform.environment)
    platform.apply(plan, accept=frozenset(risk.code for planned in plan.changes for risk in planned.risks))


def _topic(platform: LocalPlatform, name: str) -> dict[str, str]:
    """The configs that are set on a topic. Raises ClusterError where there is none of that name."""
    topics = platform.look().state.topics
    if name not in topics:
        raise ClusterError(f"there is no topic {name}", hint="see which there are: ottla topics list")
    return dict(topics[name].configs)


def _is_another(before: psutil.Process | None, now: psutil.Process | None) -> bool:
    return before is not None and now is not None and before != now


def _pids(before: dict[int, psutil.Process], now: dict[int, psutil.Process], node_id: int) -> str:
    was, is_now = (each[node_id].pid if node_id in each else "none" for each in (before, now))
    return f"pid {is_now} (it was {was})"


def _certificate(host: str, port: int) -> str | None:
    try:
        return hashlib.sha256(ssl.get_server_certificate((host, port), timeout=CERTIFICATE_TIMEOUT).encode()).hexdigest()[:16]
    except OSError:
        return None


def _logs_in(access: Access) -> bool:
    try:
        with access.connected():
            return True
    except ClusterError:
        return False
