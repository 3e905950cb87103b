"""What is said about two schemas is what the validators say about documents: no wrong yes, no wrong document."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.records.counterexample import NOTHING, counterexample
from flowrun.records.inclusion import included

NAMES = st.sampled_from(["a", "b", "c"])
SMALL = st.integers(-3, 6)
SCALARS = st.one_of(
    st.none(), st.booleans(), SMALL, st.sampled_from([0.5, 2.5]), st.sampled_from(["", "x", "yes", "abcd"])
)


def some(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=parts)


NUMBERS = st.builds(
    lambda kind, more: {"type": kind, **more},
    st.sampled_from(["integer", "number"]),
    some(minimum=SMALL, maximum=SMALL, exclusiveMinimum=SMALL, exclusiveMaximum=SMALL,
         multipleOf=st.sampled_from([1, 2, 3, 0.5])),
)  # fmt: skip
TEXTS = st.builds(
    lambda more: {"type": "string", **more},
    some(minLength=st.integers(0, 4), maxLength=st.integers(0, 6), pattern=st.sampled_from(["^x", "^[a-d]*$"])),
)
CHOICES = st.builds(lambda values: {"enum": values}, st.lists(SCALARS, min_size=1, max_size=3, unique_by=repr))
SIMPLE = st.one_of(
    NUMBERS, TEXTS, CHOICES, st.just({"type": "boolean"}), st.just({"type": "null"}), st.just({}), st.just(True),
    st.builds(lambda kinds: {"type": kinds},
              st.lists(st.sampled_from(["string", "null", "integer", "number", "boolean"]), min_size=1, max_size=3,
                       unique=True)),
    st.builds(lambda value: {"const": value}, SCALARS),
)  # fmt: skip


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    maps = st.builds(
        lambda fields, more: {"type": "object", "properties": fields, **more},
        st.dictionaries(NAMES, inner, max_size=3),
        some(required=st.lists(NAMES, max_size=2, unique=True), additionalProperties=st.booleans() | inner,
             minProperties=st.integers(0, 2), maxProperties=st.integers(0, 3)),
    )  # fmt: skip
    lists = st.builds(
        lambda more: {"type": "array", **more},
        some(items=inner, minItems=st.integers(0, 2), maxItems=st.integers(0, 3), uniqueItems=st.booleans()),
    )
    several = st.builds(
        lambda word, parts: {word: parts},
        st.sampled_from(["anyOf", "oneOf", "allOf"]),
        st.lists(inner, min_size=1, max_size=2),
    )
    return st.one_of(maps, lists, several, st.builds(lambda part: {"not": part}, inner))


SCHEMAS = st.recursive(SIMPLE, nested, max_leaves=5).map(lambda found: found if isinstance(found, dict) else {})
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def allows(schema: dict[str, Any], document: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(document))


def changed(draw: st.DrawFn, schema: Any) -> Any:
    """Return a schema with one keyword somewhere taken out or changed: what a next version looks like."""
    made = copy.deepcopy(schema)
    inner = made
    while True:
        below = [part for part in _parts(inner) if isinstance(part, dict) and part]
        if not below or draw(st.booleans()):
            break
        inner = draw(st.sampled_from(below))
    if inner and draw(st.booleans()):
        inner.pop(draw(st.sampled_from(sorted(inner))))
    else:
        inner.update(draw(st.one_of(NUMBERS, TEXTS, CHOICES)))
    return made


def _parts(schema: Any) -> list[Any]:
    found: list[Any] = []
    for word, value in schema.items():
        if word in ("properties",):
            found += value.values()
        elif word in ("anyOf", "oneOf", "allOf"):
            found += value
        elif word in ("items", "not", "additionalProperties"):
            found.append(value)
    return found


@st.composite
def pairs(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two schemas; mostly the second is the first with something changed, as versions are."""
    one = draw(SCHEMAS)
    other = changed(draw, one) if draw(st.integers(0, 3)) else draw(SCHEMAS)
    return (one, other) if draw(st.booleans()) else (other, one)


@given(pairs(), st.lists(DOCUMENTS, min_size=5, max_size=20))
@settings(max_examples=300, deadline=None)
def test_no_document_speaks_against_what_was_shown(
    pair: tuple[dict[str, Any], dict[str, Any]], tries: list[Any]
) -> None:
    one, other = pair
    if included(one, other):
        for document in tries:
            assert not allows(one, document) or allows(other, document), (one, other, document)
        assert counterexample(one, other) is NOTHING


@given(pairs())
@settings(max_examples=200, deadline=None)
def test_a_document_that_is_given_breaks(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    one, other = pair
    document = counterexample(one, other)
    if document is not NOTHING:
        assert allows(one, document) and not allows(other, document), (one, other, document)
        assert not included(one, other)


@given(SCHEMAS)
@settings(max_examples=100, deadline=None)
def test_a_schema_is_included_in_itself_and_in_everything(schema: dict[str, Any]) -> None:
    assert included(schema, schema)
    assert included(schema, {"title": "anything"})
    assert counterexample(schema, schema) is NOTHING


@pytest.mark.long
@given(pairs(), st.lists(DOCUMENTS, min_size=20, max_size=60))
@settings(max_examples=5000, deadline=None)
def test_no_document_speaks_against_it_at_length(pair: tuple[dict[str, Any], dict[str, Any]], tries: list[Any]) -> None:
    one, other = pair
    shown = included(one, other)
    for document in tries if shown else ():
        assert not allows(one, document) or allows(other, document), (one, other, document)
    found = counterexample(one, other)
    assert found is NOTHING or (allows(one, found) and not allows(other, found) and not shown), (one, other, found)
