"""Promises of proofs about expressions: nothing that an expression can be is left out, and no contradiction is invented.

The real evaluation is `values.evaluate`; a value is pinned by what is said of each of its fields.
"""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.prove.domains import BOOLEAN, LIST, NULL, Domain, above, below, numbers, point
from flowrun.prove.evaluate import Evaluator
from flowrun.prove.lists import few_of, present
from flowrun.prove.names import Place
from flowrun.prove.paths import RUN
from flowrun.prove.shapes import field, root
from flowrun.prove.sites import Sites
from flowrun.prove.solver import solve
from flowrun.prove.terms import (
    All,
    Any_,
    Formula,
    Is,
    Not,
    Order,
    Thing,
    Unknown,
    both,
    either,
    negate,
    thing,
    within,
)
from flowrun.values.compare import compare
from flowrun.values.evaluate import compile_condition, compile_node
from flowrun.values.names import Names

Node = list[Any]
ITEM = {"type": "object", "properties": {"k": {"enum": ["a", "b"]}, "n": {"type": "integer"}}, "required": ["k"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "n": {"type": ["integer", "null"], "minimum": -2, "maximum": 3},
        "m": {"type": "number", "minimum": 0},
        "s": {"enum": ["a", "b", "c"]},
        "t": {"type": ["string", "null"]},
        "u": {"type": "string", "minLength": 1},
        "b": {"type": "boolean"},
        "o": {"anyOf": [ITEM, {"type": "null"}]},
        "l": {"type": "array", "items": ITEM},
        "x": {},
    },
    "required": ["n", "m", "s", "t", "u", "b", "l"],
    "additionalProperties": False,
}
item = st.fixed_dictionaries({"k": st.sampled_from("ab")}, optional={"n": st.integers(-1, 3)})
texts = st.sampled_from(["a", "b", "c", "d", "2026-01-05T09:00:00Z", "2026-01-05T10:00:00+01:00"])
documents = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-2, 3),
        "m": st.integers(0, 3) | st.sampled_from([0.5, 1.5]),
        "s": st.sampled_from("abc"),
        "t": st.none() | texts,
        "u": texts,
        "b": st.booleans(),
        "l": st.lists(item, max_size=2),
    },
    optional={
        "o": st.none() | item,
        "x": st.none() | st.integers(0, 2) | texts | st.booleans() | st.just({"amount": 2, "currency": "EUR"}),
    },
)


def path(*names: str) -> Node:
    node: Node = ["name", "input"]
    for name in names:
        node = ["attr", node, name]
    return node


LISTED = path("l")
number_leaves = st.one_of(
    st.integers(-1, 3).map(lambda n: ["lit", n]),
    st.sampled_from([
        path("n"), path("m"), path("o", "n"), path("x"),
        ["call", "length", [LISTED], []],
        ["call", "count", [LISTED], [["k", ["lit", "a"]]]],
        ["call", "sum", [LISTED, ["lit", "n"]], []],
        ["attr", ["call", "first", [LISTED], []], "n"],
        ["attr", ["call", "last", [["call", "select", [LISTED], [["k", path("s")]]]], []], "n"],
        ["call", "default", [path("n"), path("m")], []],
        ["attr", ["index", LISTED, ["lit", 0]], "n"],
        ["money", path("m"), ["lit", "EUR"]],
        ["call", "money", [["lit", "2 EUR"]], []],
        ["math", "+", path("n"), ["lit", 1]],
        ["neg", path("n")],
    ]),
)  # fmt: skip
text_leaves = st.one_of(
    texts.map(lambda text: ["lit", text]),
    st.sampled_from([
        path("s"), path("t"), path("u"), path("o", "k"), path("x"), path("nothing"),
        ["attr", ["call", "first", [LISTED], []], "k"],
        ["call", "default", [path("t"), path("u")], []],
        ["call", "lower", [path("u")], []],
        ["index", ["lit", {"a": "b", "c": "a"}], path("s")],
    ]),
)  # fmt: skip
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
lists = st.one_of(
    st.lists(text_leaves, max_size=3).map(lambda items: ["list", items]),
    st.just(["call", "map", [LISTED, ["lit", "k"]], []]),
)
plain = st.one_of(
    st.builds(lambda op, a, b: ["cmp", op, a, b], OPERATORS, number_leaves, number_leaves),
    st.builds(lambda op, a, b: ["cmp", op, a, b], st.sampled_from(["==", "!="]), text_leaves, text_leaves),
    st.builds(lambda op, a, b: ["cmp", op, a, b], OPERATORS, text_leaves, number_leaves),
    st.builds(lambda op, a, b: ["cmp", op, a, b], st.sampled_from(["in", "not in"]), text_leaves, lists),
    st.builds(lambda a: ["none", a], number_leaves | text_leaves),
    st.sampled_from([path("b"), path("x"), ["lit", True], ["lit", None]]),
    st.builds(lambda k, v: ["call", k, [LISTED], [["k", v]]], st.sampled_from(["any", "all"]), text_leaves),
    st.builds(lambda v, n: ["call", "any", [LISTED], [["k", v], ["n", n]]], text_leaves, number_leaves),
    st.builds(lambda v: ["call", "contains", [["call", "map", [LISTED, ["lit", "k"]], []], v], []], text_leaves),
)
conditions = st.recursive(
    plain,
    lambda inner: st.one_of(
        inner.map(lambda part: ["not", part]),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: ["and", parts]),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: ["or", parts]),
        st.builds(lambda c, a, b: ["if", c, a, b], inner, inner, inner),
        st.builds(
            lambda c, a, b, n: ["cmp", "==", ["if", c, a, b], n], inner, number_leaves, number_leaves, number_leaves
        ),
        st.builds(lambda a: ["call", "default", [a, ["lit", False]], []], inner),
    ),
    max_leaves=6,
)


