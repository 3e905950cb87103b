"""`flowrun forget`: erase what is stored about a person.

Owns: the command's options, its question and its output. What is erased is decided by `app.forget`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flowrun.app.forget import Forgotten, forget, plan_forgetting
from flowrun.cli import options
from flowrun.cli.output import is_terminal, print_json, say
from flowrun.words import t, tn


@click.command("forget")
@click.argument("subject")
@options.AS
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--cancel", is_flag=True, help="End runs of this person that still go on, first.")
@options.JSON
@options.places
def command(
    subject: str,
    by: str,
    dry_run: bool,
    yes: bool,
    cancel: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Erase what is stored about SUBJECT: the value of the flows' `subject:`, such as an e-mail address; - reads it.

    The keys of this person's runs are destroyed, so nobody can read any more what happened in them; that they happened,
    when, and that nothing was changed since can still be shown. Records stay without their marked fields. It cannot be
    undone. It needs the owner role of each flow.

    \b
    Examples:
      flowrun forget ana@example.com --as Sam --dry-run
      flowrun forget ana@example.com --as Sam --yes
    """
    who = sys.stdin.readline().strip() if subject == "-" else subject
    with options.opened(workspace, store) as app:
        planned = plan_forgetting(app, who, by=by)
        if not as_json:
            tell(planned)
        if not dry_run and not yes and planned.runs:
            if as_json or subject == "-" or not is_terminal(sys.stdin):
                raise click.UsageError(t("nobody is there to ask; add --yes, or --dry-run to see what would be done"))
            if not click.confirm(t("Erase it? It cannot be undone.")):
                return 1
        result = planned if dry_run else options.wait_for(forget(app, who, by=by, cancel=cancel))
    if as_json:
        print_json(result)
    elif not dry_run and planned.runs:
        say(t("Done: the keys are destroyed, and no older byte is left in the store's files."), style="bold green")
    return 0


def tell(planned: Forgotten) -> None:
    """Say what will be done."""
    if not planned.runs:
        say(t("No run in this store is about this person. (Runs count whose flow names them in `subject:`.)"))
        return
    runs, records = len(planned.runs), planned.records
    say(
        t(
            "About this person: {runs}, {records}.",
            runs=tn("{n} run", "{n} runs", runs),
            records=tn("{n} record", "{n} records", records),
        )
    )
    if planned.going_on:
        say(
            t("Still going on: {going_on} (--cancel ends them first).", going_on=", ".join(planned.going_on)),
            style="yellow",
        )
    say(
        t("What happened in these runs becomes unreadable for everybody. Records stay, with their marked fields empty;")
    )
    say(
        t("free text in a field without a mark stays as it is, apart from values that are marked elsewhere in the run.")
    )
    say(t("Out of reach, so look there too:"))
    for place in planned.out_of_reach:
        say(f"  - {place}")
