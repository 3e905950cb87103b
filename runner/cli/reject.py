"""`flowrun reject`: a person's no to proposed writes.

Owns: the command's options and output. Who may do it is `app.people`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import progress
from flowrun.cli.run_text import print_said
from flowrun.words import t


@click.command("reject")
@click.argument("id")
@options.AS
@click.option("--reason", required=True, metavar="TEXT", help="Why; the model and the record may see it.")
@click.option("--role", metavar="NAME", help="For which role, where you hold several.")
@options.NO_RUN
@options.JSON
@options.places
def command(
    id: str,
    by: str,
    reason: str,
    role: str | None,
    no_run: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Say no to the calls of the inbox entry ID; none of them is made, and the run goes on without them.

    \b
    Example:
      flowrun reject k3f7qz2a --as Sam --reason "Not urgent."
    """
    with options.opened(workspace, store) as app, progress(t("Going on with the run")):
        result = options.outcome_of(app, app.reject(id, by=by, reason=reason, role=role, run_on=not no_run))
    return print_said(result, as_json=as_json, stored_only=no_run)
