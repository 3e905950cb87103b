"""The order of conditions and schemas is sound: what is called stricter lets nothing through that was kept out."""

from __future__ import annotations

import itertools
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.contract.changes.order import follows, paths_of, strict_paths
from flowrun.contract.changes.schemas import NARROWER, SAME, UNKNOWN, WIDER, order
from flowrun.lang.expressions import parse_expression
from flowrun.values.evaluate import compile_node
from flowrun.values.names import Names

Node = list[Any]


def node(text: str) -> Node:
    found, problems = parse_expression(text)
    assert found is not None, problems
    return found


PAIRS = [
    ('args.a <= money("50 EUR")', 'args.a <= money("500 EUR")', True),
    ('args.a <= money("50 EUR")', 'args.a < money("50 EUR")', False),
    ('args.a <= money("50 EUR")', 'args.a <= money("60 USD")', False),
    ("args.a < 3", "args.a != 7", True),
    ("args.a < 3", "3 > args.a", True),
    ("args.a == 3", "args.a in [1, 3]", True),
    ('args.a in ["x", "y"]', 'args.a in ["x", "y", "z"]', True),
    ('args.a in ["x", "y"]', 'args.a != "z"', True),
    ('args.a not in ["x", "y"]', 'args.a != "x"', True),
    ("args.a < 3 and args.b", "args.b", True),
    ("args.b", "args.a < 3 or args.b", True),
    ("args.a < 3 or args.a < 5", "args.a < 6", True),
    ("age(facts.t) < hours(24)", "age(facts.t) < days(2)", True),
    ("age(facts.t) < hours(24)", "age(facts.t) < hours(23)", False),
    ('facts.l | any(a=1, b="x")', "facts.l | any(a=1)", True),
    ("facts.l | any(a=1)", "facts.l | any(a=1, b=2)", False),
    ("args.a < args.b", "args.a <= args.b", True),
    ("args.a == args.b", "args.b == args.a", True),
    ("false", "args.a < 3", True),
    ("args.a < 3", "true", True),
    ("args.a < 3 and args.a < facts.x", "args.a < 3", True),
]


@pytest.mark.parametrize(("premise", "goal", "proved"), PAIRS)
def test_what_is_proved(premise: str, goal: str, proved: bool) -> None:
    assert follows([(node(premise), True)], (node(goal), True)) is proved


def test_several_premises_hold_together() -> None:
    premises = [(node("args.a < 3 or args.b < 3"), True), (node("args.a < 3"), False)]
    assert follows(premises, (node("args.b < 4"), True))


VALUES = [None, 0, 1, 2, 3, "a", "b", True]
atoms = st.one_of(
    st.builds(
        lambda path, op, n: f"{path} {op} {n}",
        st.sampled_from(["args.a", "args.b"]),
        st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
        st.sampled_from(["0", "1", "2", "3", '"a"', "args.b"]),
    ),
    st.builds(
        lambda path, op, items: f"{path} {op} [{', '.join(items)}]",
        st.sampled_from(["args.a", "args.b"]),
        st.sampled_from(["in", "not in"]),
        st.lists(st.sampled_from(["0", "1", "2", '"a"', '"b"']), min_size=1, max_size=3),
    ),
    st.sampled_from(["args.a", "true", "false", "args.a is none", "args.a is not none"]),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(lambda a: f"not ({a})", inner),
        st.builds(lambda a, op, b: f"({a}) {op} ({b})", inner, st.sampled_from(["and", "or"]), inner),
    ),
    max_leaves=4,
)


@settings(max_examples=600)
@given(st.lists(st.tuples(conditions, st.booleans()), min_size=1, max_size=2), conditions, st.booleans())
def test_what_is_proved_holds_for_all_values(premises: list[tuple[str, bool]], goal: str, value: bool) -> None:
    known = [(node(text), truth) for text, truth in premises]
    wanted = (node(goal), value)
    if not follows(known, wanted):
        return
    for a, b in itertools.product(VALUES, VALUES):
        names = Names(args={"a": a, "b": b})
        if all(compile_node(one)(names) is truth for one, truth in known):
            assert compile_node(wanted[0])(names) is value, (premises, goal, value, a, b)


@settings(max_examples=200)
@given(conditions)
def test_a_strict_path_that_is_null_makes_its_condition_null(text: str) -> None:
    found = node(text)
    assert strict_paths(found) <= paths_of(found)
    for a, b in itertools.product(VALUES, VALUES):
        nulls = {'["attr",["name","args"],"a"]': a is None, '["attr",["name","args"],"b"]': b is None}
        if any(nulls[path] for path in strict_paths(found)):
            assert compile_node(found)(Names(args={"a": a, "b": b})) is None


leaves = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["integer", "string", "null"])}),
    st.fixed_dictionaries(
        {"type": st.just("integer")}, optional={"maximum": st.integers(0, 3), "minimum": st.integers(0, 3)}
    ),
    st.fixed_dictionaries({"enum": st.lists(st.sampled_from([0, 1, 2, "a", None]), min_size=1, max_size=3)}),
    st.fixed_dictionaries(
        {"type": st.just("string")}, optional={"maxLength": st.integers(0, 2), "pattern": st.just("^a")}
    ),
    st.booleans(),
)
schemas = st.one_of(
    leaves,
    st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("ab"), leaves, max_size=2)},
        optional={
            "required": st.lists(st.sampled_from("ab"), unique=True, max_size=2),
            "additionalProperties": st.booleans(),
        },
    ),
    st.fixed_dictionaries({"type": st.just("array"), "items": leaves}, optional={"maxItems": st.integers(0, 2)}),
)
PLAIN = [0, 1, 3, "a", "abc", None, True]
SAMPLES: list[Any] = [
    *PLAIN,
    *({"a": one} for one in PLAIN),
    *({"a": one, "b": other} for one in PLAIN[:4] for other in PLAIN[:4]),
    {},
    {"c": 1},
    *([one] for one in PLAIN),
    [],
    [1, 1],
]


@settings(max_examples=500)
@given(schemas, schemas)
def test_a_schema_that_is_called_narrower_lets_nothing_new_through(old: Any, new: Any) -> None:
    found = order(old, new)
    before, after = jsonschema_rs.validator_for(old), jsonschema_rs.validator_for(new)
    if found in (SAME, NARROWER):
        assert [one for one in SAMPLES if after.is_valid(one) and not before.is_valid(one)] == []
    if found in (SAME, WIDER):
        assert [one for one in SAMPLES if before.is_valid(one) and not after.is_valid(one)] == []


def test_schemas_in_order() -> None:
    number = {"type": "number", "maximum": 50}
    assert order(number, {"type": "number", "maximum": 60}) == WIDER
    assert order(number, {"type": "number", "maximum": 50, "title": "x", "x-pii": "name"}) == SAME
    assert order(number, {"type": "number", "maximum": 40}) == NARROWER
    assert order({"type": "string", "pattern": "a"}, {"type": "string", "pattern": "b"}) == UNKNOWN
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": False}
    more = {"type": "object", "properties": {"a": {}, "b": {}}, "additionalProperties": False}
    assert (order(closed, more), order(more, closed)) == (WIDER, NARROWER)
