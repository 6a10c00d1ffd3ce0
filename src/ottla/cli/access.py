"""`ottla access`: what a user may do, or who may do something to a topic or group, and by which line of the spec."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ottla.cli.offered import user_names
from ottla.cli.output import Output, OutputOption, note, print_document, print_table
from ottla.cli.running import DEFAULT_FILE, Environment, SpecFile, explained
from ottla.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ottla.spec import EnvironmentSpec, Spec
    from ottla.spec.document import Document, Path
    from ottla.spec.entitlements import Entitlements, Right
    from ottla.spec.faults import Mark
    from ottla.spec.roles import Grant

WILDCARD, ALL = "*", "all"
SUPER_USER = "everything (super user)"
WHOEVER = "* (whoever is logged in)"


@explained
def command(
    user: Annotated[str | None, typer.Argument(help="A user of the spec.", autocompletion=user_names)] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="Who may do something to this topic.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Who may do something to this consumer group.")] = None,
    file: SpecFile = DEFAULT_FILE,
    environment: Environment = None,
    output: OutputOption = Output.TABLE,
) -> int:
    """What a user may do, and by which line of the spec; or who may do what to a topic or group. Asks no cluster."""
    from ottla.spec import load_spec

    if topic is not None and group is not None:
        raise UsageError("--topic and --group: one at a time")
    if user is None and topic is None and group is None:
        raise UsageError("name a user, or --topic NAME, or --group NAME", hint="the users there are: ottla users list")
    spec = load_spec(file)
    name, one = spec.environment(environment)
    found = _found(one, user, topic, group)
    if output is not Output.TABLE:
        print_document("access", _document(name, spec, found if one.security.enabled else ()), output)
    elif not one.security.enabled:
        _print_open(spec, name)
    else:
        _print(found, spec.documents[name])
    return 0


def _found(one: EnvironmentSpec, user: str | None, topic: str | None, group: str | None) -> tuple[Entitlements, ...]:
    from ottla.model.acl import ResourceType
    from ottla.spec.entitlements import entitled_to, entitlements_of, full_name_of

    kind: ResourceType = ResourceType.GROUP if topic is None else ResourceType.TOPIC
    given = group if topic is None else topic
    whole = None if user is None else entitlements_of(one, user)
    if given is None:
        return () if whole is None else (whole,)
    name = full_name_of(one, kind, given)
    if topic is not None and name not in one.topics_by_full_name:
        _note_unknown_topic(one, topic)
    return entitled_to(one, kind, name) if whole is None else (whole.about(kind, name),)


def _note_unknown_topic(one: EnvironmentSpec, topic: str) -> None:
    from ottla.spec.faults import did_you_mean

    note(f"  note: there is no topic {topic} in the spec; {did_you_mean(topic, one.topics)}")


def _print_open(spec: Spec, name: str) -> None:
    typer.echo(f"everybody may do everything in {name}: security is not enabled there")
    locked = [each for each, one in spec.environments.items() if one.security.enabled]
    if locked:
        typer.echo(f"locked are: {', '.join(locked)} (choose with -e)")


def _print(found: tuple[Entitlements, ...], document: Document) -> None:
    rows = [row for each in found for row in _rows(each, document)]
    if not rows:
        typer.echo(f"{found[0].user} may do nothing there" if found else "nobody may do anything there")
        return
    print_table(("USER", "RESOURCE", "MAY", "LINE OF THE SPEC"), rows)
    if any(right.implied for each in found if not each.super_user for right in each.rights):
        typer.echo("(in brackets: what the operation before it implies)")


def _rows(one: Entitlements, document: Document) -> Iterator[tuple[str, ...]]:
    """A line for each resource and line of the spec, then one for each DENY that holds."""
    if one.super_user:
        yield one.user, "*", SUPER_USER, _place(("users", one.user), document)
        return
    who = WHOEVER if one.user == WILDCARD else one.user
    together: dict[tuple[str, str], list[Right]] = defaultdict(list)
    for right in one.rights:
        together[_resource(right.grant), _place(right.grant.path, document)].append(right)
    for (resource, place), rights in together.items():
        yield who, resource, _operations(rights), place
    for denial in one.denials:
        yield who, _resource(denial), f"not: {denial.binding.operation}", _place(denial.path, document)


def _resource(grant: Grant) -> str:
    host = grant.binding.host
    return grant.binding.resource if host == WILDCARD else f"{grant.binding.resource} from {host}"


def _place(path: Path, document: Document) -> str:
    mark = _mark(path, document)
    return f"{document.file}:{mark.line}: {mark.key}"


def _mark(path: Path, document: Document) -> Mark:
    """The line of an operation is its own; its key would only be a number: the ACL's says more."""
    mark = document.mark(path)
    return replace(mark, key=document.mark(path[:2]).key) if path[0] == "acls" else mark


def _operations(rights: list[Right]) -> str:
    """``write (describe)``; ``all``; and what a DENY takes away of it."""
    held = [right for right in rights if not right.void]
    said = [str(right.operation) for right in held if not right.implied]
    if rights[0].grant.binding.operation == ALL and said:
        said = [ALL]
    implied = [str(right.operation) for right in held if right.implied and str(right.operation) not in said]
    parts = [", ".join(said) + (f" ({', '.join(dict.fromkeys(implied))})" if implied else "")] if held else []
    parts += _without("denied", (right for right in rights if right.void))
    parts += _without("denied in part", (right for right in held if right.denials))
    return "; ".join(part.strip() for part in parts)


def _without(word: str, rights: Iterable[Right]) -> list[str]:
    operations = dict.fromkeys(str(right.operation) for right in rights)
    return [f"{word}: {', '.join(operations)}"] if operations else []


def _document(name: str, spec: Spec, found: tuple[Entitlements, ...]) -> dict[str, Any]:
    document = spec.documents[name]
    return {
        "environment": name,
        "secured": spec.environments[name].security.enabled,
        "users": [
            {
                "user": each.user,
                "super_user": each.super_user,
                "rights": [_right(right, document) for right in each.rights],
                "denials": [_grant(denial, document) for denial in each.denials],
            }
            for each in found
        ],
    }


def _right(right: Right, document: Document) -> dict[str, Any]:
    return {
        **_grant(right.grant, document),
        "operation": str(right.operation),
        "implied_by": str(right.grant.binding.operation) if right.implied else None,
        "holds": "no" if right.void else "in part" if right.denials else "yes",
        "denied_by": [_said(denial, document) for denial in right.denials],
    }


def _grant(grant: Grant, document: Document) -> dict[str, Any]:
    binding = grant.binding
    return {
        "resource_type": str(binding.resource_type),
        "name": binding.name,
        "pattern": str(binding.pattern_type),
        "principal": binding.principal,
        "host": binding.host,
        "operation": str(binding.operation),
        "said": _said(grant, document),
    }


def _said(grant: Grant, document: Document) -> dict[str, Any]:
    mark = _mark(grant.path, document)
    return {"file": document.file, "line": mark.line, "key": mark.key}
