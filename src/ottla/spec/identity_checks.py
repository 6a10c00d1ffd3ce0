"""Faults in who may do what: users and topics that are not there, ACLs that Kafka would not keep, prefixes that take in more."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from ottla.model.acl import CLUSTER_NAME, OPERATIONS, WILDCARD, PatternType, ResourceType
from ottla.model.quota import OF_ADDRESSES, OF_CLIENTS
from ottla.spec.faults import did_you_mean
from ottla.spec.identity import DEFAULT_OF_QUOTAS, Authentication
from ottla.spec.roles import internal_prefix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.spec.document import Path
    from ottla.spec.identity import AclSpec, QuotaSpec, UserSpec
    from ottla.spec.schema import EnvironmentSpec

MAPPING_RULE = re.compile(r"DEFAULT|RULE:((\\.|[^\\/])*)/((\\.|[^\\/])*)/[LU]?")  # SslPrincipalMapper
Problem = tuple["Path", str]


def identity_problems(spec: EnvironmentSpec, *, whole: bool = True) -> Iterator[Problem]:
    """Every fault in security, users, acls and quotas. Where topics could not be read (not ``whole``), none is called unknown."""
    if spec.shares is None:  # it is said, and checked, where the cluster is
        yield from _security_problems(spec)
    for name, user in spec.users.items():
        path: Path = ("users", name)
        if whole:
            yield from _topic_problems(spec, path, user)
        yield from _user_problems(spec, path, user)
    yield from _shadow_problems(spec)
    for index, acl in enumerate(spec.acls):
        yield from _acl_problems(("acls", index), acl)
    yield from _quota_problems(spec)


def _security_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    security = spec.security
    yield from _rule_problems(security.principal_mapping_rules)
    for index, mechanism in enumerate(security.mechanisms):
        if mechanism in security.mechanisms[:index]:
            yield ("security", "mechanisms", index), f"{mechanism} is written twice"
    if not security.mechanisms:
        yield ("security", "mechanisms"), "name at least one"
    if not security.enabled:
        return
    first = spec.users.get(security.administrator)
    if first is None:
        yield (
            ("security", "administrator"),
            f"there is no user {security.administrator}: write `users: {{{security.administrator}: {{admin: true}}}}`",
        )
    elif not first.admin or first.authentication is not Authentication.SCRAM:
        yield ("users", security.administrator), "is the administrator: it needs `admin: true`, and a password (scram)"


def _rule_problems(rules: Iterable[str]) -> Iterator[Problem]:
    for index, rule in enumerate(rules):
        at: Path = ("security", "principal_mapping_rules", index)
        found = MAPPING_RULE.fullmatch(rule)
        if found is None:
            yield at, "expected DEFAULT, or RULE:pattern/replacement/ with L or U after it"
        elif found[1] is not None and not _is_pattern(found[1]):
            yield at, f"{found[1]} is no regular expression: a node would end with it"


def _is_pattern(text: str) -> bool:
    """Whether it can be compiled; named groups, which Java writes in its own way, taken as Python's."""
    try:
        re.compile(re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", text))
    except re.error:
        return False
    return True


def _topics_of(user: UserSpec) -> Iterator[tuple[Path, tuple[str, ...]]]:
    yield ("produces",), user.produces
    if user.consumes is not None:
        yield ("consumes", "topics"), user.consumes.topics
    if user.streams is not None:
        yield ("streams", "reads"), user.streams.reads
        yield ("streams", "writes"), user.streams.writes


def _topic_problems(spec: EnvironmentSpec, path: Path, user: UserSpec) -> Iterator[Problem]:
    for inner, topics in _topics_of(user):
        for index, topic in enumerate(topics):
            if topic not in spec.topics:
                yield (*path, *inner, index), f"there is no topic {topic}; {did_you_mean(topic, spec.topics)}"
            elif topic in topics[:index]:
                yield (*path, *inner, index), f"{topic} is written twice"


def _user_problems(spec: EnvironmentSpec, path: Path, user: UserSpec) -> Iterator[Problem]:
    if user.authentication is not Authentication.SCRAM and user.password is not None:
        yield (*path, "password"), f"a user with a {user.authentication.value} has no password"
    if user.authentication is Authentication.TOKEN and spec.security.enabled and spec.security.oauth is None:
        yield (*path, "authentication"), "no issuer is known whose tokens are taken: write `security: {oauth: {issuer: ...}}`"
    if user.transactional_id_prefix == WILDCARD:
        yield (*path, "transactional_id_prefix"), "a prefix * is that of names that begin with a star, not of all"


def _shadow_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    """A prefix that takes in what is another's lets its owner in there: Streams may even delete those topics."""
    for name, user in spec.users.items():
        if user.streams is not None:
            at: Path = ("users", name, "streams", "application_id")
            taken = [topic for topic in spec.topics if topic.startswith(internal_prefix(user.streams))]
            yield from ((at, message) for message in _shadowed(internal_prefix(user.streams), "topic", taken))
        for path, prefix in _transactional_prefixes(name, user):
            others = [
                f"{theirs} of {other}"
                for other, each in spec.users.items()
                for _, theirs in _transactional_prefixes(other, each)
                if other != name and theirs.startswith(prefix)
            ]
            yield from ((path, message) for message in _shadowed(prefix, "transactional id", others))


def _shadowed(prefix: str, kind: str, taken: list[str]) -> Iterator[str]:
    if taken:
        yield f"{kind}s that begin with {prefix} are this user's own, and that takes in {', '.join(taken)}: choose another prefix"


def _transactional_prefixes(name: str, user: UserSpec) -> Iterator[tuple[Path, str]]:
    if user.transactional_id_prefix is not None:
        yield ("users", name, "transactional_id_prefix"), user.transactional_id_prefix
    if user.streams is not None and user.streams.exactly_once:
        yield ("users", name, "streams", "application_id"), internal_prefix(user.streams)


def _acl_problems(path: Path, acl: AclSpec) -> Iterator[Problem]:
    if acl.resource is ResourceType.CLUSTER:
        if acl.name not in {None, CLUSTER_NAME} or acl.pattern is not PatternType.LITERAL:
            yield path, "there is one cluster: take out its name and pattern"
    elif not acl.name:
        yield (*path, "name"), f"is required for a {acl.resource}; `*` is all of them"
    if acl.pattern is PatternType.PREFIXED and acl.name == WILDCARD:
        yield (*path, "name"), "a prefix * is that of names that begin with a star; for all names: `pattern: literal`"
    yield from _who_problems(path, acl)
    if not acl.operations:
        yield (*path, "operations"), "name at least one"
    for index, operation in enumerate(acl.operations):
        allowed = OPERATIONS[acl.resource]
        if operation not in allowed:
            words = ", ".join(sorted(allowed))
            yield (*path, "operations", index), f"{operation} means nothing for a {acl.resource}; one of {words}"
        if operation in acl.operations[:index]:
            yield (*path, "operations", index), f"{operation} is written twice"


def _who_problems(path: Path, acl: AclSpec) -> Iterator[Problem]:
    if acl.principal.partition(":")[0].lower() == "user" and not acl.principal.startswith("User:"):
        yield (*path, "principal"), "the type of a principal counts by its letters: write User:"
    if acl.host != WILDCARD and not _is_address(acl.host):
        yield (*path, "host"), f"expected an IP address or *, not {acl.host!r}: Kafka compares addresses, not names or networks"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _quota_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    seen: set[tuple[str | None, ...]] = set()
    for index, quota in enumerate(spec.quotas):
        path: Path = ("quotas", index)
        entity = (quota.user, quota.client_id, quota.ip)
        if entity in seen:
            yield path, "is for the same as one before it: put them together"
        seen.add(entity)
        yield from ((path, message) for message in _entity_problems(quota))
        if quota.user not in {None, DEFAULT_OF_QUOTAS, *spec.users}:
            yield (*path, "user"), f"there is no user {quota.user}; {did_you_mean(str(quota.user), spec.users)}"
        if quota.ip not in {None, DEFAULT_OF_QUOTAS} and not _is_address(str(quota.ip)):
            yield (*path, "ip"), f"expected an IP address or default, not {quota.ip!r}"


def _entity_problems(quota: QuotaSpec) -> Iterator[str]:
    of_client = quota.user is not None or quota.client_id is not None
    if of_client == (quota.ip is not None):
        yield "say whom it is for: a user, a client_id or both; or an ip alone"
        return
    said = quota_values(quota)
    fitting = OF_CLIENTS if of_client else OF_ADDRESSES
    if not said:
        yield f"says no quota; one of {', '.join(sorted(fitting))}"
    for key in sorted(said.keys() - fitting):
        yield f"{key} is no quota of {'users and clients' if of_client else 'addresses'}; one of {', '.join(sorted(fitting))}"


def quota_values(quota: QuotaSpec) -> dict[str, float]:
    """What a quota says, by Kafka's key."""
    said = {key: getattr(quota, key) for key in OF_CLIENTS | OF_ADDRESSES}
    return {key: float(value) for key, value in said.items() if value is not None}
