"""Collects findings, and turns the problems of an expression into findings with a place.

Owns: the list of one file's findings and the place of a problem inside an expression's text.
"""

from __future__ import annotations

from collections.abc import Iterable

from flowrun.errors import Diagnostic, Span
from flowrun.lang import spec
from flowrun.lang.codes import diagnostic
from flowrun.lang.expr_problem import Problem, suggestion


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
        related: tuple[tuple[Span, str], ...] = (),
        severity: str | None = None,
    ) -> None:
        """Note a finding."""
        self.found.append(diagnostic(rule, message, span, help=help, related=related, severity=severity))

    def unknown(self, rule: str, what: str, name: str, span: Span, known: Iterable[str]) -> None:
        """Note that a name does not exist, with the closest one that does."""
        self.add(rule, f"There is no {what} `{name}`.", span, help=suggestion(name, known))

    def problems(self, problems: Iterable[Problem], where: spec.Expr | spec.Template) -> None:
        """Note the problems of an expression or of a value with expressions inside."""
        for problem in problems:
            self.add(problem.rule, problem.message, place(problem.needle, where), help=problem.help or None)


def place(needle: str, where: spec.Expr | spec.Template) -> Span:
    """Return the span of the text to underline, else of the whole."""
    if isinstance(where, spec.Template):
        for expr in where.exprs:
            if needle and needle in expr.text:
                return place(needle, expr)
        return where.keys.get(needle, where.span)
    at = where.text.find(needle) if needle else -1
    span = where.span
    if at < 0 or span.line != span.end_line or "\n" in where.text:
        return span
    return Span(span.file, span.line, span.column + at, span.line, span.column + at + len(needle))
