"""Expressions: from text to JSON nodes.

Owns: the two ways in, `parse_expression` for a bare expression and `parse_text` for a text with `${{ … }}`,
and their caches. The nodes are described in `flowrun.values.nodes`; types are in `flowrun.lang.types`. Plain
dotted names and literals never load a parser.
"""

from __future__ import annotations

from functools import lru_cache

from flowrun.lang.expr_paths import plain_node
from flowrun.lang.expr_problem import Problem
from flowrun.lang.expr_scan import find_trap
from flowrun.lang.expr_text import Embedded, Fragments, build, split
from flowrun.values.nodes import Node
from flowrun.words import language, t

__all__ = ["Embedded", "Problem", "parse_expression", "parse_text"]


def parse_expression(text: str) -> tuple[Node | None, list[Problem]]:
    """Return the node of a bare expression, or None and what is wrong. Nodes are shared: never change one."""
    node, problems = _parse(text.strip(), frozenset())
    return node, list(problems)


def parse_text(text: str, *, prompt: bool = False) -> tuple[Node | None, list[Embedded], list[tuple[int, Problem]]]:
    """Return the node of a text, the expressions in it as (text, offset, node), and problems with their
    offsets.

    A text that is one whole expression keeps that expression's type; a text without any is a literal. With
    `prompt` the value is always a text, and `{% if %}` and `{% for %}` are allowed. Expressions that use a
    variable of a `{% for %}` mean nothing by themselves and are only in the node. With problems the node is
    None.
    """
    node, embedded, problems = _parsed_text(text, prompt, language())
    return node, list(embedded), list(problems)


def _parse(text: str, variables: frozenset[str]) -> tuple[Node | None, tuple[Problem, ...]]:
    return _parsed(text, variables, language())


# The language is part of the key, for what is wrong is kept in it.
@lru_cache(maxsize=8192)
def _parsed(text: str, variables: frozenset[str], language: str) -> tuple[Node | None, tuple[Problem, ...]]:
    if not text:
        return None, (
            Problem("empty", t("There is no expression here."), t("Write one, as in `input.amount > 10`."), ""),
        )
    plain = plain_node(text, variables) if len(text) <= 1000 else None
    if isinstance(plain, Problem):
        return None, (plain,)
    if plain is not None:
        return plain, ()
    trap = find_trap(text)
    if trap is not None:
        return None, (trap,)
    # Loaded here, because most texts never need Jinja2.
    from flowrun.lang.expr_jinja import parse

    node, problems = parse(text, variables)
    return node, tuple(problems)


@lru_cache(maxsize=4096)
def _parsed_text(
    text: str, prompt: bool, language: str
) -> tuple[Node | None, tuple[Embedded, ...], tuple[tuple[int, Problem], ...]]:
    if "{{" not in text and "{%" not in text:
        return ["lit", text], (), ()
    found: Fragments = split(text, prompt=prompt)
    return build(found, _parse, prompt=prompt)
