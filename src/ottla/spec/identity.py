"""The typed documents of identity: who may log in, what they may do, and how much they may use."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from ottla.model.acl import Operation, PatternType, Permission, ResourceType
from ottla.model.secret import SecretReference, parse_reference
from ottla.model.user import DEFAULT_ITERATIONS, LEAST_ITERATIONS, MOST_ITERATIONS, ScramMechanism
from ottla.spec.fields import Count, Flag, PositiveSize, Strict

FILTERS = ("any", "match")  # words of Kafka's tools, for looking: the authorizer keeps no binding with them
DEFAULT_OF_QUOTAS = "default"
AS_IT_IS = "DEFAULT"  # of principal mapping rules: the whole subject
NAMES = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"


def _no_filter(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in FILTERS:
        raise ValueError(f"{value} is a filter for looking ACLs up: no ACL has it")
    return value


def _user_name(value: Any) -> Any:
    if value == DEFAULT_OF_QUOTAS:
        raise ValueError(f"{value} is what quotas call whoever has none of their own: name the user otherwise")
    return value


def _reference(value: Any) -> SecretReference:
    return parse_reference(value)


_SECRET = WithJsonSchema({"type": "string", "pattern": r"^\s*\$\{(env|file):[^{}]+\}\s*$", "examples": ["${env:PASSWORD}"]})
_RESOURCE = WithJsonSchema({"enum": [str(each) for each in ResourceType]})
_OPERATION = WithJsonSchema({"enum": [str(each) for each in Operation]})
_PATTERN = WithJsonSchema({"enum": [str(each) for each in PatternType]})

UserName = Annotated[str, BeforeValidator(_user_name), Field(pattern=NAMES)]
Reference = Annotated[SecretReference, BeforeValidator(_reference), _SECRET]
Name = Annotated[str, Field(min_length=1)]


class Authentication(Enum):
    """How a user proves who they are."""

    SCRAM = "scram"
    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105  (a way to log in)


class OauthSpec(Strict):
    """Tokens of an OpenID Connect issuer (SASL/OAUTHBEARER, KIP-768): signed by it, and checked with its published keys."""

    issuer: Name = Field(description="Who issued a token: its `iss` claim, letter by letter.")
    audience: Name = Field(description="For whom it was issued: a value of its `aud` claim.")
    jwks: str = Field(pattern=r"^(https?|file)://\S+$", description="Where the issuer publishes its keys (JWKS), as a URL.")
    user_claim: Name = Field(default="sub", description="The claim that is the user's name.")


class AuthoritySpec(Strict):
    """A CA of your own, which issues the certificates of client listeners and users."""

    certificate: Reference = Field(description="Where its certificate is, PEM: `${file:PATH}` or `${env:NAME}`; a root CA.")
    key: Reference = Field(description="Where its private key is, PEM, not encrypted: RSA or EC. Ottla keeps no copy of it.")


class SecuritySpec(Strict):
    """Whether the platform is locked, and how users prove who they are."""

    enabled: Flag = Field(
        default=False,
        description="`true`: every byte encrypted, nobody unauthenticated, nothing allowed that the spec does not name. "
        "`false`: clients need no login, on this machine only.",
    )
    administrator: UserName = Field(
        default="admin",
        description="The user that exists before anybody can connect, and that commands log in as unless told --as; "
        "of `users`, with `admin: true`.",
    )
    mechanisms: tuple[ScramMechanism, ...] = Field(
        default=(ScramMechanism.SHA_512, ScramMechanism.SHA_256),
        description="How passwords are proven; each user gets a credential for each of them.",
    )
    oauth: OauthSpec | None = Field(
        default=None, description="The issuer whose tokens are taken as well; users with `authentication: token` come by it."
    )
    iterations: int = Field(
        default=DEFAULT_ITERATIONS,
        ge=LEAST_ITERATIONS,
        le=MOST_ITERATIONS,
        strict=True,
        description="How often a password is hashed: more makes guessing dearer, and every login slower.",
    )
    principal_mapping_rules: tuple[str, ...] = Field(
        default=(r"RULE:^CN=([^,]+).*$/$1/", AS_IT_IS),
        description="How the subject of a client's certificate becomes a user's name (ssl.principal.mapping.rules); "
        "by default its CN.",
    )
    authority: AuthoritySpec | None = Field(
        default=None,
        description="A CA of your own, which issues the certificates of client listeners and users; without it, Ottla makes one.",
    )


class ConsumesSpec(Strict):
    """What a user reads, and the consumer group that it reads as."""

    topics: tuple[Name, ...] = Field(min_length=1, description="The topics that the user reads.")
    group: Name = Field(description="The consumer group that it reads and commits as.")


class StreamsSpec(Strict):
    """A Kafka Streams application: its internal topics begin with its application_id."""

    application_id: Name = Field(description="The application.id: its consumer group, and how its internal topics begin.")
    reads: tuple[Name, ...] = Field(min_length=1, description="The topics that it reads.")
    writes: tuple[Name, ...] = Field(default=(), description="The topics that it writes.")
    exactly_once: Flag = Field(default=False, description="Whether it works in transactions (processing.guarantee).")


class UserSpec(Strict):
    """A user, and what they may do: nothing that is not said here or under `acls`."""

    description: str = Field(default="", description="Who the user is, in words for people.")
    authentication: Authentication = Field(
        default=Authentication.SCRAM,
        description="`scram`: by a password; `certificate`: by a client certificate whose subject is mapped to the name; "
        "`token`: by a token of the issuer in `security.oauth`.",
    )
    password: Reference | None = Field(
        default=None, description="Where the password is: `${env:NAME}` or `${file:PATH}`. Without it, one is generated and kept."
    )
    produces: tuple[Name, ...] = Field(default=(), description="The topics that the user writes.")
    transactional_id_prefix: Name | None = Field(
        default=None, description="How the transactional ids begin that the user writes with."
    )
    consumes: ConsumesSpec | None = Field(default=None, description="What the user reads, and as which consumer group.")
    streams: StreamsSpec | None = Field(default=None, description="The Kafka Streams application that the user runs.")
    admin: Flag = Field(default=False, description="Whether the user may do everything.")
    monitor: Flag = Field(
        default=False, description="Whether the user may look at metrics, lag and configs of everything, and at no record."
    )


class AclSpec(Strict):
    """An ACL in Kafka's own words, for what no role says."""

    principal: str = Field(
        pattern=r"^[A-Z][A-Za-z]*:.+$", description="Who: `User:NAME`, or `User:*` for everybody who is logged in."
    )
    resource: Annotated[ResourceType, BeforeValidator(_no_filter), _RESOURCE] = Field(description="What it is about.")
    name: str | None = Field(default=None, description="Its name, or how names begin (prefixed); `*` for all. Not for `cluster`.")
    pattern: Annotated[PatternType, BeforeValidator(_no_filter), _PATTERN] = Field(
        default=PatternType.LITERAL, description="`literal`: the name is a name; `prefixed`: every name that begins with it."
    )
    operations: tuple[Annotated[Operation, BeforeValidator(_no_filter), _OPERATION], ...] = Field(
        description="What may be done, or may not."
    )
    permission: Permission = Field(default=Permission.ALLOW, description="`deny` counts more than any `allow`.")
    host: Name = Field(default="*", description="From which IP address; `*`: from any.")


class QuotaSpec(Strict):
    """A quota: whom it is for, and how much they may use before they are slowed down."""

    user: Name | None = Field(default=None, description="A user; `default`: whoever has no quota of their own.")
    client_id: Name | None = Field(default=None, description="A client.id; `default`: whichever has no quota of its own.")
    ip: Name | None = Field(default=None, description="An address; `default`: whichever has no quota of its own.")
    producer_byte_rate: PositiveSize | None = Field(default=None, description="Bytes a second written, for each broker.")
    consumer_byte_rate: PositiveSize | None = Field(default=None, description="Bytes a second read, for each broker.")
    request_percentage: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Percent of one thread's time, for each broker; 200 is two threads."
    )
    controller_mutation_rate: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Partitions a second created or deleted."
    )
    connection_creation_rate: Count | None = Field(default=None, description="New connections a second (of an ip).")
