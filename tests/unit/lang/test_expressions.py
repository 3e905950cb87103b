"""Reading expressions: what is accepted, and plain words for what is not."""

from __future__ import annotations

import pytest

from flowrun.lang.expressions import parse_expression, parse_text


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("input.a.b", ["attr", ["attr", ["name", "input"], "a"], "b"]),
        ("steps.triage", ["step", "triage"]),
        ("calls.desk.create_ticket.last.output", ["attr", ["calls", "desk.create_ticket", "last"], "output"]),
        ("calls.flows.refund.all", ["calls", "flows.refund", "all"]),
        ("true", ["lit", True]),
        ("null", ["lit", None]),
        ("none", ["lit", None]),
        ('"text"', ["lit", "text"]),
        ("-1.5", ["lit", -1.5]),
        ("a.b", None),
        ("not input.a", ["not", ["attr", ["name", "input"], "a"]]),
        ("item is not none", ["not", ["none", ["name", "item"]]]),
        ("item ~ 1", ["text", [["name", "item"], ["lit", 1]]]),
        ('item | any(status="x")', ["call", "any", [["name", "item"]], [["status", ["lit", "x"]]]]),
    ],
)
def test_nodes(text: str, node: object) -> None:
    assert parse_expression(text)[0] == node


@pytest.mark.parametrize(
    ("text", "rule", "help_", "needle"),
    [
        ("", "empty", "input.amount", ""),
        ("input.a = 5", "single-equals", "==", "input.a = 5"),
        ("input.a && input.b", "and-or-not", "`and`", "&&"),
        ("input.a || input.b", "and-or-not", "`or`", "||"),
        ("!input.a", "and-or-not", "`not`", "!"),
        ("input.a AND input.b", "and-or-not", "`and`", "AND"),
        ("input.a === 1", "operator", "`==`", "==="),
        ("input.a <> 1", "operator", "`!=`", "<>"),
        ("input.a ? 1 : 2", "operator", "if CONDITION else", "?"),
        ("input.a == “x”", "curly-quotes", '"text"', "“"),
        ("(input.a", "unbalanced", "`)`", ""),
        ("input.a)", "unbalanced", "Remove", ")"),
        ('input.a == "x', "unbalanced", "closing", ""),
        ("1 if input.a", "missing-else", "else B", "if"),
        ("input.a == none", "compare-none", "is none", "=="),
        ("input.a is defined", "unknown-test", "is not none", "is defined"),
        ("input.a | lenght", "unknown-function", "`length`", "lenght"),
        ("length(input.a)", "unknown-function", "VALUE | length", "length"),
        ("input.a | age", "unknown-function", "age(MOMENT)", "age"),
        ("input.a.lower()", "no-methods", "TEXT | lower", "lower"),
        ("inptu.a", "unknown-name", "`input`", "inptu"),
        ("input.status == open", "unknown-name", '"open"', "open"),
        (
            "calls.desk.create_ticket",
            "calls-which",
            "calls.desk.create_ticket.last",
            "calls.desk.create_ticket",
        ),
        ("steps", "unknown-step", "steps.ID", "steps"),
        ("input.a input.b", "syntax", "a sign or a word", "input"),
        ("input.a ==", "syntax", "Complete", ""),
        ("input.a[1:2]", "unsupported", "first", ""),
        ('input.a in ("x", "y")', "unsupported", "[", ""),
        ("input.a ** 2", "operator", "*", "**"),
        ("input.a | round(1, 2)", "arguments", "round(2)", "round"),
        ("input.a | round(places=1)", "arguments", "round(2)", "places"),
        ("input.a | sum(*input.b)", "arguments", "sum", "sum"),
        ("${{ input.a }}", "dollar-braces", "Remove", "${{"),
        ("1e400 > 1", "syntax", "smaller", ""),
        ("x" * 10_001, "too-long", "set", ""),
        ("not " * 500 + "item", "too-deep", "set", ""),
        ("(" * 51 + "1" + ")" * 51, "too-deep", "set", ""),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(text: str, rule: str, help_: str, needle: str) -> None:
    node, problems = parse_expression(text)
    assert node is None
    assert rule in [problem.rule for problem in problems]
    problem = next(each for each in problems if each.rule == rule and each.needle == needle)
    assert help_ in problem.help
    assert problem.needle in text


def test_a_text_without_expressions_is_a_literal() -> None:
    assert parse_text("plain, even with } and {") == (["lit", "plain, even with } and {"], [], [])


def test_a_whole_expression_keeps_its_type_and_its_place() -> None:
    node, embedded, problems = parse_text("  ${{ input.a }}\n")
    assert node == ["attr", ["name", "input"], "a"]
    assert embedded == [("input.a", 6, node)]
    assert not problems


def test_braces_and_quotes_inside_an_expression_do_not_end_it() -> None:
    text = '${{ {"a": {"b": "}}"}} }} and ${{ item }}'
    node, embedded, problems = parse_text(text)
    assert not problems
    assert node == [
        "text",
        [["dict", [["a", ["dict", [["b", ["lit", "}}"]]]]]]], ["lit", " and "], ["name", "item"]],
    ]
    assert [text[offset : offset + len(source)] == source for source, offset, _ in embedded] == [True, True]


@pytest.mark.parametrize(
    ("text", "prompt", "rule", "offset"),
    [
        ("Hi ${{ input.a", False, "unbalanced", 3),
        ("Hi {{ input.a }}", False, "missing-dollar", 3),
        ("{% if input.a %}x{% endif %}", False, "tags-in-text", 0),
        ("Hi ${{ input.a = 1 }}", False, "single-equals", 7),
        ("{% if input.a %}x", True, "unbalanced", 3),
        ("{% endfor %}", True, "unbalanced", 3),
        ("{% else %}", True, "unbalanced", 3),
        ("{% if item %}{% else %}{% elif item %}{% endif %}", True, "unbalanced", 26),
        ("{% set x = 1 %}", True, "unknown-tag", 3),
        ("{% for input in item %}{% endfor %}", True, "name-taken", 3),
        ("{% for x of item %}{% endfor %}", True, "syntax", 3),
        ("{% for x in item %}{% endfor %}${{ x }}", True, "unknown-name", 35),
    ],
)
def test_problems_in_texts_say_where(text: str, prompt: bool, rule: str, offset: int) -> None:
    node, _, problems = parse_text(text, prompt=prompt)
    assert node is None
    assert (offset, rule) in [(at, problem.rule) for at, problem in problems]


def test_a_prompt_of_one_expression_is_still_a_text() -> None:
    assert parse_text("${{ input.n }}", prompt=True)[0] == ["text", [["attr", ["name", "input"], "n"]]]


def test_variables_of_loops_are_names_only_inside() -> None:
    node, embedded, problems = parse_text("{% for x in item %}${{ x.a }}{% endfor %}", prompt=True)
    assert not problems
    assert node == ["text", [["for", "x", ["name", "item"], ["text", [["attr", ["var", "x"], "a"]]]]]]
    assert [source for source, _, _ in embedded] == ["item"]
