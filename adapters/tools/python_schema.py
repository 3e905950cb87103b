"""From the type hints of a function to JSON Schema, and from JSON to its arguments and back.

Owns: the one place that uses pydantic; it is imported only when a contract is asked for. Calling functions is
`python.py`'s part.
"""

from __future__ import annotations

import functools
import inspect
import operator
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import (
    Annotated,
    Any,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import msgspec
import typing_extensions
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
    create_model,
)
from pydantic.errors import PydanticSchemaGenerationError
from pydantic.json_schema import GenerateJsonSchema

from flowrun.errors import AdapterError, ConfigError
from flowrun.words import t

Json = Any
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How one function is called. `key` is the parameter that receives the idempotency key."""

    tool: str
    key: str | None
    input: dict[str, Json]
    output: dict[str, Json]
    _model: type[BaseModel]
    _fields: Mapping[str, str]
    _returns: TypeAdapter[Any]

    def arguments(self, args: Mapping[str, Json]) -> dict[str, Any]:
        """Return the Python arguments of a call. Raises `AdapterError` (FR4007), surely not done."""
        try:
            made = self._model.model_validate(dict(args))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or t("the arguments")
            raise AdapterError(f"{self.tool}: {place}: {first['msg']}", code="FR4007") from error
        return {name: getattr(made, field) for field, name in self._fields.items() if field in made.model_fields_set}

    def result(self, value: Any) -> Json:
        """Return what the function gave back as plain JSON. Raises any error where it is not JSON."""
        plain = self._returns.dump_python(value, mode="json", by_alias=True, warnings=False)
        # NaN becomes null in JSON; encoding is what finds types that are not JSON at all.
        return msgspec.json.decode(msgspec.json.encode(plain))


def read_signature(function: Callable[..., Any], *, key: str | None, hidden: frozenset[str], tool: str) -> Signature:
    """Read a function's hints. Raises `ConfigError` with file and line where they do not make a contract."""
    target = inspect.unwrap(function)
    place = f"{target.__code__.co_filename}:{target.__code__.co_firstlineno}"
    try:
        hints = {name: usable(hint) for name, hint in get_type_hints(target, include_extras=True).items()}
    except NameError as error:
        raise ConfigError(
            t("{place}: a type hint of {tool} cannot be read: {error}.", place=place, tool=tool, error=error),
            code="FR2306",
        ) from error
    parameters = inspect.signature(target).parameters
    if key is not None and key not in parameters:
        raise ConfigError(
            t(
                "{place}: {tool} takes no argument {key}, which should receive the idempotency key.",
                place=place,
                tool=tool,
                key=repr(key),
            ),
            code="FR2302",
        )
    missing = sorted(hidden - parameters.keys())
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    for number, (name, parameter) in enumerate(parameters.items()):
        if name == key or name in hidden:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise ConfigError(
                t(
                    "{place}: {tool} takes {parameter}; a tool's arguments must each have a name.",
                    place=place,
                    tool=tool,
                    parameter=parameter,
                ),
                code="FR2306",
            )
        if name not in hints:
            raise ConfigError(
                t("{place}: the argument {name} of {tool} has no type hint.", place=place, name=repr(name), tool=tool),
                code="FR2306",
            )
        # An alias, because an argument may be called as pydantic's own methods are (`copy`, `json`).
        field = f"a{number}"
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[field] = (Annotated[hints[name], Field(alias=name)], default)
        names[field] = name
    if missing:
        raise ConfigError(
            t(
                "{place}: {tool} takes no argument {missing} to fill.",
                place=place,
                tool=tool,
                missing=", ".join(missing),
            ),
            code="FR2306",
        )
    try:
        model = create_model("Arguments", __config__=ConfigDict(extra="forbid"), **fields)
        returns: TypeAdapter[Any] = TypeAdapter(hints.get("return", Any))
        taken = model.model_json_schema(by_alias=True, schema_generator=_Plain)
        given = returns.json_schema(by_alias=True, mode="serialization", schema_generator=_Plain)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise ConfigError(
            t(
                "{place}: the types of {tool} cannot be written as JSON Schema: {error}",
                place=place,
                tool=tool,
                error=str(error).splitlines()[0],
            ),
            code="FR2306",
        ) from error
    taken.setdefault("properties", {})
    taken.setdefault("required", [])
    return Signature(
        tool=tool,
        key=key,
        input={"$schema": DIALECT, **_closed(taken)},
        output=_closed(given),
        _model=model,
        _fields=names,
        _returns=returns,
    )


def usable(hint: Any) -> Any:
    """Return a hint that pydantic takes: before Python 3.12 it refuses `typing.TypedDict`."""
    if sys.version_info >= (3, 12):
        return hint
    if is_typeddict(hint):
        fields = {
            name: (Required if name in hint.__required_keys__ else NotRequired)[usable(inner)]
            for name, inner in get_type_hints(hint, include_extras=True).items()
        }
        make: Any = typing_extensions.TypedDict
        return make(hint.__name__, fields)
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        made: Any = Annotated
        return made[(usable(inside[0]), *hint.__metadata__)]
    if origin in (Union, UnionType):
        return functools.reduce(operator.or_, (usable(each) for each in inside))
    if origin in (list, tuple, set, dict):
        return origin[tuple(usable(each) for each in inside)]
    return hint


class _Plain(GenerateJsonSchema):
    """Without the titles that only repeat a name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _closed(schema: dict[str, Json]) -> dict[str, Json]:
    """Close every object that lists its properties, and drop the titles that come from class names."""
    if isinstance(schema.get("properties"), dict):
        schema.setdefault("additionalProperties", False)
        if isinstance(schema.get("title"), str):
            del schema["title"]
    for word, inner in schema.items():
        if word in ("properties", "$defs"):
            for each in inner.values():
                _closed(each)
        elif word in ("items", "additionalProperties") and isinstance(inner, dict):
            _closed(inner)
        elif word in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for each in inner:
                _closed(each)
    return schema
