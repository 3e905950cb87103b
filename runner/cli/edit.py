"""`flowrun edit`: a person's change of a proposed call.

Owns: the command's options and output. Who may do it is `app.inbox`'s part, what it leads to the rules'.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.documents import read_data
from flowrun.cli.output import progress
from flowrun.cli.run_text import print_said
from flowrun.words import t


@click.command("edit")
@click.argument("id")
@options.AS
@click.option("--data", required=True, metavar="JSON|@FILE|-", help="The arguments to change; the others stay.")
@click.option("--call", metavar="N|TOOL", help="Which call, where several wait: its number in the entry, or its tool.")
@options.NO_RUN
@options.JSON
@options.places
def command(
    id: str,
    by: str,
    data: str,
    call: str | None,
    no_run: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Change arguments of a call that waits under ID. All rules then decide about it again.

    It may be denied, run, or wait for a yes, which can be given neither by you nor by whoever submitted the run. What the
    flow binds cannot be changed. Other calls of the entry stay as they are.

    \b
    Examples:
      flowrun edit k3f7qz2a --as Sam --data '{"severity": "high"}'
      flowrun edit k3f7qz2a --as Sam --call 2 --data @changes.json
    """
    value = read_data(data)
    with options.opened(workspace, store) as app, progress(t("Going on with the run")):
        result = options.outcome_of(app, app.edit(id, value, by=by, call=call, run_on=not no_run))
    return print_said(result, as_json=as_json, stored_only=no_run)
