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
from flowrun.app.result import RunResult
from flowrun.app.writes import told
from flowrun.cli import options
from flowrun.cli.output import print_json, say
from flowrun.cli.run_text import TONES, lines, print_heading, print_waiting, used
from flowrun.cli.runs import interrupted
from flowrun.core.events import AnyEvent
from flowrun.journal.encoding import as_dict
from flowrun.journal.writes import writes
from flowrun.ports.journal import StoredEvent
from flowrun.words import t

Json = Any


@click.command("show")
@click.argument("run")
@options.revealing
@options.JSON
@options.places
def command(run: str, reveal: bool, by: str, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Show what happened in RUN (its id, or a unique beginning of it): proposals, decisions, effects, answers.

    What schemas mark as personal stands as `[email]`, `[name]` and the like; `flowrun inbox` shows approvers exactly what
    they decide on.

    \b
    Examples:
      flowrun show 01JX
      flowrun show 01JX --json
      flowrun show 01JX --reveal --as Sam
    """
    with options.opened(workspace, store) as app:
        found = options.with_names(app, app.result(run))
        stored = app.journal.events(found.run)
        row = app.journal.run(found.run)
        alone = interrupted(row)
        if found.erased is not None:
            return show_erased(found, stored, as_json)
        plan = known_plan(app, found.run)
        found = msgspec.structs.replace(found, waiting=with_origins(app, found.waiting))
        hidden = app.redaction(found.run, reveal=by if reveal else None)
        result, events = hidden.result(found), hidden.events()
        ledger = writes(events, driven=row.claimed)
    if as_json:
        print_json(
            {
                **msgspec.to_builtins(result),
                "writes": msgspec.to_builtins(ledger),
                "events": event_dicts(stored, events),
                "origins": as_data(plan, stored),
            }
        )
        return 0
    print_heading(msgspec.structs.replace(result, outcome="interrupted") if alone else result)
    if alone:
        say(
            t(
                "Its process is gone; {command_line} goes on.",
                command_line=options.command_line(f"flowrun resume {result.run}"),
            )
        )
    say()
    for moment in timeline(events, plan, [item.event for item in stored]):
        say(f"{words.moment(moment.at)[11:]}  {moment.title}", style=TONES.get(moment.tone))
        lines([f"          {line}" for line in moment.lines])
    print_waiting(result)
    if ledger:
        say(t("\nWrites:"))
        lines([f"  {write.state}: {words.call(write.tool, write.args)}{_known(told(write))}" for write in ledger])
    say(t("\nUsed: {what}", what=used(result)))
    return 0


def _known(text: str) -> str:
    return f" ({text})" if text else ""


def show_erased(result: RunResult, stored: Sequence[StoredEvent], as_json: bool) -> int:
    """Show what is left of a run whose person was forgotten: what kinds of things happened, and when."""
    if as_json:
        left = [{"seq": e.seq, "at": e.clear.at, "type": e.clear.type, "hash": e.hash.hex()} for e in stored]
        print_json({**msgspec.to_builtins(result), "events": left})
        return 0
    print_heading(result)
    say()
    for item in stored:
        say(f"{words.moment(item.clear.at)[11:]}  {item.clear.type}")
    return 0


def event_dicts(stored: Sequence[StoredEvent], events: Sequence[AnyEvent]) -> list[dict[str, Json]]:
    """Return events, as they may be shown, as JSON data, each with the hash that covers its stored bytes."""
    shown = []
    for item, event in zip(stored, events, strict=True):
        data = as_dict(event)
        type, path, at = data.pop("type"), data.pop("path"), data.pop("at")
        shown.append({"seq": item.seq, "at": at, "type": type, "path": path, "data": data, "hash": item.hash.hex()})
    return shown
