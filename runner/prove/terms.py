"""Values that are not known, and what can be said of them.

Owns: the values of expressions over unknowns, and formulas with three kinds of plain statements: an unknown is in a set
of values, two unknowns stand in an order, a thing is so or not. How expressions become these is `prove.evaluate`'s,
whether they can be true together `prove.solver`'s part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flowrun.prove.domains import LIST, MAP, NULL, TEXTS, Domain, is_temporal, point

Json = Any
Schema = Any
Key = tuple[Any, ...]


class Unknown:
    """One value that anybody but the flow chooses. Two with one `key` are the same value.

    `stands_for`: a choice that it is a short name of; what follows from that is in `meaning`. `follows`: what else is
    so in every run. `where`: what the items of a list that is not followed were chosen by.

    `domain`: what it can be where the map that it stands in is there. `origin`: who chooses it, as `(KIND, NAME)`; KIND
    is `input`, `model`, `person`, `tool`, `fact`, `event`, `run` or `made` (an expression that is not followed, then
    `parts` are the values that it is made of and `text` the expression).
    """

    __slots__ = (
        "_hash",
        "domain",
        "field",
        "follows",
        "key",
        "origin",
        "parent",
        "parts",
        "root",
        "schema",
        "stands_for",
        "text",
        "where",
    )

    def __init__(
        self,
        key: Key,
        domain: Domain,
        *,
        schema: Schema = None,
        root: Schema = None,
        parent: Unknown | None = None,
        field: str = "",
        origin: tuple[str, str] = ("run", ""),
        parts: Sequence[Value] = (),
        text: str = "",
        stands_for: Cases | None = None,
    ) -> None:
        self.stands_for = stands_for
        self.follows: Formula = YES
        self.where: tuple[tuple[str, Value], ...] = ()
        self.key = key
        self.domain = domain
        self.schema = schema
        self.root = schema if root is None else root
        self.parent = parent
        self.field = field
        self.origin = origin
        self.parts = tuple(parts)
        self.text = text
        self._hash = hash(key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unknown) and self.key == other.key

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return "·".join(str(part) for part in self.key)

    @property
    def made(self) -> bool:
        """Whether it stands for an expression that is not followed."""
        return self.origin[0] == "made"


class Formula:
    """A statement that is true or false. Equal ones are made alike, so that they are decided once."""

    __slots__ = ("_hash", "parts")

    def __init__(self, *parts: Any) -> None:
        self.parts = parts
        self._hash = hash((type(self).__name__, parts))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return type(self) is type(other) and isinstance(other, Formula) and self.parts == other.parts

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self.parts}"


class Is(Formula):
    """An unknown is in a domain."""

    __slots__ = ()


class Order(Formula):
    """Two unknowns, both there and comparable: `==`, `<` or `<=`."""

    __slots__ = ()


class Thing(Formula):
    """Something is so or not; with a text, it stands for an expression that is not followed."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The expression, empty where it is none."""
        return str(self.parts[1])


class Not(Formula):
    """The opposite of a statement."""

    __slots__ = ()


class All(Formula):
    """Every one holds."""

    __slots__ = ()


class Any_(Formula):
    """One of them holds."""

    __slots__ = ()


YES: Formula = All()
NO: Formula = Any_()


def thing(*key: Any, text: str = "") -> Formula:
    """Return a statement of its own."""
    return Thing(key, text)


def within(unknown: Unknown, domain: Domain) -> Formula:
    """Return the statement that an unknown is in a domain."""
    return Is(unknown, domain)


def both(*formulas: Formula) -> Formula:
    """Return the statement that all hold."""
    return every(formulas)


def every(formulas: Iterable[Formula]) -> Formula:
    """Return the statement that all hold."""
    return _join(formulas, All, YES, NO)


def either(*formulas: Formula) -> Formula:
    """Return the statement that one holds."""
    return some(formulas)


def some(formulas: Iterable[Formula]) -> Formula:
    """Return the statement that one holds."""
    return _join(formulas, Any_, NO, YES)


def _join(formulas: Iterable[Formula], kind: type[Formula], neutral: Formula, strong: Formula) -> Formula:
    parts: dict[Formula, None] = {}
    for formula in formulas:
        if formula == strong:
            return strong
        for part in formula.parts if type(formula) is kind else (formula,):
            parts[part] = None
    if not parts:
        return neutral
    if any(type(part) is Not and part.parts[0] in parts for part in parts):
        return strong
    return next(iter(parts)) if len(parts) == 1 else kind(*parts)


def negate(formula: Formula) -> Formula:
    """Return the opposite."""
    if formula in (YES, NO):
        return NO if formula == YES else YES
    if isinstance(formula, Not):
        found: Formula = formula.parts[0]
        return found
    return Not(formula)


