"""Schemas reach a server in a form that it takes, and mean no more than before."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.adapters.models.schemas import cleaned, embed, object_root, strict_form

CLOSED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {"title": {"type": "string"}},
}


def test_marks_and_notes_go_but_fields_of_the_same_name_stay() -> None:
    schema = {
        "$id": "a",
        "x-pii": "email",
        "properties": {"x-pii": {"type": "string", "examples": ["a"]}, "$id": True},
    }
    assert cleaned(schema) == {"properties": {"x-pii": {"type": "string"}, "$id": True}}


def test_a_closed_object_is_strict_and_loses_only_what_narrows() -> None:
    schema = CLOSED | {"properties": {"title": {"type": "string", "minLength": 3, "pattern": "(?i)a", "format": "uri"}}}
    assert strict_form(schema) == CLOSED


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {}},
        CLOSED | {"required": []},
        CLOSED | {"properties": {"title": {}}},
        CLOSED | {"properties": {"title": {"oneOf": [{"type": "string"}]}}},
        CLOSED | {"properties": {"title": {"type": "array"}}},
        CLOSED | {"properties": {"title": {"type": "object"}}},
        CLOSED | {"if": True},
        {"type": "array", "items": CLOSED},
        {"type": "object", "anyOf": [CLOSED], "additionalProperties": False},
    ],
)
def test_what_the_strict_dialect_does_not_know_is_asked_for_without_it(schema: dict[str, Any]) -> None:
    assert strict_form(schema) is None


def test_an_endless_schema_is_not_strict() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(20):
        schema = {
            "type": "object",
            "additionalProperties": False,
            "required": ["a"],
            "properties": {"a": schema},
        }
    assert strict_form(schema) is None


def test_only_a_plain_object_is_its_own_root() -> None:
    assert object_root(CLOSED, "answer") == (CLOSED, None)
    root, key = object_root({"enum": ["yes", "no"]}, "answer")
    assert key == "answer" and root["properties"]["answer"] == {"enum": ["yes", "no"]}


TREE: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "next": {"$ref": "#/$defs/node"},
                "all": {"$ref": "#"},
            },
        }
    },
}
VALUES = st.recursive(
    st.fixed_dictionaries({"name": st.one_of(st.text(max_size=3), st.integers())}),
    lambda inner: st.fixed_dictionaries({}, optional={"name": st.just("a"), "next": inner, "all": inner}),
    max_leaves=5,
)


@given(VALUES)
def test_references_mean_the_same_inside_another_schema(value: Any) -> None:
    definitions: dict[str, Any] = {}
    outer = {"properties": {"answer": embed(TREE, "answer", definitions)}, "$defs": definitions}
    assert jsonschema_rs.is_valid(outer, {"answer": value}) == jsonschema_rs.is_valid(TREE, value)
