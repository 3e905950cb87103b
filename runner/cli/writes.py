"""`flowrun writes`: the write ledger.

Owns: the command's options and output. The fold is `journal.writes`', which runs are looked at is `app.writes`'.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.app import words
from flowrun.app.writes import ledger, told
from flowrun.cli import options
from flowrun.cli.output import print_json, say, table
from flowrun.journal.writes import STATES
from flowrun.words import t


@click.command("writes")
@click.option("--run", metavar="RUN", help="Only writes of this run.")
@click.option("--state", type=click.Choice(STATES), help="Only writes in this state.")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="Look at so many runs, newest first."
)
@options.JSON
@options.places
def command(
    run: str | None, state: str | None, limit: int, as_json: bool, workspace: Path | None, store: str | None
) -> int:
    """List writes and what became of each: proposed, decided, reserved, executing, done, failed, in_doubt, reconciled.

    Unsettled states, such as in_doubt, are looked for in every run of the store, whatever --limit says.

    \b
    Examples:
      flowrun writes --state in_doubt
      flowrun writes --run 01JX --json
    """
    with options.opened(workspace, store) as app:
        found = ledger(app, run=run, state=state, limit=limit)
    if as_json:
        print_json(found)
    elif found:
        rows = [
            [w.run, words.moment(w.at), words.short(words.call(w.tool, w.args), 80), w.state, told(w)] for w in found
        ]
        table(["run", "at", "write", "state", t("what is known")], rows)
    else:
        say(t("No such writes.") if state or run else t("No writes yet."))
    return 0
