"""An expression knows exactly where it stands, however YAML folds, indents or escapes its text."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.lang.binder import bind_expression, bind_template, find, offsets, walked
from flowrun.lang.document import Map, Scalar, compose
from flowrun.lang.reading import MISSING, Reader
from flowrun.lang.source import Source
from flowrun.lang.spec import Expr, Template


def template(text: str, *, prompt: bool = False) -> tuple[Template, Source]:
    source = Source("a.yaml", text)
    tree, found = compose(source)
    assert isinstance(tree, Map) and not found
    value = bind_template(Reader(source, found), tree.entries[0][1], prompt=prompt)
    assert isinstance(value, Template), found
    return value, source


def at(source: Source, expr: Expr) -> str:
    """Return the text of the file at the expression's place."""
    start = source.starts[expr.span.line - 1] + expr.span.column - 1
    end = source.starts[expr.span.end_line - 1] + expr.span.end_column - 1
    return source.text[start:end]


def rules(text: str, key: str = "when", *, condition: bool = True) -> list[tuple[str, str, str | None]]:
    """Return rule, marked text and fix of each finding of a bare expression."""
    source = Source("a.yaml", text)
    tree, found = compose(source)
    assert isinstance(tree, Map)
    assert bind_expression(Reader(source, found), tree.entries[0][1], key, condition=condition) is MISSING
    marked = []
    for item in found:
        start = source.starts[item.span.line - 1] + item.span.column - 1
        end = source.starts[item.span.end_line - 1] + item.span.end_column - 1
        marked.append((item.rule, source.text[start:end], item.fix))
    return marked


@pytest.mark.parametrize(
    "text",
    [
        "a: ${{ input.b }}\n",
        "a: text ${{ input.b }} text\n",
        "a: 'it''s ''${{ input.b }}'' here'\n",
        'a: "t\\tab \\"q\\" \\u00e9 ${{ input.b }}"\n',
        'a: "one \\\n  line ${{ input.b }}"\n',
        "a: one\n  two\n\n  three ${{ input.b }}\n",
        "a: |\n  one\n    two ${{ input.b }}\n",
        "a: |2-\n    one ${{ input.b }}\n",
        "a: >\n  one\n  two\n\n  three ${{ input.b }}\n",
        "a: >-\n\n      one ${{ input.b }}\n",
        'a: {x: [1, {y: "${{ input.b }}"}]}\n',
        "a:\n  - &n x\n  - |+\n    ${{ input.b }}\n\n",
    ],
)
def test_an_embedded_expression_is_found_where_it_stands(text: str) -> None:
    value, source = template(text)
    assert [at(source, expr) for expr in value.exprs] == ["input.b"]


words = st.text(alphabet="abé'\" {}:#-", min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(words, min_size=1, max_size=5), st.sampled_from(["'", '"', "|", ">"]), st.integers(20, 200))
def test_places_are_right_for_any_text_that_a_writer_of_yaml_makes(parts: list[str], style: str, width: int) -> None:
    text = " ${{ input.b }} ".join(parts)
    written = yaml.dump({"a": text}, default_style=style, allow_unicode=True, width=width)
    source = Source("a.yaml", written)
    tree, found = compose(source)
    assert isinstance(tree, Map)
    value: Any = bind_template(Reader(source, found), tree.entries[0][1])
    if value is MISSING:  # the words made braces of their own
        return
    for expr in value.exprs:
        if expr.text == "input.b" and expr.span.line == expr.span.end_line:
            assert at(source, expr) == "input.b"


def test_structures_become_list_and_dict_nodes() -> None:
    value, _ = template('a: {x: [1, "${{ input.b }}"], y: {z: null}, t: "n ${{ input.c }}"}\n')
    assert value.node == [
        "dict",
        [
            ["x", ["list", [["lit", 1], ["attr", ["name", "input"], "b"]]]],
            ["y", ["dict", [["z", ["lit", None]]]]],
            ["t", ["text", [["lit", "n "], ["attr", ["name", "input"], "c"]]]],
        ],
    ]
    assert list(value.keys) == [("x",), ("y",), ("y", "z"), ("t",)]
    assert list(value.values) == [(), ("x",), ("x", 0), ("x", 1), ("y",), ("y", "z"), ("t",)]


def test_a_condition_may_be_true_or_false_and_nothing_else_without_an_expression() -> None:
    assert rules("when: 1\n") == [("not-a-condition", "1", None)]
    assert rules("when: yes\n") == [("yes-no", "yes", "true")]
    assert rules("when: [a]\n") == [("wrong-type", "[a]", None)]
    assert rules("when:\n")[0][0] == "empty-value"


def test_a_problem_is_marked_at_its_needle_outside_of_texts() -> None:
    assert rules('when: input.a == "&&" && input.b\n') == [("and-or-not", "&&", "and")]
    assert rules("when: ${{ input.a }}\n") == [("dollar-braces", "${{ input.a }}", "input.a")]


def test_a_problem_in_a_folded_condition_is_marked_in_its_line() -> None:
    assert rules("when: >-\n  input.a == 1\n  and input.b = 2\n") == [("single-equals", "input.b = 2", "input.b == 2")]


def test_find_prefers_what_is_not_quoted() -> None:
    assert find("'=' + a = b", "=") == 8
    assert find("'='", "=") == 1
    assert find("abc", "x") == -1


TEXTS = st.text(st.sampled_from("ab '\"\\\n\té€$"), max_size=30)


@given(TEXTS, st.sampled_from(["|", "|-", "|+", "|2", ">", ">-", '"', "'", ""]))
@settings(max_examples=400, deadline=None)
def test_the_short_way_to_a_place_leads_where_the_walk_does(text: str, style: str) -> None:
    if style[:1] in ("|", ">"):
        written = f"a: {style}\n" + "".join(f"  {line}\n" for line in text.split("\n"))
    else:
        written = f"a: {style}{text}{style}\n"
    source = Source("a.yaml", written)
    tree, _ = compose(source)
    if not isinstance(tree, Map) or not tree.entries or not isinstance(tree.entries[0][1], Scalar):
        return
    node = tree.entries[0][1]
    where = offsets(source, node)
    walk = walked(source.text[node.start : node.end], node)
    for offset, letter in enumerate(node.text):
        if not letter.isspace():  # an expression neither begins nor ends with a space
            assert where(offset) == walk[offset], (offset, letter)
    assert where(len(node.text)) == walk[-1]
