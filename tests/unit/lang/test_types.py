"""Types of expressions: what is found before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.lang.expressions import parse_expression, parse_text
from flowrun.lang.types import (
    Type,
    TypeScope,
    check_condition,
    check_value,
    from_schema,
    from_value,
    infer,
    with_currencies,
)
from flowrun.values.evaluate import compile_node
from flowrun.values.names import Names

ORDER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "n", "status", "lines", "at", "eur", "price", "currency", "maybe", "ok"],
    "properties": {
        "id": {"type": "string"},
        "n": {"type": "integer"},
        "status": {"enum": ["open", "closed"]},
        "at": {"type": "string", "format": "date-time"},
        "eur": {"type": "number", "x-money": "EUR"},
        "price": {"type": "number", "x-money": "currency"},
        "currency": {"type": "string"},
        "maybe": {"type": ["number", "null"]},
        "ok": {"type": "boolean"},
        "optional": {"type": "string"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
    },
    "$defs": {
        "line": {
            "type": "object",
            "required": ["kind", "amount"],
            "properties": {"kind": {"enum": ["fee", "item"]}, "amount": {"type": "number", "x-money": "EUR"}},
        }
    },
}
TYPE = from_schema(ORDER)
FLOW = TypeScope(
    input=TYPE,
    steps={"triage": TYPE, "skipped": TYPE.or_null()},
    hidden={"later": "runs later"},
    calls={"desk.open": (TYPE, TYPE), "crm.find": (TYPE, TYPE)},
    call_certain={"crm.find"},
    tables=from_value({"bags": {"open": {"x": 1}, "closed": {"x": 2}}, "small": {"open": 1}}),
)
RULES = TypeScope(args=TYPE, facts={"r": TYPE}, calls={"desk.open": (TYPE, TYPE)}, rules=True)


def node_of(text: str) -> Any:
    node, problems = parse_expression(text)
    assert node is not None, problems
    return node


@pytest.mark.parametrize(
    "text",
    [
        "input.n > 1",
        'input.status == "open"',
        'input.status in ["open", "closed"]',
        "input.maybe is none or input.maybe > 1",
        "input.maybe is not none and input.maybe > 1",
        "(input.maybe | default(0)) > 1",
        "input.maybe > 1 if input.maybe is not none else false",
        "not (input.maybe is none) and input.maybe > 1",
        "calls.crm.find.last.output.n > 1",
        "calls.desk.open.last is not none and calls.desk.open.last.output.n > 1",
        "steps.skipped is not none and steps.skipped.ok",
        'input.eur > money("5 EUR")',
        "input.eur > 0",
        'input.price > money("5 EUR")',
        'input.lines | sum("amount") > money("5 EUR")',
        'input.lines | any(kind="fee")',
        "age(input.at) < hours(24)",
        'input.at < date("2026-01-01")',
        "now() - input.at < days(3)",
        'time_of(now()) < "18:00"',
        "tables.bags[input.status].x == 1",
        'run.mode == "live"',
        "input.lines | length > 2",
        "true",
    ],
)
def test_good_conditions(text: str) -> None:
    assert check_condition(node_of(text), FLOW) == []


@pytest.mark.parametrize(
    ("text", "rule", "needle", "help_"),
    [
        ("input.statu == 1", "unknown-field", "input.statu", "`status`"),
        ("steps.triag.n == 1", "unknown-step", "steps.triag", "steps.triage"),
        ("steps.later.n == 1", "step-not-visible", "steps.later", "earlier"),
        ("calls.desk.opne.last is none", "unknown-tool", "calls.desk.opne", "calls.desk.open"),
        ("args.n == 1", "name-not-here", "args", "`input`"),
        ('input.n == "1"', "wrong-comparison", "1", "quotes"),
        ('input.id > "a"', "wrong-comparison", "input.id", "=="),
        ('input.status == "opne"', "unknown-enum-value", "opne", "`open`"),
        ('input.status in ["open", "clsoed"]', "unknown-enum-value", "clsoed", "`closed`"),
        ('input.lines | any(kind="feee")', "unknown-enum-value", "feee", "`fee`"),
        ('input.lines | any(knid="fee")', "unknown-field", "knid", "`kind`"),
        ('input.lines | sum("amuont") > 1', "unknown-field", "amuont", "`amount`"),
        ("input.lines.kind == 1", "unknown-field", "input.lines.kind", "map"),
        ("input.maybe > 1", "maybe-null", "input.maybe", "default"),
        ("input.maybe is none and input.maybe > 1", "maybe-null", "input.maybe", "default"),
        ('input.optional == "x"', "maybe-null", "input.optional", "is not none"),
        ("steps.skipped.ok", "maybe-null", "steps.skipped.ok", "is not none"),
        ("calls.desk.open.last.output.n > 1", "maybe-null", "calls.desk.open.last.output.n", "is not none"),
        ("input.lines[0].amount > 0", "maybe-null", "input.lines[0].amount", "default"),
        ("input.n", "not-a-condition", "input.n", "Compare"),
        ("input.ok and input.id", "not-a-condition", "input.id", "Compare"),
        ("input.eur > 50", "wrong-comparison", "50", 'money("50 EUR")'),
        ('input.eur > money("50 USD")', "wrong-comparison", "money", "one currency"),
        ('input.n > money("50 EUR")', "wrong-comparison", "input.n", "x-money"),
        ('money("fifty") > money("1 EUR")', "bad-literal", "fifty", "money"),
        ("age(input.at) < 24", "wrong-comparison", "24", "hours(24)"),
        ('input.at < "yesterday"', "wrong-comparison", "yesterday", "date"),
        ('input.n + "x" == 1', "wrong-type", "x", "~"),
        ("age(input.id) < hours(1)", "wrong-type", "input.id", "age(MOMENT)"),
        ("tables.small[input.status] == 1", "missing-key", "input.status", "`open`"),
    ],
)
def test_bad_conditions(text: str, rule: str, needle: str, help_: str) -> None:
    problems = check_condition(node_of(text), FLOW)
    assert [(problem.rule, problem.needle) for problem in problems] == [(rule, needle)]
    assert help_ in problems[0].help
    assert needle in text


@pytest.mark.parametrize("text", ["facts.r.maybe > 1", 'args.optional == "x"', "calls.desk.open.last.output.ok"])
def test_in_rules_a_null_needs_no_guard(text: str) -> None:
    assert check_condition(node_of(text), RULES) == []


def test_rules_do_not_see_the_flow() -> None:
    assert [problem.rule for problem in check_condition(node_of("steps.x.ok"), RULES)] == ["name-not-here"]


def test_an_amount_is_compared_together_with_its_currency() -> None:
    node = with_currencies(node_of('args.price > money("50 EUR") and args.n > 1'), RULES)
    rule = compile_node(node)
    for currency, expected in (("EUR", True), ("USD", None), (None, None)):
        assert rule(Names(args={"price": 60, "currency": currency, "n": 2})) is expected
    unchanged = node_of("args.n > 1")
    assert with_currencies(unchanged, RULES) is unchanged


def test_loops_give_their_variable_the_type_of_the_items() -> None:
    text = "{% for line in input.lines %}${{ line.knid }}{% endfor %}"
    node, _, _ = parse_text(text, prompt=True)
    assert node is not None
    found, problems = infer(node, FLOW)
    assert found.kind == "string"
    assert [problem.needle for problem in problems] == ["line.knid"]


def template(value: Any) -> Any:
    if isinstance(value, dict):
        return ["dict", [[key, template(item)] for key, item in value.items()]]
    if isinstance(value, str):
        node, _, problems = parse_text(value)
        assert node is not None, problems
        return node
    return ["lit", value]


TARGET = from_schema(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["a"],
        "properties": {
            "a": {"type": "integer"},
            "b": {"type": ["string", "null"]},
            "c": {"enum": ["open", "closed"]},
            "d": {"type": "string", "format": "date-time"},
            "e": {"type": "array", "items": {"type": "object"}},
        },
    }
)


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        (
            {
                "a": "${{ input.n }}",
                "b": "${{ input.optional }}",
                "c": "${{ input.status }}",
                "d": "${{ input.at }}",
            },
            [],
        ),
        ({"a": "${{ input.n }}", "b": "Order ${{ input.n }}", "c": "open", "e": "${{ input.lines }}"}, []),
        ({"a": 1, "d": "2026-01-05T09:00:00Z"}, []),
        ({"b": "x"}, ["missing-field"]),
        ({"a": 1, "z": 1}, ["unknown-field"]),
        ({"a": "${{ input.maybe }}"}, ["maybe-null"]),
        ({"a": "${{ input.id }}"}, ["wrong-type"]),
        ({"a": "${{ input.eur }}"}, ["wrong-type"]),
        ({"a": 1, "c": "opne"}, ["unknown-enum-value"]),
        ({"a": 1, "d": "tomorrow"}, ["wrong-type"]),
        ({"a": 1, "b": 5}, ["wrong-type"]),
        ({"a": "${{ input.n if input.maybe is none else 'x' }}"}, ["wrong-type"]),
        ({"a": "${{ calls.desk.open.last.output.n }}"}, ["maybe-null"]),
        ({"a": "${{ calls.desk.open.last.output.n | default(0) }}"}, []),
        ("${{ input }}", ["missing-field", "unknown-field"]),
    ],
)
def test_values_fit_where_they_are_put(value: Any, rules: list[str]) -> None:
    assert [problem.rule for problem in check_value(template(value), FLOW, TARGET)] == rules


def test_what_is_unknown_passes() -> None:
    scope = TypeScope(input=Type())
    assert check_condition(node_of("input.a.b > 3 and input.c"), scope) == []
    assert check_value(node_of("input.a"), scope, TARGET) == []


@pytest.mark.parametrize(
    ("schema", "kind", "nullable"),
    [
        ({}, "any", False),
        (True, "any", False),
        ({"type": "null"}, "null", True),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string", True),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "any", False),
        ({"type": ["integer", "number"]}, "number", False),
        ({"const": "x"}, "string", False),
        ({"enum": ["a", None]}, "string", True),
        ({"type": "string", "format": "date"}, "date", False),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "map", False),
        ({"$ref": "https://elsewhere"}, "any", False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "boolean"}}}, "boolean", False),
        ({"allOf": [{"type": "boolean"}]}, "boolean", False),
    ],
)
def test_types_are_read_from_schemas(schema: Any, kind: str, nullable: bool) -> None:
    found = from_schema(schema)
    assert (found.kind, found.nullable) == (kind, nullable)


def test_a_schema_that_holds_itself_ends_in_anything() -> None:
    tree = {
        "$ref": "#/$defs/t",
        "$defs": {"t": {"type": "object", "properties": {"next": {"$ref": "#/$defs/t"}}}},
    }
    assert from_schema(tree).fields == {"next": Type()}
