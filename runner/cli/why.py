"""`flowrun why`: three plain sentences about one run.

Owns: the command's options and output. The sentences are `app.look`'s.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.app import whys
from flowrun.cli import options
from flowrun.cli.output import print_json, say


@click.command("why")
@click.argument("run")
@options.JSON
@options.places
def command(run: str, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Say of RUN what happened, who must act, and what it costs to wait.

    \b
    Example:
      flowrun why 01JX
    """
    with options.opened(workspace, store) as app:
        result = options.with_names(app, app.result(run))
        if result.erased is not None:
            happened, act, cost = whys.why_erased(result.flow, result.outcome, result.erased)
        else:
            hidden = app.redaction(result.run)
            result = hidden.result(result)
            happened, act, cost = whys.why(hidden.events(), result.waiting)
    if as_json:
        print_json(
            {"run": result.run, "outcome": result.outcome, "happened": happened, "act": act, "waiting_costs": cost}
        )
    else:
        for sentence in (happened, act, cost):
            say(sentence)
    return 0
