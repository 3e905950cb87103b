"""Example values that make a way through the flow happen.

Owns: from a state of the solver to concrete JSON: values inside their domains and orders, valid under their schemas.
Whether the flow then really does it is tried out in `prove.drive`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from flowrun.prove.domains import LIST, MAP, NULL, Domain
from flowrun.prove.inside import unknowns_of
from flowrun.prove.lists import MORE, present
from flowrun.prove.shapes import field, item_schema, kinds_of, root, text_part
from flowrun.prove.solver import State
from flowrun.prove.terms import (
    All,
    Any_,
    Cases,
    Const,
    Fields,
    Formula,
    Is,
    Items,
    Money,
    Not,
    Order,
    Thing,
    Unknown,
    Value,
)
from flowrun.records.samples import NoSample, sample
from flowrun.records.validation import Checker
from flowrun.values.compare import compare, decimal
from flowrun.values.moments import add_seconds

Json = Any
NOW = "2026-01-05T09:00:00Z"
"""When the example happens."""
DEEPEST = 8


class NoExample(Exception):
    """No values were found; the reason is for people."""


class Example:
    """Values for the unknowns of one state."""

    def __init__(self, state: State, *, listed: Collection[Unknown] = (), long: int = 0) -> None:
        """`listed`: lists that are made as long as `long` where they have an item."""
        self.state = state
        self._listed, self._long = set(listed), long
        self.theory = state.theory
        self._values: dict[Unknown, Json] = {}
        self.spoken = set(self.theory.known).union(*map(unknowns_of, state.told))
        """What something was said of."""
        self._orders = [f for f in state.told if isinstance(f.parts[0] if isinstance(f, Not) else f, Order)]
        self._texts: dict[str, int] = {}
        self._choose()

    def so(self, formula: Formula) -> bool:
        """Whether a statement is true of the example."""
        match formula:
            case All():
                return all(self.so(part) for part in formula.parts)
            case Any_():
                return any(self.so(part) for part in formula.parts)
            case Not():
                return not self.so(formula.parts[0])
            case Thing():
                return self.state.so(formula)
            case Is():
                return bool(formula.parts[1].has(self.of(formula.parts[0])))
            case Order():
                op, left, right = formula.parts
                return compare(op, self.of(left), self.of(right)) is True
        return False

    def value(self, value: Value) -> Json:
        """Return what a value is in the example."""
        match value:
            case Const():
                return value.value
            case Unknown():
                return self.of(value)
            case Fields():
                return {n: found for n, inner in value.items.items() if (found := self.value(inner)) is not None}
            case Cases():
                return next((self.value(inner) for when, inner in value.cases if self.so(when)), None)
            case Items():
                return [self.value(inner) for when, inner in value.items if self.so(when)]
            case Money():
                return {"amount": self.value(value.amount), "currency": self.value(value.currency)}

    def of(self, unknown: Unknown) -> Json:
        """Return the value of an unknown, the same each time."""
        if unknown.stands_for is not None:
            return self.value(unknown.stands_for)
        if unknown not in self._values:
            holder = unknown.parent
            if holder is not None and holder in self._values:
                found = self._values[holder]
                return found.get(unknown.field) if isinstance(found, dict) else None
            self._values[unknown] = self._made(unknown, 0)
        return self._values[unknown]

    def whole(self, unknown: Unknown) -> Json:
        """Return the value of an unknown once it is valid under its schema. Raises `NoExample`."""
        found = self.of(unknown)
        schema = unknown.schema if unknown.schema is unknown.root else True
        problems = Checker(schema).check(found, placeholders=False) if isinstance(schema, dict) else []
        if problems:
            raise NoExample(f"{problems[0].get('path') or 'the whole'}: {problems[0]['message']}")
        return found

    def _choose(self) -> None:
        """Choose the values of all that statements were made about, so that the orders among them hold."""
        self._back_from_ages()
        plain = sorted((u for u in self.spoken if not u.made), key=lambda u: str(u.key))
        waiting = [
            u for u in dict.fromkeys(plain) if u not in self._values and self._is_plain(u) and u.stands_for is None
        ]
        lower = {low: high for low, high, _, _ in self.theory.edges}
        waiting.sort(key=lambda u: (not self.theory.domain(u).single, u in lower))
        self._fill(waiting, 0, [2000])

    def _is_plain(self, unknown: Unknown) -> bool:
        return self.theory.domain(unknown).meet(LIST.join(MAP)).empty

    def _fill(self, waiting: list[Unknown], place: int, budget: list[int]) -> bool:
        if place == len(waiting):
            return True
        unknown = waiting[place]
        if unknown in self._values:
            return self._fill(waiting, place + 1, budget)
        group = [unknown, *(self.theory.same.get(unknown, frozenset({unknown})) - {unknown})]
        domain = self.theory.domain(unknown)
        for value in self._candidates(unknown, domain):
            budget[0] -= 1
            if budget[0] < 0:
                return False
            fresh = [member for member in group if member not in self._values]
            self._values.update(dict.fromkeys(fresh, value))
            if self._orders_hold() and self._fill(waiting, place + 1, budget):
                return True
            for member in fresh:
                del self._values[member]
        return False

    def _orders_hold(self) -> bool:
        for formula in self._orders:
            order = formula.parts[0] if isinstance(formula, Not) else formula
            op, left, right = order.parts
            if left in self._values and right in self._values:
                holds = compare(op, self._values[left], self._values[right]) is True
                if holds is isinstance(formula, Not):
                    return False
        return True

    def _candidates(self, unknown: Unknown, domain: Domain) -> Iterator[Json]:
        single = domain.single
        if single is not None:
            yield single[0]
            return
        yield from sorted(domain.texts) if not domain.others else ()
        yield from _numbers(domain, unknown.schema)
        if domain.others:
            yield from self._texts_of(unknown, domain)
        for flag, value in (("false", False), ("true", True), ("null", None)):
            if flag in domain.flags:
                yield value

    def _texts_of(self, unknown: Unknown, domain: Domain) -> Iterator[str]:
        schema = text_part(unknown.schema, unknown.root)
        name = unknown.field or str(unknown.key[-1])
        for _ in range(4):
            number = self._texts[name] = self._texts.get(name, 0) + 1
            text = specimen(schema, name, number)
            if text is not None and domain.has(text):
                yield text

    def _back_from_ages(self) -> None:
        """A moment of which only the age is asked lies that long before now."""
        for unknown in sorted(self.spoken, key=lambda each: str(each.key)):
            if unknown.made and unknown.text.startswith("age(") and len(unknown.parts) == 1:
                moment = unknown.parts[0]
                ages = _numbers(self.theory.domain(unknown), {})
                age = next(ages, None)
                if isinstance(moment, Unknown) and age is not None and moment not in self._values:
                    self._values[moment] = add_seconds(NOW, -float(age))

    def _made(self, unknown: Unknown, deep: int) -> Json:
        """Return a value for an unknown that nothing was chosen for yet."""
        if unknown in self._values:
            return self._values[unknown]
        domain = self.theory.domain(unknown)
        if deep > DEEPEST:
            return None
        if "map" in domain.flags:
            return self._map(unknown, deep)
        if "list" in domain.flags:
            return self._list(unknown, deep)
        found = next(self._candidates(unknown, domain.minus(NULL) if not domain.minus(NULL).empty else NULL), None)
        self._values[unknown] = found
        return found

    def _map(self, unknown: Unknown, deep: int) -> Json:
        known = kinds_of(unknown.schema, unknown.root, "properties")
        if len(known) != 1:
            return _sampled(unknown.schema, unknown.root)
        required = known[0].get("required", ())
        names = [*known[0].get("properties", {}), *(name for name in required)]
        made: dict[str, Json] = {}
        for name in dict.fromkeys(names):
            inner = field(unknown, name)
            if not isinstance(inner, Unknown) or not (name in required or self.about(inner) or inner in self._values):
                continue
            value = self._made(inner, deep + 1)
            if value is not None or name in required:
                made[name] = value
        return made

    def about(self, unknown: Unknown) -> bool:
        """Whether anything was said of a value or a part of it."""
        size = len(unknown.key)
        return any(other.key[:size] == unknown.key for other in self.spoken)

    def _list(self, unknown: Unknown, deep: int) -> Json:
        made: list[Json] = []
        schema = item_schema(unknown)
        for place in range(MORE):
            if not self.state.so(present(unknown, place)):
                break
            key = (*unknown.key, f"#{place}")
            item = Unknown(
                key, root(key, schema, unknown.origin, unknown.root).domain, schema=schema, root=unknown.root,
                origin=unknown.origin,
            )  # fmt: skip
            made.append(self._made(item, deep + 1))
        known = kinds_of(unknown.schema, unknown.root, "items")
        least = known[0].get("minItems", 0) if len(known) == 1 else 0
        if made and unknown in self._listed:
            most = known[0].get("maxItems", self._long) if len(known) == 1 else self._long
            made += [made[-1]] * (min(self._long, most) - len(made))
        while len(made) < least:
            made.append(_sampled(schema, unknown.root))
        return made


def _numbers(domain: Domain, schema: Json) -> Iterator[Json]:
    step = Decimal(1) if domain.whole else Decimal("0.01")
    if isinstance(schema, dict) and isinstance(schema.get("multipleOf"), int | float):
        step = max(step, decimal(schema["multipleOf"])) if domain.whole else decimal(schema["multipleOf"])
    for low, high in domain.numbers:
        first, last = low[0], high[0]
        tries: list[Decimal] = []
        if first.is_finite():
            whole = first.to_integral_value(ROUND_CEILING)
            multiple = (first / step).to_integral_value(ROUND_CEILING) * step
            tries += [whole, whole + 1, multiple, multiple + step]
        elif last.is_finite():
            tries += [Decimal(10), Decimal(1), Decimal(0), last.to_integral_value(ROUND_FLOOR) - 1]
        else:
            tries += [Decimal(10), Decimal(1), Decimal(0)]
        if last.is_finite():
            multiple = (last / step).to_integral_value(ROUND_FLOOR) * step
            tries += [multiple, multiple - step]
            if first.is_finite():
                tries.append((first + last) / 2)
        for number in dict.fromkeys(tries):
            plain = int(number) if number == number.to_integral_value() else float(number)
            if domain.has(plain):
                yield plain


def specimen(schema: dict[str, Any], name: str, number: int) -> str | None:
    """Return a text that a schema allows and that says what it is for; the number makes it differ from others."""
    kind = schema.get("format")
    word = "".join(c if c.isalnum() else "-" for c in name).strip("-") or "text"
    if kind in ("email", "idn-email"):
        text = f"{word}-{number}@example.com"
    elif kind is None and "pattern" not in schema:
        text = f"{word}-{number}"
        text += "x" * (schema.get("minLength", 0) - len(text))
        text = text[-schema.get("maxLength", len(text)) :] if schema.get("maxLength") != 0 else ""
    else:
        found = _sampled(schema, schema)
        return found if isinstance(found, str) else None
    return text


def _sampled(schema: Json, whole: Json) -> Json:
    if not isinstance(schema, dict):
        return "something"
    more = {name: whole[name] for name in ("$defs", "definitions") if isinstance(whole, dict) and name in whole}
    try:
        return sample({**schema, **more})
    except NoSample as error:
        raise NoExample(str(error)) from error
