"""What expressions give at run time: values, nulls, and never an exception."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from flowrun.errors import InternalError
from flowrun.lang.expressions import parse_expression, parse_text
from flowrun.values.evaluate import compile_condition, compile_node
from flowrun.values.names import Names

FLIGHTS = [{"status": "open", "price": 10.1, "who": {"name": "Ana"}}, {"status": "flown", "price": 0.2}]
NAMES = Names(
    input={
        "text": " Hello ", "n": 3, "f": 0.1, "flag": True, "nothing": None, "list": [3, 1, 2],
        "flights": FLIGHTS,        "order": {"items": 2, "keys": "k"}, "at": "2026-01-05T09:00:00Z",
        "zoned": "2026-01-05T10:00:00+01:00",
        "amount": 60, "currency": "EUR",
    },
    steps={"triage": {"confidence": 0.86}},
    calls={"desk.create_ticket": ({"output": {"id": "T-1"}}, {"output": {"id": "T-2"}})},
    tables={"bags": {"gold": {"economy": 3}, "3": "three"}},
    now="2026-01-05T12:00:00Z",
    time_zone="Europe/Berlin",
)  # fmt: skip


def value(text: str, names: Names = NAMES) -> Any:
    node, problems = parse_expression(text)
    assert node is not None, problems
    return compile_node(node)(names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("steps.triage.confidence", 0.86),
        ("steps.unknown.confidence", None),
        ("calls.desk.create_ticket.last.output.id", "T-2"),
        ('calls.desk.create_ticket.all | map("output.id") | join(",")', "T-1,T-2"),
        ("calls.desk.other.last is none", True),
        ("calls.desk.other.all", []),
        ("input.order.items", 2),
        ("input.order.keys", "k"),
        ("input.text.upper", None),
        ("input.list.append", None),
        ("input.list[0]", 3),
        ("input.list[-1]", 2),
        ("input.list[7]", None),
        ('tables.bags["gold"].economy', 3),
        ("tables.bags[input.n]", "three"),
        ("tables.bags[input.nothing]", None),
        ("[1, input.n, input.nothing]", [1, 3, None]),
        ('{"a": input.n}', {"a": 3}),
        ('"x" ~ input.n ~ input.nothing ~ input.flag ~ input.f', "x3true0.1"),
        ("input.n if input.flag else 0", 3),
        ("input.n if input.nothing else 0", None),
    ],
)  # fmt: skip
def test_names_and_structures(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input.f + 0.2", 0.3),
        ("input.f + 0.2 == 0.3", True),
        ("1 + 2", 3),
        ("7 / 2", 3.5),
        ("6 / 3", 2),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("1 / 0", None),
        ("1 % 0", None),
        ("input.nothing + 1", None),
        ('"a" + "b"', None),
        ("1 == 1.0", True),
        ("true == 1", None),
        ('1 == "1"', None),
        ("2 > 1.5", True),
        ('"a" < "b"', None),
        ("input.nothing == 1", None),
        ("input.nothing is none", True),
        ("[1, null] == [1.0, null]", True),
        ('{"a": 1} == {"a": 2}', False),
        ("input.at == input.zoned", True),
        ("input.at < now()", True),
        ('"2026-01-01" < "2026-02-01"', True),
        ("3 in input.list", True),
        ("9 not in input.list", True),
        ("9 in [1, null]", None),
        ('"ell" in input.text', True),
        ('"n" in input.order', False),
        ("false and input.nothing", False),
        ("true and input.nothing", None),
        ("true or input.nothing", True),
        ("false or input.nothing", None),
        ("not input.nothing", None),
        ("1 < 2 < 3", True),
    ],
)
def test_operators_have_three_values_and_decimal_numbers(text: str, expected: Any) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input.text | trim | lower | length", 5),
        ('input.nothing | default("x")', "x"),
        ("input.text | truncate(4)", " He…"),
        ("2.675 | round(2)", 2.68),
        ("2.5 | round", 3),
        ("input.list | sort", [1, 2, 3]),
        ("input.list | sort(reverse=true) | first", 3),
        ('input.flights | sort("price") | map("price")', [0.2, 10.1]),
        ('[1, "a"] | sort', None),
        ("[1, 1.0, true, 2] | unique", [1, True, 2]),
        ("input.list | last", 2),
        ("[] | first", None),
        ('input.flights | sum("price")', 10.3),
        ('input.flights | sum("missing")', None),
        ("[] | sum", 0),
        ("input.list | min", 1),
        ('input.flights | max("price")', 10.1),
        ('input.flights | any(status="flown")', True),
        ('input.flights | all(status="flown")', False),
        ('input.flights | any(missing="x")', None),
        ("[] | all(x=1)", True),
        ('input.flights | count(status="open")', 1),
        ("input.flights | count", 2),
        ('input.flights | select(status="flown") | length', 1),
        ('input.flights | map("who.name")', ["Ana", None]),
        ("input.list | contains(2)", True),
        ('input.list | join("-")', "3-1-2"),
        ("input.nothing | any(x=1)", None),
    ],
)
def test_filters(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age(input.at)", 10800),
        ("age(input.at) < hours(24)", True),
        ("age(input.text)", None),
        ("days(1) + minutes(2)", 86520),
        ('date("2026-01-05")', "2026-01-04T23:00:00.000000Z"),
        ('date("2026-01-05", "UTC")', "2026-01-05T00:00:00.000000Z"),
        ('date("2026-02-30")', None),
        ('date("2026-01-05", "Nowhere/City")', None),
        ("time_of(input.at)", "10:00"),
        ('time_of(now()) >= "09:00"', True),
        ('next("09:00")', "2026-01-06T08:00:00.000000Z"),
        ('next("monday 14:00")', "2026-01-05T13:00:00.000000Z"),
        ('next("tuesday")', "2026-01-05T23:00:00.000000Z"),
        ('next("never")', None),
        ("now() + hours(1)", "2026-01-05T13:00:00.000000Z"),
        ("now() - input.at", 10800),
        ('input.amount > money("50 EUR")', True),
        ('money("50 EUR") == money("50 USD")', None),
        ('money("much")', None),
        ('money("0.5 EUR") * 3', {"amount": 1.5, "currency": "EUR"}),
    ],
)
def test_time_and_money(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_an_amount_with_another_currency_has_no_answer() -> None:
    node = ["cmp", ">", ["money", ["lit", 60], ["name", "item"]], ["call", "money", [["lit", "50 EUR"]], []]]
    assert compile_node(node)(Names(item="EUR")) is True
    assert compile_node(node)(Names(item="USD")) is None
    assert compile_node(node)(Names(item=None)) is None


def test_a_condition_is_true_false_or_none() -> None:
    for node, expected in (
        (["lit", True], True),
        (["lit", 1], None),
        (["lit", "true"], None),
        (["lit", None], None),
    ):
        assert compile_condition(node)(NAMES) is expected


def test_a_text_shows_numbers_shortest_and_structures_as_json() -> None:
    node, _, _ = parse_text('${{ [1.0, {"a": null}] }} ${{ 5.0 }} ${{ input.nothing }}|${{ false }}')
    assert node is not None
    assert compile_node(node)(NAMES) == '[1.0,{"a":null}] 5 |false'


def test_a_prompt_can_branch_and_loop() -> None:
    line = "- ${{ f.status }}{% if f.price > 1 %} (dear){% endif %}"
    text = "Flights:\n{% for f in input.flights %}\n" + line + "\n\n{% endfor %}\nBye"
    node, embedded, problems = parse_text(text, prompt=True)
    assert not problems
    assert [each[0] for each in embedded] == ["input.flights"]
    assert node is not None
    assert compile_node(node)(NAMES) == "Flights:\n- open (dear)\n\n- flown\n\nBye"


def test_loops_inside_loops_are_bounded() -> None:
    inner = "{% for a in input.l %}{% for b in input.l %}{% endfor %}{% endfor %}"
    node, _, _ = parse_text(inner, prompt=True)
    assert node is not None
    assert compile_node(node)(Names(input={"l": [0] * 400})) == ""


def test_texts_beyond_the_limit_are_null() -> None:
    assert value("input ~ input", Names(input="x" * 600_000)) is None
    assert value("input | join", Names(input=["x" * 600_000] * 2)) is None


def test_huge_and_deep_data_does_not_raise() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    names = Names(input={"deep": deep, "big": 10**5000})
    assert value("input.deep == input.deep", names) is None
    assert value("input.deep ~ 1", names) == "1"
    assert value("input.big ~ 1", names) == "1"
    assert value("input.big * input.big", names) is None
    assert value("[input.deep, input.deep] | unique | length", names) in (1, 2)


def test_an_unknown_node_is_a_defect() -> None:
    with pytest.raises(InternalError):
        compile_node(["exec", "x"])


def test_evaluation_loads_no_parser() -> None:
    code = (
        "import sys, flowrun.values.evaluate, flowrun.lang.types, flowrun.lang.expressions as e;"
        "e.parse_expression('input.a.b'); e.parse_text('${{ steps.x.y }}'); print('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
