"""Drives claimed runs in this process.

Owns: the claim of a run while it is driven, and going on where somebody answered in the meantime.
"""

from __future__ import annotations

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, RunStarted
from flowrun.ports.journal import Claim, Open, Opened
from flowrun.runtimes.committer import Committer
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.driver import Driver
from flowrun.runtimes.heartbeat import Heartbeat


class LocalRuntime:
    """The runs that this process drives, over one store. It belongs to one event loop."""

    def __init__(self, dispatch: Dispatch, *, owner: str) -> None:
        self.dispatch = dispatch
        self.owner = owner
        self.committer = Committer(dispatch.journal)
        self._heartbeat = Heartbeat(dispatch.journal)

    async def open(self, started: RunStarted) -> Opened:
        """Store a new run, or find the first one with its key."""
        with self.committer.admit():
            return await self.committer.open(Open(started=started, owner=self.owner))

    async def drive(
        self, compiled: CompiledPlan, claim: Claim, started: RunStarted | None = None
    ) -> list[AnyEvent] | None:
        """Drive one claimed run until it ends or waits, and give it back. `started`: the first event of a new run.

        Returns all events of a run that has ended, None for one that waits.
        """
        journal = self.dispatch.journal
        with self.committer.admit():
            while True:
                driver = Driver(self.dispatch, self.committer, compiled, claim)
                self._heartbeat.hold(claim)
                try:
                    await driver.drive(started)
                finally:
                    self._heartbeat.drop(claim)
                    if not driver.finished:
                        journal.release(claim)
                if driver.finished:
                    return driver.events
                if not journal.events(claim.run, after=driver.seq):
                    return None
                again = journal.claim(claim.run, owner=self.owner)
                if again is None:
                    return None
                claim, started = again, None
