"""`flowrun doctor`: what of a store can be read.

Owns: the command's options and output. The store's adapter does the looking.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from flowrun.cli import options
from flowrun.cli.output import print_json, say, table
from flowrun.words import t

MOST_NAMED = 20


@click.command("doctor")
@options.JSON
@options.places
def command(as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Look whether the store is whole, and tell what can be read of it. Nothing is changed.

    SQLite's own check is made, each run is read from its first event on and held against its chain, and its key is tried.
    Ends with 0 when all is well and with 1 when something is damaged or cannot be opened.

    \b
    Examples:
      flowrun doctor
      flowrun doctor --store sqlite:///copy.db --json
    """
    from flowrun import wiring

    health = wiring.health(options.store_of(workspace, store))
    if as_json:
        print_json({"ok": health.ok, **msgspec.to_builtins(health)})
        return 0 if health.ok else 1
    say(
        t(
            "{store}: {runs} runs, {events} events, form {form}",
            store=health.store,
            runs=health.runs,
            events=health.events,
            form=health.form,
        )
    )
    for warning in health.warnings:
        say(t("warning: {text}", text=warning), style="yellow")
    for problem in health.problems:
        say(t("damaged: {text}", text=problem), style="red")
    if health.damaged:
        table(["run", "events", "readable"], [[d.run, d.events, d.readable] for d in health.damaged])
    if health.ok:
        say(t("Everything can be read as it was written."), style="green")
        return 0
    if health.key:
        say(t("locked: {text}", text=health.key), style="red")
        say(t("None of its runs can be opened. Put the store's key file back from a backup, or set FLOWRUN_STORE_KEY."))
    elif health.locked:
        more = " …" if len(health.locked) > MOST_NAMED else ""
        say(t("locked: the keys of {count} runs do not open.", count=len(health.locked)), style="red")
        say(
            t(
                "These cannot be opened: {locked}{more}. Restore the store from a backup.",
                locked=", ".join(health.locked[:MOST_NAMED]),
                more=more,
            )
        )
    if not health.problems and not health.damaged:
        return 1
    whole = health.runs - len(health.damaged)
    say(
        t(
            "{whole} runs can be read whole. Copy the file before anything else; then restore a "
            "backup, or take what is readable",
            whole=whole,
        )
    )
    say(t("from the copy: sqlite3 COPY.db .recover | sqlite3 NEW.db, and look at NEW.db with flowrun doctor."))
    return 1
