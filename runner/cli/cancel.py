"""`flowrun cancel`: the end of a run.

Owns: the command's options and output.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, progress
from flowrun.cli.run_text import print_result


@click.command("cancel")
@click.argument("run")
@options.AS
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@options.JSON
@options.places
def command(run: str, by: str, reason: str, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Stop RUN for good. A write in flight is waited for; what is done stays done.

    Ends with 0 when the run is cancelled, or had ended before.

    \b
    Example:
      flowrun cancel 01JX --as Sam --reason "The customer called."
    """
    with options.opened(workspace, store) as app, progress(f"Cancelling {run}"):
        result = options.wait_for(app.cancel(run, by=by, reason=reason))
    print_json(result) if as_json else print_result(result)
    return 0 if result.outcome == "cancelled" else result.exit_code
