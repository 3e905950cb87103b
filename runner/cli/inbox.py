"""`flowrun inbox`: what waits for people.

Owns: the command's options and output.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.app.origins import with_origins
from flowrun.app.result import listed
from flowrun.cli import options
from flowrun.cli.output import print_json, say
from flowrun.cli.run_text import print_entry
from flowrun.words import t


@click.command("inbox")
@click.option("--run", metavar="RUN", help="Only entries of this run.")
@click.option("--role", metavar="NAME", help="Only entries for this role.")
@options.JSON
@options.places
def command(run: str | None, role: str | None, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """List approvals, questions and hand-offs that wait, the oldest first.

    \b
    Examples:
      flowrun inbox
      flowrun inbox --role support_leads --json
    """
    with options.opened(workspace, store) as app:
        only = None if run is None else app.journal.run(run).run
        rows = [entry for entry in app.journal.inbox(run=only) if role is None or role in entry.to]
        entries = app.shown_entries(with_origins(app, listed(rows)))
    if as_json:
        print_json(entries)
    elif not entries:
        say(t("Nothing waits."))
    else:
        for place, entry in enumerate(entries):
            if place:
                say()
            print_entry(entry)
    return 0
