"""The quick look at an expression finds nothing harmless that the slow one would stop at."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.lang import expr_scan

PARTS = [
    *(
        "a",
        "b.c",
        " ",
        "1",
        "+",
        "-",
        "*",
        "**",
        ",",
        "~",
        ".",
        "f(",
        "x=1",
        "AND",
        ".OR",
        "and",
        "not",
        "NULL",
        "andOr",
    ),
    *("==", "=", "!=", "!", "<=", ">=", "=>", "=<", "<>", "<", ">", "===", "&&", "&", "||", "|", "?", "$", "${{", "}}"),
    *('"x"', "'y'", '"', "'", "\\", '"a\\"b"', '"\\\\"', "“", "(", ")", "[", "]", "{", "}", "\n"),
]


@given(st.lists(st.sampled_from(PARTS), max_size=10).map("".join))
@settings(max_examples=1500, deadline=None)
def test_a_quick_yes_is_a_slow_yes(text: str) -> None:
    if not expr_scan._harmless(text):
        return
    assert expr_scan._look(text) is None, text


@given(st.lists(st.sampled_from(PARTS), max_size=10).map("".join))
@settings(max_examples=500, deadline=None)
def test_an_expression_ends_at_the_first_closing_outside_quotes_and_brackets(text: str) -> None:
    end = expr_scan.find_end(text + "}}", 0)
    assert end == -1 or (text + "}}")[end : end + 2] == "}}"
    # Inside quotes it is text; elsewhere an expression in which another begins has no end.
    assert end == -1 or "${{" not in expr_scan._QUOTED.sub("", text[:end]) or text.count('"') + text.count("'") > 0
