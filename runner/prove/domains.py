"""Sets of values: what a value that is not known can still be.

Owns: `Domain`, exact under meet and difference over nulls, booleans, numbers, texts, lists and maps. Where values come
from and what is said of them is `prove.terms`' part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flowrun.values.compare import decimal, is_number
from flowrun.values.moments import is_clock, is_date, looks_like_moment

Json = Any
End = tuple[Decimal, int]
"""A number, and -1 or 1 where the end lies just below or above it."""
Interval = tuple[End, End]
LOWEST: End = (Decimal("-Infinity"), 0)
HIGHEST: End = (Decimal("Infinity"), 0)
FLAGS = frozenset({"null", "true", "false", "list", "map"})


@dataclass(frozen=True, slots=True)
class Domain:
    """A set of JSON values. `texts` are the texts in it, or with `others` the only ones that are not in it.

    `whole`: of the numbers only whole ones. Lists and maps are one value each: what is inside them is told elsewhere.
    """

    flags: frozenset[str] = frozenset()
    numbers: tuple[Interval, ...] = ()
    texts: frozenset[str] = frozenset()
    others: bool = False
    whole: bool = False

    @property
    def empty(self) -> bool:
        """Whether no value is in it."""
        return not (self.flags or self.numbers or self.texts or self.others)

    def meet(self, other: Domain) -> Domain:
        """Return what is in both."""
        whole = self.whole or other.whole
        cut = [(max(a[0], b[0]), min(a[1], b[1])) for a in self.numbers for b in other.numbers]
        if self.others and other.others:
            texts, others = self.texts | other.texts, True
        elif self.others or other.others:
            given, barred = (other.texts, self.texts) if self.others else (self.texts, other.texts)
            texts, others = given - barred, False
        else:
            texts, others = self.texts & other.texts, False
        found = _tidy(cut, whole)
        return Domain(self.flags & other.flags, found, texts, others, whole and bool(found))

    def minus(self, other: Domain) -> Domain:
        """Return what is in this one alone. A set of whole numbers takes away each number that it names."""
        left = list(self.numbers)
        if not other.whole or self.whole or all(low == high for low, high in other.numbers):
            for low, high in other.numbers:
                below, above = (low[0], low[1] - 1), (high[0], high[1] + 1)
                left = [part for a, b in left for part in ((a, min(b, below)), (max(a, above), b))]
        if self.others and other.others:
            texts, others = other.texts - self.texts, False
        elif self.others:
            texts, others = self.texts | other.texts, True
        else:
            texts = self.texts & other.texts if other.others else self.texts - other.texts
            others = False
        found = _tidy(left, self.whole)
        return Domain(self.flags - other.flags, found, texts, others, self.whole and bool(found))

    def join(self, other: Domain) -> Domain:
        """Return what is in one of them, or a little more."""
        whole = (self.whole or not self.numbers) and (other.whole or not other.numbers)
        if self.others or other.others:
            barred = [side.texts for side in (self, other) if side.others]
            texts = frozenset.intersection(*barred) - (frozenset() if len(barred) == 2 else self._given(other))
            return Domain(self.flags | other.flags, _merged(self.numbers + other.numbers), texts, True, whole)
        numbers = _merged(self.numbers + other.numbers)
        return Domain(self.flags | other.flags, numbers, self.texts | other.texts, False, whole)

    def _given(self, other: Domain) -> frozenset[str]:
        return other.texts if self.others else self.texts

    def within(self, other: Domain) -> bool:
        """Whether every value of this one is in the other."""
        return self.minus(other).empty

    @property
    def single(self) -> tuple[Json] | None:
        """The only value in it, in a tuple, where it has one that is no list or map."""
        if self.others or len(self.flags) + len(self.numbers) + len(self.texts) != 1:
            return None
        if self.texts:
            return (next(iter(self.texts)),)
        if self.numbers:
            (low, high) = self.numbers[0]
            return (_plain(low[0]),) if low == high and low[1] == 0 else None
        flag = next(iter(self.flags))
        return {"null": (None,), "true": (True,), "false": (False,)}.get(flag)

    @property
    def only_numbers(self) -> bool:
        """Whether nothing but numbers is in it."""
        return not (self.flags or self.texts or self.others)

    def has(self, value: Json) -> bool:
        """Whether a plain value, a list or a map is in it."""
        return not point(value).meet(self).empty


def _tidy(intervals: Iterable[Interval], whole: bool) -> tuple[Interval, ...]:
    kept = []
    for low, high in intervals:
        if whole:
            low, high = _first_whole(low), _last_whole(high)
        if low <= high:
            kept.append((low, high))
    return tuple(sorted(set(kept)))


def _first_whole(end: End) -> End:
    if not end[0].is_finite():
        return end
    number = Decimal(math.ceil(end[0]))
    return (number + 1, 0) if end[1] > 0 and number == end[0] else (number, 0)


def _last_whole(end: End) -> End:
    if not end[0].is_finite():
        return end
    number = Decimal(math.floor(end[0]))
    return (number - 1, 0) if end[1] < 0 and number == end[0] else (number, 0)


def _merged(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    found: list[Interval] = []
    for low, high in sorted(set(intervals)):
        if found and (low <= found[-1][1] or low == (found[-1][1][0], found[-1][1][1] + 1)):
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def _plain(number: Decimal) -> Json:
    return int(number) if number == number.to_integral_value() else float(number)


def numbers(low: End = LOWEST, high: End = HIGHEST, *, whole: bool = False) -> Domain:
    """Return an interval of numbers."""
    return Domain(numbers=_tidy([(low, high)], whole), whole=whole)


def below(value: Json, *, same: bool = False) -> Domain:
    """Return the numbers below one, with itself where `same`."""
    return numbers(high=(decimal(value), 0 if same else -1))


def above(value: Json, *, same: bool = False) -> Domain:
    """Return the numbers above one, with itself where `same`."""
    return numbers(low=(decimal(value), 0 if same else 1))


def point(value: Json) -> Domain:
    """Return the set of one value; a list or map stands for all of its kind."""
    if value is None:
        return NULL
    if value is True or value is False:
        return TRUE if value else FALSE
    if isinstance(value, str):
        return Domain(texts=frozenset({value}))
    if isinstance(value, list | tuple):
        return LIST
    if isinstance(value, dict):
        return MAP
    return numbers((decimal(value), 0), (decimal(value), 0)) if is_number(value) else NOTHING


def is_temporal(text: str) -> bool:
    """Whether a text may equal another one, or be before it, as a moment, date or time of day."""
    return looks_like_moment(text) or is_date(text) or is_clock(text)


NOTHING = Domain()
NULL, TRUE, FALSE = (Domain(frozenset({flag})) for flag in ("null", "true", "false"))
LIST, MAP = Domain(frozenset({"list"})), Domain(frozenset({"map"}))
BOOLEAN = TRUE.join(FALSE)
NUMBERS = numbers()
TEXTS = Domain(others=True)
ANYTHING = Domain(FLAGS, NUMBERS.numbers, frozenset(), True)
SOMETHING = ANYTHING.minus(NULL)
