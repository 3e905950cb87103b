"""A changed call: which one of an inbox entry is meant.

Owns: that lookup. Whether its new arguments may be is told by `core.changed_call`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from flowrun.core.events import Verdict
from flowrun.errors import InputError
from flowrun.ports.journal import InboxRow
from flowrun.words import t

Json = Any


def chosen_call(id: str, entries: Sequence[InboxRow], call: str | None) -> tuple[InboxRow, Verdict]:
    """Return the call that is meant, with its entry: by its number in the list (from 1), by its tool, or the only one."""
    calls = [(entry, msgspec.convert(p, Verdict)) for entry in entries for p in entry.asked.get("proposals", [])]
    if call is None:
        found = calls
    elif call.isdecimal():
        found = calls[int(call) - 1 : int(call)] if int(call) else []
    else:
        found = [(entry, verdict) for entry, verdict in calls if verdict.tool == call]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{number} {verdict.tool}" for number, (_, verdict) in enumerate(calls, 1))
    if not found:
        message = t("No call {call} waits under {name}: {names}.", call=call, name=id, names=names)
    else:
        message = t("{count} calls wait under {name}: {names}.", count=len(found), name=id, names=names)
    raise InputError(message, help=t("Name one: --call NUMBER."), code="FR3062")
