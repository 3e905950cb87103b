"""What every reader of a value shares: the place for findings, and how findings point into a file.

Owns: `Reader`, the state of reading one file, and `MISSING`, which stands for a value that could not be read (the
finding is noted then). Which values exist is in `kinds` and `shapes`.
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from enum import Enum
from typing import Any, Final, Protocol

from flowrun.errors import Diagnostic, Span
from flowrun.lang.codes import MAX_FINDINGS, diagnostic
from flowrun.lang.document import Map, Node, Scalar, Seq
from flowrun.lang.source import Source
from flowrun.words import t


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class Enough(Exception):
    """There are more findings than anybody reads."""


class Reader:
    """One file that is being read. `ids` holds the step ids met so far, with their places."""

    __slots__ = ("found", "ids", "source")

    def __init__(self, source: Source, found: list[Diagnostic]) -> None:
        self.source = source
        self.found = found
        self.ids: dict[str, Span] = {}

    def say(self, rule: str, message: str, span: Span, **more: Any) -> Missing:
        """Note a finding; returns MISSING, so that a reader can end with it. Raises Enough after `MAX_FINDINGS`."""
        if len(self.found) >= MAX_FINDINGS:
            raise Enough
        self.found.append(diagnostic(rule, message, span, **more))
        return MISSING


class Kind(Protocol):
    """A kind of value: reads it from the tree, and describes it as JSON Schema, so that the two cannot differ."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        """Return the value of `key`, or MISSING after noting why not."""
        ...

    def schema(self, define: Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]) -> dict[str, Any]:
        """Return the JSON Schema; `define` turns a named part into a reference."""
        ...


Define = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]


def names(node: Node) -> str:
    """Return what a value is, in words."""
    if isinstance(node, Seq):
        return t("a list")
    if isinstance(node, Map):
        return t("a map")
    if node.value is None:
        return t("nothing")
    if isinstance(node.value, bool):
        return t("the value {text}", text=node.text)
    if isinstance(node.value, int | float):
        return t("the number {text}", text=node.text)
    return t("a text")


def short(span: Span) -> Span:
    """Return a place cut to its first line, for findings about whole maps."""
    if span.end_line <= span.line:
        return span
    return Span(span.file, span.line, span.column, span.line, span.column + 1)


def closest(word: str, known: Any) -> str | None:
    """Return the known word that was most likely meant, or None."""
    found = get_close_matches(word.lower().replace("-", "_"), list(known), n=1, cutoff=0.7)
    return found[0] if found else None


def empty(cx: Reader, node: Node, key: str) -> bool:
    """Return whether nothing is written, noting it."""
    if isinstance(node, Scalar) and node.value is None:
        cx.say(
            "empty-value",
            t("`{key}` has no value.", key=key),
            node.span,
            help=t("Write a value, or take `{key}` out.", key=key),
        )
        return True
    return False
