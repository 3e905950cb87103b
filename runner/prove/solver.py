"""Whether formulas can be true together.

Owns: the search, which learns from each contradiction. `None` is an answer that can be relied on: there is no way. A
state is a guess that no contradiction was found in; whether it really can be is for others to try out.
"""

from __future__ import annotations

from collections.abc import Iterable

from flowrun.prove.clauses import Clause, Clauses
from flowrun.prove.terms import Formula, Thing, Unknown, negate
from flowrun.prove.theory import Contradiction, Theory

MOST = 4_000
"""Contradictions after which the search gives up."""


class TooMany(Exception):
    """There are more ways than can be looked through."""


class State:
    """A way in which formulas may hold: what each unknown can be, and which things are so."""

    def __init__(self, theory: Theory, things: dict[Formula, bool], told: list[Formula]) -> None:
        self.theory = theory
        self.things = things
        self.told = told
        """The plain statements about values that were made, opposites included."""

    def so(self, thing: Formula) -> bool:
        """Whether a thing is so; what nobody asked about is not."""
        return self.things.get(thing, False)


def solve(formulas: Iterable[Formula], most: int = MOST) -> State | None:
    """Return a way in which all formulas hold, None where there is none. Raises `TooMany`."""
    return _Search(Clauses(formulas), most).run()


def possible(formulas: Iterable[Formula]) -> bool:
    """Whether formulas may hold together; true also where that cannot be told."""
    try:
        return solve(formulas) is not None
    except TooMany:
        return True


