"""`flowrun close`: the end of a hand-off or a question.

Owns: the command's options and output. Who may do it is `app.people`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import progress
from flowrun.cli.run_text import print_said


@click.command("close")
@click.argument("id")
@options.AS
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@options.NO_RUN
@options.JSON
@options.places
def command(
    id: str, by: str, reason: str, no_run: bool, as_json: bool, workspace: Path | None, store: str | None
) -> int:
    """Close the hand-off ID: the run ends handed_off, what is done stays done. A question is turned down.

    \b
    Example:
      flowrun close k3f7qz2a --as Sam --reason "Solved on the phone."
    """
    with options.opened(workspace, store) as app, progress("Closing"):
        result = options.outcome_of(app, app.close_entry(id, by=by, reason=reason, run_on=not no_run))
    return print_said(result, as_json=as_json, stored_only=no_run)
