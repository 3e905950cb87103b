"""What is taken of `at_most` windows while recorded runs are replayed, each thing at its own moment.

Owns: that count. What an event takes or gives back is `journal.projections`' word, as it is for every store.
"""

from __future__ import annotations

from flowrun.core.events import AnyEvent
from flowrun.journal import projections as pr
from flowrun.journal.projections import sortable


class Windows:
    """The counters over all runs. Runs may be told in any order: what comes later does not count before it."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[tuple[str, str], tuple[str, int]]] = {}
        self._counters: dict[tuple[str, str], set[str]] = {}
        self._held: set[tuple[str, str]] = set()

    def usage(self, counter: str, since: str | None, until: str, besides: tuple[str, str] | None = None) -> int:
        """Return how much is taken in a window that ends at a moment, in millionths, without one (run, path)."""
        return sum(
            amount
            for call, (at, amount) in self._taken.get(counter, {}).items()
            if (since is None or at >= since) and at <= until and call != besides
        )

    def apply(self, run: str, event: AnyEvent, *, force: bool = False) -> str | None:
        """Take what an event means; return the rule whose window has no room. `force`: it happened, so it has."""
        changes = list(pr.fold(run, event))
        for change in changes:
            if isinstance(change, pr.RoomTaken) and not force:
                call = (run, change.path)
                taken = self.usage(change.counter, sortable(change.since), change.at, call)
                if taken + change.amount > change.limit:
                    return change.rule
        for change in changes:
            call = (run, change.path)
            if isinstance(change, pr.RoomTaken):
                self._taken.setdefault(change.counter, {})[call] = (change.at, change.amount)
                self._counters.setdefault(call, set()).add(change.counter)
            elif isinstance(change, pr.RoomHeld):
                self._held.add(call)
            elif isinstance(change, pr.RoomFreed) or (isinstance(change, pr.RoomReturned) and call not in self._held):
                self._held.discard(call)
                for counter in self._counters.pop(call, ()):
                    del self._taken[counter][call]
        return None
