"""A parsed expression as the language writes it.

Owns: that printer. It is for people who look up what a sentence stands for; the words are `contract.plain`'s part.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from flowrun.values.functions import FUNCTIONS

Node = list[Any]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TIGHT = ("lit", "name", "var", "step", "calls", "attr", "index", "list", "dict")


def written(node: Node) -> str:
    """Return a value as it stands in a file: an expression, or a text, list or map in which expressions stand."""
    kind = node[0]
    if kind == "text":
        return "".join(
            str(part[1]) if part[0] == "lit" and isinstance(part[1], str) else f"${{{{ {expression(part)} }}}}"
            for part in node[1]
        )
    if kind == "list":
        return f"[{', '.join(map(written, node[1]))}]"
    if kind == "dict":
        return "{" + ", ".join(f"{key}: {written(value)}" for key, value in node[1]) + "}"
    return expression(node)


def expression(node: Node) -> str:
    """Return an expression as text of the language; read again it means the same."""
    kind = node[0]
    if kind == "lit":
        return literal(node[1])
    if kind in ("name", "var"):
        return str(node[1])
    if kind == "step":
        return f"steps.{node[1]}"
    if kind == "calls":
        return f"calls.{node[1]}.{node[2]}"
    if kind == "attr":
        return f"{_base(node[1])}.{node[2]}" if _NAME.fullmatch(node[2]) else f"{_base(node[1])}[{literal(node[2])}]"
    if kind == "index":
        return f"{_base(node[1])}[{expression(node[2])}]"
    if kind == "list":
        return f"[{', '.join(map(expression, node[1]))}]"
    if kind == "dict":
        return "{" + ", ".join(f"{literal(key)}: {expression(value)}" for key, value in node[1]) + "}"
    if kind == "text":
        return " ~ ".join(map(_inner, node[1]))
    if kind == "not":
        return f"not {_inner(node[1])}"
    if kind in ("and", "or"):
        return f" {kind} ".join(map(_operand, node[1]))
    if kind == "none":
        return f"{_inner(node[1])} is none"
    if kind in ("cmp", "math"):
        return f"{_inner(node[2])} {node[1]} {_inner(node[3])}"
    if kind == "if":
        return f"{_inner(node[2])} if {_operand(node[1])} else {_inner(node[3])}"
    if kind == "for":
        return f"{{% for {node[1]} in {expression(node[2])} %}}{written(node[3])}{{% endfor %}}"
    if kind == "neg":
        return f"-{_inner(node[1])}"
    if kind == "money":
        return expression(node[1])
    return _called(node)


def literal(value: Any) -> str:
    """Return a plain value as the language writes it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode()


def _called(node: Node) -> str:
    name, given, named = node[1], list(node[2]), [f"{key}={expression(value)}" for key, value in node[3]]
    if not _is_function(node) and given:
        inside = ", ".join([*map(expression, given[1:]), *named])
        return f"{_inner(given[0])} | {name}" + (f"({inside})" if inside else "")
    return f"{name}({', '.join([*map(expression, given), *named])})"


def _inner(node: Node) -> str:
    while node[0] == "money":
        node = node[1]
    negative = node[0] == "lit" and isinstance(node[1], int | float) and node[1] < 0
    tight = (node[0] in _TIGHT or _is_function(node)) and not negative
    return expression(node) if tight else f"({expression(node)})"


def _base(node: Node) -> str:
    return expression(node) if node[0] in ("name", "var", "step", "calls", "attr", "index") else f"({expression(node)})"


def _operand(node: Node) -> str:
    """A part of `and` and `or` that needs no brackets to be read rightly."""
    return expression(node) if node[0] in ("cmp", "none", "not") else _inner(node)


def _is_function(node: Node) -> bool:
    if node[0] != "call":
        return False
    known = FUNCTIONS.get(node[1])
    return known is None or known.kind == "function"
