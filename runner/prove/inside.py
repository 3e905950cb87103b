"""What formulas and values are made of.

Owns: these looks inside.
"""

from __future__ import annotations

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


def unknowns_in(value: Value) -> list[Unknown]:
    """Return the unknowns that a value is made of; of a choice also those of what is not chosen."""
    found: dict[Unknown, None] = {}
    waiting: list[Value] = [value]
    while waiting:
        current = waiting.pop()
        match current:
            case Unknown():
                if current not in found:
                    found[current] = None
                    waiting += current.parts
            case Fields():
                waiting += current.items.values()
                waiting += [] if current.rest is None else [current.rest]
            case Items():
                waiting += [inner for _, inner in current.items]
            case Cases():
                waiting += [inner for _, inner in current.cases]
            case Money():
                waiting += [current.amount, current.currency]
    return list(found)
