"""`flowrun runs`: the list of runs.

Owns: the command's options and output.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.app import words
from flowrun.cli import options
from flowrun.cli.output import print_json, say, table
from flowrun.ports.journal import RunRow
from flowrun.words import t


@click.command("runs")
@click.option("--status", type=click.Choice(["running", "waiting", "finished"]), help="Only these.")
@click.option("--flow", metavar="NAME", help="Only runs of this flow.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@options.JSON
@options.places
def command(
    status: str | None, flow: str | None, limit: int, as_json: bool, workspace: Path | None, store: str | None
) -> int:
    """List runs, the newest first. One whose process is gone is shown as interrupted, with the command that goes on.

    \b
    Examples:
      flowrun runs
      flowrun runs --status waiting --flow support_to_ticket --json
    """
    with options.opened(workspace, store) as app:
        rows = [app.shown_run(row) for row in app.journal.runs(status=status, flow=flow, limit=limit)]
    if as_json:
        print_json(rows)
    elif rows:
        table(
            ["run", "flow", "started", "outcome", "why"],
            [
                [
                    row.run,
                    f"{row.flow}@{row.version}" + ("" if row.mode == "live" else f" ({row.mode})"),
                    words.moment(row.created),
                    "interrupted" if interrupted(row) else row.outcome or row.status,
                    options.command_line(f"flowrun resume {row.run}")
                    if interrupted(row)
                    else row.reason or row.waiting_on,
                ]
                for row in rows
            ],
        )
    else:
        say(t("No runs yet. Start one: flowrun run support_to_ticket --input FILE"))
    return 0


def interrupted(row: RunRow) -> bool:
    """Whether a run has something to do and nobody does it: its process died or was stopped."""
    return not row.claimed and row.status != "finished" and row.waiting_on is None
