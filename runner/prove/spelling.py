"""Parsed expressions as a person writes them, shortened.

Owns: that spelling; it is for reading, and is never parsed again.
"""

from __future__ import annotations

import json
from typing import Any

Node = list[Any]
LONGEST = 160
_JOIN = {"and": " and ", "or": " or "}


def spell(node: Node) -> str:
    """Return an expression as text."""
    text = _spell(node)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _spell(node: Node) -> str:
    kind = node[0]
    if kind == "lit":
        return "none" if node[1] is None else json.dumps(node[1], ensure_ascii=False)
    if kind in ("name", "var"):
        return str(node[1])
    if kind == "step":
        return f"steps.{node[1]}"
    if kind == "calls":
        return f"calls.{node[1]}.{node[2]}"
    if kind == "attr":
        return f"{_closed(node[1])}.{node[2]}"
    if kind == "index":
        return f"{_closed(node[1])}[{_spell(node[2])}]"
    if kind == "not":
        return f"not {_closed(node[1])}"
    if kind in _JOIN:
        return _JOIN[kind].join(_closed(part) if part[0] in _JOIN else _spell(part) for part in node[1])
    if kind in ("cmp", "math"):
        return f"{_closed(node[2])} {node[1]} {_closed(node[3])}"
    if kind == "neg":
        return f"-{_closed(node[1])}"
    if kind == "none":
        return f"{_closed(node[1])} is none"
    if kind == "if":
        return f"{_spell(node[2])} if {_spell(node[1])} else {_spell(node[3])}"
    if kind == "money":
        return _spell(node[1])
    if kind == "list":
        return f"[{', '.join(_spell(part) for part in node[1])}]"
    if kind == "dict":
        return "{" + ", ".join(f"{key}: {_spell(part)}" for key, part in node[1]) + "}"
    if kind == "call":
        return _function(node)
    return "a text"


def _function(node: Node) -> str:
    from flowrun.values.functions import FUNCTIONS

    name, args, where = node[1], [_spell(part) for part in node[2]], [f"{n}={_spell(v)}" for n, v in node[3]]
    function = FUNCTIONS.get(name)
    if function is not None and function.kind == "filter" and args:
        rest = ", ".join([*args[1:], *where])
        return f"{_closed(node[2][0])} | {name}" + (f"({rest})" if rest else "")
    return f"{name}({', '.join([*args, *where])})"


def _closed(node: Node) -> str:
    text = _spell(node)
    simple = node[0] in ("lit", "name", "var", "step", "calls", "attr", "index", "list", "dict", "money")
    return text if simple or (node[0] == "call" and "|" not in text) else f"({text})"
