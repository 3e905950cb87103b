"""What a set of plain statements says about each unknown, and whether they contradict each other.

Owns: domains of unknowns, their equalities and orders, what follows from these, and by which statements. A contradiction
that is found is one; some may be missed. How statements are chosen is `prove.solver`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowrun.prove.domains import ANYTHING, MAP, NOTHING, NULL, SOMETHING, Domain, numbers, point
from flowrun.prove.terms import Formula, Is, Not, Order, Unknown

Why = frozenset[int]
"""The statements that something follows from, by number."""
MOST_ROUNDS = 200
NOBODY: Why = frozenset()


class Contradiction(Exception):
    """Some statements cannot all be true."""

    def __init__(self, why: Why) -> None:
        super().__init__()
        self.why = why


class Theory:
    """A state of knowledge. `copy` before a guess; `touched` are the unknowns of which something new is known."""

    __slots__ = ("edges", "known", "reasons", "same", "ties", "touched", "unequal")

    def __init__(self) -> None:
        self.known: dict[Unknown, Domain] = {}
        self.reasons: dict[Unknown, Why] = {}
        self.same: dict[Unknown, frozenset[Unknown]] = {}
        self.ties: dict[Unknown, Why] = {}
        """Why an unknown is the same as the others of its group."""
        self.edges: tuple[tuple[Unknown, Unknown, bool, Why], ...] = ()
        """(lower, higher, strictly, why)."""
        self.unequal: tuple[tuple[Unknown, Unknown, Why], ...] = ()
        self.touched: set[Unknown] = set()

    def copy(self) -> Theory:
        """Return the same knowledge, to be added to by itself."""
        made = Theory()
        made.known = dict(self.known)
        made.reasons = dict(self.reasons)
        made.same, made.ties = dict(self.same), dict(self.ties)
        made.edges, made.unequal = self.edges, self.unequal
        return made

    def domain(self, unknown: Unknown) -> Domain:
        """Return what an unknown can still be."""
        domain = unknown.domain
        if unknown.parent is not None:
            holder = self.domain(unknown.parent)
            inside = NOTHING if holder.meet(MAP).empty else domain
            domain = inside if holder.minus(MAP).empty else inside.join(NULL)
        known = self.known.get(unknown)
        return domain if known is None else domain.meet(known)

    def why(self, unknown: Unknown) -> Why:
        """Return why an unknown is in its domain."""
        found = self.reasons.get(unknown, NOBODY)
        return found if unknown.parent is None else found | self.why(unknown.parent)

    def narrow(self, unknown: Unknown, to: Domain, why: Why) -> bool:
        """Note that an unknown is in a domain; return whether that is new. Raises `Contradiction`."""
        before = self.domain(unknown)
        now = before.meet(to)
        if now.empty:
            raise Contradiction(why | self.why(unknown))
        if now == before:
            return False
        self.known[unknown] = now
        self.reasons[unknown] = self.reasons.get(unknown, NOBODY) | why
        self.touched.add(unknown)
        holder = unknown.parent
        if holder is not None:
            if now.meet(NULL).empty:
                self.narrow(holder, MAP, self.reasons[unknown])
            elif now == NULL and unknown.domain.meet(NULL).empty:
                self.narrow(holder, ANYTHING.minus(MAP), self.reasons[unknown])
        self._spread(unknown)
        return True

    def state(self, formula: Formula) -> bool | None:
        """Return whether a plain statement about values is surely true or false now."""
        if isinstance(formula, Is):
            unknown, wanted = formula.parts
            domain = self.domain(unknown)
            if domain.meet(wanted).empty:
                return False
            return True if domain.within(wanted) else None
        assert isinstance(formula, Order)
        return self._order(*formula.parts)

    def because(self, formula: Formula) -> Why:
        """Return why a plain statement is surely true or false."""
        if isinstance(formula, Is):
            return self.why(formula.parts[0])
        _, left, right = formula.parts
        tied = self.ties.get(left, NOBODY) if right in self.same.get(left, ()) else NOBODY
        return self.why(left) | self.why(right) | tied

    def _order(self, op: str, left: Unknown, right: Unknown) -> bool | None:
        one, two = self.domain(left), self.domain(right)
        if op == "==":
            if one.meet(two).meet(SOMETHING).empty:
                return False
            there = one.meet(NULL).empty and two.meet(NULL).empty
            if there and right in self.same.get(left, ()):
                return True
            return True if there and one.single is not None and one.single == two.single else None
        if one.only_numbers and two.only_numbers and one.numbers and two.numbers:
            if one.numbers[-1][1] < two.numbers[0][0]:
                return True
            if one.numbers[0][0] > two.numbers[-1][1]:
                return False
        return False if one.meet(SOMETHING).empty or two.meet(SOMETHING).empty else None

    def tell(self, formula: Formula, why: Why) -> None:
        """Note that a plain statement about values holds. Raises `Contradiction`."""
        if isinstance(formula, Not):
            self._deny(formula.parts[0], why)
        elif isinstance(formula, Is):
            self.narrow(formula.parts[0], formula.parts[1], why)
        else:
            op, left, right = formula.parts
            self.narrow(left, SOMETHING, why)
            self.narrow(right, SOMETHING, why)
            if op == "==":
                self._join(left, right, why)
            else:
                self._edge(left, right, op == "<", why)

    def _edge(self, low: Unknown, high: Unknown, strictly: bool, why: Why) -> None:
        self.edges = (*self.edges, (low, high, strictly, why))
        self._no_circle()
        self._spread(low)
        self._spread(high)

    def _deny(self, formula: Formula, why: Why) -> None:
        if isinstance(formula, Is):
            unknown, domain = formula.parts
            now = self.domain(unknown)
            if now.within(domain):
                raise Contradiction(why | self.why(unknown))
            self.narrow(unknown, now.minus(domain), why | self.why(unknown))
            return
        op, left, right = formula.parts
        if op == "==":
            self.unequal = (*self.unequal, (left, right, why))
            self._apart(left, right, why)
            return
        one, two = self.domain(left), self.domain(right)
        if one.only_numbers and two.only_numbers:
            self._edge(right, left, op == "<=", why | self.why(left) | self.why(right))
        elif self.state(formula) is True:
            raise Contradiction(why | self.because(formula))

    def _join(self, left: Unknown, right: Unknown, why: Why) -> None:
        group = self.same.get(left, frozenset({left})) | self.same.get(right, frozenset({right}))
        tied = why | self.ties.get(left, NOBODY) | self.ties.get(right, NOBODY)
        domain, reasons = SOMETHING, tied
        for unknown in group:
            self.same[unknown], self.ties[unknown] = group, tied
            domain = domain.meet(self.domain(unknown))
            reasons |= self.why(unknown)
            if domain.empty:
                raise Contradiction(reasons)
        for unknown in group:
            self.narrow(unknown, domain, reasons)
        for one, two, because in self.unequal:
            self._apart(one, two, because)
        self._no_circle()

    def _apart(self, left: Unknown, right: Unknown, why: Why) -> None:
        if left == right or right in self.same.get(left, ()):
            if self.domain(left).meet(NULL).empty and self.domain(right).meet(NULL).empty:
                raise Contradiction(why | self.why(left) | self.why(right) | self.ties.get(left, NOBODY))
            return
        for one, two in ((left, right), (right, left)):
            single = self.domain(one).single
            if single is not None and single[0] is not None and self.domain(two).has(single[0]):
                self.narrow(two, self.domain(two).minus(point(single[0])), why | self.why(one) | self.why(two))

    def _spread(self, unknown: Unknown) -> None:
        """Let others follow from what is newly known of one."""
        waiting = [unknown]
        for _ in range(MOST_ROUNDS):
            if not waiting:
                return
            current = waiting.pop()
            domain, why = self.domain(current), self.why(current)
            for other in self.same.get(current, ()):
                if other != current and self._less(other, domain.meet(SOMETHING), why | self.ties[current]):
                    waiting.append(other)
            for one, two, because in self.unequal:
                if current in (one, two):
                    self._apart(one, two, because)
            for other, limit, because in self._limits(current, domain):
                if self._less(other, limit, because | why):
                    waiting.append(other)

    def _less(self, unknown: Unknown, limit: Domain, why: Why) -> bool:
        before = self.domain(unknown)
        now = before.meet(limit)
        if now.empty:
            raise Contradiction(why | self.why(unknown))
        return now != before and self.narrow(unknown, limit, why)

    def _limits(self, current: Unknown, domain: Domain) -> Iterator[tuple[Unknown, Domain, Why]]:
        if not (domain.only_numbers and domain.numbers):
            return
        for low, high, strictly, why in self.edges:
            if high == current and self.domain(low).only_numbers:
                value, side = domain.numbers[-1][1]
                yield low, numbers(high=(value, -1 if strictly else side)), why | self.why(low)
            elif low == current and self.domain(high).only_numbers:
                value, side = domain.numbers[0][0]
                yield high, numbers(low=(value, 1 if strictly else side)), why | self.why(high)

    def _no_circle(self) -> None:
        """Nothing is below itself."""
        for low, high, strictly, why in self.edges:
            way = self._way(high, low) if strictly else None
            if way is not None:
                raise Contradiction(why | way)

    def _way(self, start: Unknown, goal: Unknown) -> Why | None:
        """Return why one unknown is not above another, None where that is not known."""
        seen: set[Unknown] = set()
        waiting: list[tuple[Unknown, Why]] = [(start, NOBODY)]
        while waiting:
            current, why = waiting.pop()
            if current == goal:
                return why
            if current not in seen:
                seen.add(current)
                tied = self.ties.get(current, NOBODY)
                waiting += [(other, why | tied) for other in self.same.get(current, ()) if other != current]
                waiting += [(high, why | because) for low, high, _, because in self.edges if low == current]
        return None
