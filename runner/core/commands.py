"""What should happen next: the commands that the core gives to a runtime.

Owns: the command types. A command lives in memory only; it is made again by replay, so it may hold live names. The
event that answers a command has the command's path.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flowrun.core.events import AnyEvent, Asked, Verdict
from flowrun.plan.model import Example, FlowPlan, ModelPlan
from flowrun.privacy.marks import Found
from flowrun.values.names import Names

Json = Any


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What every command has: its path, used once in a run.

    `under`: for one that reaches outside, what a halt may name of its flows and their subjects.
    """

    path: str
    under: tuple[str, ...] = ()


class OfferedTool(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as a model sees it: without the arguments that the flow binds."""

    name: str
    description: str
    input: dict[str, Json]


class CallModel(Command):
    """Ask one model. Answered by `ModelReplied` or `ModelFailed`.

    `messages` are dicts: `{"role": "system"|"user", "content": text}`; `{"role": "assistant", "content": text|None,
    "proposals": [{"id", "tool", "args"}]}`; `{"role": "tool", "id": id, "tool": name, "result": json}`. `timeout` in
    seconds of work; `delay` in seconds to wait first; `reserve` in millionths, `tokens` in tokens.
    """

    flow: str
    step: str
    model: ModelPlan
    messages: list[dict[str, Json]]
    tools: list[OfferedTool]
    answer: dict[str, Json] | None
    answer_name: str
    examples: list[Example]
    slots: dict[str, Json]
    names: Names
    talks: bool = False
    """The model may also send a text to the customer."""
    timeout: float | None = None
    delay: float = 0.0
    least: float = 0.0
    """Seconds of the delay that the other side asked for; they are never shortened."""
    reserve: int = 0
    tokens: int = 0
    marked: Callable[[], list[Found]] | None = None
    """Gives the marked values that the request may hold, for those who write requests down."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One call that a flow or a model proposes; `bound` are the flow's own arguments, which win."""

    path: str
    tool: str
    args: dict[str, Json]
    bound: dict[str, Json]
    key: str
    invalid: str = ""
    """Why the arguments break the tool's schema; then the guard denies."""
    held: Verdict | None = None
    """The call in doubt that this one makes again; it has its room already."""
    edited_by: str = ""
    """Who wrote the arguments, where a person changed them."""
    asked: list[str] = []
    """Whose yes the call needed before it was changed; a change spares nobody's yes."""


class Propose(Command):
    """Have the proposals of one turn judged. Answered by `Decided`.

    `used` counts what the run has used (`tool_calls`, `writes`), `limits` what it may use; `counts` are the calls of
    this run per tool that reserve room in `at_most: N` per run. `mode` is the run's.
    """

    flow: FlowPlan
    proposals: list[Proposal]
    names: Names
    used: dict[str, int]
    limits: dict[str, int]
    approved: list[str] = []
    """Digests for which people have said yes."""
    met: list[str] = []
    """The roles whose yes is there for them: an `approve_when` that asks others is not met."""
    mode: str = "live"


class CallTool(Command):
    """Make a call that was allowed. Answered by `Returned`, `CallFailed`, `Doubted` or `Refused`.

    `first` is the path of the first attempt; `approvals` the paths of the inbox entries that allowed it. `holds`: the
    path of the earlier call whose room this one goes on with, since it settles that call's doubt.
    """

    verdict: Verdict
    first: str
    within: float
    timeout: float | None = None
    delay: float = 0.0
    least: float = 0.0
    """Seconds of the delay that the other side asked for; they are never shortened."""
    approvals: list[str] = []
    holds: str = ""
    simulated: bool = False
    """Reach no tool: the output is made from the tool's schema, and no room or right is used."""


class TakeRoom(Command):
    """Take the room over runs for a call of another flow. Answered by `Reserved` or `Refused`."""

    verdict: Verdict


class AskPerson(Command):
    """Open an inbox entry (`asked`). Answered by `Answered`; each `Edited` before it comes with the entry still open."""

    asked: Asked


class Wait(Command):
    """Wait for a moment, an event, or whichever comes first. Answered by `Woken`."""

    due: str | None = None
    event: str | None = None
    key: str | None = None


class WriteRecord(Command):
    """Write a valid record. Answered by `RecordWritten`."""

    schema: str
    record: dict[str, Json]
    final: bool


class Note(Command):
    """Put an event into the journal that answers no command."""

    event: AnyEvent


class Close(Command):
    """The command of this path is no longer wanted; what it would answer is ignored."""


class Finish(Command):
    """The run ends."""

    outcome: str
    reason: str


def pause_of(command: CallModel | CallTool, jitter: float) -> float:
    """Return the seconds to wait before a call: its delay, spread by chance (0 to 1), and never less than was asked for."""
    return max(command.delay * (0.5 + jitter / 2), command.least)


AnyCommand = CallModel | Propose | CallTool | TakeRoom | AskPerson | Wait | WriteRecord | Note | Close | Finish
