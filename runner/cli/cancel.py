"""`flowrun cancel`: the end of a run.

Owns: the command's options and output, and waiting for the process that drives the run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli import options
from flowrun.cli.output import note, print_json, progress
from flowrun.cli.run_text import print_result
from flowrun.errors import InputError
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.result import RunResult
    from flowrun.app.runs import App

PATIENCE = 30.0
"""Seconds that a run of another process is waited for."""
PAUSE = 0.25
OPEN = ("running", "waiting")


@click.command("cancel")
@click.argument("run")
@options.AS
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@options.JSON
@options.places
def command(run: str, by: str, reason: str, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Stop RUN for good. A write in flight is waited for; what is done stays done.

    Where another process drives RUN, its end is waited for, at most 30 seconds. Ends with 0 when the run is cancelled.

    \b
    Example:
      flowrun cancel 01JX --as Sam --reason "The customer called."
    """
    with options.opened(workspace, store, ends=True) as app, progress(t("Cancelling {run}", run=run)):
        if app.journal.run(run).outcome == "cancelled":
            note(t("This run was cancelled already."))
        result = app.shown(options.wait_for(cancelled(app, run, by=by, reason=reason), app))
    if result.outcome in OPEN:
        note(t("The cancel is stored. The process that drives the run ends it after the write in flight."))
    print_json(result) if as_json else print_result(result)
    return 0 if result.outcome == "cancelled" else result.exit_code


async def cancelled(app: App, run: str, *, by: str, reason: str) -> RunResult:
    """Store the cancel, wait until the run has ended, and return it; a process that has died is not waited for."""
    try:
        result = await app.cancel(run, by=by, reason=reason)
    except InputError as error:
        if error.code != "FR3022":
            raise
        result = app.result(run)  # it was asked before, and is awaited still
    waited = 0.0
    while result.outcome in OPEN and waited < PATIENCE:
        await app.clock.sleep(PAUSE)
        waited += PAUSE
        await app.go_on(result.run, ends=True)  # does nothing while another process has the run
        result = app.result(result.run)
    return result
