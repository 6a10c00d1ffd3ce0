"""Who may do what, against what Strimzi can hold: KafkaUsers, who log in by their names, and their own ACLs and quotas."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from ottla.model.acl import Permission
from ottla.model.user import ScramMechanism, principal_of
from ottla.spec.identity import DEFAULT_OF_QUOTAS, Authentication, SecuritySpec
from ottla.spec.kubernetes import is_resource_name
from ottla.spec.strimzi import (
    BROKER_POOL,
    COMBINED_POOL,
    CONTROLLER_POOL,
    ITERATIONS,
    MOST_BYTE_RATE,
    OPERATIONS,
    RESOURCES,
    SECRETS,
    password_secret,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ottla.spec.document import Path
    from ottla.spec.identity import AclSpec, QuotaSpec
    from ottla.spec.schema import EnvironmentSpec

Problem = tuple["Path", str]
SECURITY: Path = ("security",)
MAPPING_RULES = SecuritySpec.model_fields["principal_mapping_rules"].default


def kubernetes_identity_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    """Every fault in security, users, acls and quotas that only Strimzi makes one of. Users and ACLs are of locked platforms."""
    if spec.security.enabled:
        if spec.shares is None:
            yield from _security_problems(spec)
        yield from _name_problems(spec)
        for index, acl in enumerate(spec.acls):
            yield from _acl_problems(spec, ("acls", index), acl)
    for index, quota in enumerate(spec.quotas):
        yield from _quota_problems(("quotas", index), quota)


def _security_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    security = spec.security
    if ScramMechanism.SHA_512 not in security.mechanisms:
        yield (*SECURITY, "mechanisms"), f"Strimzi knows {ScramMechanism.SHA_512} only: add it"
    if "iterations" in security.model_fields_set and security.iterations != ITERATIONS:
        message = f"Strimzi hashes passwords {ITERATIONS:,} times, whatever is said: write {ITERATIONS}, or take it out"
        yield (*SECURITY, "iterations"), message
    if security.authority is not None:
        message = "Strimzi takes a CA of yours from Secrets, which Ottla does not make yet: take it out, and Strimzi makes a CA"
        yield (*SECURITY, "authority"), f"{message} (`security: {{authority: null}}`)"
    if security.oauth is not None and security.oauth.jwks.startswith("file:"):
        yield (*SECURITY, "oauth", "jwks"), "is a file, which the nodes' pods do not have: name a URL that they reach"
    by_certificate = any(user.authentication is Authentication.CERTIFICATE for user in spec.users.values())
    if by_certificate and security.principal_mapping_rules != MAPPING_RULES:
        message = "Strimzi maps no subject of a certificate: a user is who CN=NAME says, under that name. Take it out"
        yield (*SECURITY, "principal_mapping_rules"), message


def _name_problems(spec: EnvironmentSpec) -> Iterator[Problem]:
    secrets = {f"{spec.cluster.name}{ending}" for ending in SECRETS}
    pods = re.compile(rf"{re.escape(spec.cluster.name)}-({COMBINED_POOL}|{BROKER_POOL}|{CONTROLLER_POOL})-[0-9]+")
    given = {password_secret(spec.full_name(name)): name for name, user in spec.users.items() if user.password is not None}
    for name in spec.users:
        called = spec.full_name(name)
        if not is_resource_name(called):
            message = (
                f"{called} cannot be a KafkaUser: Strimzi's users log in by the names of their resources, which have lower-case"
            )
            yield ("users", name), f"{message} letters, digits, '-' and '.' only, with a letter or digit at both ends"
        elif called in secrets or pods.fullmatch(called):
            yield ("users", name), f"Strimzi has a Secret {called} of its own, and one for the user would lie over it"
        elif called in given:
            yield ("users", name), f"its Secret would be the one that holds the password of {given[called]}: name it otherwise"


def _acl_problems(spec: EnvironmentSpec, path: Path, acl: AclSpec) -> Iterator[Problem]:
    if acl.principal not in {principal_of(name) for name in spec.users}:
        kept = "would be taken away again" if acl.permission is Permission.ALLOW else "would not hold"
        message = f"Strimzi has ACLs of KafkaUsers alone, and one of {acl.principal} {kept}: name one of `users`"
        yield (*path, "principal"), message
    if acl.resource not in RESOURCES:
        yield (*path, "resource"), f"Strimzi has no ACLs about a {acl.resource}; about {', '.join(RESOURCES)}"
        return
    for index, operation in enumerate(acl.operations):
        if operation not in OPERATIONS:
            yield (*path, "operations", index), f"Strimzi has no word for {operation}"


def _quota_problems(path: Path, quota: QuotaSpec) -> Iterator[Problem]:
    if quota.client_id is not None or quota.ip is not None or quota.user == DEFAULT_OF_QUOTAS:
        key = "ip" if quota.ip is not None else "client_id" if quota.client_id is not None else "user"
        message = "Strimzi has quotas of KafkaUsers alone: say `user: NAME`, and nothing else whom it is for"
        yield (*path, key), message
        return
    for key in ("producer_byte_rate", "consumer_byte_rate"):
        if (getattr(quota, key) or 0) > MOST_BYTE_RATE:
            yield (*path, key), f"is more than Strimzi takes: at most {MOST_BYTE_RATE}"
    if quota.request_percentage is not None and not quota.request_percentage.is_integer():
        yield (*path, "request_percentage"), "Strimzi takes whole percents only"
    if quota.controller_mutation_rate is not None and not math.isfinite(quota.controller_mutation_rate):
        yield (*path, "controller_mutation_rate"), "Strimzi takes a number: leave it out where there is no limit"
