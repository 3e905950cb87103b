"""What is said to follow from a condition does follow, for every value that the names can have."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.lang.expressions import parse_expression
from flowrun.lint.implied import excludes, implies
from flowrun.values.evaluate import compile_condition
from flowrun.values.names import Names

NUMBERS = [None, -1, 0, 1, 1.5, 2, 3]
KINDS = [None, "a", "b", "c"]
FLAGS = [None, True, False]
WORLDS: list[dict[str, Any]] = [{"n": n, "k": k, "f": f} for n in NUMBERS for k in KINDS for f in FLAGS]

_numbers = st.sampled_from(["0", "1", "2"])
_kinds = st.sampled_from(['"a"', '"b"', '"c"'])
_single = st.one_of(
    st.builds(lambda op, n: f"input.n {op} {n}", st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _numbers),
    st.builds(lambda op, n: f"{n} {op} input.n", st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _numbers),
    st.builds(lambda op, k: f"input.k {op} {k}", st.sampled_from(["==", "!="]), _kinds),
    st.builds(lambda op, k, j: f"input.k {op} [{k}, {j}]", st.sampled_from(["in", "not in"]), _kinds, _kinds),
    st.sampled_from(["input.f", "not input.f", "input.f == true", "input.f == false", "not (input.f)"]),
    st.builds(lambda name, no: f"input.{name} is {no}none", st.sampled_from("nkf"), st.sampled_from(["", "not "])),
)
conditions = st.recursive(
    _single,
    lambda inner: st.one_of(
        st.builds(lambda parts: "(" + " and ".join(parts) + ")", st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda parts: "(" + " or ".join(parts) + ")", st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda part: f"not ({part})", inner),
    ),
    max_leaves=4,
)


def node(text: str) -> Any:
    parsed, problems = parse_expression(text)
    assert parsed is not None, problems
    return parsed


def holds(text: str, world: dict[str, Any]) -> bool:
    return compile_condition(node(text))(Names(input=world)) is True


@given(conditions, conditions)
def test_what_is_implied_holds_and_what_is_excluded_does_not(one: str, other: str) -> None:
    true = [world for world in WORLDS if holds(one, world)]
    if implies(node(one), node(other)):
        assert all(holds(other, world) for world in true)
    if excludes(node(one), node(other)):
        assert not any(holds(other, world) for world in true)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("input.n > 2", "input.n > 1"),
        ("input.n >= 2", "input.n > 1"),
        ("input.n == 2", "input.n > 1"),
        ("3 < input.n", "input.n != 1"),
        ("input.n > 1", "input.n is not none"),
        ('input.k == "a"', 'input.k in ["a", "b"]'),
        ('input.k in ["a", "b"]', 'input.k != "c"'),
        ('input.k == "a" or input.k == "b"', 'input.k in ["b", "a", "c"]'),
        ("input.f and input.n > 1", "input.f or input.n < 0"),
        ("not input.f", "input.f == false"),
        ('input.n > money("50 EUR")', 'input.n > money("10 EUR")'),
        ("input.n > days(2)", "input.n > hours(24)"),
    ],
)
def test_what_follows_is_known(one: str, other: str) -> None:
    assert implies(node(one), node(other))
    assert not implies(node(other), node(one)) or one == "not input.f"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("input.n > 2", "input.n < 1"),
        ("input.n > 2", "input.n <= 2"),
        ('input.k == "a"', 'input.k in ["b", "c"]'),
        ('input.k == "a"', "input.k is none"),
        ("input.f", "not input.f"),
        ("input.f and input.n > 1", "input.n == 1 or not input.f"),
    ],
)
def test_what_cannot_hold_together_is_known_both_ways(one: str, other: str) -> None:
    assert excludes(node(one), node(other)) and excludes(node(other), node(one))


def test_amounts_in_other_currencies_say_nothing_about_each_other() -> None:
    assert not implies(node('input.n > money("50 EUR")'), node('input.n > money("10 USD")'))
    assert not excludes(node('input.n > money("50 EUR")'), node('input.n < money("10 USD")'))


def test_a_very_long_condition_is_left_alone() -> None:
    many = " or ".join(f'input.k == "{n}"' for n in range(400))
    assert not implies(node('input.k == "1"'), node(many)) and not excludes(node(many), node("input.k is none"))
