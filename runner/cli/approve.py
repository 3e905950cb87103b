"""`flowrun approve`: a person's yes to proposed writes.

Owns: the command's options and output. Who may do it is `app.people`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, progress
from flowrun.cli.run_text import print_result


@click.command("approve")
@click.argument("id")
@options.AS
@click.option("--role", metavar="NAME", help="For which role, where you hold several.")
@options.NO_RUN
@options.JSON
@options.places
def command(
    id: str, by: str, role: str | None, no_run: bool, as_json: bool, workspace: Path | None, store: str | None
) -> int:
    """Say yes to the calls of the inbox entry ID; the run goes on at once.

    The yes holds for exactly the arguments that the entry shows. Where several roles must agree, each says yes.

    \b
    Examples:
      flowrun approve k3f7qz2a --as Sam
      flowrun approve k3f7qz2a --as Sam --role support_leads --no-run
    """
    with options.opened(workspace, store) as app, progress("Going on with the run"):
        result = options.outcome_of(app, app.approve(id, by=by, role=role, run_on=not no_run))
    print_json(result) if as_json else print_result(result)
    return result.exit_code
