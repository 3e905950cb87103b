"""Filters over lists whose possible items are known.

Owns: their meaning over unknown values; it mirrors `values.fn_lists`. A list of unknown length has possible items only
where few are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.prove.compare import Answer, as_condition, as_value, compare
from flowrun.prove.domains import LIST
from flowrun.prove.shapes import attribute, domain_of, item_schema
from flowrun.prove.terms import (
    NO,
    YES,
    Cases,
    Const,
    Formula,
    Items,
    Unknown,
    Value,
    both,
    cases,
    either,
    every,
    negate,
    options,
    some,
    thing,
    within,
)
from flowrun.values.compare import arithmetic

FEW, MORE = 2, 6
"""How many items of a list are looked at, first and then."""
MOST = 8
Where = Sequence[tuple[str, Value]]


def list_function(name: str, given: Sequence[Value], where: Where, *, few: int) -> Value | None:
    """Return what a filter gives for a list, None where this list or filter is not followed."""
    if name not in _KNOWN or not given or (len(given) > 1 and not isinstance(given[1], Const)):
        return None
    listed = items_of(given[0], few=few)
    if listed is None:
        return None
    wanted = str(given[1].value) if len(given) > 1 and isinstance(given[1], Const) else None
    return _KNOWN[name](listed, wanted, where)


def items_of(value: Value, *, few: int) -> Items | None:
    """Return a list with its possible items, None where they are not known."""
    match value:
        case Items():
            return value
        case Const():
            if isinstance(value.value, list):
                return Items([(YES, Const(part)) for part in value.value])
            return Items([], NO) if value.value is None else None
        case Unknown():
            return few_of(value, few) if few and not value.made else None
        case Cases():
            parts = [(when, items_of(inner, few=few)) for when, inner in value.cases]
            found: list[tuple[Formula, Value]] = []
            there: list[Formula] = []
            for when, part in parts:
                if part is None:
                    return None
                there.append(both(when, part.there))
                found += [(both(when, inner), item) for inner, item in part.items]
            return Items(found, some(there)) if len(found) <= MOST else None
    return None


def few_of(unknown: Unknown, most: int) -> Items:
    """Return an unknown list as one of few items."""
    schema = item_schema(unknown)
    found: list[tuple[Formula, Value]] = []
    before = within(unknown, LIST)
    for place in range(most):
        before = both(before, present(unknown, place))
        item = Unknown(
            (*unknown.key, f"#{place}"),
            domain_of(schema, unknown.root),
            schema=schema,
            root=unknown.root,
            origin=unknown.origin,
        )
        found.append((before, item))
    return Items(found, within(unknown, LIST))


def present(unknown: Unknown, place: int) -> Formula:
    """Return the statement that an unknown list has an item at a place."""
    return thing("item", unknown.key, place)


def _answers(listed: Items, wanted: str | None, where: Where) -> list[tuple[Formula, Value, Answer]]:
    found = []
    for when, item in listed.items:
        parts = [compare("==", part_of(item, name), value, f"{name} = …") for name, value in where]
        if wanted is not None or not where:
            parts.append(as_condition(item if wanted is None else part_of(item, wanted), ""))
        found.append((when, item, (every(p[0] for p in parts), some(p[1] for p in parts))))
    return found


def part_of(item: Value, path: str) -> Value:
    """Return a field of an item; the name may be dotted."""
    for name in path.split("."):
        item = attribute(item, name)
    return item


def _any(listed: Items, wanted: str | None, where: Where) -> Value:
    answers = _answers(listed, wanted, where)
    holds = some(both(when, a[0]) for when, _, a in answers)
    fails = every(either(negate(when), a[1]) for when, _, a in answers)
    return as_value((both(listed.there, holds), both(listed.there, fails)))


def _all(listed: Items, wanted: str | None, where: Where) -> Value:
    answers = _answers(listed, wanted, where)
    holds = every(either(negate(when), a[0]) for when, _, a in answers)
    fails = some(both(when, a[1]) for when, _, a in answers)
    return as_value((both(listed.there, holds), both(listed.there, fails)))


def _select(listed: Items, wanted: str | None, where: Where) -> Value:
    return Items([(both(when, a[0]), item) for when, item, a in _answers(listed, wanted, where)], listed.there)


def _first(listed: Items, wanted: str | None, where: Where) -> Value:
    return _end(listed.items)


def _last(listed: Items, wanted: str | None, where: Where) -> Value:
    return _end(tuple(reversed(listed.items)))


def _end(items: Sequence[tuple[Formula, Value]]) -> Value:
    found: list[tuple[Formula, Value]] = []
    before: list[Formula] = []
    for when, item in items:
        found.append((both(when, *map(negate, before)), item))
        before.append(when)
    return cases(found)


def _count(listed: Items, wanted: str | None, where: Where) -> Value:
    if wanted is None and not where:
        return _number(listed.there, [when for when, _ in listed.items])
    answers = _answers(listed, wanted, where)
    clear = every(either(negate(when), a[0], a[1]) for when, _, a in answers)
    return _number(both(listed.there, clear), [both(when, a[0]) for when, _, a in answers])


def _length(listed: Items, wanted: str | None, where: Where) -> Value:
    return _number(listed.there, [when for when, _ in listed.items])


def _number(there: Formula, parts: Sequence[Formula]) -> Value:
    counts: list[tuple[Formula, int]] = [(there, 0)]
    for part in parts:
        counts = [
            (both(when, each), number + more)
            for when, number in counts
            for each, more in ((part, 1), (negate(part), 0))
            if both(when, each) != NO
        ]
    numbers = sorted({number for _, number in counts})
    return cases((some(when for when, n in counts if n == number), Const(number)) for number in numbers)


def _map(listed: Items, wanted: str | None, where: Where) -> Value:
    if wanted is None:
        return listed
    return Items([(when, part_of(item, wanted)) for when, item in listed.items], listed.there)


def _sum(listed: Items, wanted: str | None, where: Where) -> Value | None:
    totals: list[tuple[Formula, Const]] = [(listed.there, Const(0))]
    for when, item in listed.items:
        value = item if wanted is None else part_of(item, wanted)
        step: list[tuple[Formula, Const]] = []
        for before, total in totals:
            for case, known in options(value):
                if not isinstance(known, Const):
                    return None
                more = None if known.value is None else arithmetic("+", total.value, known.value)
                step.append((both(before, when, case), Const(more)))
            step.append((both(before, negate(when)), total))
        totals = [(w, t) for w, t in step if w != NO]
    return cases(totals)


_KNOWN = {
    "any": _any, "all": _all, "select": _select, "first": _first, "last": _last, "count": _count, "length": _length,
    "map": _map, "sum": _sum,
}  # fmt: skip
