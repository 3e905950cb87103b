"""What happened in a run: the facts that the journal keeps, and from which a run is rebuilt.

Owns: the event types. Each carries `path` (the place of its command in the run), and `at` (RFC 3339, UTC). Values
are plain JSON. No behaviour lives here: `core.execution` reads events, `journal` stores and projects them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.core.parts import Fault as Fault
from flowrun.core.parts import Reservation as Reservation
from flowrun.core.parts import Usage as Usage
from flowrun.core.parts import Verdict as Verdict

Json = Any


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What every event has."""

    path: str = ""
    at: str = ""


class RunStarted(Event, tag="run.started"):
    """The run exists. `by` submitted it; `plan` is the digest of its plan."""

    run: str
    flow: str
    version: int
    plan: str
    input: Json
    key: str
    mode: str = "live"
    by: str = ""
    model: str | None = None
    subject: str | None = None
    """Whose data this is, where the input says it already."""


class SubjectKnown(Event, tag="run.subject"):
    """A note: the flow's `subject` is not null any more; whose data the run holds."""

    subject: str


class Decided(Event, tag="call.decided"):
    """The guard judged every proposal of a turn, before any was run."""

    verdicts: list[Verdict]


class Intended(Event, tag="call.intended"):
    """A write is about to be made: decision, reservation and approvals in one durable transaction.

    `holds`: the path of an earlier call whose room (and natural key) this one goes on with, for it is the same write.
    """

    tool: str
    args: dict[str, Json]
    digest: str
    key: str
    reserve: list[Reservation] = []
    approvals: list[str] = []
    holds: str = ""
    natural: str = ""


class Reserved(Event, tag="call.reserved"):
    """The room that a call of another flow takes over runs is taken; it is kept, however that flow ends."""

    tool: str
    reserve: list[Reservation]


class Refused(Event, tag="call.refused"):
    """At its intent there was no room or right left for the call."""

    rule: str
    reason: str


class Returned(Event, tag="call.returned"):
    """The tool answered. `worked` here and below: microseconds of work, None where an earlier version did not say.

    `first`: the run that had done this write before, so that the tool was not called and this is the first result.
    """

    output: Json
    tool: str = ""
    repeat: bool = False
    """It had been done already, and this is the first result."""
    worked: int | None = None
    natural: str = ""
    first: str = ""
    omitted: str = ""
    """Why the output of a write that was done is not kept; then `output` is null and means nothing."""
    simulated: bool = False
    """In a shadow run: no tool was reached, the output was made from the tool's schema."""


class CallFailed(Event, tag="call.failed"):
    """The tool did not do it."""

    fault: Fault
    tool: str = ""
    worked: int | None = None
    natural: str = ""


class Doubted(Event, tag="call.in_doubt"):
    """Nobody knows whether the write was done."""

    fault: Fault
    tool: str = ""
    worked: int | None = None
    natural: str = ""


class ModelStarted(Event, tag="model.started"):
    """A model is about to be called; `reserved` (millionths) and `tokens` are charged until its usage is known."""

    model: str
    reserved: int = 0
    tokens: int = 0
    digest: str = ""


class ModelReplied(Event, tag="model.replied"):
    """The model's reply: proposals, or an answer (not validated yet), or text. `mode` is the output mode used.

    `usage` is what the provider said, `cost` (millionths) and `tokens` what is charged.
    """

    model: str
    mode: str
    proposals: list[tuple[str, Json]] = []
    answer: Json = None
    answered: bool = False
    text: str | None = None
    usage: Usage = Usage()
    cost: int = 0
    note: str = ""
    tokens: int = 0
    worked: int | None = None


class ModelFailed(Event, tag="model.failed"):
    """The model call failed; `cost` (millionths) and `tokens` are what is charged for it."""

    fault: Fault
    cost: int = 0
    tokens: int = 0
    worked: int | None = None


class AnswerInvalid(Event, tag="answer.invalid"):
    """A note: an answer or record broke its schema or `only_when`; `final` when no further repair follows."""

    problems: list[dict[str, Json]]
    final: bool = False
    draft: Json = None


class StepFailed(Event, tag="step.failed"):
    """A note: a step ended in an error, and what `on_error` made of it."""

    step: str
    fault: Fault
    on_error: str


class Asked(Event, tag="person.asked"):
    """An inbox entry: `kind` is `approval`, `question` or `hand_off`.

    `to`: roles, or `customer`; for an approval one yes from each. `may`: the answers that are allowed (`approve`,
    `reject`, `answer`, `done`, `not_done`, `resume`, `close`). `due`: the earliest moment at which something happens by
    itself; `dues` has one for each of `to`, `until` ends the whole entry. `barred`: who may not say yes, for they wrote
    the arguments. `group`: the path of the `for_each` whose approvals are shown as one. `flow`: NAME@N of the flow that
    asks. `evidence`: for a write in doubt, its attempts in order, each with `path`, `at`, `ended` and what was `said`.
    """

    kind: str
    title: str
    to: list[str]
    may: list[str]
    due: str | None = None
    proposals: list[Verdict] = []
    form: dict[str, Json] | None = None
    draft: Json = None
    show: dict[str, Json] = {}
    why: str = ""
    problems: list[dict[str, Json]] = []
    evidence: list[dict[str, Json]] = []
    dues: list[str | None] = []
    until: str | None = None
    barred: list[str] = []
    group: str = ""
    flow: str = ""


