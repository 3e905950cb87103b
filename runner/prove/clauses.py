"""Formulas as clauses over numbered plain statements.

Owns: that translation. A name stands for each joined part, and says of it only what is needed where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable

from flowrun.prove.terms import All, Any_, Formula, Not

Clause = list[int]


class Clauses:
    """Clauses: of each, one number holds; below zero it is the opposite. `plain` has the statement of a number."""

    def __init__(self, formulas: Iterable[Formula]) -> None:
        self.clauses: list[Clause] = []
        self.plain: dict[int, Formula] = {}
        self.wanted: set[int] = set()
        """The numbers, with their sign, that some clause asks for."""
        self._numbers: dict[Formula, int] = {}
        self._done: set[int] = set()
        self.count = 0
        for formula in formulas:
            self._add([self._literal(formula, True)])

    def _add(self, clause: Clause) -> None:
        self.clauses.append(clause)
        self.wanted.update(clause)

    def _number(self, formula: Formula) -> int:
        number = self._numbers.get(formula)
        if number is None:
            self.count += 1
            number = self._numbers[formula] = self.count
            if not isinstance(formula, All | Any_):
                self.plain[number] = formula
        return number

    def _literal(self, formula: Formula, holds: bool) -> int:
        """Return the number of a formula, with the clauses that say what follows where it holds (or does not)."""
        if isinstance(formula, Not):
            return -self._literal(formula.parts[0], not holds)
        number = self._number(formula)
        signed = number if holds else -number
        if signed in self._done or not isinstance(formula, All | Any_):
            return number
        self._done.add(signed)
        parts = [self._literal(part, holds) for part in formula.parts]
        if isinstance(formula, All) is holds:
            for part in parts:
                self._add([-signed, part if holds else -part])
        else:
            self._add([-signed, *(part if holds else -part for part in parts)])
        return number
