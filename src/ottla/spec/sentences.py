"""What the typed documents found wrong, as sentences for the reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from ottla.spec.faults import did_you_mean
from ottla.spec.schema import EnvironmentSpec

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from ottla.spec.document import Path

# By the type of pydantic's error; what stands in braces is of its context
EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "enum": "{expected}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "less_than_equal": "at most {le}",
    "model_attributes_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text (put it into quotes)",
    "tuple_type": "a list",
}


def sentence(detail: ErrorDetails) -> str:
    """One error, in words."""
    path, given, kind = detail["loc"], detail["input"], detail["type"]
    match kind:
        case "extra_forbidden":
            return f"unknown key; {did_you_mean(str(path[-1]), _known_keys(path[:-1]))}"
        case "missing":
            return "is required"
        case "value_error":
            return detail["msg"].removeprefix("Value error, ")
        case "string_pattern_mismatch":
            return f"{given!r} is not a name of lower-case letters, digits and '-' that starts with a letter"
        case _ if kind in EXPECTED:
            return f"expected {EXPECTED[kind].format(**detail.get('ctx', {}))}, not {given!r}"
        case _:
            return f"{detail['msg'][0].lower()}{detail['msg'][1:]}, not {given!r}"


def _known_keys(path: Path) -> list[str]:
    annotation: Any = EnvironmentSpec
    for part in path:
        annotation = _inner(annotation, part)
    model = _model(annotation)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _inner(annotation: Any, part: str | int) -> Any:
    model = _model(annotation)
    if model is not None:
        field = model.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = get_args(annotation)
    return arguments[-1] if arguments else None


def _model(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        optional = candidate is annotation or type(None) in get_args(annotation)
        if optional and isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
