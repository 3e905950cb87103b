"""What stops a call at the last moment: no room, a used right, a halt, a mode or role of today, a changed tool.

Owns: the events of such a call, the same on every engine. Whether it is stopped is the journal's or the dispatcher's word.
"""

from __future__ import annotations

from flowrun.core.commands import CallModel, CallTool, TakeRoom
from flowrun.core.events import Fault, ModelFailed, Refused
from flowrun.core.halts import ALL, tool_names
from flowrun.ports.journal import Receipt

WORDS = {"limit": "The limit is reached.", "right": "The approval was used already."}


def under(command: CallTool | CallModel | TakeRoom) -> list[str]:
    """Return all names by which a halt can stop this call."""
    if isinstance(command, CallModel):
        return [ALL, *command.under]
    return [*command.under, *tool_names(command.verdict.tool)]


def refused(command: CallTool | TakeRoom, receipt: Receipt, at: str) -> Refused | None:
    """Return the refusal of a call whose intent was not stored, None where the run itself has moved on."""
    if receipt.refused == "halt":
        return halted_call(command, receipt.rule, at)
    if receipt.refused not in WORDS:
        return None
    rooms = [room.reason for room in command.verdict.reserve if room.rule == receipt.rule and room.reason]
    # A limit is told in the words of its rule.
    reason = rooms[0] if rooms and receipt.refused == "limit" else WORDS[receipt.refused]
    return Refused(path=command.path, at=at, rule=receipt.rule or receipt.refused, reason=reason)


def halted_call(command: CallTool | TakeRoom, reason: str, at: str) -> Refused:
    """Return the refusal of a call that a halt names."""
    return Refused(path=command.path, at=at, rule="halt", reason=reason)


def halted_model(command: CallModel, reason: str, at: str) -> ModelFailed:
    """Return the end of a model call that a halt names; nothing was asked, so nothing is charged."""
    fault = Fault(kind="denied", code="FR3111", message=reason)
    return ModelFailed(path=command.path, at=at, fault=fault, cost=0, worked=0)
