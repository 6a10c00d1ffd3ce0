"""A JSON Schema of ``platform.yaml`` for editors: made of the typed documents and of Kafka's config keys as data.

It never refuses what `ottla validate` takes. It cannot see what one key knows of another; and as a base may leave to its
environments what it does not say, no key is required but ``environments``.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from ottla.spec import schema
from ottla.spec.configs import BY_DURATION, SIZE_SUFFIXES, choices, duration_unit, number_range
from ottla.spec.kafka_configs import OPEN_PREFIXES, config_keys
from ottla.spec.names import TOPIC_NAME
from ottla.spec.refused import VENDORS
from ottla.spec.schema import EnvironmentSpec, FileSpec
from ottla.spec.versions import DEFAULT_KAFKA_VERSION

if TYPE_CHECKING:
    from ottla.spec.kafka_configs import ConfigKey, Scope

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SPEC = "FileSpec"
IN_ENVIRONMENT = "InEnvironment"
# where Kafka's own keys stand
CONFIGS: dict[tuple[str, str], Scope] = {
    ("ClusterSpec", "config"): "broker",
    ("TopicDefaults", "config"): "topic",
    ("TopicSpec", "config"): "topic",
    ("ClientSpec", "producer"): "producer",
    ("ClientSpec", "consumer"): "consumer",
}
NULL = {"type": "null"}
TRUE_OR_FALSE = "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$"


def json_schema() -> dict[str, Any]:
    """The schema of the whole file."""
    root = FileSpec.model_json_schema()
    base = {**root.pop("$defs"), SPEC: root}
    base[EnvironmentSpec.__name__] = _named_apart(base[EnvironmentSpec.__name__])
    models = {name: definition for name, definition in base.items() if "properties" in definition}
    for name, definition in models.items():
        _loosen(name, definition)
    overlays = {f"{name}{IN_ENVIRONMENT}": _overlay(models[name], models) for name in models if name != SPEC}
    overlays.pop(f"{EnvironmentSpec.__name__}{IN_ENVIRONMENT}")
    environment = _overlay(models[EnvironmentSpec.__name__], models)
    spec = base.pop(SPEC)
    spec["properties"]["environments"]["minProperties"] = 1
    configs = {_configs_name(scope): _configs(scope) for scope in dict.fromkeys(CONFIGS.values())}
    definitions = {**base, EnvironmentSpec.__name__: environment, **overlays, **configs}
    return {
        "$schema": DIALECT,
        "title": f"platform.yaml of Ottla (Kafka {DEFAULT_KAFKA_VERSION})",
        **spec,
        "required": ["environments"],
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """The schema as it is printed, and written to the reference."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _named_apart(definition: dict[str, Any]) -> dict[str, Any]:
    return {**definition, "description": "One environment: any part of the spec, laid over the base; null takes a name away."}


def _loosen(name: str, definition: dict[str, Any]) -> None:
    """Take out what only a whole environment must have, and say which of Kafka's keys may stand where."""
    fields = {field.alias or key: field for key, field in getattr(schema, name).model_fields.items()}
    definition.pop("required", None)
    definition.pop("title", None)
    definition["description"] = definition["description"].replace("``", "`")
    for key, value in definition["properties"].items():
        value.pop("title", None)
        if not isinstance(value.get("default"), int | str) or value["default"] == "":
            value.pop("default", None)
        scope = CONFIGS.get((name, key))
        if scope is not None:
            value.clear()
            value["$ref"] = f"#/$defs/{_configs_name(scope)}"
        value["description"] = fields[key].description
    if definition["properties"].get("topics", {}).get("type") == "object":
        definition["properties"]["topics"]["propertyNames"] = {"pattern": f"^{TOPIC_NAME.pattern}$"}


def _overlay(definition: dict[str, Any], models: dict[str, Any]) -> dict[str, Any]:
    """The same with null allowed for every key, at every depth."""
    laid = copy.deepcopy(definition)
    laid["properties"] = {key: _or_null(_renamed(value, models)) for key, value in laid["properties"].items()}
    return laid


def _renamed(value: Any, models: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_renamed(each, models) for each in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(each, models) for key, each in value.items()}
    name = str(value.get("$ref", "")).rpartition("/")[2]
    if name in models and name != EnvironmentSpec.__name__:
        renamed["$ref"] = f"#/$defs/{name}{IN_ENVIRONMENT}"
    if isinstance(renamed.get("additionalProperties"), dict):
        renamed["additionalProperties"] = _or_null(renamed["additionalProperties"])
    return renamed


def _or_null(value: dict[str, Any]) -> dict[str, Any]:
    if NULL in value.get("anyOf", []):
        return value
    about: dict[str, Any] = {key: value.pop(key) for key in ("description", "default") if key in value}
    return {**about, "anyOf": [value, NULL]}


def _configs_name(scope: Scope) -> str:
    return f"{scope.capitalize()}Configs"


def _configs(scope: Scope) -> dict[str, Any]:
    prefixes = [*VENDORS, *(("listener.name.", *OPEN_PREFIXES) if scope == "broker" else ())]
    pattern = "|".join(prefix.replace(".", r"\.") for prefix in prefixes)
    return {
        "type": "object",
        "description": f"Kafka's {scope} configs, with durations and sizes as people write them.",
        "properties": {name: _config(key) for name, key in config_keys(scope).items()},
        "patternProperties": {f"^({pattern})": True},
        "additionalProperties": False,
    }


def _config(key: ConfigKey) -> dict[str, Any]:
    about = [key.doc]
    if not key.required:
        about.append(f"Kafka's default: {'null' if key.default is None else key.default or 'empty'}.")
    if key.valid:
        about.append(f"Valid: {key.valid}.")
    return {"description": " ".join(about), **_value(key)}


def _value(key: ConfigKey) -> dict[str, Any]:
    """What the key takes. null is for environments, where it takes the key away."""
    words, ignore_case = choices(key.valid)
    if key.type == "password":
        return NULL  # a spec holds no secret
    if key.type in {"int", "short", "long"}:
        return {"type": ["integer", "string", "null"], **_bounds(key)}
    if key.type == "double":
        return {"type": ["number", "string", "null"], **_bounds(key)}
    if key.type == "boolean":
        return {"type": ["boolean", "string", "null"], "pattern": TRUE_OR_FALSE}
    if key.type == "list":
        return {"type": ["string", "integer", "number", "boolean", "array", "null"]}
    if words and not ignore_case and not any(word.startswith(BY_DURATION) for word in words):
        return {"enum": [*words, *(int(word) for word in words if word.lstrip("-").isdigit()), None]}
    return {"type": ["string", "integer", "number", "boolean", "null"]}


def _bounds(key: ConfigKey) -> dict[str, Any]:
    least, most, also = number_range(key.valid)
    bounds = {"minimum": least, "maximum": most} if also is None else {}
    unit = {"examples": ["7d", "12h", "30s"]} if duration_unit(key.name) else {}
    size = {"examples": ["100MB", "1GiB"]} if key.name.endswith(SIZE_SUFFIXES) else {}
    return {**{name: _plain(bound) for name, bound in bounds.items() if bound is not None}, **unit, **size}


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number
