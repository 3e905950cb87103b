"""`flowrun show`: the timeline of one run.

Owns: the command's options and output, and the JSON form of events. The words are `app.look`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from flowrun.app import words
from flowrun.app.look import timeline
from flowrun.app.origins import as_data, known_plan, with_origins
from flowrun.app.writes import told
from flowrun.cli import options
from flowrun.cli.output import print_json, say
from flowrun.cli.run_text import TONES, lines, print_heading, print_waiting, used
from flowrun.cli.runs import interrupted
from flowrun.journal.encoding import as_dict
from flowrun.journal.writes import writes
from flowrun.ports.journal import StoredEvent

Json = Any


@click.command("show")
@click.argument("run")
@options.JSON
@options.places
def command(run: str, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Show what happened in RUN (its id, or a unique beginning of it): proposals, decisions, effects, answers.

    \b
    Examples:
      flowrun show 01JX
      flowrun show 01JX --json
    """
    with options.opened(workspace, store) as app:
        result = options.with_names(app, app.result(run))
        stored = app.journal.events(result.run)
        row = app.journal.run(result.run)
        alone = interrupted(row)
        plan = known_plan(app, result.run)
        result = msgspec.structs.replace(result, waiting=with_origins(app, result.waiting))
    if as_json:
        ledger = msgspec.to_builtins(writes([item.event for item in stored], driven=row.claimed))
        print_json(
            {
                **msgspec.to_builtins(result),
                "writes": ledger,
                "events": event_dicts(stored),
                "origins": as_data(plan, stored),
            }
        )
        return 0
    print_heading(msgspec.structs.replace(result, outcome="interrupted") if alone else result)
    if alone:
        say(f"Its process is gone; {options.command_line(f'flowrun resume {result.run}')} goes on.")
    say()
    for moment in timeline([event.event for event in stored], plan):
        say(f"{words.moment(moment.at)[11:]}  {moment.title}", style=TONES.get(moment.tone))
        lines([f"          {line}" for line in moment.lines])
    print_waiting(result)
    ledger = writes([event.event for event in stored], driven=row.claimed)
    if ledger:
        say("\nWrites:")
        lines([f"  {write.state}: {words.call(write.tool, write.args)}{_known(told(write))}" for write in ledger])
    say(f"\nUsed: {used(result)}")
    return 0


def _known(text: str) -> str:
    return f" ({text})" if text else ""


def event_dicts(stored: Sequence[StoredEvent]) -> list[dict[str, Json]]:
    """Return events as JSON data, each with the hash that covers its stored bytes."""
    events = []
    for item in stored:
        data = as_dict(item.event)
        type, path, at = data.pop("type"), data.pop("path"), data.pop("at")
        events.append({"seq": item.seq, "at": at, "type": type, "path": path, "data": data, "hash": item.hash.hex()})
    return events
