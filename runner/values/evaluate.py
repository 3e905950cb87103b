"""Evaluation of parsed expressions: JSON nodes to closures over names.

Owns: `compile_node` and `compile_condition`. No parser, no I/O. Closures are total: they never raise, and
give None (null) where there is no answer. They touch data only by `dict.get` and list positions, so no Python
attribute or method can be reached.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

from flowrun.errors import InternalError
from flowrun.values.compare import arithmetic, compare, is_number, key_text, to_text
from flowrun.values.functions import FUNCTIONS
from flowrun.values.names import Json, Names
from flowrun.values.nodes import MAX_LIST, MAX_TEXT, Node

Compiled = Callable[[Names], Json]

_SLOTS = ("input", "item", "run", "args", "facts", "tables", "model")
_TURNS = ""
"""Key in `Names.more` of the turns that the outermost `{% for %}` has left; no variable can have this name.
"""


def compile_node(node: Node) -> Compiled:
    """Return the function that gives the node's value for some names; raises InternalError for an unknown
    node.
    """
    maker = _MAKERS.get(node[0])
    if maker is None:
        raise InternalError(f"unknown expression node {node[0]!r}")
    return maker(node)


def compile_condition(node: Node) -> Callable[[Names], bool | None]:
    """Return the function that gives true, false, or None for null and for anything that is no boolean."""
    value = compile_node(node)

    def condition(names: Names) -> bool | None:
        found = value(names)
        return found if found is True or found is False else None

    return condition


def _literal(node: Node) -> Compiled:
    value = node[1]
    return lambda names: value


def _list(node: Node) -> Compiled:
    items = [compile_node(item) for item in node[1]]
    return lambda names: [item(names) for item in items]


def _dict(node: Node) -> Compiled:
    pairs = [(key, compile_node(value)) for key, value in node[1]]
    return lambda names: {key: value(names) for key, value in pairs}


def _text(node: Node) -> Compiled:
    parts = [compile_node(part) for part in node[1]]

    def text(names: Names) -> Json:
        found = [to_text(part(names)) for part in parts]
        return "".join(found) if sum(map(len, found)) <= MAX_TEXT else None

    return text


def _name(node: Node) -> Compiled:
    name = node[1]
    if name in _SLOTS:
        getter: Compiled = attrgetter(name)
        return getter
    return _variable(node)


def _variable(node: Node) -> Compiled:
    name = node[1]
    return lambda names: None if names.more is None else names.more.get(name)


def _step(node: Node) -> Compiled:
    step = node[1]
    return lambda names: names.steps.get(step)


def _calls(node: Node) -> Compiled:
    tool, which = node[1], node[2]
    if which == "all":
        return lambda names: list(names.calls.get(tool) or ())

    def last(names: Names) -> Json:
        done = names.calls.get(tool)
        return done[-1] if done else None

    return last


def _attr(node: Node) -> Compiled:
    fields: list[str] = []
    base = node
    while base[0] == "attr":
        fields.append(base[2])
        base = base[1]
    root = compile_node(base)
    if len(fields) == 1:
        field = fields[0]

        def one(names: Names) -> Json:
            value = root(names)
            return value.get(field) if isinstance(value, dict) else None

        return one
    path = tuple(reversed(fields))

    def several(names: Names) -> Json:
        value = root(names)
        for field in path:
            if not isinstance(value, dict):
                return None
            value = value.get(field)
        return value

    return several


def _index(node: Node) -> Compiled:
    base, position = compile_node(node[1]), compile_node(node[2])

    def index(names: Names) -> Json:
        value, at = base(names), position(names)
        if isinstance(value, dict):
            key = key_text(at)
            return None if key is None else value.get(key)
        if isinstance(value, list) and type(at) is int and -len(value) <= at < len(value):
            return value[at]
        return None

    return index


def _not(node: Node) -> Compiled:
    inner = compile_condition(node[1])

    def negation(names: Names) -> Json:
        value = inner(names)
        return None if value is None else not value

    return negation


def _and(node: Node) -> Compiled:
    return _join(node, stop=False)


def _or(node: Node) -> Compiled:
    return _join(node, stop=True)


def _join(node: Node, *, stop: bool) -> Compiled:
    """Three-valued `and` (stops at false) and `or` (stops at true)."""
    parts = [compile_condition(part) for part in node[1]]

    def join(names: Names) -> Json:
        answer: bool | None = not stop
        for part in parts:
            value = part(names)
            if value is stop:
                return stop
            if value is None:
                answer = None
        return answer

    return join


def _compare(node: Node) -> Compiled:
    op, left, right = node[1], compile_node(node[2]), compile_node(node[3])
    return lambda names: compare(op, left(names), right(names))


def _none(node: Node) -> Compiled:
    inner = compile_node(node[1])
    return lambda names: inner(names) is None


def _if(node: Node) -> Compiled:
    condition = compile_condition(node[1])
    then, otherwise = compile_node(node[2]), compile_node(node[3])

    def branch(names: Names) -> Json:
        value = condition(names)
        return None if value is None else then(names) if value else otherwise(names)

    return branch


def _for(node: Node) -> Compiled:
    name, items, body = node[1], compile_node(node[2]), compile_node(node[3])

    def loop(names: Names) -> Json:
        found = items(names)
        if not isinstance(found, list):
            return None
        outer = names.more or {}
        turns = outer.get(_TURNS) or [MAX_LIST]
        parts: list[str] = []
        size = 0
        for item in found:
            turns[0] -= 1
            if turns[0] < 0:
                return None
            part = to_text(body(names.within({**outer, _TURNS: turns, name: item})))
            size += len(part)
            if size > MAX_TEXT or turns[0] < 0:
                return None
            parts.append(part)
        return "".join(parts)

    return loop


def _math(node: Node) -> Compiled:
    op, left, right = node[1], compile_node(node[2]), compile_node(node[3])
    return lambda names: arithmetic(op, left(names), right(names))


def _negative(node: Node) -> Compiled:
    inner = compile_node(node[1])

    def negative(names: Names) -> Json:
        value = inner(names)
        return -value if is_number(value) else None

    return negative


def _money(node: Node) -> Compiled:
    amount, currency = compile_node(node[1]), compile_node(node[2])

    def money(names: Names) -> Json:
        number, code = amount(names), currency(names)
        return {"amount": number, "currency": code} if is_number(number) and type(code) is str else None

    return money


def _call(node: Node) -> Compiled:
    function = FUNCTIONS.get(node[1])
    if function is None:
        raise InternalError(f"unknown function {node[1]!r} in a plan")
    run = function.run
    args = [compile_node(arg) for arg in node[2]]
    where = [(field, compile_node(value)) for field, value in node[3]]
    if not where:
        return lambda names: run(names, [arg(names) for arg in args], {})
    return lambda names: run(names, [arg(names) for arg in args], {field: value(names) for field, value in where})


_MAKERS: dict[str, Callable[[Node], Compiled]] = {
    "lit": _literal,
    "list": _list,
    "dict": _dict,
    "text": _text,
    "name": _name,
    "var": _variable,
    "step": _step,
    "calls": _calls,
    "attr": _attr,
    "index": _index,
    "not": _not,
    "and": _and,
    "or": _or,
    "cmp": _compare,
    "none": _none,
    "if": _if,
    "for": _for,
    "math": _math,
    "neg": _negative,
    "money": _money,
    "call": _call,
}
