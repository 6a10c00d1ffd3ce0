"""What the values of a spec are made of: durations, sizes, counts, flags, Kafka's own configs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from ottla.model.units import parse_duration, parse_size


def _configs(values: Any) -> dict[str, str]:
    if not isinstance(values, dict):
        raise ValueError("expected a mapping of Kafka's own keys")  # noqa: TRY004  (pydantic collects ValueError)
    return values


_DURATION = WithJsonSchema({"type": ["string", "integer"], "examples": ["7d", "12h", "30s", "250ms", "unlimited"]})
_SIZE = WithJsonSchema({"type": ["string", "integer"], "examples": ["100MB", "10GiB", "512KiB", "unlimited"]})

Duration = Annotated[int, BeforeValidator(parse_duration), _DURATION]
Size = Annotated[int, BeforeValidator(parse_size), _SIZE]
PositiveSize = Annotated[int, BeforeValidator(parse_size), Field(gt=0), _SIZE]
Count = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]  # Kafka's INT
Replicas = Annotated[int, Field(ge=1, le=2**15 - 1, strict=True)]  # Kafka's SHORT
Flag = Annotated[bool, Field(strict=True)]
Configs = Annotated[dict[str, Any], BeforeValidator(_configs)]


class Strict(BaseModel):
    """A document that has its own keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)
