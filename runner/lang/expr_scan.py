"""A first look at the characters of an expression, before any parser sees it.

Owns: the traps that writers of other languages fall into (`=`, `&&`, `!`, curly quotes), balance of brackets
and quotes, and where an embedded `${{ … }}` ends. No nodes are made here.
"""

from __future__ import annotations

import re

from flowrun.lang.expr_problem import Problem
from flowrun.words import mark, t

MAX_LENGTH = 10_000
MAX_DEPTH = 50

_CLOSING = {")": "(", "]": "[", "}": "{"}
_CURLY = "“”„‘’‚«»"
_WORDS = {"AND": "and", "OR": "or", "NOT": "not", "And": "and", "Or": "or", "Not": "not", "NULL": "null"}
_TWO = {
    "&&": ("and-or-not", mark("`&&` is not used here."), mark("Write `and`.")),
    "||": ("and-or-not", mark("`||` is not used here."), mark("Write `or`.")),
    "<>": ("operator", mark("`<>` is not used here."), mark("Write `!=`.")),
    "=>": ("operator", mark("`=>` is not used here."), mark("Write `>=`.")),
    "=<": ("operator", mark("`=<` is not used here."), mark("Write `<=`.")),
    "**": ("operator", mark("Powers cannot be computed here."), mark("Multiply with `*`.")),
}


_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_SUSPECT = re.compile(
    rf"""["'&|?*${_CURLY}]|!(?!=)|(?<![=!<>])=(?!=)|[=!<>]==|==>|=[<>]|<>|(?<![^\W\d])(?:{"|".join(_WORDS)})(?!\w)"""
)
"""Where one of these stands outside quotes, the expression is looked at sign by sign: it may still be right."""
_BRACKET = re.compile(r"[()\[\]{}]")
_INNER = re.compile(r"[\"'()\[\]{}$%]")


def find_trap(text: str) -> Problem | None:
    """Return the first thing in an expression that is surely wrong, or None."""
    if len(text) > MAX_LENGTH:
        return Problem(
            "too-long",
            t("An expression has at most {max_length} characters.", max_length=f"{MAX_LENGTH:,}"),
            t("Split it with `set`."),
            "",
        )
    return None if _harmless(text) else _look(text)


def _look(text: str) -> Problem | None:
    """Look at an expression sign by sign."""
    opened: list[tuple[str, bool]] = []
    at, end = 0, len(text)
    while at < end:
        char = text[at]
        if char in "\"'":
            at = _after_quote(text, at)
            if at < 0:
                return Problem(
                    "unbalanced", t("A quotation mark is not closed."), t("Add the closing `{char}`.", char=char), ""
                )
            continue
        if char.isalpha() or char == "_":
            start = at
            while at < end and (text[at].isalnum() or text[at] == "_"):
                at += 1
            word = text[start:at]
            if word in _WORDS and (start == 0 or text[start - 1] != "."):
                return Problem(
                    "and-or-not",
                    t("`{word}` is written in small letters.", word=word),
                    t("Write `{word}`.", word=_WORDS[word]),
                    word,
                )
            continue
        problem = _sign(text, at, opened)
        if problem is not None:
            return problem
        at += 2 if text[at : at + 2] in ("==", "!=", "<=", ">=") else 1
    if opened:
        sign = opened[-1][0]
        return Problem(
            "unbalanced",
            t("`{sign}` is not closed.", sign=sign),
            t("Add the closing `{char}`.", char={v: k for k, v in _CLOSING.items()}[sign]),
            "",
        )
    return None


def _harmless(text: str) -> bool:
    """Return whether nothing in an expression can be a trap: most are so, and one look at the whole costs little."""
    bare = _QUOTED.sub(" ", text)
    if _SUSPECT.search(bare) is not None:
        return False
    opened: list[str] = []
    for found in _BRACKET.finditer(bare):
        sign = found.group()
        if sign in "([{":
            opened.append(sign)
            if len(opened) > MAX_DEPTH:
                return False
        elif not opened or opened.pop() != _CLOSING[sign]:
            return False
    return not opened


def _sign(text: str, at: int, opened: list[tuple[str, bool]]) -> Problem | None:
    """Look at one character that is no letter, keeping the open brackets (and whether each is of a call)."""
    char, two = text[at], text[at : at + 2]
    if char in "([{":
        before = text[:at].rstrip()[-1:] if char == "(" else ""
        opened.append((char, before.isalnum() or before == "_"))
        if len(opened) > MAX_DEPTH:
            return too_deep()
    elif char in ")]}":
        if not opened or opened.pop()[0] != _CLOSING[char]:
            return Problem(
                "unbalanced", t("`{char}` closes nothing.", char=char), t("Remove it, or add the opening one."), char
            )
    elif char in _CURLY:
        return Problem(
            "curly-quotes",
            t("`{char}` is a curly quotation mark.", char=char),
            t('Write straight ones: "text".'),
            char,
        )
    elif text.startswith("===", at):
        return Problem("operator", t("`===` is not used here."), t("Write `==`."), "===")
    elif two in _TWO:
        rule, message, help_ = _TWO[two]
        return Problem(rule, t(message), t(help_), two)
    elif char == "!" and two != "!=":
        return Problem("and-or-not", t("`!` is not used here."), t("Write `not`."), "!")
    elif char == "=" and two != "==" and not (opened and opened[-1] == ("(", True)):
        return Problem("single-equals", t("One `=` does not compare."), t("Write `==`."), _around(text, at))
    elif char == "?":
        return Problem("operator", t("`?` is not used here."), t("Write `A if CONDITION else B`."), "?")
    elif text.startswith("${{", at):
        return Problem(
            "dollar-braces",
            t("`${{ }}` is for texts; here the expression stands alone."),
            t("Remove `${{` and `}}`."),
            "${{",
        )
    return None


def too_deep() -> Problem:
    """Return the finding about an expression that is nested too deeply."""
    return Problem(
        "too-deep",
        t("In an expression at most {max_depth} brackets may stand inside each other.", max_depth=MAX_DEPTH),
        t("Split it with `set` steps."),
        "",
    )


def _after_quote(text: str, at: int) -> int:
    """Return the position after the quoted text that starts at `at`, or -1 where it is not closed."""
    quote = text[at]
    at += 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == quote:
            return at + 1
        at += 1
    return -1


def _around(text: str, at: int) -> str:
    """Return the sign with the words beside it, so that it can be found among its like."""
    start, end = at, at + 1
    while start > 0 and text[start - 1] == " ":
        start -= 1
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_."):
        start -= 1
    while end < len(text) and text[end] == " ":
        end += 1
    while end < len(text) and text[end] not in " )],":
        end += 1
    return text[start:end]


def find_end(text: str, at: int, closing: str = "}}") -> int:
    """Return where the expression that starts at `at` ends (the position of `closing`), or -1.

    Quotes and inner brackets are skipped; where that finds nothing, the first `closing` counts. An expression
    in which another `${{` begins has no end.
    """
    start, depth = at, 0
    while (found := _INNER.search(text, at)) is not None:
        at = found.start()
        char = text[at]
        if char in "\"'":
            after = _after_quote(text, at)
            if after < 0:
                break
            at = after
            continue
        if text.startswith("${{", at):
            return -1
        if depth <= 0 and text.startswith(closing, at):
            return at
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        at += 1
    end = text.find(closing, start)
    return -1 if "${{" in text[start : max(end, start)] else end
