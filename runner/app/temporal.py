"""The same use cases, with runs that are driven on Temporal.

Owns: opening a run for Temporal, telling its workflow what people and events said, and the worker of a workspace. What a
run does is `runtimes.temporal`'s part. Loading this file loads temporalio, so it is imported on use only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from temporalio.client import Client

from flowrun import wiring
from flowrun.app.result import RunResult, read_result
from flowrun.app.runs import App, open_app
from flowrun.app.workspace import Workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import RunStarted
from flowrun.ports.journal import Journal
from flowrun.ports.models import Models
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.temporal import LEASE, OWNER, QUEUE, make_worker, wake

Json = Any


class TemporalApp(App):
    """An `App` that leaves the driving to Temporal's workers. Its methods return when a run has ended or waits."""

    def __init__(self, ws: Workspace, journal: Journal, dispatch: Dispatch, client: Client, queue: str) -> None:
        super().__init__(ws, journal, dispatch, OWNER)
        self.client = client
        self.queue = queue

    async def submit_compiled(
        self,
        compiled: CompiledPlan,
        input: Json,
        *,
        key: str | None = None,
        model: str | None = None,
        by: str = "",
        mode: str | None = None,
    ) -> RunResult:
        """Begin a run. A second submission with its key finds it, and begins it where the first died in between."""
        started = self._started(compiled, input, key=key, model=model, by=by, mode=mode)
        opened = self.journal.open_run(started, owner=OWNER)
        await self.go_on(opened.run)
        return read_result(self.journal, opened.run, duplicate=opened.duplicate)

    async def go_on(self, run: str, *, accept: bool = False, ends: bool = False) -> None:
        """Have the workflow look into the journal, and wait until the run has ended or waits again."""
        first = self.journal.events(run)[0].event
        assert isinstance(first, RunStarted)
        await wake(self.client, first, queue=self.queue)
        pause = 0.02
        while True:
            row = self.journal.run(run)
            if row.outcome is not None or row.waiting_on is not None:
                return
            await self.clock.sleep(pause)
            pause = min(pause * 2, 0.5)


@contextmanager
def open_temporal(
    ws: Workspace, client: Client, *, queue: str = QUEUE, models: Models | None = None
) -> Iterator[TemporalApp]:
    """Open the workspace's store for runs on Temporal; close it after. `queue`: where this store's workers listen."""
    with open_app(ws, models=models) as app:
        journal = wiring.journal(ws.store_url, lease=LEASE)
        app.dispatch.journal = journal
        try:
            yield TemporalApp(ws, journal, app.dispatch, client, queue)
        finally:
            journal.close()


async def work(ws: Workspace, address: str, *, queue: str = QUEUE, models: Models | None = None) -> None:
    """Serve the workspace's runs from the Temporal server at `HOST:PORT` until cancelled."""
    client = await Client.connect(address)
    with open_app(ws, models=models) as app:
        await make_worker(client, app.dispatch, queue=queue).run()
