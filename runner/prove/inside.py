"""What formulas and values are made of.

Owns: these looks inside.
"""

from __future__ import annotations

from collections.abc import Iterable

from flowrun.prove.terms import All, Any_, Cases, Fields, Formula, Is, Items, Money, Not, Order, Thing, Unknown, Value


def things_in(formula: Formula) -> set[Formula]:
    """Return the plain statements of the kind `Thing` that a formula speaks of."""
    found: set[Formula] = set()
    seen: set[int] = set()
    waiting = [formula]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, Thing):
            found.add(current)
        elif isinstance(current, All | Any_ | Not):
            waiting += current.parts
    return found


def unknowns_of(formula: Formula) -> set[Unknown]:
    """Return the unknowns that a formula speaks of."""
    found: set[Unknown] = set()
    seen: set[int] = set()
    waiting = [formula]
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, Is):
            found.add(current.parts[0])
        elif isinstance(current, Order):
            found.update(current.parts[1:])
        elif isinstance(current, All | Any_ | Not):
            waiting += current.parts
    return found


def unknowns_in(value: Value) -> Iterable[Unknown]:
    """Yield the unknowns that a value is made of; of a choice also those of what is not chosen."""
    match value:
        case Unknown():
            yield value
            for part in value.parts:
                yield from unknowns_in(part)
        case Fields():
            for inner in value.items.values():
                yield from unknowns_in(inner)
        case Items() | Cases():
            for _, inner in value.items if isinstance(value, Items) else value.cases:
                yield from unknowns_in(inner)
        case Money():
            yield from unknowns_in(value.amount)
            yield from unknowns_in(value.currency)
