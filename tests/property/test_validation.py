"""The validator agrees with an independent one about what is valid, on bundled schemas and on awkward
ones.
"""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.records.registry import Registry
from flowrun.records.repair import merge
from flowrun.records.validation import checker

Json = Any

HAND: dict[str, dict[str, Json]] = {
    "choice": {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "number", "maximum": 5}, {"const": "a"}]},
    "condition": {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}, "n": {"type": "integer"}},
        "if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
        "then": {"required": ["n"]},
        "else": {"not": {"required": ["n"]}},
        "unevaluatedProperties": False,
    },
    "lists": {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": ["integer", "null"]}],
        "items": {"type": "boolean"},
        "uniqueItems": True,
        "contains": {"const": True},
        "maxItems": 4,
    },
    "tree": {
        "type": "object",
        "required": ["name"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1, "pattern": "^[a-z]"},
            "children": {"type": "array", "items": {"$ref": "#"}},
        },
    },
    "numbers": {"type": "number", "multipleOf": 0.5, "exclusiveMinimum": -2, "maximum": 1e6},
    "dependent": {"type": "object", "dependentRequired": {"a": ["b"]}, "minProperties": 1, "maxProperties": 2},
}
REGISTRY = Registry()
SCHEMAS = HAND | {f"{name}@{n}": REGISTRY.get(name, n) or {} for name, n in REGISTRY.names()}

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 8)
    | st.sampled_from([0.5, 1.0, -0.0, 2.25, 1e6, 10**20])
    | st.sampled_from(["", "a", "b", "abc", "Z", "é", "critical", "2026-03-02"])
)
names = st.sampled_from(["a", "b", "kind", "n", "name", "children", "x"])
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)


def like(schema: Json, root: dict[str, Json], depth: int = 0) -> st.SearchStrategy[Json]:
    """Values that come near the schema, so that most rules are reached."""
    if not isinstance(schema, dict) or depth > 3:
        return anything
    if "$ref" in schema:
        place: Json = root
        for token in str(schema["$ref"]).split("/")[1:]:
            place = place[token]
        return like(place, root, depth + 1)
    options: list[st.SearchStrategy[Json]] = [scalars]
    if "enum" in schema:
        options.append(st.sampled_from(schema["enum"]))
    if "const" in schema:
        options.append(st.just(schema["const"]))
    for word in ("anyOf", "oneOf", "allOf"):
        options += [like(part, root, depth + 1) for part in schema.get(word, ())]
    fields = schema.get("properties")
    if fields:
        parts = {name: like(part, root, depth + 1) for name, part in fields.items()}
        required = {name: parts[name] for name in schema.get("required", ()) if name in parts}
        full = st.fixed_dictionaries(required, optional={n: s for n, s in parts.items() if n not in required})
        options += [full, full, st.fixed_dictionaries({}, optional=parts | {"x": scalars})]
    if "items" in schema or "prefixItems" in schema:
        options.append(st.lists(like(schema.get("items", {}), root, depth + 1), max_size=3))
    if schema.get("type") == "string":
        options.append(st.sampled_from(["a", "abc", "An answer.", "x" * 300]))
    return st.one_of(options)


def without_formats(schema: Json) -> Json:
    """The two libraries know different formats; formats have tests of their own."""
    if isinstance(schema, dict):
        return {k: without_formats(v) for k, v in schema.items() if k != "format" or not isinstance(v, str)}
    return [without_formats(item) for item in schema] if isinstance(schema, list) else schema


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_both_validators_agree(name: str) -> None:
    schema = without_formats(SCHEMAS[name])
    oracle = jsonschema.Draft202012Validator(schema)
    check = checker(schema)

    @given(like(schema, schema) | anything)
    @settings(max_examples=80, database=None)
    def agree(value: Json) -> None:
        problems = check.check(value, placeholders=False)
        assert (problems == []) == oracle.is_valid(value), problems
        for problem in problems:
            assert set(problem) == {"path", "rule", "message", "allowed"} and problem["message"]
            assert problem["path"] == "" or problem["path"].startswith("/")
        assert isinstance(value, dict) is False or merge(value, value, []) == value

    agree()
