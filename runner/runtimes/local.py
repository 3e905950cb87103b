"""Drives claimed runs in this process.

Owns: the claim of a run while it is driven, and going on where somebody answered in the meantime.
"""

from __future__ import annotations

from contextlib import suppress

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, RunStarted
from flowrun.errors import StoreError
from flowrun.ports.journal import Claim, Open, Opened
from flowrun.runtimes.committer import Committer
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.drain import Stopped
from flowrun.runtimes.driver import Driver
from flowrun.runtimes.heartbeat import Heartbeat
from flowrun.words import t


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
        self, compiled: CompiledPlan, claim: Claim, started: RunStarted | None = None, *, barred: str = ""
    ) -> list[AnyEvent] | None:
        """Drive one claimed run until it ends or waits, and give it back. `started`: the first event of a new run;
        `barred`: why it may call no tool any more.

        Returns all events of a run that has ended, None for one that waits. Raises `Stopped` where the process is to end.
        """
        journal = self.dispatch.journal
        with self.committer.admit():
            while True:
                driver = Driver(self.dispatch, self.committer, compiled, claim)
                driver.barred = barred
                self._heartbeat.hold(claim)
                try:
                    await driver.drive(started)
                except BaseException:
                    self._give_back(claim)
                    raise
                finally:
                    self._heartbeat.drop(claim)
                if driver.finished:
                    return driver.events
                journal.release(claim, ready=driver.left)
                if driver.left:
                    raise Stopped(
                        t("The run {run} was stopped before its end; what is done is stored.", run=claim.run),
                        help=f"flowrun resume {claim.run}",
                        run=claim.run,
                    )
                if self.dispatch.drain.asked:
                    return None
                if not journal.events(claim.run, after=driver.seq):
                    return None
                again = journal.claim(claim.run, owner=self.owner)
                if again is None:
                    return None
                claim, started = again, None

    def _give_back(self, claim: Claim) -> None:
        """Give a run back after an error, which is what is told, even where the store cannot be written any more."""
        with suppress(StoreError):
            self.dispatch.journal.release(claim, ready=True)
