"""The JSON form of expressions, and small helpers over it.

Owns: what each node means. A node is a JSON array whose first item names it. Parsing is in
`flowrun.lang.expressions`, evaluation in `flowrun.values.evaluate`. Nodes are shared and cached: nobody may
change one.

    ["lit", VALUE]                  null, a boolean, a number or a text
    ["list", [NODE…]]               a list
    ["dict", [[KEY, NODE]…]]        a map; keys are texts
    ["text", [NODE…]]               the texts of the values, one after the other; also `a ~ b`
    ["name", ROOT]                  input, item, run, args, facts, tables, model, env, secret, event
    ["var", NAME]                   a variable of `{% for %}`
    ["step", ID]                    steps.ID
    ["calls", TOOL, "last"|"all"]   calls.TOOL.last; a dict `output, args, rules, approved_by, at`, or all of them
    ["attr", NODE, FIELD]           the data's field, else null
    ["index", NODE, NODE]           an item of a list (from 0, negative from the end) or of a map
    ["not", NODE]                   and with three values: true, false, null
    ["and", [NODE…]] ["or", [NODE…]]
    ["cmp", OP, NODE, NODE]         == != < <= > >= in, `not in`
    ["none", NODE]                  is none
    ["if", CONDITION, THEN, ELSE]   null where the condition is null
    ["for", NAME, LIST, BODY]       the texts of BODY, one after the other (prompts)
    ["math", OP, NODE, NODE]        + - * / // %
    ["neg", NODE]
    ["money", AMOUNT, CURRENCY]     an amount and its sibling currency as one money value
    ["call", NAME, [NODE…], [[FIELD, NODE]…]]   a filter or function; a filter's value is its first argument
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = list[Any]

ROOTS = (
    "input",
    "steps",
    "calls",
    "item",
    "run",
    "args",
    "facts",
    "tables",
    "model",
    "env",
    "secret",
    "event",
)
"""Every first name that may stand in an expression somewhere."""

MAX_TEXT = 1_000_000
"""Longest text that an expression may make, in characters."""

MAX_LIST = 100_000
"""Longest list that an expression may make, and most turns of one `{% for %}` with the ones inside it."""


def children(node: Node) -> Iterator[Node]:
    """Yield the nodes directly inside a node, in the order of the text."""
    kind = node[0]
    if kind in ("attr", "not", "none", "neg"):
        yield node[1]
    elif kind in ("list", "text", "and", "or"):
        yield from node[1]
    elif kind == "dict":
        for _, value in node[1]:
            yield value
    elif kind in ("cmp", "math", "for"):
        yield node[2]
        yield node[3]
    elif kind in ("index", "if", "money"):
        yield from node[1:]
    elif kind == "call":
        yield from node[2]
        for _, value in node[3]:
            yield value


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and every node inside it."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(list(children(current))))


def dotted(node: Node) -> str:
    """Return a path as a person writes it (`steps.triage.plan`); for other nodes the part that is best to
    point at.
    """
    kind = node[0]
    if kind in ("name", "var"):
        return str(node[1])
    if kind == "step":
        return f"steps.{node[1]}"
    if kind == "calls":
        return f"calls.{node[1]}.{node[2]}"
    if kind == "attr":
        base = dotted(node[1])
        return f"{base}.{node[2]}" if node[1][0] in _PATHS else str(node[2])
    if kind == "index" and node[1][0] in _PATHS:
        return f"{dotted(node[1])}[{dotted(node[2])}]"
    if kind == "lit":
        value = node[1]
        return "true" if value is True else "false" if value is False else "none" if value is None else str(value)
    if kind == "call":
        return str(node[1])
    inside = (child for child in children(node) if kind != "text" or child[0] != "lit")
    inner = next(inside, None)
    return "" if inner is None else dotted(inner)


_PATHS = ("name", "var", "step", "calls", "attr", "index")