class _Search:
    def __init__(self, made: Clauses, most: int) -> None:
        self.made = made
        self.most = most
        size = made.count + 1
        self.value: list[bool | None] = [None] * size
        self.level = [0] * size
        self.reason: list[Clause | None] = [None] * size
        self.weight = [0.0] * size
        self.step = 1.0
        self.trail: list[int] = []
        self.starts: list[int] = []
        self.head = 0
        self.told = 0
        self.theory = Theory()
        self.saved: list[tuple[Theory, int]] = []
        self.watched: dict[int, list[Clause]] = {}
        self.about: dict[Unknown, list[int]] = {}
        self.likely: set[int] = set()
        """What is taken to be so first: that a step does what it is there for."""
        for number, formula in made.plain.items():
            if isinstance(formula, Thing):
                key = formula.parts[0]
                if key[-1] in ("done", "succeeds") and "!" not in str(key[0]):
                    self.likely.add(number)
            else:
                for unknown in formula.parts if not isinstance(formula.parts[0], str) else formula.parts[1:]:
                    self._index(unknown, number)

    def _index(self, unknown: object, number: int) -> None:
        while isinstance(unknown, Unknown):
            self.about.setdefault(unknown, []).append(number)
            unknown = unknown.parent

    def run(self) -> State | None:
        for clause in self.made.clauses:
            if not self._add(clause):
                return None
        contradictions = 0
        while True:
            conflict = self._propagate()
            if conflict is None:
                number = self._choose()
                if number is None:
                    return self._state()
                self.saved.append((self.theory.copy(), self.told))
                self.starts.append(len(self.trail))
                self._assign(number if number in self.likely else -number, None)
                continue
            contradictions += 1
            if contradictions > self.most:
                raise TooMany
            deepest = max((self.level[abs(part)] for part in conflict), default=0)
            if deepest == 0:
                return None
            self._back(deepest)
            clause, level = self._learn(conflict)
            self._back(level)
            self.step *= 1.05
            if len(clause) > 1:
                self._watch(clause)
            self._assign(clause[0], clause)

    def _add(self, clause: Clause) -> bool:
        parts = list(dict.fromkeys(clause))
        if any(-part in parts for part in parts):
            return True
        if len(parts) == 1:
            if self._is(parts[0]) is False:
                return False
            if self._is(parts[0]) is None:
                self._assign(parts[0], None)
        else:
            self._watch(parts)
        return bool(parts)

    def _watch(self, clause: Clause) -> None:
        for part in clause[:2]:
            self.watched.setdefault(-part, []).append(clause)

    def _is(self, literal: int) -> bool | None:
        value = self.value[abs(literal)]
        return value if value is None or literal > 0 else not value

    def _assign(self, literal: int, reason: Clause | None) -> None:
        number = abs(literal)
        self.value[number] = literal > 0
        self.level[number] = len(self.starts)
        self.reason[number] = reason
        self.trail.append(literal)

    def _propagate(self) -> Clause | None:
        """Follow what is said to its end; return a clause that cannot hold."""
        while True:
            while self.head < len(self.trail):
                conflict = self._follow(self.trail[self.head])
                self.head += 1
                if conflict is not None:
                    return conflict
            while self.told < len(self.trail):
                literal = self.trail[self.told]
                self.told += 1
                formula = self.made.plain.get(abs(literal))
                if formula is None or isinstance(formula, Thing) or literal not in self.made.wanted:
                    continue
                try:
                    self.theory.tell(formula if literal > 0 else negate(formula), frozenset({literal}))
                except Contradiction as found:
                    return [-part for part in found.why]
            if not self._conclude():
                return None

    def _follow(self, literal: int) -> Clause | None:
        kept: list[Clause] = []
        watching = self.watched.get(literal, [])
        for place, clause in enumerate(watching):
            if clause[0] == -literal:
                clause[0], clause[1] = clause[1], clause[0]
            if self._is(clause[0]) is True:
                kept.append(clause)
                continue
            for other in range(2, len(clause)):
                if self._is(clause[other]) is not False:
                    clause[1], clause[other] = clause[other], clause[1]
                    self.watched.setdefault(-clause[1], []).append(clause)
                    break
            else:
                kept.append(clause)
                if self._is(clause[0]) is False:
                    self.watched[literal] = kept + watching[place + 1 :]
                    return clause
                self._assign(clause[0], clause)
        self.watched[literal] = kept
        return None

    def _conclude(self) -> bool:
        """Note the plain statements that follow from what is known of values; return whether there were any."""
        touched, self.theory.touched = self.theory.touched, set()
        found = False
        for number in dict.fromkeys(n for unknown in touched for n in self.about.get(unknown, ())):
            if self.value[number] is None:
                formula = self.made.plain[number]
                state = self.theory.state(formula)
                if state is not None:
                    literal = number if state else -number
                    because = [-part for part in self.theory.because(formula)]
                    self._assign(literal, [literal, *because])
                    found = True
        return found

    def _choose(self) -> int | None:
        best: int | None = None
        for number in range(1, self.made.count + 1):
            if self.value[number] is None and (best is None or self.weight[number] > self.weight[best]):
                best = number
        return best

    def _learn(self, conflict: Clause) -> tuple[Clause, int]:
        """Return a clause that keeps this contradiction from coming again, and the level at which it speaks."""
        now = len(self.starts)
        seen: set[int] = set()
        learned: Clause = []
        left = 0
        clause: Clause = conflict
        place = len(self.trail) - 1
        while True:
            for part in clause:
                number = abs(part)
                if number in seen or self.level[number] == 0 or self._is(part) is not False:
                    continue
                seen.add(number)
                self.weight[number] += self.step
                if self.level[number] == now:
                    left += 1
                else:
                    learned.append(part)
            while abs(self.trail[place]) not in seen:
                place -= 1
            literal = self.trail[place]
            place -= 1
            left -= 1
            if left == 0:
                break
            clause = self.reason[abs(literal)] or []
        learned.sort(key=lambda part: -self.level[abs(part)])
        level = self.level[abs(learned[0])] if learned else 0
        return [-literal, *learned], level

    def _back(self, level: int) -> None:
        if len(self.starts) <= level:
            return
        for literal in self.trail[self.starts[level] :]:
            self.value[abs(literal)] = None
            self.reason[abs(literal)] = None
        del self.trail[self.starts[level] :]
        self.theory, self.told = self.saved[level]
        del self.saved[level:], self.starts[level:]
        self.head = len(self.trail)

    def _state(self) -> State:
        things: dict[Formula, bool] = {}
        told: list[Formula] = []
        for literal in self.trail:
            formula = self.made.plain.get(abs(literal))
            if isinstance(formula, Thing):
                things[formula] = literal > 0
            elif formula is not None and literal in self.made.wanted:
                told.append(formula if literal > 0 else negate(formula))
        return State(self.theory, things, told)
