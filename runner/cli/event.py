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
from flowrun.words import t


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
    from flowrun.app.look import awaited_events

    payload = read_data(data)
    with options.opened(workspace, store) as app:
        known = awaited_events(app.journal)
        if "@" not in name:
            raise InputError(
                t("An event is written with its version, NAME@N; {name} has none.", name=name),
                help=t("Runs wait for: {known}.", known=", ".join(known) or "no event"),
                code="FR3029",
            )
        with progress(t("Delivering {name}", name=name)):
            delivered = options.wait_for(app.deliver(name, key, payload, by=by), app)
        results = [app.shown(result) for result in delivered]
    if not results:
        why = t("with another key") if name in known else t("for: {known}", known=", ".join(known) or "no event")
        raise InputError(
            t("No run waits for {name} with the key {key}.", name=name, key=key),
            help=t("Runs wait {why}. flowrun runs --status waiting lists them.", why=why),
            code="FR3028",
        )
    if as_json:
        print_json(results)
    else:
        table(["run", "flow", "outcome", "why"], [[r.run, r.flow, r.outcome, r.reason] for r in results])
    return worst([result.exit_code for result in results])
