"""A simulated output is a valid one, and always the same: for every schema of the bundled tools and for random ones."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.adapters.desk.tools import desk_tools
from flowrun.records.patterns import NoText, matching_text
from flowrun.records.samples import NoSample, sample
from flowrun.records.validation import Checker

numbers = st.fixed_dictionaries(
    {"type": st.sampled_from(["integer", "number"])},
    optional={"minimum": st.integers(-50, 50), "multipleOf": st.sampled_from([1, 2, 5])},
)
texts = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={"minLength": st.integers(0, 20), "format": st.sampled_from(["date-time", "date", "email", "uuid"])},
).filter(lambda schema: len(schema) < 3)
patterns = st.sampled_from(
    ["^T-[0-9]{3,}$", "^(open|closed)$", r"^\d{4}-[A-Z]{2}$", "^[a-z][a-z0-9_]*$", r"^\+?[1-9]\d{1,14}$"]
)
leaves = st.one_of(
    numbers,
    texts,
    st.just({"type": "boolean"}),
    st.just({"type": ["string", "null"]}),
    st.builds(lambda options: {"enum": options}, st.lists(st.integers(), min_size=1, max_size=3, unique=True)),
    st.builds(lambda pattern: {"type": "string", "pattern": pattern}, patterns),
)


def wider(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=4)
    return st.one_of(
        st.builds(
            lambda fields, closed: {
                "type": "object",
                "properties": fields,
                "required": sorted(fields)[::2],
                **({"additionalProperties": False} if closed else {}),
            },
            fields,
            st.booleans(),
        ),
        st.builds(lambda item, least: {"type": "array", "items": item, "minItems": least}, inner, st.integers(0, 3)),
        st.builds(lambda branches: {"anyOf": [{"type": "null"}, *branches]}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda one: {"allOf": [one], "$defs": {"x": one}}, inner),
    )


@settings(max_examples=300)
@given(st.recursive(leaves, wider, max_leaves=12))
def test_a_sample_is_valid_and_always_the_same(schema: dict[str, Any]) -> None:
    value = sample(schema)
    assert Checker(schema).check(value, placeholders=False) == []
    assert sample(schema) == value


DESK = {name: tool for source in desk_tools(":memory:") for name, tool in source.contracts().items()}


@pytest.mark.parametrize("name", sorted(DESK))
def test_every_tool_of_the_desk_can_be_simulated(name: str) -> None:
    assert Checker(DESK[name].output).check(sample(DESK[name].output), placeholders=False) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": 3}, 3),
        ({"type": "integer", "exclusiveMinimum": 3, "multipleOf": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "maximum": -4}, -4),
        ({"type": "string", "maxLength": 3}, "sim"),
        ({"$ref": "#/$defs/id", "$defs": {"id": {"type": "string", "pattern": "^T-[0-9]+$"}}}, "T-0"),
        ({"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True}, ["a", "b"]),
        ({"type": ["null", "integer"]}, 1),
    ],
)
def test_what_a_sample_honours(schema: dict[str, Any], expected: Any) -> None:
    assert sample(schema) == expected


def test_a_schema_that_contains_itself_ends() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#"}, "n": {"type": "integer"}}}
    assert Checker(node).check(sample(node), placeholders=False) == []


def test_nothing_is_given_where_nothing_is_allowed() -> None:
    for schema in (
        {"not": {}},
        {"type": "string", "pattern": "(?=a)b"},
        {"type": "integer", "minimum": 3, "maximum": 2},
    ):
        with pytest.raises(NoSample):
            sample(schema)


@given(st.from_regex(r"\A[a-z]{1,3}(\[[a-f]-?\]|\\d|\(x\|y\)|[a-z])[+*?]?(\{2,3\})?\Z"))
def test_a_text_for_a_pattern_matches_it(pattern: str) -> None:
    try:
        compiled = re.compile(pattern)
        text = matching_text(pattern)
    except (re.error, NoText):
        return
    assert compiled.search(text) is not None
