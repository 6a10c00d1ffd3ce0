"""Users of a locked platform as KafkaUsers: how each logs in, what each may do, and how much.

The name of a KafkaUser is the name that it logs in by (KafkaUserModel.getUserName); by a certificate it is ``CN=NAME``, and
Strimzi gives it ACLs and quotas under that. ACLs and quotas of whoever has no KafkaUser are taken away (SimpleAclOperator).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ottla.kubernetes.resource import Said, Tree
from ottla.kubernetes.strimzi import custom_resource, described
from ottla.model.acl import WILDCARD, AclBinding, PatternType, Permission
from ottla.model.user import principal_of
from ottla.spec.identity import Authentication
from ottla.spec.roles import grants
from ottla.spec.strimzi import CERTIFICATES, OPERATIONS, PASSWORDS, RESOURCES, password_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.kubernetes.resource import Resource
    from ottla.kubernetes.site import Site
    from ottla.spec.document import Path
    from ottla.spec.identity import QuotaSpec, UserSpec
    from ottla.spec.roles import Grant

SECRET_KEY = "password"  # noqa: S105  (as Strimzi's own Secrets have it)
QUOTAS = {
    "producer_byte_rate": "producerByteRate",
    "consumer_byte_rate": "consumerByteRate",
    "request_percentage": "requestPercentage",
    "controller_mutation_rate": "controllerMutationRate",
}


class _About(NamedTuple):
    """What bindings that make one rule have in common."""

    resource_type: str
    name: str
    pattern: PatternType
    host: str
    permission: Permission


def users(site: Site) -> Iterator[Resource]:
    """A KafkaUser for each, in the order of the spec; none where nobody has to log in."""
    granted = grants(site.spec) if site.secured else ()
    for name, user in site.users.items():
        called, path = site.spec.full_name(name), ("users", name)
        own = [grant for grant in granted if grant.binding.principal == principal_of(called)]
        spec = {
            "authentication": _authentication(called, user, path),
            "authorization": {"type": "simple", "acls": _rules(own)},
            "quotas": _quotas(site, name),
        }
        yield custom_resource(
            site,
            "KafkaUser",
            file=f"user-{called}.yaml",
            name=Said(called, path),
            spec=spec,
            annotations=described(user.description, path),
        )


def _authentication(called: str, user: UserSpec, path: Path) -> dict[str, Tree] | None:
    """None for who comes by a token: there is nothing to make for them (KafkaUserSpec.authentication)."""
    if user.authentication is Authentication.TOKEN:
        return None
    at = (*path, "authentication")
    if user.authentication is Authentication.CERTIFICATE:
        return {"type": Said(CERTIFICATES.login, at)}
    if user.password is None:
        return {"type": Said(PASSWORDS.login, at)}
    reference = {"name": Said(password_secret(called), (*path, "password")), "key": SECRET_KEY}
    return {"type": Said(PASSWORDS.login, at), "password": {"valueFrom": {"secretKeyRef": reference}}}


def _rules(granted: Iterable[Grant]) -> list[Tree]:
    """ACLs about one thing as one rule. Strimzi has no word for tokens and users of Kafka's; nothing but `admin` gives those."""
    rules: dict[_About, list[Grant]] = {}
    for grant in granted:
        about = _about(grant.binding)
        if grant.binding.resource_type in RESOURCES and grant.binding.operation in OPERATIONS:
            rules.setdefault(about, []).append(grant)
    return [_rule(about, same) for about, same in rules.items()]


def _about(binding: AclBinding) -> _About:
    return _About(binding.resource_type, binding.name, binding.pattern_type, binding.host, binding.permission)


def _rule(about: _About, same: list[Grant]) -> dict[str, Tree]:
    operations = dict.fromkeys(grant.binding.operation for grant in same)
    return {
        "type": "deny" if about.permission is Permission.DENY else None,
        "resource": _resource(same[0]),
        "operations": [OPERATIONS[operation] for operation in operations],
        "host": None if about.host == WILDCARD else about.host,
    }


def _resource(grant: Grant) -> dict[str, Tree]:
    binding, at = grant.binding, _said_at(grant.path)
    kind = RESOURCES[binding.resource_type]
    if kind == "cluster":
        return {"type": Said(kind, at)}
    pattern = "prefix" if binding.pattern_type is PatternType.PREFIXED else "literal"
    return {"type": kind, "name": Said(binding.name, at), "patternType": pattern}


def _said_at(path: Path) -> Path:
    """The line of what asks for it; of an ACL in Kafka's own words, that of its resource."""
    return (*path[:2], "resource") if path[0] == "acls" else path


def _quotas(site: Site, name: str) -> dict[str, Tree] | None:
    for index, quota in enumerate(site.spec.quotas):
        if quota.user == name:
            return _quota(quota, ("quotas", index))
    return None


def _quota(quota: QuotaSpec, path: Path) -> dict[str, Tree]:
    """Strimzi takes whole percents only; whatever is not whole is a fault of the spec."""
    said = {theirs: (key, getattr(quota, key)) for key, theirs in QUOTAS.items()}
    return {
        theirs: Said(int(value) if float(value).is_integer() else value, (*path, key))
        for theirs, (key, value) in said.items()
        if value is not None
    }
