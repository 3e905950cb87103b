"""`flowrun approve`: a person's yes to proposed writes.

Owns: the command's options and output. Who may do it is `app.people`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import progress
from flowrun.cli.run_text import print_said
from flowrun.words import t


@click.command("approve")
@click.argument("id")
@options.AS
@click.option("--role", metavar="NAME", help="For which role, where you hold several.")
@click.option(
    "--seen", metavar="TEXT", help="From the inbox: say yes only if exactly the calls shown there wait still."
)
@options.NO_RUN
@options.JSON
@options.places
def command(
    id: str,
    by: str,
    role: str | None,
    seen: str | None,
    no_run: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Say yes to the calls of the inbox entry ID; the run goes on at once.

    The yes holds for exactly the arguments that the entry shows. Where several roles must agree, each says yes. The
    approvals of one for_each are one entry, to which calls may be added; --seen makes sure that you have seen all.

    \b
    Examples:
      flowrun approve k3f7qz2a --as Sam
      flowrun approve k3f7qz2a --as Sam --role support_leads --no-run
    """
    with options.opened(workspace, store) as app, progress(t("Going on with the run")):
        result = options.outcome_of(app, app.approve(id, by=by, role=role, seen=seen, run_on=not no_run))
    return print_said(result, as_json=as_json, stored_only=no_run)
