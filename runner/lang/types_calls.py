"""The types of filters and functions.

Owns: what each takes and gives, one small rule for each group; their meaning is in
`flowrun.values.functions`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from flowrun.lang.types_compare import comparable
from flowrun.lang.types_infer import Inference
from flowrun.lang.types_model import ANY, BOOLEAN, INTEGER, MOMENT, NUMBER, STRING, Type, union
from flowrun.values.functions import FUNCTIONS
from flowrun.values.moments import WEEKDAYS, is_clock, read_date
from flowrun.values.money import parse_money
from flowrun.values.nodes import Node, dotted
from flowrun.words import t


def type_of_call(inference: Inference, node: Node) -> Type:
    """Return the type of `["call", NAME, ARGS, WHERE]`."""
    rule = _RULES[node[1]]
    return rule(inference, node)


def _want(inference: Inference, node: Node, place: int, kinds: tuple[str, ...]) -> Type:
    """The type of one argument, which must be of these kinds."""
    arg = node[2][place]
    found = inference.need(arg)
    fits = found.kind == "any" or found.kind in kinds or (found.kind == "null" and arg[0] == "lit")
    if not fits:
        wanted = " or ".join(Type(kind=kind).words() for kind in kinds)
        message = t("`{node}` needs {wanted}, but this is {found}.", node=node[1], wanted=wanted, found=found.words())
        inference.note(
            "wrong-type", message, t("Use it as `{signature}`.", signature=FUNCTIONS[node[1]].signature), dotted(arg)
        )
        return ANY
    return found


def _rest(inference: Inference, node: Node, *kinds: str) -> None:
    for place, kind in enumerate(kinds, start=1):
        if place < len(node[2]):
            _want(inference, node, place, ("integer", "number") if kind == "number" else (kind,))


def _list(inference: Inference, node: Node) -> tuple[Type, Type]:
    """The type of the list, and of what its `field` argument picks from each item."""
    listed = _want(inference, node, 0, ("list",))
    item = listed.item or ANY
    for field, value in node[3]:
        picked = inference.field(item, field, ["lit", field])
        given = inference.need(value)
        problem = comparable(picked.not_null(), given.not_null(), ["attr", ["lit", ""], field], value, "==")
        if problem is not None:
            inference.note(problem.rule, problem.message, problem.help, problem.needle, fix=problem.fix)
    if len(node[2]) > 1:
        chosen = node[2][1]
        if chosen[0] == "lit" and isinstance(chosen[1], str):
            for name in chosen[1].split("."):
                item = inference.field(item, name, ["lit", name])
        elif chosen != ["lit", None]:
            _want(inference, node, 1, ("string",))
            item = ANY
    return listed, item


def _texts(inference: Inference, node: Node) -> Type:
    found = _want(inference, node, 0, ("string", "moment", "date", "time"))
    _rest(inference, node, "number")
    return STRING.or_null(found.nullable)


def _length(inference: Inference, node: Node) -> Type:
    return INTEGER.or_null(_want(inference, node, 0, ("string", "list", "map", "object")).nullable)


def _default(inference: Inference, node: Node) -> Type:
    value, other = inference.of(node[2][0]), inference.of(node[2][1])
    if value.kind == "null":
        return other
    if "any" not in (value.kind, other.kind) and other.kind != "null":
        problem = comparable(replace(value, currency=None), replace(other, currency=None), node[2][0], node[2][1], "==")
        if problem is not None:
            message = t("`default` gives {other} in the place of {value}.", other=other.words(), value=value.words())
            if problem.rule == "unknown-enum-value":
                return union((replace(value, enum=None).not_null(), other))
            inference.note("wrong-type", message, t("Give a value of the same kind."), dotted(node[2][1]))
            return ANY
    found = union((value.not_null(), other))
    return replace(found, currency=value.currency) if found.kind in ("integer", "number") else found


def _round(inference: Inference, node: Node) -> Type:
    found = _want(inference, node, 0, ("integer", "number"))
    _rest(inference, node, "number")
    if found.kind == "any":
        return NUMBER.or_null()
    kind = "integer" if len(node[2]) == 1 or node[2][1] == ["lit", 0] else found.kind
    return replace(found, kind=kind, enum=None)


def _contains(inference: Inference, node: Node) -> Type:
    whole = _want(inference, node, 0, ("list", "string", "map", "object"))
    part = inference.need(node[2][1])
    if whole.kind == "list" and whole.item is not None:
        problem = comparable(whole.item.not_null(), part.not_null(), node[2][0], node[2][1], "==")
        if problem is not None:
            inference.note(problem.rule, problem.message, problem.help, problem.needle, fix=problem.fix)
    return BOOLEAN.or_null(whole.nullable or part.nullable or bool(whole.item and whole.item.nullable))


def _join(inference: Inference, node: Node) -> Type:
    found = _want(inference, node, 0, ("list",))
    _rest(inference, node, "string")
    return STRING.or_null(found.nullable)


def _map(inference: Inference, node: Node) -> Type:
    listed, item = _list(inference, node)
    return Type(kind="list", item=item).or_null(listed.nullable)


def _same_list(inference: Inference, node: Node) -> Type:
    listed, item = _list(inference, node)
    if node[1] == "select" and len(node[2]) > 1:
        _flag(inference, node, item)
    if node[1] == "sort" and len(node[2]) > 2:
        _want(inference, node, 2, ("boolean",))
    return listed


def _flag(inference: Inference, node: Node, item: Type) -> None:
    if item.kind not in ("any", "boolean"):
        message = t("`{node}` asks whether something is true, but this is {item}.", node=node[1], item=item.words())
        inference.note(
            "wrong-type",
            message,
            t("Use it as `{signature}`.", signature=FUNCTIONS[node[1]].signature),
            dotted(node[2][-1]),
        )


def _one(inference: Inference, node: Node) -> Type:
    _, item = _list(inference, node)
    return item.or_null()


def _sum(inference: Inference, node: Node) -> Type:
    listed, item = _list(inference, node)
    if item.kind not in ("any", "integer", "number"):
        message = t("`sum` needs numbers, but this is {item}.", item=item.words())
        return inference.note("wrong-type", message, t('Name the field: `sum("amount")`.'), dotted(node[2][-1]))
    return Type(kind="number" if item.kind == "any" else item.kind, currency=item.currency).or_null(
        listed.nullable or item.nullable
    )


def _judged(inference: Inference, node: Node) -> Type:
    listed, item = _list(inference, node)
    plain = len(node[2]) > 1 or not node[3]
    if node[1] == "count" and len(node[2]) == 1 and not node[3]:
        return INTEGER.or_null(listed.nullable)
    if plain:
        _flag(inference, node, item)
    picked = [inference.field(listed.item or ANY, field, ["lit", field]) for field, _ in node[3]]
    given = [inference.of(value) for _, value in node[3]]
    unsure = listed.nullable or (plain and item.nullable) or any(found.nullable for found in (*picked, *given))
    return (INTEGER if node[1] == "count" else BOOLEAN).or_null(unsure)


def _money(inference: Inference, node: Node) -> Type:
    found = _want(inference, node, 0, ("string",))
    arg = node[2][0]
    if arg[0] == "lit" and isinstance(arg[1], str):
        parsed = parse_money(arg[1])
        if parsed is None:
            message = t("`{arg}` is no amount of money.", arg=arg[1])
            return inference.note(
                "bad-literal", message, t('Write a number and a currency: `money("50 EUR")`.'), arg[1]
            )
        return Type(kind="money", currency=parsed[1])
    return Type(kind="money", currency="?").or_null(found.kind != "null")


def _date(inference: Inference, node: Node) -> Type:
    found = _want(inference, node, 0, ("string", "moment", "date"))
    _rest(inference, node, "string")
    arg = node[2][0]
    if arg[0] == "lit" and isinstance(arg[1], str):
        if read_date(arg[1], "UTC") is None:
            message = t("`{arg}` is no date.", arg=arg[1])
            return inference.note("bad-literal", message, t('Write `date("2026-01-31")`.'), arg[1])
        return MOMENT
    return MOMENT.or_null(found.nullable or found.kind not in ("moment", "date"))


def _now(inference: Inference, node: Node) -> Type:
    return MOMENT


def _age(inference: Inference, node: Node) -> Type:
    return Type(kind="duration").or_null(_want(inference, node, 0, ("moment",)).nullable)


def _span(inference: Inference, node: Node) -> Type:
    return Type(kind="duration").or_null(_want(inference, node, 0, ("integer", "number")).nullable)


def _time_of(inference: Inference, node: Node) -> Type:
    found = _want(inference, node, 0, ("moment",))
    _rest(inference, node, "string")
    return Type(kind="time").or_null(found.nullable)


def _next(inference: Inference, node: Node) -> Type:
    _want(inference, node, 0, ("string", "time"))
    _rest(inference, node, "string")
    arg = node[2][0]
    if arg[0] != "lit" or not isinstance(arg[1], str):
        return MOMENT.or_null()
    words = arg[1].lower().split()
    clock = words[1:] if words and words[0] in WEEKDAYS else words
    if not words or len(clock) > 1 or not all(is_clock(word) for word in clock):
        message = t("`{arg}` is no time of day and no weekday.", arg=arg[1])
        return inference.note("bad-literal", message, t('Write `next("09:00")` or `next("monday 09:00")`.'), arg[1])
    return MOMENT


_RULES: dict[str, Callable[[Inference, Node], Type]] = {
    "length": _length, "default": _default, "lower": _texts, "upper": _texts, "trim": _texts,
    "truncate": _texts,
    "round": _round, "contains": _contains, "join": _join, "map": _map, "select": _same_list,
    "sort": _same_list,
    "unique": _same_list, "first": _one, "last": _one, "sum": _sum, "min": _one, "max": _one, "any": _judged,
    "all": _judged, "count": _judged, "money": _money, "date": _date, "now": _now, "age": _age,
    "minutes": _span,
    "hours": _span, "days": _span, "time_of": _time_of, "next": _next,
}  # fmt: skip
