"""Collects findings, and turns the problems of an expression into findings with a place.

Owns: the list of one file's findings and the place of a problem inside an expression's text.
"""

from __future__ import annotations

from collections.abc import Iterable

from flowrun.errors import Diagnostic, Edit, Span
from flowrun.lang import spec
from flowrun.lang.codes import diagnostic
from flowrun.lang.expr_problem import Path, Problem, meant, suggestion, yaml_word
from flowrun.words import mark, sentences, t

_UNKNOWN = {
    "tool": mark("There is no tool `{name}`."),
    "flow": mark("There is no flow `{name}`."),
    "model": mark("There is no model `{name}`."),
    "role": mark("There is no role `{name}`."),
    "mark": mark("There is no mark `{name}`."),
    "": mark("There is no {what} `{name}`."),
}
"""One sentence for each kind of thing; other languages do not put the same words around every noun."""


class Findings:
    """The findings of one flow, and the expressions that the types say must be rewritten."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self.rewrites: dict[int, spec.Node] = {}
        """Expression (by `id` of its `Expr`) to its node with sibling currencies joined."""

    def add(
        self,
        rule: str,
        message: str,
        span: Span,
        *,
        help: str | None = None,
        fix: str | None = None,
        edits: tuple[Edit, ...] = (),
        related: tuple[tuple[Span, str], ...] = (),
        severity: str | None = None,
    ) -> None:
        """Note a finding; `fix` and `edits` as in `Diagnostic`."""
        found = diagnostic(rule, message, span, help=help, fix=fix, edits=edits, related=related, severity=severity)
        self.found.append(found)

    def unknown(self, rule: str, what: str, name: str, span: Span, known: Iterable[str]) -> None:
        """Note that a name does not exist, with the closest one that does."""
        known = list(known)
        self.add(
            rule,
            t("There is no {what} `{name}`.", what=what, name=name),
            span,
            help=sentences(suggestion(name, known), yaml_word(name)),
            fix=meant(name, known) if _spans(span, name) else None,
        )

    def problems(self, problems: Iterable[Problem], where: spec.Expr | spec.Template) -> None:
        """Note the problems of an expression or of a value with expressions inside."""
        for problem in problems:
            if isinstance(where, spec.Template):
                span = place_inside(problem, where)
            else:
                span = place(problem.needle, where)
            fix = problem.fix if problem.fix is not None and _spans(span, problem.needle) else None
            self.add(problem.rule, problem.message, span, help=problem.help or None, fix=fix)


def _spans(span: Span, text: str) -> bool:
    """Whether a place is just that of a text: a value in quotes is longer."""
    return span.line == span.end_line and span.end_column - span.column == len(text)


def place_inside(problem: Problem, where: spec.Template) -> Span:
    """Return the span of the key, the part of an expression or the value that a problem is about."""
    path: Path = problem.path
    if problem.on_key and path in where.keys:
        return where.keys[path]
    # A list or map written inside an expression has no place of its own.
    while path and path not in where.values:
        path = path[:-1]
    value = where.values.get(path, where.span)
    for expr in where.exprs:
        if problem.needle and problem.needle in expr.text and _contains(value, expr.span):
            return place(problem.needle, expr)
    return value


def _contains(outer: Span, inner: Span) -> bool:
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def place(needle: str, where: spec.Expr) -> Span:
    """Return the span of the text to underline, else of the whole expression."""
    at = where.text.find(needle) if needle else -1
    span = where.span
    start = next((line for line in reversed(where.lines) if line[0] <= at), None)
    if start is not None:
        column = start[2] + at - start[0]
        return Span(span.file, start[1], column, start[1], column + len(needle))
    if at < 0 or span.line != span.end_line or "\n" in where.text:
        return span
    return Span(span.file, span.line, span.column + at, span.line, span.column + at + len(needle))
