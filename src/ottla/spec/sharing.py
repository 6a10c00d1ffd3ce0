"""Environments that share a cluster: faults where one could see, touch or hide what is another's."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from ottla.model.acl import WILDCARD, PatternType, ResourceType
from ottla.model.user import USER
from ottla.spec.environments import ENVIRONMENTS, OF_ENVIRONMENTS, OF_THE_CLUSTER, PREFIX, SHARES, owner_of, shared_by
from ottla.spec.faults import did_you_mean
from ottla.spec.identity import DEFAULT_OF_QUOTAS
from ottla.spec.kubernetes_checks import sharing_problems_of
from ottla.spec.roles import grants
from ottla.spec.schema import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ottla.spec.document import Document, Path
    from ottla.spec.faults import Fault
    from ottla.spec.identity import AclSpec, QuotaSpec
    from ottla.spec.schema import EnvironmentSpec

LONGEST_TOPIC, LONGEST_USER = 249, 64  # Kafka's limit; that of a certificate's CN (X.520 ub-common-name)
WITH_A_PREFIX = (ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID)
Problem = tuple["Path", str]


def sharing_faults(document: Document) -> Iterator[Fault]:
    """What is wrong with who shares whose cluster, before any environment is read."""
    for key in OF_ENVIRONMENTS:
        if key in document.values:
            yield document.fault((key,), f"is said of one environment: write it under `{ENVIRONMENTS}: {{NAME: {{{key}: ...}}}}`")
    environments = document.values.get(ENVIRONMENTS)
    for name, value in environments.items() if isinstance(environments, dict) else ():
        if isinstance(value, dict):
            path: Path = (ENVIRONMENTS, name)
            yield from (document.fault((*path, *inner), message) for inner, message in _said_problems(document, name, value))


def _said_problems(document: Document, name: str, value: Mapping[str, object]) -> Iterator[Problem]:
    owner = shared_by(document, name)
    if owner is None:
        if value.get(PREFIX) is not None:
            yield (
                (PREFIX,),
                "is for an environment that shares the cluster of another one: say which (`shares: NAME`), or take it out",
            )
        return
    if owner_of(document, name) is None:
        yield (SHARES,), _why_not(document, name, owner)
    if not value.get(PREFIX):
        yield (SHARES,), f"needs a prefix, to tell its names from those of {owner}: write, for example, `prefix: {name}.`"
    for key in OF_THE_CLUSTER:
        if key in value:
            yield (key,), f"is that of {owner}, whose cluster this environment shares: take it out"


def _why_not(document: Document, name: str, owner: object) -> str:
    others = [each for each in document.values[ENVIRONMENTS] if each != name and shared_by(document, each) is None]
    if owner == name:
        return "an environment does not share with itself"
    if isinstance(owner, str) and owner in document.values[ENVIRONMENTS] and shared_by(document, owner) is not None:
        return f"{owner} lives in the cluster of another one itself: name that one ({shared_by(document, owner)})"
    return f"there is no environment {owner}; {did_you_mean(str(owner), others)}"


def sharing_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    """What an environment that shares a cluster may not ask for, because it is its neighbours' as well."""
    for name in spec.topics:
        if len(spec.full_name(name)) > LONGEST_TOPIC:
            yield ("topics", name), f"is longer than {LONGEST_TOPIC} characters with the prefix {spec.prefix}"
    for name, user in spec.users.items():
        if len(spec.full_name(name)) > LONGEST_USER:
            yield ("users", name), f"is longer than {LONGEST_USER} characters with the prefix {spec.prefix}"
        if user.admin:
            yield ("users", name, "admin"), _no_administrator(spec, name)
    for index, acl in enumerate(spec.acls):
        yield from _acl_problems(("acls", index), acl)
    for index, quota in enumerate(spec.quotas):
        yield from _quota_problems(("quotas", index), quota)


