"""Expressions in plain words: `args.amount > money("50 EUR")` is "the amount is over 50 EUR".

Owns: those words. What has none is shown as it is written; nothing is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowrun.contract.expression import literal, written
from flowrun.words import t, tn

Node = list[Any]
LONGEST = 400
"""Longer words than this help nobody; then the expression itself is shown."""
_PATHS = ("attr", "index", "name", "step", "calls", "var")


class _NoWords(Exception):
    """An expression that is clearer as it is written."""


def plain(node: Node) -> str:
    """Return a condition or a value in words, else as it is written."""
    try:
        words = _say(node)
    except _NoWords:
        return f"`{written(node)}`"
    return words if len(words) <= LONGEST else f"`{written(node)}`"


def spoken(node: Node) -> str:
    """Return what a question says; where it says one of several texts, all of them."""
    parts = node[1] if node[0] == "text" else [node]
    said = []
    for part in parts:
        texts = _choices(part)
        if texts is None:
            said.append(written(["text", [part]]))
        elif len(texts) == 1:
            said.append(texts[0])
        else:
            said.append(listed([f"“{text}”" for text in texts], "or"))
    return "".join(said).strip().strip('"')


def _choices(node: Node) -> list[str] | None:
    """Return the texts that a value chooses from, or None where it is another value."""
    if node[0] == "lit" and isinstance(node[1], str):
        return [node[1]]
    if node[0] != "if":
        return None
    one, other = _choices(node[2]), _choices(node[3])
    return None if one is None or other is None else list(dict.fromkeys([*one, *other]))


def refused(node: Node) -> str:
    """Return in words that a condition does not hold."""
    return plain(_turned(node))


def listed(names: Sequence[str], last: str | None = None) -> str:
    """Return names as `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    before, end = ", ".join(names[:-1]), names[-1]
    return (
        t("{before} or {end}", before=before, end=end)
        if last == "or"
        else t("{before} and {end}", before=before, end=end)
    )


def amount(value: float, currency: str = "") -> str:
    """Return a number as people write it, with its currency."""
    digits = f"{value:,.2f}" if currency else literal(value)
    return f"{f'{int(value):,}' if value == int(value) else digits} {currency}".strip()


def duration(seconds: float) -> str:
    """Return a duration in words: `4 hours`, `90 seconds`."""
    for size, one in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            return _lasting(int(seconds // size), one)
    return _lasting(int(seconds) if seconds == int(seconds) else round(seconds, 1), "second")


def _lasting(n: float, unit: str) -> str:
    if unit == "day":
        return tn("{n} day", "{n} days", n)  # type: ignore[arg-type]
    if unit == "hour":
        return tn("{n} hour", "{n} hours", n)  # type: ignore[arg-type]
    if unit == "minute":
        return tn("{n} minute", "{n} minutes", n)  # type: ignore[arg-type]
    return tn("{n} second", "{n} seconds", n)  # type: ignore[arg-type]


def _turned(node: Node) -> Node:
    """Return the condition that holds where this one does not; what has no value meets neither."""
    opposite = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in"}
    if node[0] == "cmp":
        return ["cmp", opposite[node[1]], node[2], node[3]]
    if node[0] == "not":
        return list(node[1])
    if node[0] in ("and", "or"):
        return ["or" if node[0] == "and" else "and", [_turned(part) for part in node[1]]]
    return ["not", node]


def _say(node: Node) -> str:
    kind = node[0]
    if kind in ("and", "or"):
        parts = [f"({_say(part)})" if part[0] in ("and", "or") else _holds(part) for part in node[1]]
        return _joined(parts, kind)
    if kind == "not":
        return _not(node[1])
    if kind == "none":
        return _was_done(node[1], False) if node[1][0] == "calls" else t("the {what} is empty", what=_bare(node[1]))
    if kind == "cmp":
        return _compared(node)
    if kind == "lit":
        return _literal(node[1])
    if kind == "list":
        return listed([_say(part) for part in node[1]], "or") or t("an empty list")
    if kind == "call":
        return _called(node)
    if kind == "money":
        return _say(node[1])
    if kind == "math":
        return f"{_say(node[2])} {node[1]} {_say(node[3])}"
    if kind == "neg":
        return f"-{_say(node[1])}"
    if kind == "if":
        return t(
            "{then} where {condition}, else {other}", then=_say(node[2]), condition=_say(node[1]), other=_say(node[3])
        )
    if kind == "text":
        return written(node).strip()
    if kind in _PATHS:
        return t("the {what}", what=_bare(node))
    raise _NoWords


def _holds(node: Node) -> str:
    """Return a condition in words: a path alone is one that is true."""
    return t("the {what} is true", what=_bare(node)) if node[0] in _PATHS else _say(node)


def _joined(parts: Sequence[str], kind: str) -> str:
    return f" {t('and') if kind == 'and' else t('or')} ".join(parts)


def _not(node: Node) -> str:
    if node[0] == "none" and node[1][0] == "calls":
        return _was_done(node[1], True)
    if node[0] == "none":
        return t("the {what} is not empty", what=_bare(node[1]))
    if node[0] in _PATHS:
        return t("the {what} is false", what=_bare(node))
    turned = _turned(node)
    if turned[0] != "not":
        return _say(turned)
    return t("it is not so that {what}", what=_say(node))


def _was_done(calls: Node, done: bool) -> str:
    return t("{tool} was done before", tool=calls[1]) if done else t("{tool} was not done", tool=calls[1])


def _compared(node: Node) -> str:
    _, op, left, right = node
    if right == ["lit", True] and op == "==":
        return _say(left)
    one, other = _say(left), _say(right)
    if op == "==":
        return t("{one} is {other}", one=one, other=other)
    if op == "!=":
        return t("{one} is not {other}", one=one, other=other)
    if op == ">":
        return t("{one} is over {other}", one=one, other=other)
    if op == ">=":
        return t("{one} is at least {other}", one=one, other=other)
    if op == "<":
        return t("{one} is under {other}", one=one, other=other)
    if op == "<=":
        return t("{one} is at most {other}", one=one, other=other)
    if op == "in":
        return t("{one} is one of {other}", one=one, other=_among(right))
    return t("{one} is none of {other}", one=one, other=_among(right))


def _among(node: Node) -> str:
    return listed([_say(part) for part in node[1]], "or") if node[0] == "list" else _say(node)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return t("always") if value else t("never")
    if isinstance(value, str):
        return f'"{value}"'
    if value is None:
        return t("nothing")
    return amount(value) if isinstance(value, int | float) else literal(value)


def _bare(node: Node) -> str:
    """Return a value without its article: `customer id of crm.lookup_customer`."""
    fields: list[str] = []
    while node[0] in ("attr", "index"):
        if node[0] == "attr":
            fields.insert(0, str(node[2]).replace("_", " "))
        elif node[2][0] == "lit":
            fields.insert(0, str(node[2][1]))
        else:
            fields.insert(0, t("for {what}", what=_say(node[2])))
        node = node[1]
    kind, field = node[0], " ".join(fields)
    if kind == "name":
        return _of_root(str(node[1]), field)
    if kind == "step":
        return (
            t("{field} of step {step}", field=field, step=node[1]) if field else t("value of step {step}", step=node[1])
        )
    if kind == "calls":
        field = field.removeprefix("output").strip()
        return (
            t("{field} that {tool} gave", field=field, tool=node[1])
            if field
            else t("last call of {tool}", tool=node[1])
        )
    if kind == "var":
        return f"{node[1]} {field}".strip()
    return t("{field} of {what}", field=field, what=_say(node)) if field else _say(node)


def _of_root(root: str, field: str) -> str:
    if root == "args":
        return field or t("arguments")
    if root == "input":
        return t("{field} of the input", field=field) if field else t("input")
    if root == "facts":
        name, _, rest = field.partition(" ")
        return t("{field} of the fact {name}", field=rest, name=name) if rest else t("fact {name}", name=name)
    if root == "item":
        return t("{field} of the item", field=field) if field else t("item")
    if root == "tables":
        return t("table {field}", field=field)
    return f"{root} {field}".strip()


def _called(node: Node) -> str:
    name, given, named = node[1], node[2], node[3]
    if name == "money" and given[0][0] == "lit":
        return str(given[0][1])
    if name in ("hours", "days", "minutes") and given[0][0] == "lit" and isinstance(given[0][1], int | float):
        return _lasting(given[0][1], name.removesuffix("s"))
    if name == "age":
        return t("the time since {moment}", moment=_say(given[0]))
    if name in ("hours", "days", "minutes"):
        return t("{number} in {unit}", number=_say(given[0]), unit=name)
    if name == "now":
        return t("now")
    if name == "default":
        return t("{value}, else {other}", value=_say(given[0]), other=_say(given[1]))
    if name == "length":
        return t("the length of {value}", value=_say(given[0]))
    if name in ("first", "last"):
        return (
            t("the first of {list}", list=_say(given[0]))
            if name == "first"
            else t("the last of {list}", list=_say(given[0]))
        )
    if name in ("select", "any", "all", "count"):
        return _items(name, given, named)
    if name in ("lower", "upper", "trim", "round", "truncate", "unique", "sort"):
        return _say(given[0])
    if name == "contains":
        return t("{whole} contains {part}", whole=_say(given[0]), part=_say(given[1]))
    raise _NoWords


def _items(name: str, given: Sequence[Node], named: Sequence[Any]) -> str:
    where = [_field(str(key), value) for key, value in named]
    if len(given) > 1 and given[1][0] == "lit":
        where.append(str(given[1][1]).replace("_", " "))
    what, those = _say(given[0]), listed(where)
    if not those:
        return t("how many there are of {list}", list=what) if name == "count" else what
    if name == "select":
        return t("{list} with {those}", list=what, those=those)
    if name == "any":
        return t("one of {list} has {those}", list=what, those=those)
    if name == "all":
        return t("each of {list} has {those}", list=what, those=those)
    return t("the number of {list} with {those}", list=what, those=those)


def _field(key: str, value: Node) -> str:
    name = key.replace("_", " ")
    if value == ["attr", ["name", "args"], key]:
        return t("this {field}", field=name)
    return t("{field} {value}", field=name, value=_say(value))
