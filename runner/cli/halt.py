"""`flowrun halt`: the emergency brake.

Owns: the command's options and output. What is halted, and what that means, is `app.halt`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.app import words
from flowrun.cli import options
from flowrun.cli.output import print_json, say, table
from flowrun.cli.run import user_name
from flowrun.errors import StoreError
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.ports.journal import Halt


@click.command("halt")
@click.argument("what", required=False)
@click.option("--reason", default="", metavar="TEXT", help="Why; a stopped run and its people are told.")
@click.option("--as", "by", metavar="NAME", default=user_name, show_default="you", help="Who you are.")
@click.option("--until", metavar="MOMENT", help="When it ends by itself, such as 2026-03-02T18:00:00Z.")
@click.option("--off", is_flag=True, help="Lift the halt of WHAT.")
@click.option("--list", "listing", is_flag=True, help="Say what is halted now.")
@click.option("--all", "everything", is_flag=True, help="With --list: also the halts that are over.")
@options.JSON
@options.places
def command(
    what: str | None,
    reason: str,
    by: str,
    until: str | None,
    off: bool,
    listing: bool,
    everything: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Stop every call of WHAT at once, in every process that uses this store.

    WHAT is a tool (pay.refund), a namespace (pay), a flow (flows.NAME or NAME), subject:WHO, or all. Calls that are not
    begun yet are denied, reads and model calls included; one that is under way is not taken back. Runs that wait, wait on.

    \b
    Examples:
      flowrun halt pay.refund --reason "Refunds go out twice."
      flowrun halt subject:ana@example.com --until 2026-03-02T18:00:00Z
      flowrun halt --list
      flowrun halt pay.refund --off
    """
    from flowrun.app.halt import open_brake

    if listing == (what is not None):
        raise click.UsageError(t("give either WHAT or --list"))
    if (off or listing) and (reason or until):
        raise click.UsageError(t("--reason and --until do not go with {option}", option="--off" if off else "--list"))
    with room_told(), open_brake(options.workspace_of(workspace, store, whole=False)) as brake:
        if what is None:
            show(brake.listed(everything=everything), as_json)
            return 0
        if off:
            lifted = brake.lift(what, by=by)
            print_json({"what": what, "lifted": lifted}) if as_json else say(
                t("{what} is no longer halted.", what=what)
            )
            return 0
        halts = brake.pull(what, by=by, reason=reason, until=until)
    if as_json:
        print_json(halts)
    else:
        for halt in halts:
            say(t("{what} is halted.", what=what if halt.what.startswith("subject:") else halt.what), style="bold red")
        say(t("Lift it: {command}", command=options.command_line(f"flowrun halt {what} --off")))
    return 0


@contextmanager
def room_told() -> Iterator[None]:
    """Say how to halt where the store has no room for it."""
    try:
        yield
    except StoreError as error:
        if error.code == "FR5004":
            error.help = t(
                "Write it under `halt:` in flowrun.yaml, which needs no room in the store and holds from "
                "the next call on, for example `halt: {tools: [pay.refund]}`."
            )
        raise


def show(halts: list[Halt], as_json: bool) -> None:
    """Print halts."""
    if as_json:
        print_json(halts)
    elif halts:
        rows = [[h.what, h.by, *map(words.moment, (h.at, h.until or "", h.lifted_at or "")), h.reason] for h in halts]
        table(["what", "by", "since", "until", "lifted", "why"], rows)
    else:
        say(t("Nothing is halted."))