def pinned(unknown: Unknown, value: Any, few: bool) -> list[Formula]:
    """Say of an unknown, and of all in it, that it is this value."""
    if isinstance(value, dict):
        said: list[Formula] = [within(unknown, point(value))]
        names = unknown.schema.get("properties", value) if isinstance(unknown.schema, dict) else value
        for name in names:
            inner = field(unknown, name)
            if isinstance(inner, Unknown):
                said += pinned(inner, value.get(name), few)
        return said
    if isinstance(value, list) and few:
        items = few_of(unknown, 2).items
        said = [within(unknown, LIST)]
        for place, (_, one) in enumerate(items):
            there = present(unknown, place)
            said.append(there if place < len(value) else negate(there))
            if place < len(value) and isinstance(one, Unknown):
                said += pinned(one, value[place], few)
        return said
    if isinstance(value, str) and value[:4] == "2026":  # it may be written otherwise and be the same moment
        return [within(unknown, Domain(others=True))]
    return [within(unknown, point(value))]


@settings(max_examples=150, deadline=None)
@given(conditions, documents, st.booleans())
def test_what_a_condition_really_is_is_never_excluded(node: Node, document: dict[str, Any], few: bool) -> None:
    names = Names(input=document, now="2026-01-05T09:00:00Z")
    real = compile_condition(node)(names)
    unknown = root(("input",), SCHEMA, ("input", ""))
    place = Place(input=unknown, run=root(("run",), RUN, ("run", "")), tables={})
    holds, fails = Evaluator(place, few=2 * few).condition(node)
    sites = Sites.__new__(Sites)
    sites.axioms = {}
    wanted = holds if real is True else fails if real is False else both(negate(holds), negate(fails))
    assert solve(sites.whole([wanted, *pinned(unknown, document, few)])) is not None, (real, document)


@settings(max_examples=150, deadline=None)
@given(number_leaves | text_leaves, documents)
def test_a_value_that_is_followed_in_lists_of_few_is_the_real_one(node: Node, document: dict[str, Any]) -> None:
    real = compile_node(node)(Names(input=document, now="2026-01-05T09:00:00Z"))
    unknown = root(("input",), SCHEMA, ("input", ""))
    place = Place(input=unknown, run=root(("run",), RUN, ("run", "")), tables={})
    sites = Sites.__new__(Sites)
    sites.axioms = {}
    null, there = Evaluator(place, few=2).condition(["none", node])
    wanted = null if real is None else there
    assert solve(sites.whole([wanted, *pinned(unknown, document, True)])) is not None


NUMBERS = [
    Unknown((name,), numbers(whole=True).meet(above(0, same=True)).meet(below(2, same=True)).join(NULL))
    for name in "pqr"
]
TEXTS = [Unknown((name,), point("a").join(point("b")).join(NULL)) for name in "st"]
FLAGS = [Unknown(("f",), BOOLEAN)]
VALUES: dict[Unknown, list[Any]] = {
    **{unknown: [None, 0, 1, 2] for unknown in NUMBERS},
    **{unknown: [None, "a", "b"] for unknown in TEXTS},
    **{unknown: [True, False] for unknown in FLAGS},
}
THINGS = [thing("one"), thing("two")]
ANY = st.sampled_from([*NUMBERS, *TEXTS, *FLAGS])
NUMBER, OPERATOR = st.sampled_from(NUMBERS), st.sampled_from(["==", "<", "<="])
statements = st.one_of(
    st.builds(lambda u, v: within(u, point(v)), ANY, st.sampled_from([None, 0, 1, "a", True])),
    st.builds(lambda u, n: within(u, below(n)), NUMBER, st.integers(0, 2)),
    st.builds(lambda u, n: within(u, above(n, same=True)), NUMBER, st.integers(0, 2)),
    st.builds(lambda op, a, b: Order(op, a, b), OPERATOR, NUMBER, NUMBER),
    st.builds(lambda a, b: Order("==", a, b), st.sampled_from(TEXTS), st.sampled_from(TEXTS)),
    st.sampled_from(THINGS),
)
formulas = st.recursive(
    statements,
    lambda inner: st.one_of(
        inner.map(negate),
        st.builds(both, inner, inner),
        st.builds(either, inner, inner),
        st.builds(both, inner, inner, inner),
    ),
    max_leaves=14,
)


def so(formula: Formula, values: dict[Any, Any]) -> bool:
    match formula:
        case All():
            return all(so(part, values) for part in formula.parts)
        case Any_():
            return any(so(part, values) for part in formula.parts)
        case Not():
            return not so(formula.parts[0], values)
        case Is():
            return bool(formula.parts[1].has(values[formula.parts[0]]))
        case Order():
            op, left, right = formula.parts
            return compare(op, values[left], values[right]) is True
        case Thing():
            return bool(values[formula])
    raise AssertionError(formula)


@settings(max_examples=120, deadline=None)
@given(st.lists(formulas, min_size=1, max_size=4))
def test_the_solver_says_no_way_only_where_there_is_none(said: list[Formula]) -> None:
    found = solve(said)
    keys: list[Any] = [*VALUES, *THINGS]
    ways = product(*VALUES.values(), [True, False], [True, False])
    real = any(all(so(formula, dict(zip(keys, way, strict=True))) for formula in said) for way in ways)
    if real:
        assert found is not None
    if found is None:
        assert not real