class Approved(Event, tag="person.approved"):
    """One yes or no of several: `role` is the entry of the approver list that it answers.

    `path` is the entry's, and `@ROLE`; a second person of one role (`~2`) may be needed where a late role handed on to it.
    """

    role: str
    by: str
    yes: bool
    reason: str = ""
    digests: list[str] = []


class Escalated(Event, tag="person.escalated"):
    """A role did not answer in time: its place in the list of `entry` goes to the next one. `path`: `ENTRY/@then-N`.

    `place` counts the entry's `to` from 0; `due` is the next role's own deadline.
    """

    entry: str
    place: int
    late: str
    role: str
    due: str | None = None


class Edited(Event, tag="person.edited"):
    """Somebody changed the arguments of a call that waits in `entry`. `path`: `ENTRY/@edit-N`.

    `call` is the call's path and `digest` what it had; with `args`, bound ones included, it is decided again from the
    start. The right for the old digest is dead.
    """

    entry: str
    call: str
    digest: str
    args: dict[str, Json]
    by: str


class Answered(Event, tag="person.answered"):
    """The entry is settled. `action`: `approve`, `reject`, `answer`, `done`, `not_done`, `resume`, `close`, `edit` or `late`.

    `edit`: the last call of the entry was changed, and is decided anew. `done` and `not_done` settle the write in doubt
    whose call is at `write`; `data` of `done` is its output.
    """

    action: str
    by: str = ""
    data: Json = None
    reason: str = ""
    rejected: list[str] = []
    """Digests of the calls that were rejected, where an approval covers several."""
    write: str = ""
    natural: str = ""


class Waiting(Event, tag="wait.started"):
    """A timer or an awaited event; both in one row where either may come first."""

    due: str | None = None
    event: str | None = None
    key: str | None = None


class Woken(Event, tag="wait.ended"):
    """The timer fired, or the event came (`payload`)."""

    timer: bool
    payload: Json = None


class Withdrawn(Event, tag="wait.withdrawn"):
    """Nobody needs to answer an entry or a wait any more: what asked was closed, for another branch or a deadline ended it."""


class RecordWritten(Event, tag="record.written"):
    """A record; `final` for the one record that a flow ends with."""

    schema: str
    record: dict[str, Json]
    final: bool = False


class BudgetRaised(Event, tag="budget.raised"):
    """A person raised limits of this run. `to`: the new ones, as meters count them (`core.context.METERS`).

    Earlier versions wrote `limits`, with `within` in seconds, instead.
    """

    limits: dict[str, float] = {}
    by: str = ""
    to: dict[str, int] = {}


class CancelAsked(Event, tag="run.cancel_asked"):
    """A person wants the run to end."""

    by: str = ""
    reason: str = ""


class RunFinished(Event, tag="run.finished"):
    """The end of the run."""

    outcome: str
    reason: str = ""


AnyEvent = (
    RunStarted
    | SubjectKnown
    | Decided
    | Intended
    | Reserved
    | Refused
    | Returned
    | CallFailed
    | Doubted
    | ModelStarted
    | ModelReplied
    | ModelFailed
    | AnswerInvalid
    | StepFailed
    | Asked
    | Approved
    | Escalated
    | Edited
    | Answered
    | Waiting
    | Woken
    | Withdrawn
    | RecordWritten
    | BudgetRaised
    | CancelAsked
    | RunFinished
)

PHASES: dict[type, str] = {
    RunStarted: "started",
    SubjectKnown: "subject",
    Decided: "decided",
    Intended: "intended",
    Reserved: "ended",
    Refused: "ended",
    Returned: "ended",
    CallFailed: "ended",
    Doubted: "ended",
    ModelStarted: "started",
    ModelReplied: "ended",
    ModelFailed: "ended",
    AnswerInvalid: "invalid",
    StepFailed: "failed",
    Asked: "asked",
    Approved: "ended",
    Escalated: "moved",
    Edited: "edited",
    Answered: "ended",
    Waiting: "waiting",
    Woken: "ended",
    Withdrawn: "ended",
    RecordWritten: "written",
    BudgetRaised: "raised",
    CancelAsked: "cancel",
    RunFinished: "finished",
}
"""(run, path, phase) is unique in the journal: a path ends once, is intended once, and so on."""

PHASES_BY_TAG: dict[str, str] = {str(kind.__struct_config__.tag): phase for kind, phase in PHASES.items()}  # type: ignore[attr-defined]
"""The same, by what stored bytes call the event."""
