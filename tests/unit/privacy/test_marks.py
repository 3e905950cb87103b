"""What a schema marks is found and hidden wherever the schema puts it, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.privacy import Found, blanked, found, kinds_in, redacted

EMAIL = {"type": "string", "x-pii": "email"}
PIN = {"type": "string", "x-secret": True}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "value", "shown"),
    [
        (EMAIL, "a@b.c", "[email]"),
        (of(mail=EMAIL, n={"type": "integer"}), {"mail": "a@b.c", "n": 1}, {"mail": "[email]", "n": 1}),
        (of(mail=EMAIL), {"mail": None}, {"mail": None}),
        (of(mail=EMAIL), {"other": "x"}, {"other": "x"}),
        ({"type": "array", "items": EMAIL}, ["a", "b"], ["[email]", "[email]"]),
        ({"prefixItems": [EMAIL], "items": PIN}, ["a", "b"], ["[email]", "[secret]"]),
        ({"$defs": {"E": EMAIL}, **of(mail={"$ref": "#/$defs/E"})}, {"mail": "x"}, {"mail": "[email]"}),
        ({"anyOf": [EMAIL, {"type": "null"}]}, "x", "[email]"),
        ({"oneOf": [{"type": "integer"}, of(mail=EMAIL)]}, {"mail": "x"}, {"mail": "[email]"}),
        ({"allOf": [of(a=EMAIL), of(b=PIN)]}, {"a": "x", "b": "y"}, {"a": "[email]", "b": "[secret]"}),
        ({"if": {}, "then": of(a=EMAIL)}, {"a": "x"}, {"a": "[email]"}),
        ({"additionalProperties": EMAIL}, {"any": "x"}, {"any": "[email]"}),
        ({"patternProperties": {"^m": EMAIL}, **of(n={})}, {"mail": "x", "n": "y"}, {"mail": "[email]", "n": "y"}),
        ({"patternProperties": {"(": EMAIL}}, {"mail": "x"}, {"mail": "[email]"}),
        # A mark on a whole holds for its parts; a secret inside stays a secret.
        ({"x-pii": "name", **of(first={}, pin=PIN)}, {"first": "A", "pin": "1"}, {"first": "[name]", "pin": "[secret]"}),
        ({"x-secret": True, **of(mail=EMAIL)}, {"mail": "x"}, {"mail": "[secret]"}),
        ({"type": "integer", "x-pii": "phone"}, 4917055501, "[phone]"),
        ({"type": "boolean", "x-pii": "health"}, True, "[health]"),
    ],
)  # fmt: skip
def test_a_mark_hides_what_it_stands_on(schema: Any, value: Any, shown: Any) -> None:
    assert redacted(schema, value) == shown
    hidden = [item for item in found(schema, value)]
    assert bool(hidden) == (shown != value)


def test_found_values_come_with_their_kind_and_blanked_ones_are_null() -> None:
    schema = of(mail=EMAIL, pins={"type": "array", "items": PIN}, n={})
    value = {"mail": "a@b.c", "pins": ["1", "2"], "n": 3}
    assert found(schema, value) == [Found("email", "a@b.c"), Found("secret", "1"), Found("secret", "2")]
    assert blanked(schema, value) == {"mail": None, "pins": [None, None], "n": 3}
    assert kinds_in(schema) == {"email", "secret"}


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema = {"$defs": {"N": of(name={"x-pii": "name"}, next={"$ref": "#/$defs/N"})}, "$ref": "#/$defs/N"}
    value = {"name": "A", "next": {"name": "B", "next": {"name": None}}}
    assert redacted(schema, value) == {"name": "[name]", "next": {"name": "[name]", "next": {"name": None}}}


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(json)
def test_without_marks_nothing_changes_and_under_a_mark_no_scalar_is_left(value: Any) -> None:
    assert redacted({}, value) == value and redacted(None, value) == value
    left = blanked({"x-pii": "name"}, value)
    assert found({"x-pii": "name"}, left) == []
