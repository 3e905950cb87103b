"""`flowrun answer`: a person's answer to a question or hand-off.

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


@click.command("answer")
@click.argument("id")
@options.AS
@click.option("--data", required=True, metavar="JSON|@FILE|-", help="The filled form.")
@options.NO_RUN
@options.JSON
@options.places
def command(id: str, by: str, data: str, no_run: bool, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Fill in the form of the inbox entry ID; the run goes on at once.

    \b
    Examples:
      flowrun answer k3f7qz2a --as Sam --data '{"email": "ana@example.com"}'
      flowrun answer k3f7qz2a --as Sam --data @answer.json
    """
    value = read_data(data)
    with options.opened(workspace, store) as app, progress(t("Going on with the run")):
        result = options.outcome_of(app, app.answer(id, value, by=by, run_on=not no_run))
    return print_said(result, as_json=as_json, stored_only=no_run)