class Const:
    """A value that is known."""

    __slots__ = ("value",)

    def __init__(self, value: Json) -> None:
        self.value = value


class Fields:
    """A map whose keys are known; what else may be in it is a field of `rest`."""

    __slots__ = ("items", "rest")

    def __init__(self, items: dict[str, Value], rest: Unknown | None = None) -> None:
        self.items = items
        self.rest = rest


class Items:
    """A list whose possible items are known in their order, each with when it is there; `there`: when it is a list."""

    __slots__ = ("items", "there")

    def __init__(self, items: Sequence[tuple[Formula, Value]], there: Formula = YES) -> None:
        self.items = tuple(items)
        self.there = there


class Cases:
    """One of several values, each with when it is that; null where none is. No two hold at once."""

    __slots__ = ("_key", "cases")

    def __init__(self, cases: Sequence[tuple[Formula, Value]]) -> None:
        self.cases = tuple(cases)
        self._key: Key | None = None

    @property
    def key(self) -> Key:
        """What makes it the same as another one."""
        if self._key is None:
            self._key = ("cases", tuple((when, key_of(inner)) for when, inner in self.cases))
        return self._key


class Money:
    """An amount with its currency; null where one of them is missing."""

    __slots__ = ("amount", "currency")

    def __init__(self, amount: Value, currency: Value) -> None:
        self.amount = amount
        self.currency = currency


Value = Const | Unknown | Fields | Items | Cases | Money
NONE = Const(None)


def cases(options: Iterable[tuple[Formula, Value]]) -> Value:
    """Return one of several values; options inside options are laid flat."""
    flat: list[tuple[Formula, Value]] = []
    for when, value in options:
        if when == NO:
            continue
        if isinstance(value, Cases):
            flat += [(both(when, inner), found) for inner, found in value.cases if both(when, inner) != NO]
        elif not (isinstance(value, Const) and value.value is None):
            flat.append((when, value))
    if len(flat) == 1 and flat[0][0] == YES:
        return flat[0][1]
    return Cases(flat) if flat else NONE


def options(value: Value) -> list[tuple[Formula, Value]]:
    """Return a value as cases that are complete: the last one is null."""
    if not isinstance(value, Cases):
        return [(YES, value)]
    rest = every(negate(when) for when, _ in value.cases)
    return [*value.cases, *([(rest, NONE)] if rest != NO else [])]


def named(value: Value) -> Value:
    """Return a choice of plain values under a short name of its own, so that a comparison looks at it once."""
    if not isinstance(value, Cases) or len(value.cases) < 2:
        return value
    domain = NULL
    for _, inner in value.cases:
        if isinstance(inner, Const) and not isinstance(inner.value, list | dict | tuple):
            text = isinstance(inner.value, str) and is_temporal(inner.value)
            domain = domain.join(TEXTS if text else point(inner.value))
        elif isinstance(inner, Unknown) and inner.domain.meet(LIST.join(MAP)).empty:
            domain = domain.join(inner.domain)
        else:
            return value
    return Unknown(("choice", value.key), domain, origin=("choice", ""), stands_for=value)


def meaning(unknown: Unknown) -> Formula:
    """Return what a short name says: it is what it stands for."""
    if unknown.stands_for is None:
        return unknown.follows
    parts: list[Formula] = []
    for when, inner in options(unknown.stands_for):
        if isinstance(inner, Unknown):
            same = either(both(within(inner, NULL), within(unknown, NULL)), Order("==", unknown, inner))
        else:
            assert isinstance(inner, Const)
            text = isinstance(inner.value, str) and is_temporal(inner.value)
            same = within(unknown, TEXTS if text else point(inner.value))
        parts.append(either(negate(when), same))
    return every(parts)


def is_null(value: Value) -> Formula:
    """Return the statement that a value is null."""
    match value:
        case Const():
            return YES if value.value is None else NO
        case Unknown():
            return NO if value.parent is None and value.domain.meet(NULL).empty else within(value, NULL)
        case Cases():
            return some(both(when, is_null(inner)) for when, inner in options(value))
        case Items():
            return negate(value.there)
        case Money():
            odd = thing("odd money", key_of(value))
            return either(is_null(value.amount), is_null(value.currency), odd)
    return NO


def key_of(value: Value) -> Key:
    """Return what makes a value the same as another one."""
    match value:
        case Const():
            return ("const", repr(value.value))
        case Unknown():
            return ("unknown", value.key)
        case Fields():
            rest = None if value.rest is None else value.rest.key
            return ("map", tuple((name, key_of(inner)) for name, inner in value.items.items()), rest)
        case Items():
            return ("list", value.there, tuple((when, key_of(inner)) for when, inner in value.items))
        case Cases():
            return value.key
        case Money():
            return ("money", key_of(value.amount), key_of(value.currency))