def _no_administrator(spec: EnvironmentSpec, user: str) -> str:
    return (
        f"an administrator could touch what is of {spec.shares}, whose cluster the environment with the prefix {spec.prefix} "
        f"shares: take the user out there (`users: {{{user}: null}}`)"
    )


def _acl_problems(path: Path, acl: AclSpec) -> Iterator[Problem]:
    if acl.resource not in WITH_A_PREFIX:
        kinds = ", ".join(WITH_A_PREFIX)
        yield (*path, "resource"), f"{acl.resource} has no prefix: in an environment that shares a cluster, one of {kinds}"
    kind, _, user = acl.principal.partition(":")
    if kind != USER or user == WILDCARD:
        yield (*path, "principal"), f"{acl.principal} is of the neighbours as well: in a shared cluster, name a user (User:NAME)"


def _quota_problems(path: Path, quota: QuotaSpec) -> Iterator[Problem]:
    if quota.ip is not None:
        yield (*path, "ip"), "addresses are of the neighbours as well: say it where the cluster is"
        return
    key, name = ("client_id", quota.client_id) if quota.user is None else ("user", quota.user)
    if name == DEFAULT_OF_QUOTAS:
        yield (*path, key), "default is for the neighbours as well: name one, or say it where the cluster is"


def neighbour_faults(environments: Mapping[str, EnvironmentSpec], documents: Mapping[str, Document]) -> Iterator[Fault]:
    """Names by which two environments of one cluster would meet."""
    for owner, spec in environments.items():
        sharing = {name: one.prefix for name, one in environments.items() if one.shares == owner and one.prefix}
        for (name, prefix), (other, its) in combinations(sharing.items(), 2):
            if _alike(prefix).startswith(_alike(its)) or _alike(its).startswith(_alike(prefix)):
                message = f"takes in, or is taken in by, {prefix} of {name} ('.' and '_' count alike): choose another one"
                yield documents[other].fault((PREFIX,), message)
        for name, prefix in sharing.items():
            yield from (documents[owner].fault(path, message) for path, message in _meeting(spec, name, prefix))
        for name in sharing if spec.target is Target.STRIMZI else ():
            yield from (documents[name].fault(path, message) for path, message in sharing_problems_of(spec, environments[name]))


def _alike(name: str) -> str:
    """As Kafka's metrics write it: of two topics that differ in no more, it refuses the second."""
    return name.replace(".", "_")


def _meeting(spec: EnvironmentSpec, environment: str, prefix: str) -> Iterator[Problem]:
    """Where the owner of a cluster names what is, by its prefix, of an environment that shares it."""
    whose = f"is of environment {environment}, whose names begin with {prefix}: choose another name, or another prefix there"
    for topic in spec.topics:
        if _alike(topic).startswith(_alike(prefix)):
            yield ("topics", topic), whose if topic.startswith(prefix) else f"{whose} ('.' and '_' count alike)"
    yield from ((("users", user), whose) for user in spec.users if user.startswith(prefix))
    for index, quota in enumerate(spec.quotas):
        if quota.client_id is not None and quota.client_id.startswith(prefix):
            yield ("quotas", index, "client_id"), whose
    for index, acl in enumerate(spec.acls):
        if acl.principal.startswith(f"{USER}:{prefix}"):
            yield ("acls", index, "principal"), f"{acl.principal} {whose}"
    for binding, path in grants(spec):
        raw = path[0] == "acls"
        takes_in = binding.pattern_type is PatternType.PREFIXED and prefix.startswith(binding.name) and not raw
        named = binding.resource_type is not ResourceType.TOPIC or binding.pattern_type is PatternType.PREFIXED or raw
        if takes_in or (named and binding.name.startswith(prefix)):
            shown = f"{binding.resource_type} {binding.name}{'*' if binding.pattern_type is PatternType.PREFIXED else ''}"
            yield (path[:2] if raw else path), f"{shown} {'takes in what ' if takes_in else ''}{whose}"
