"""JSON Schemas as model servers take them.

Owns: leaving out what no server needs, nesting one schema in another, and the stricter dialect that OpenAI
enforces. Whatever is left out here is still checked: every answer is validated against the original schema
afterwards.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLES = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
_UNNEEDED = ("$schema", "$id", "$comment", "examples", "deprecated", "readOnly", "writeOnly")
_COMBINED = ("$ref", "anyOf", "oneOf", "allOf", "not", "if", "enum", "const")

# Keywords of the strict dialect, and those that may be dropped since they only narrow a value further.
_STRICT = frozenset(
    [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "enum",
        "const",
        "anyOf",
        "$ref",
        "$defs",
        "definitions",
        "description",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minItems",
        "maxItems",
    ]
)
_NARROWING = frozenset(
    ["minLength", "maxLength", "uniqueItems", "default", "title", "contentMediaType", "contentEncoding"]
)
_FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"])
_LENGTHS = frozenset(["minLength", "maxLength", "minItems", "maxItems", "pattern", "format"])
_STRICT_DEPTH = 10
_STRICT_PROPERTIES = 5000


def cleaned(schema: Any) -> Any:
    """Return the schema without `x-` marks and the notes that mean nothing to a model server."""
    if not isinstance(schema, dict):
        return schema
    out: Schema = {}
    for key, value in schema.items():
        if key in _UNNEEDED or key.startswith("x-"):
            continue
        if key in _MAPS and isinstance(value, dict):
            out[key] = {name: cleaned(inner) for name, inner in value.items()}
        elif key in _LISTS and isinstance(value, list):
            out[key] = [cleaned(inner) for inner in value]
        elif key in _SINGLES:
            out[key] = cleaned(value)
        else:
            out[key] = value
    return out


def for_grammar(schema: Any) -> Any:
    """Return the schema without the length and pattern of texts and lists.

    Servers that turn a schema into a grammar write one rule for each character that a text may have; llama.cpp
    fails at some hundreds and ends. The lengths are checked when the answer is.
    """
    if isinstance(schema, list):
        return [for_grammar(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    out: Schema = {}
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, dict):
            out[key] = {name: for_grammar(inner) for name, inner in value.items()}
        elif key in _LISTS or key in _SINGLES:
            out[key] = for_grammar(value)
        elif key not in _LENGTHS:
            out[key] = value
    return out


def embed(schema: Schema, name: str, definitions: Schema) -> Schema:
    """Return what stands for a schema inside a bigger one; its own references keep their meaning.

    A schema with references moves whole into the bigger one's `$defs` (`definitions`, which grows).
    """
    if not _has_reference(schema):
        return schema
    definitions[name] = _rebased(schema, f"#/$defs/{name}")
    return {"$ref": f"#/$defs/{name}"}


def object_root(schema: Schema, key: str) -> tuple[Schema, str | None]:
    """Return a schema whose root is a plain object, and the key under which the value then is, or None.

    Functions and structured output take only objects; a list, a text or a choice is put under `key`.
    """
    if schema.get("type") == "object" and not any(word in schema for word in _COMBINED):
        return schema, None
    definitions: Schema = {}
    inner = embed(schema, key, definitions)
    wrapped: Schema = {
        "type": "object",
        "properties": {key: inner},
        "required": [key],
        "additionalProperties": False,
    }
    if definitions:
        wrapped["$defs"] = definitions
    return wrapped, key


def strict_form(schema: Schema) -> Schema | None:
    """Return the schema in OpenAI's strict dialect, or None where it does not fit.

    It fits where every object closes itself and requires all its fields, and only the dialect's words are
    used; lengths, defaults and the like are dropped.
    """
    budget = [_STRICT_PROPERTIES]
    root = _strict(schema, 0, budget)
    return root if root is not None and root.get("type") == "object" and "anyOf" not in root else None


def _strict(schema: Any, depth: int, budget: list[int]) -> Schema | None:
    if not isinstance(schema, dict) or depth > _STRICT_DEPTH:
        return None
    out: Schema = {}
    for key, value in schema.items():
        if key in _NARROWING or key in _UNNEEDED or key.startswith("x-"):
            continue
        if key not in _STRICT:
            return None
        new: Any = value
        if key in ("properties", "$defs", "definitions"):
            budget[0] -= len(value)
            new = {name: _strict(inner, depth + (key == "properties"), budget) for name, inner in value.items()}
            if None in new.values() or budget[0] < 0:
                return None
        elif key == "anyOf":
            new = [_strict(inner, depth, budget) for inner in value]
            if None in new:
                return None
        elif key == "items":
            new = _strict(value, depth + 1, budget)
            if new is None:
                return None
        elif (key == "format" and value not in _FORMATS) or (key == "pattern" and "(?" in value):
            continue
        out[key] = new
    return out if _is_closed(out) else None


def _is_closed(schema: Schema) -> bool:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "object" in kinds or "properties" in schema:
        fields = set(schema.get("properties", {}))
        return schema.get("additionalProperties") is False and set(schema.get("required", [])) == fields
    if "array" in kinds:
        return "items" in schema
    return any(word in schema for word in ("type", "enum", "const", "anyOf", "$ref"))


def _has_reference(value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(value.get("$ref"), str) or any(_has_reference(inner) for inner in value.values())
    return isinstance(value, list) and any(_has_reference(inner) for inner in value)


def _rebased(value: Any, root: str) -> Any:
    if isinstance(value, dict):
        return {
            key: root + inner[1:]
            if key == "$ref" and isinstance(inner, str) and inner.startswith("#")
            else _rebased(inner, root)
            for key, inner in value.items()
        }
    return [_rebased(inner, root) for inner in value] if isinstance(value, list) else value
