"""`flowrun event`: an event from outside for the runs that wait for it.

Owns: the command's options and output.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.documents import read_data
from flowrun.cli.output import print_json, progress, table
from flowrun.cli.run import worst
from flowrun.errors import InputError


@click.command("event")
@click.argument("name", metavar="NAME@N")
@click.option("--key", required=True, help="The key that the runs wait for.")
@click.option("--data", default="null", metavar="JSON|@FILE|-", help="What the event says.")
@click.option("--as", "by", metavar="NAME", default="", help="Who sends it.")
@options.JSON
@options.places
def command(name: str, key: str, data: str, by: str, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Give the event NAME@N to every run that waits for it with this key.

    \b
    Example:
      flowrun event contact.replied@1 --key C-17 --data '{"text": "Yes, Tuesday."}'
    """
    payload = read_data(data)
    with options.opened(workspace, store) as app, progress(f"Delivering {name}"):
        results = [app.shown(result) for result in options.wait_for(app.deliver(name, key, payload, by=by))]
    if not results:
        raise InputError(
            f"No run waits for {name} with the key {key}.", help="flowrun runs --status waiting", code="FR3028"
        )
    if as_json:
        print_json(results)
    else:
        table(["run", "flow", "outcome", "why"], [[r.run, r.flow, r.outcome, r.reason] for r in results])
    return worst([result.exit_code for result in results])
