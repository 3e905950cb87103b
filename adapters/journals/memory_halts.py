"""The emergency brake's rows of the journal in memory.

Owns: keeping, lifting and finding halts, as `sqlite_halts` does. A subject is kept as a digest, so that it is no more
readable here than there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from flowrun.core.halts import SUBJECT
from flowrun.journal.projections import sortable
from flowrun.ports.journal import Halt


class MemoryHalts:
    """The halts of a journal in memory. Adding to a list and replacing in one are safe between threads."""

    def __init__(self) -> None:
        self._halts: list[Halt] = []

    def halt(self, halt: Halt) -> None:
        """Keep a halt."""
        self._halts.append(msgspec.structs.replace(halt, what=_stored(halt.what), until=sortable(halt.until)))

    def lift(self, what: str, *, by: str, at: str) -> int:
        """Lift every halt of exactly this that holds; return how many there were."""
        lifted = 0
        for place, halt in enumerate(self._halts):
            if halt.what == _stored(what) and halt.holds(at):
                self._halts[place] = msgspec.structs.replace(halt, lifted_at=at, lifted_by=by)
                lifted += 1
        return lifted

    def halts(self) -> list[Halt]:
        """Return all halts that were ever made, the newest first."""
        return self._halts[::-1]

    def halted(self, names: Sequence[str], at: str) -> Halt | None:
        """Return a halt that names one of these and holds at a moment."""
        if not self._halts:
            return None
        stored = {_stored(name) for name in names}
        return next((halt for halt in self._halts if halt.what in stored and halt.holds(at)), None)


def _stored(what: str) -> str:
    return SUBJECT + hashlib.sha256(what.encode()).hexdigest()[:32] if what.startswith(SUBJECT) else what
