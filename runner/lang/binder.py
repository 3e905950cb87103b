"""Expressions in YAML values, bound to their places.

Owns: turning scalars, lists and maps into `Expr` and `Template`, and finding the exact place of a part of a text that
YAML has folded, indented or escaped. The expressions themselves are parsed in `expressions`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any

from flowrun.errors import Edit, Span
from flowrun.lang.document import Map, Node, Scalar, Seq
from flowrun.lang.expr_problem import TRUTH, Path
from flowrun.lang.expressions import Problem, parse_expression, parse_text
from flowrun.lang.reading import MISSING, Missing, Reader, empty, names, short
from flowrun.lang.source import Source
from flowrun.lang.spec import Expr, Template
from flowrun.lang.yaml_traps import quoted
from flowrun.words import t

MAX_PROBLEMS = 20
"""Most findings about the expressions of one text."""

_FIXES = {
    "&&": "and", "||": "or", "AND": "and", "And": "and", "OR": "or", "Or": "or", "NOT": "not", "Not": "not",
    "===": "==", "<>": "!=", "=>": ">=", "=<": "<=",
}  # fmt: skip
_NONE = re.compile(r"[=!]= *(?:none|null|None)\b")
_ESCAPES = {"x": 4, "u": 6, "U": 10}


def bind_expression(cx: Reader, node: Node, key: str, *, condition: bool = False) -> Expr | Missing:
    """Return the bare expression of `key`; a condition may also be written as true or false."""
    if not isinstance(node, Scalar):
        hint = (
            t("Put quotes around it: `{key}: '[…]'`.", key=key) if isinstance(node, Seq) else t("Write it as one text.")
        )
        return cx.say(
            "wrong-type",
            t("`{key}` is an expression, not {found}.", key=key, found=names(node)),
            short(node.span),
            help=hint,
        )
    if empty(cx, node, key):
        return MISSING
    if isinstance(node.value, bool) or (isinstance(node.value, int | float) and not condition):
        return Expr(text=node.text, node=["lit", node.value], span=node.span)
    if isinstance(node.value, int | float):
        return cx.say(
            "not-a-condition", t("`{key}` is true or false, not a number.", key=key), node.span, help=t("Compare it.")
        )
    text = node.text.strip()
    if condition and text.lower() in TRUTH:
        word = TRUTH[text.lower()]
        return cx.say(
            "yes-no",
            t("`{text}` is an ordinary word here, not true or false.", text=text),
            node.span,
            help=t("Write {word}.", word=word),
            fix=word,
        )
    if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
        inner = text[3:-2].strip()
        return cx.say(
            "dollar-braces",
            t("`{key}` is always an expression, so it stands without ${{ }}.", key=key),
            node.span,
            help=t("Write `{key}: {inner}`.", key=key, inner=inner),
            fix={"plain": inner, "single": quoted(inner), "double": quoted(inner)}.get(node.style),
        )
    parsed, problems = parse_expression(text)
    lead = len(node.text) - len(node.text.lstrip())
    for problem in problems:
        _place(cx, node, text, lead, problem)
    if parsed is None or problems:
        return MISSING
    return Expr(text=text, node=parsed, span=node.span, lines=_line_starts(cx.source, node, lead, text))


def bind_template(cx: Reader, node: Node, *, prompt: bool = False) -> Template | Missing:
    """Return a value in which `${{ … }}` may stand at any depth; map keys are plain texts."""
    exprs: list[Expr] = []
    before = len(cx.found)
    tree = _tree(cx, node, exprs, prompt)
    if any(item.severity == "error" for item in cx.found[before:]):
        return MISSING
    keys: dict[Path, Span] = {}
    values: dict[Path, Span] = {}
    _note_places(node, (), keys, values)
    return Template(node=tree, exprs=tuple(exprs), span=node.span, keys=keys, values=values)


def _note_places(node: Node, path: Path, keys: dict[Path, Span], values: dict[Path, Span]) -> None:
    values[path] = node.span
    if isinstance(node, Seq):
        for index, item in enumerate(node.items):
            _note_places(item, (*path, index), keys, values)
    elif isinstance(node, Map):
        for key, value in node.entries:
            keys[*path, key.text] = key.span
            _note_places(value, (*path, key.text), keys, values)


def _tree(cx: Reader, node: Node, exprs: list[Expr], prompt: bool) -> list[Any]:
    if isinstance(node, Seq):
        return ["list", [_tree(cx, item, exprs, prompt) for item in node.items]]
    if isinstance(node, Map):
        for key, _ in node.entries:
            if "{{" in key.text:
                cx.say("unsupported", t("A key may not hold an expression."), key.span, help=t("Keys are written out."))
        return ["dict", [[key.text, _tree(cx, value, exprs, prompt)] for key, value in node.entries]]
    if not isinstance(node.value, str) or ("{{" not in node.text and "{%" not in node.text):
        return ["lit", node.value]
    parsed, embedded, problems = parse_text(node.text, prompt=prompt)
    where = offsets(cx.source, node)
    for text, offset, inner in embedded:
        span = cx.source.span(where(offset), where(offset + len(text) - 1) + 1)
        exprs.append(Expr(text=text, node=inner, span=span, lines=_line_starts(cx.source, node, offset, text)))
    for offset, problem in problems[:MAX_PROBLEMS]:
        _place(cx, node, node.text[offset:], offset, problem)
    return ["lit", None] if parsed is None else parsed


def _line_starts(source: Source, node: Scalar, offset: int, text: str) -> tuple[tuple[int, int, int], ...]:
    """Where each line of an expression begins that starts at `offset` of a scalar; nothing where it is in one line."""
    if node.span.line == node.span.end_line:
        return ()
    where = offsets(source, node)
    found: list[tuple[int, int, int]] = []
    for at in range(len(text)):
        line, column = source.position(where(offset + at))
        if not found or line != found[-1][1]:
            found.append((at, line, column))
    return tuple(found) if len(found) > 1 else ()


def _place(cx: Reader, node: Scalar, text: str, offset: int, problem: Problem) -> None:
    """Note a problem where its needle stands in the file; `text` starts at `offset` of the scalar."""
    at = find(text, problem.needle)
    span: Span
    where = offsets(cx.source, node)
    if problem.needle and at >= 0:
        span = cx.source.span(where(offset + at), where(offset + at + len(problem.needle) - 1) + 1)
    else:
        span = node.span if offset == 0 else _from(cx.source, node, offset)
    fix = _FIXES.get(problem.needle) if problem.rule in ("and-or-not", "operator") else None
    if problem.rule == "single-equals" and problem.needle.count("=") == 1 and "\n" not in problem.needle:
        fix = problem.needle.replace("=", "==")
    if problem.rule == "missing-dollar":
        fix = "${{"
    edits = _straight(cx, node) if problem.rule == "curly-quotes" else ()
    if problem.rule == "compare-none" and len(found := _NONE.findall(text)) == 1:
        fix = "is not" if problem.needle == "!=" else "is"
        start = where(offset + text.index(found[0]))
        span = cx.source.span(start, start + len(problem.needle))
    cx.say(problem.rule, problem.message, span, help=problem.help or None, fix=fix, edits=edits)


def _straight(cx: Reader, node: Scalar) -> tuple[Edit, ...]:
    """Return the change of every typographic quote of a text that has no straight ones."""
    raw = cx.source.text[node.start : node.end]
    if '"' in raw or "'" in raw:
        return ()
    return tuple(
        Edit(cx.source.span(node.start + at, node.start + at + 1), '"') for at, char in enumerate(raw) if char in "“”„"
    )


def _from(source: Source, node: Scalar, offset: int) -> Span:
    start = offsets(source, node)(offset)
    line = source.text.find("\n", start)
    return source.span(start, node.end if line < 0 else min(line, node.end))


def find(text: str, needle: str) -> int:
    """Return where the needle stands outside quotes, else where it stands at all, else -1."""
    quote = ""
    for at, char in enumerate(text):
        if not quote and text.startswith(needle, at) and needle and char not in "\"'":
            return at
        if char in "\"'" and quote in ("", char):
            quote = "" if quote else char
    return text.find(needle) if needle else -1


class offsets:
    """From an offset in a scalar's value to the offset in the file.

    Most values stand in the file as they are, or line by line behind an indentation. In the others YAML has folded lines
    or unescaped characters: there the two texts are walked side by side, which costs much more.
    """

    __slots__ = ("_ends", "_last", "_map", "_places", "_starts")

    def __init__(self, source: Source, node: Scalar) -> None:
        raw = source.text[node.start : node.end]
        self._last = max(node.start, node.end - 1)
        self._ends = (node.end, len(node.text))
        self._map: list[int] | None = None
        self._starts, self._places = _lines(raw, node)
        if not self._starts:
            self._map = walked(raw, node)

    def __call__(self, offset: int) -> int:
        end, length = self._ends
        if offset >= length:
            return end
        offset = max(0, offset)
        if self._map is not None:
            return self._map[offset]
        line = bisect_right(self._starts, offset) - 1
        return min(self._places[line] + offset - self._starts[line], self._last)


def _lines(raw: str, node: Scalar) -> tuple[list[int], list[int]]:
    """Return where each line of a value begins, in the value and in the file; nothing where the lines differ."""
    value = node.text
    if node.style != "literal":
        quote = 1 if node.style in ("single", "double") else 0
        same = node.style != "folded" and raw[quote : len(raw) - quote] == value
        return ([0], [node.start + quote]) if same else ([], [])
    starts: list[int] = []
    places: list[int] = []
    at, begin = 0, raw.find("\n") + 1
    for line in value.split("\n"):
        end = raw.find("\n", begin)
        written = raw[begin:] if end < 0 else raw[begin:end]
        if line and not written.endswith(line):
            return [], []
        starts.append(at)
        places.append(node.start + begin + len(written) - len(line))
        at += len(line) + 1
        begin = len(raw) if end < 0 else end + 1
    return starts, places


def walked(raw: str, node: Scalar) -> list[int]:
    """Return the place in the file of each character of a value, and of its end, from the two texts side by side.

    YAML drops indentation, folds lines and unescapes, and changes nothing else.
    """
    at = raw.find("\n") + 1 if node.style in ("literal", "folded") else 0
    at += 1 if node.style in ("single", "double") else 0
    last = max(node.start, node.end - 1)
    places: list[int] = []
    for char in node.text:
        at = _skip(raw, at, char, double=node.style == "double")
        places.append(min(node.start + at, last))
        at += _width(raw, at, char, node.style)
    places.append(node.end)
    return places


def _skip(raw: str, at: int, char: str, *, double: bool) -> int:
    """Pass what YAML left out before this character."""
    while double and raw.startswith("\\\n", at):  # a line that goes on without a space
        at += 2
        while raw[at : at + 1] in (" ", "\t"):
            at += 1
    while at < len(raw) and raw[at] != char:
        if double and raw[at] == "\\":
            return at
        if not raw[at].isspace() or (raw[at] == "\n" and char.isspace()):
            return at
        at += 1
    return at


def _width(raw: str, at: int, char: str, style: str) -> int:
    """How many characters of the file make this one of the value."""
    here = raw[at : at + 1]
    if style == "double" and here == "\\":
        return _ESCAPES.get(raw[at + 1 : at + 2], 2)
    if style == "single" and here == "'":
        return 2
    return 1
