"""One small defect, and the ones that conditions can have.

Owns: the form of a defect, and the defects of a condition: turned round, always let through, another border, another number,
another word.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

import msgspec

from flowrun.lang.document import Map, Node, Scalar, Seq
from flowrun.testing.mutate.tree import Cut, inside
from flowrun.words import mark, t

CONDITIONS = ("when", "only_when", "deny_when", "approve_when")
BORDERS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|<=|>=|==|!=|<|>|\band\b|\bor\b|(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)( [A-Z]{3})")

KINDS = {
    "rule": mark("a rule is gone"),
    "negate": mark("a condition is turned round"),
    "loosen": mark("a condition lets everything through"),
    "border": mark("a border is moved"),
    "number": mark("a number is raised"),
    "word": mark("a word is another one"),
    "limit": mark("a limit is raised"),
    "no_limit": mark("a limit is gone"),
    "bind": mark("a bound argument is free"),
    "approval": mark("nobody is asked"),
    "approver": mark("an approver is gone"),
    "needs": mark("nothing needs to come before"),
    "branches": mark("two branches are swapped"),
    "branch": mark("a branch is gone"),
    "step": mark("a step is gone"),
    "on_error": mark("a failure is taken otherwise"),
    "end": mark("the run ends otherwise"),
    "once": mark("a repeated write is not harmless"),
}
"""The kinds of defects, in words."""


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """A defect. `before` and `after` are the lines that differ; `text` is the file with it (empty for `once`: no file says it).

    `tool`: the tool whose `once` is dropped.
    """

    kind: str
    what: str
    file: str
    line: int
    before: list[str] = []
    after: list[str] = []
    text: str = ""
    tool: str = ""


def defect(kind: str, what: str, file: str, whole: str, *cuts: Cut) -> Defect:
    """Return the defect that some cuts make, which do not overlap."""
    text = whole
    for cut in sorted(cuts, key=lambda cut: -cut.start):
        text = cut.of(text)
    old, new = whole.split("\n"), text.split("\n")
    before: list[str] = []
    after: list[str] = []
    line = 0
    for op, left, until, right, to in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op != "equal":
            line = line or left + 1
            before += old[left:until]
            after += new[right:to]
    return Defect(kind=kind, what=what, file=file, line=line, before=before, after=after, text=text)


def of_condition(file: str, whole: str, key: str, node: Node, what: str) -> Iterator[Defect]:
    """Yield the defects of one condition. `what` names it."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return
    start, end = inside(whole, node)
    words = whole[start:end]
    quoted = node.style == "double"
    if node.style != "double" or '"' not in words:
        yield defect("negate", what, file, whole, Cut(start=start, end=end, text=f"not ({words})"))
    if key in ("only_when", "deny_when"):
        always = "true" if key == "only_when" else "false"
        yield defect("loosen", what, file, whole, Cut(start=node.start, end=node.end, text=always))
    if quoted:
        return
    tokens = [(start + found.start(), start + found.end(), found[0]) for found in _TOKEN.finditer(words)]
    texts = list(dict.fromkeys(token for _, _, token in tokens if token[0] in "\"'"))
    for begin, until, token in tokens:
        place = {"start": begin, "end": until}
        if token in BORDERS:
            yield defect("border", what, file, whole, Cut(text=BORDERS[token], **place))
        elif token in ("and", "or"):
            yield defect("negate", what, file, whole, Cut(text="or" if token == "and" else "and", **place))
        elif token[0].isdigit():
            yield defect("number", what, file, whole, Cut(text=raised(token), **place))
        elif amount := _AMOUNT.fullmatch(token[1:-1]):
            yield defect(
                "number", what, file, whole, Cut(text=f"{token[0]}{raised(amount[1])}{amount[2]}{token[0]}", **place)
            )
        else:
            other = next((text for text in texts if text != token), None)
            if other is not None:
                yield defect("word", what, file, whole, Cut(text=other, **place))


def raised(number: str) -> str:
    """Return a number ten times as large, 1 for 0."""
    value = float(number) * 10
    return "1" if value == 0 else f"{value:g}"


def of_limit(file: str, whole: str, node: Node, what: str) -> Iterator[Defect]:
    """Yield the defects of an `at_most`."""
    for limit in _limits(node):
        if isinstance(limit.value, int | float):
            yield defect(
                "limit", what, file, whole, Cut(start=limit.start, end=limit.end, text=str(int(limit.value) + 1))
            )
        elif amount := _AMOUNT.fullmatch(limit.text):
            text = f"{raised(amount[1])}{amount[2]}"
            yield defect("limit", what, file, whole, Cut(start=limit.start, end=limit.end, text=text))


def _limits(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _limits(item)
    else:
        inner = node.get("limit")
        if isinstance(inner, Scalar):
            yield inner


def named(node: Node, keys: Sequence[str] = ("id",)) -> str:
    """Return what a step or a rule is called."""
    for key in keys:
        found = node.get(key) if isinstance(node, Map) else None
        if isinstance(found, Scalar):
            return found.text
    return ""


def kind_words(kind: str) -> str:
    """Return what a kind of defect is, in words."""
    return t(KINDS[kind])
