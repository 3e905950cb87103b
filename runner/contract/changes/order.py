"""Whether one condition follows from others: the order in which conditions are stricter or looser.

Owns: a sound and incomplete proof. `follows` says yes only where the goal surely has its value whenever all premises have
theirs. Conditions have three values; a premise or goal is a node that is exactly true, or exactly false, never null.
Compared are forms that people write: and, or, not, comparisons of the same thing with constants, lists of values, and
`any(…)` with more or fewer fields. Everything else is only equal to itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from flowrun.contract.bounds import number
from flowrun.values.money import parse_money

Node = list[Any]
Fact = tuple[Node, bool]
"""A condition, and the value that it has."""
_CASES = 64
"""Cases that are looked at; beyond them nothing is proved."""
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in"}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_WEAKER = {
    "<": {"<", "<=", "!="}, "<=": {"<="}, ">": {">", ">=", "!="}, ">=": {">="}, "==": {"=="}, "!=": {"!="}
}  # fmt: skip


def follows(premises: Sequence[Fact], goal: Fact) -> bool:
    """Say whether a goal surely holds where all premises do."""
    cases = list(_cases(list(premises), []))
    return len(cases) <= _CASES and all(_proved(case, goal) for case in cases)


def never(premises: Sequence[Fact]) -> bool:
    """Say whether premises surely cannot hold together."""
    cases = list(_cases(list(premises), []))
    return len(cases) <= _CASES and all(map(_contradicts, cases))


def same(left: Node, right: Node) -> bool:
    """Say whether two conditions surely have the same value, as far as true and false go."""
    return all(
        follows([(one, value)], (other, value))
        for one, other in ((left, right), (right, left))
        for value in (True, False)
    )


def paths_of(node: Node) -> set[str]:
    """Return the paths that a condition reads, each as JSON; one that is null may make the condition null."""
    if node[0] in ("attr", "name", "step", "calls", "fact"):
        return {_key(node)}
    return {path for part in node[1:] if isinstance(part, list) for path in _inside(part)}


def _inside(part: list[Any]) -> Iterator[str]:
    if part and isinstance(part[0], str):
        yield from paths_of(part)
    else:
        for inner in part:
            if isinstance(inner, list) and inner:
                yield from _inside(inner)


def strict_paths(node: Node) -> set[str]:
    """Return the paths that surely make a condition null where they are null."""
    if node[0] == "not":
        return strict_paths(node[1])
    if node[0] == "cmp" and all(side[0] != "call" for side in (node[2], node[3])):
        return paths_of(node)
    return set()


def _cases(pending: list[Fact], known: list[Fact]) -> Iterator[list[Fact]]:
    """Yield the ways in which premises can hold, each as facts that are no longer put together."""
    if not pending:
        yield known
        return
    (node, value), *rest = pending
    kind = node[0]
    if kind == "not":
        yield from _cases([(node[1], not value), *rest], known)
    elif kind == "lit":
        if node[1] is value:
            yield from _cases(rest, known)  # else it cannot come to that: no case
    elif kind in ("and", "or"):
        if (kind == "and") is value:
            yield from _cases([*((part, value) for part in node[1]), *rest], known)
        else:
            for part in node[1]:
                yield from _cases([(part, value), *rest], known)
    else:
        yield from _cases(rest, [*known, (node, value)])


def _proved(known: list[Fact], goal: Fact) -> bool:
    node, value = goal
    kind = node[0]
    if kind == "not":
        return _proved(known, (node[1], not value))
    if kind == "lit":
        return node[1] is value
    if kind in ("and", "or"):
        proofs = (_proved(known, (part, value)) for part in node[1])
        return all(proofs) if (kind == "and") is value else any(proofs)
    return any(_gives(fact, goal) for fact in known) or _contradicts(known)


def _contradicts(known: list[Fact]) -> bool:
    """Whether facts cannot hold together: a case that never comes."""
    return any((node, not value) in known for node, value in known)


def _gives(fact: Fact, goal: Fact) -> bool:
    """Whether one plain fact proves a plain goal."""
    if fact == goal:
        return True
    if fact[0][0] == "cmp" and goal[0][0] == "cmp":
        return _compared(_positive(fact), _positive(goal))
    return _any_gives(fact, goal)


def _positive(fact: Fact) -> Node:
    """Return a comparison that is true; where it was false and not null, its opposite is true."""
    node, value = fact
    return node if value else ["cmp", _OPPOSITE[node[1]], node[2], node[3]]


def _compared(known: Node, wanted: Node) -> bool:
    for one in _forms(known):
        for other in _forms(wanted):
            _, op, left, right = one
            _, goal, left_too, right_too = other
            if left != left_too:
                continue
            if right == right_too and goal in _WEAKER.get(op, {op}):
                return True
            if _by_values(op, right, goal, right_too):
                return True
    return False


def _forms(node: Node) -> list[Node]:
    _, op, left, right = node
    return [node, ["cmp", _TURNED[op], right, left]] if op in _TURNED else [node]


def _by_values(op: str, right: Node, goal: str, other: Node) -> bool:
    """Whether `x OP right` proves `x GOAL other`, both sides being constants or lists of them."""
    if op in ("==", "in"):
        values = _values(op, right)
        return values is not None and all(_meets(value, goal, other) for value in values)
    if op in ("!=", "not in") and goal in ("!=", "not in"):
        barred, wanted = _values("==" if op == "!=" else "in", right), _values("==" if goal == "!=" else "in", other)
        return barred is not None and wanted is not None and {_key(v) for v in wanted} <= {_key(v) for v in barred}
    if op not in ("<", "<=", ">", ">="):
        return False
    bound = _constant(right)
    if goal in ("!=", "not in"):
        values = _values("==" if goal == "!=" else "in", other)
        return values is not None and all(_meets(value, _OPPOSITE[op], right) for value in values)
    limit = _constant(other)
    if bound is None or limit is None or bound[0] != limit[0] or goal[0] != op[0]:
        return False
    if op[0] == "<":
        return bound[1] < limit[1] or (bound[1] == limit[1] and (op == "<" or goal == "<="))
    return bound[1] > limit[1] or (bound[1] == limit[1] and (op == ">" or goal == ">="))


def _values(op: str, node: Node) -> list[Node] | None:
    """Return the constants that a side lists, None where one is none."""
    if op == "==":
        return [node] if _is_constant(node) else None
    if node[0] == "list" and all(_is_constant(item) for item in node[1]):
        return list(node[1])
    if node[0] == "lit" and isinstance(node[1], list):
        return [["lit", item] for item in node[1]]
    return None


def _meets(value: Node, goal: str, other: Node) -> bool:
    """Whether one constant surely meets a comparison."""
    if goal in ("==", "in"):
        values = _values(goal, other)
        return values is not None and _key(value) in {_key(one) for one in values}
    if goal in ("!=", "not in"):
        values = _values("==" if goal == "!=" else "in", other)
        return values is not None and all(_differ(value, one) for one in values)
    left, right = _constant(value), _constant(other)
    if left is None or right is None or left[0] != right[0]:
        return False
    return {"<": left[1] < right[1], "<=": left[1] <= right[1], ">": left[1] > right[1], ">=": left[1] >= right[1]}[
        goal
    ]


def _differ(one: Node, other: Node) -> bool:
    """Whether two constants surely are different and comparable."""
    if one[0] == "lit" and other[0] == "lit" and type(one[1]) is type(other[1]) and one[1] is not None:
        return bool(one[1] != other[1])
    left, right = _constant(one), _constant(other)
    return left is not None and right is not None and left[0] == right[0] and left[1] != right[1]


def _constant(node: Node) -> tuple[str, float] | None:
    """Return a constant that has an order, with its unit: a number, money, or a duration."""
    if node[0] == "money":
        return _constant(node[1])
    if node[0] == "call" and node[1] == "money" and node[2] and node[2][0][0] == "lit":
        parsed = parse_money(str(node[2][0][1]))
        return None if parsed is None else (parsed[1], float(parsed[0]))
    if node[0] == "call" and node[1] in _SECONDS and node[2]:
        inside = number(node[2][0])
        return None if inside is None else ("duration", inside * _SECONDS[node[1]])
    found = number(node)
    return None if found is None else ("number", found)


_SECONDS = {"minutes": 60.0, "hours": 3600.0, "days": 86_400.0}


def _is_constant(node: Node) -> bool:
    return (node[0] == "lit" and node[1] is not None) or _constant(node) is not None


def _any_gives(fact: Fact, goal: Fact) -> bool:
    """`LIST | any(a=1, b=2)` proves `LIST | any(a=1)`; not the latter disproves the former."""
    (one, value), (other, wanted) = fact, goal
    if one[:2] != ["call", "any"] or other[:2] != ["call", "any"] or value is not wanted or one[2] != other[2]:
        return False
    more, fewer = (one[3], other[3]) if value else (other[3], one[3])
    known = {_key([field, node]) for field, node in more}
    return bool(fewer) and all(_key([field, node]) in known for field, node in fewer)


def _key(node: Any) -> str:
    return msgspec.json.encode(node, order="deterministic").decode()
