"""`flowrun settle`: a person's word about a write that is in doubt.

Owns: the command's options and output. Who may do it is `app.people`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.documents import read_data
from flowrun.cli.output import progress
from flowrun.cli.run_text import print_said
from flowrun.words import t


@click.command("settle")
@click.argument("id")
@click.option("--done/--not-done", "done", default=None, help="Whether the write was done.")
@click.option("--data", metavar="JSON|@FILE|-", help="With --done: what the tool would have given back.")
@options.AS
@click.option("--reason", default="", metavar="TEXT", help="How you know.")
@options.NO_RUN
@options.JSON
@options.places
def command(
    id: str,
    done: bool | None,
    data: str | None,
    by: str,
    reason: str,
    no_run: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Say whether the write of the inbox entry ID was done; look there first.

    Done: its output counts as the call's result, and the call is never made again. Not done: its room is free again, and
    it may be called again.

    \b
    Examples:
      flowrun settle k3f7qz2a --done --data '{"ticket_id": "T-1"}' --as Sam
      flowrun settle k3f7qz2a --not-done --as Sam --reason "No such ticket."
    """
    if done is None:
        raise click.UsageError(t("give --done with --data, or --not-done"))
    if done is not (data is not None):
        raise click.UsageError(t("--done needs --data") if done else t("--not-done takes no --data"))
    value = None if data is None else read_data(data)
    with options.opened(workspace, store) as app, progress(t("Going on with the run")):
        settled = app.settle_entry(id, done=done, by=by, data=value, reason=reason, run_on=not no_run)
        result = options.outcome_of(app, settled)
    return print_said(result, as_json=as_json, stored_only=no_run)
