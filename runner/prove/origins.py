"""Whether an argument is chosen by the model or taken from the message.

Owns: what choosing means: the value can be one that nobody else gives, neither the flow, nor a tool, nor a person. Which
values reach a model is `prove.reaches`' part.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flowrun.core.compiled import CompiledPlan, bound_names
from flowrun.prove.domains import ANYTHING, Domain, point
from flowrun.prove.drive import Did
from flowrun.prove.inside import unknowns_in, unknowns_of
from flowrun.prove.paths import Walk
from flowrun.prove.sites import Site
from flowrun.prove.terms import (
    NO,
    All,
    Any_,
    Formula,
    Is,
    Not,
    Order,
    Unknown,
    Value,
    both,
    negate,
    options,
    some,
    within,
)

Json = Any
SOURCES = {"model": {"model", "anybody"}, "message": {"input", "event", "model", "anybody"}}


def is_closed(chosen: tuple[str, str], site: Site) -> bool:
    """Whether an argument is one of few values."""
    found = [value for _, value in options(site.arg(chosen[0])) if isinstance(value, Unknown)]
    return bool(found) and all(_is_closed(value.domain) for value in found)


def _is_closed(domain: Domain) -> bool:
    return not domain.others and all(low == high for low, high in domain.numbers)


def by_choice(name: str, by: str, site: Site, rest: Formula, walk: Walk) -> Formula:
    """Return when an argument has a value that only the model (or the message) gives."""
    if by == "unbound" and name in bound_names(site.flow, site.tool) and not _free(name, site, walk):
        return NO
    if by == "unbound":
        return _filled_in(name, site)
    found: list[Formula] = []
    for when, value in options(site.arg(name)):
        if not _comes_from(value, SOURCES[by]):
            continue
        if not isinstance(value, Unknown):  # a list or a map with something of theirs in it
            found.append(when)
            continue
        if _is_closed(value.domain):
            found.append(both(when, negate(within(value, point(None)))))
            continue
        others = _others(walk.whole([both(rest, when)]), value, SOURCES[by])
        apart = [negate(Order("==", other, value)) for other in others]
        found.append(both(when, _not_fixed(value, walk.whole([both(rest, when)])), *apart))
    return some(found)


def _free(name: str, site: Site, walk: Walk) -> bool:
    return any(value.key[0] == "free" for _, value in options(site.arg(name)) if isinstance(value, Unknown))


def within_reach(site: Site) -> Formula:
    """Return when a call may be made at all."""
    return both(site.reach, site.judged.allowed)


def _filled_in(name: str, site: Site) -> Formula:
    """Return when the model fills an argument in: it proposes the call, or the flow takes over what it said."""
    if site.by_model:
        return within_reach(site)
    return some(
        both(within_reach(site), when)
        for when, value in options(site.arg(name))
        if _comes_from(value, SOURCES["model"])
    )


def _comes_from(value: Value, sources: set[str]) -> bool:
    return any(part.origin[0] in sources for part in unknowns_in(value))


def _others(formulas: Sequence[Formula], value: Unknown, sources: set[str]) -> list[Unknown]:
    """Return the values of others that the call has to do with."""
    found = {unknown for formula in formulas for unknown in unknowns_of(formula)}
    kept = [
        unknown
        for unknown in found
        if unknown != value and unknown.stands_for is None and not _comes_from(unknown, sources)
        and not unknown.domain.meet(value.domain).minus(point(None)).empty
    ]  # fmt: skip
    return sorted(kept, key=lambda unknown: str(unknown.key))


def _not_fixed(value: Unknown, formulas: Sequence[Formula]) -> Formula:
    """Return the statement that a value is none of those that stand in the flow itself."""
    texts: set[str] = set()
    numbers: set[Decimal] = set()
    seen: set[int] = set()
    waiting = list(formulas)
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        if isinstance(current, Is):
            texts |= current.parts[1].texts
            numbers |= {low[0] for low, high in current.parts[1].numbers if low == high}
        elif isinstance(current, All | Any_ | Not):
            waiting += current.parts
    fixed = Domain(
        texts=frozenset(texts), numbers=tuple(((n, 0), (n, 0)) for n in sorted(numbers)), flags=frozenset({"null"})
    )
    return within(value, ANYTHING.minus(fixed))


def really_chosen(name: str, by: str, did: Did, before: Sequence[Did], compiled: CompiledPlan) -> bool:
    """Whether the argument of a call that was made is the model's (or the message's), and nobody else's."""
    value = did.data.get(name)
    if value is None:
        return by == "unbound"
    if by == "unbound":
        if "/turn-" in did.path:
            return name not in bound_names(compiled.plan.flow, did.tool)
        return any(_holds(each.data, value) for each in before if each.what in {"model", "proposes"})
    own = {"model", "proposes"} if by == "model" else {"model", "proposes", "event", "input"}
    given = [each.data for each in before if each.what in own]
    rest = [each.data for each in before if each.what in {"tool", "fact", "person", "input", "event"} - own]
    return any(_holds(data, value) for data in given) and not any(_holds(data, value) for data in rest)


def _holds(data: Json, value: Json) -> bool:
    """Whether a value stands somewhere in data, whole or in a text of it."""
    if data == value and type(data) is type(value):
        return True
    if isinstance(data, dict):
        return any(_holds(inner, value) for inner in data.values())
    if isinstance(data, list | tuple):
        return any(_holds(inner, value) for inner in data)
    return False
