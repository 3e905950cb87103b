"""From verdicts to outcomes: what is allowed runs, what needs people waits for them, what they changed is judged anew.

Owns: the calls of one turn until each has its outcome, and their inbox entries. Whether a call may be made was said by the
guard; where an entry stands is `core.entries`', making the call `core.execute`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import Any

import msgspec

from flowrun.core.calls import judge
from flowrun.core.commands import AskPerson, Proposal
from flowrun.core.compiled import bound_names
from flowrun.core.context import Context, Meter
from flowrun.core.entries import NO_ANSWER
from flowrun.core.events import Answered, AnyEvent, Asked, Edited, Verdict
from flowrun.core.execute import Outcome, execute
from flowrun.core.failure import Failure
from flowrun.core.schedule import Fork

Json = Any
Steps = Generator[Any, Any, None]
Perform = Callable[[Verdict, Sequence[str]], Generator[Any, AnyEvent, Outcome]]
"""Makes an allowed call in its own way; given who approved it."""


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """What people have said about one call so far: the entries, who said yes, for which roles, and who may not."""

    entries: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A call that needs people, by its place in the turn."""

    place: int
    verdict: Verdict
    right: Right = Right()


def settle(
    ctx: Context,
    path: str,
    verdicts: Sequence[Verdict],
    outcomes: dict[int, Outcome],
    *,
    meter: Meter,
    title: str,
    perform: Perform | None = None,
) -> Steps:
    """Run what is allowed, in order; let people decide what waits; put each outcome by its place into `outcomes`.

    They are there, too, where one call fails and the failure is raised. `meter` is the step's own; `perform` makes a
    call in the place of `execute`. In a shadow run nobody is asked: what would have waited goes on, and is simulated.
    """
    turn = _Turn(ctx, outcomes, meter, title, perform)
    waiting = []
    for place, verdict in enumerate(verdicts):
        if verdict.verdict == "deny":
            outcomes[place] = Outcome(state="denied", reason=verdict.reason, rule=verdict.denied_by or "")
        elif verdict.verdict == "ask" and not ctx.execution.shadow:
            waiting.append(Waiting(place=place, verdict=verdict))
    for place, verdict in enumerate(verdicts):
        if verdict.verdict == "allow" or (verdict.verdict == "ask" and ctx.execution.shadow):
            yield from turn.act(Waiting(place=place, verdict=verdict), verdict)
    if waiting:
        yield from turn.by_people(turn.question(f"{path}/@approval", waiting), waiting)


class _Turn:
    """The calls of one turn while people decide about them."""

    def __init__(
        self, ctx: Context, outcomes: dict[int, Outcome], meter: Meter, title: str, perform: Perform | None
    ) -> None:
        self.ctx = ctx
        self.outcomes = outcomes
        self.meter = meter
        self.title = title
        self.perform = perform
        self._judged: dict[str, int] = {}

    def act(self, call: Waiting, verdict: Verdict) -> Steps:
        """Make a call that is allowed."""
        allowed = msgspec.structs.replace(verdict, verdict="allow")
        try:
            if self.perform is not None:
                outcome = yield from self.perform(allowed, call.right.people)
            else:
                outcome = yield from execute(
                    self.ctx,
                    allowed,
                    meter=self.meter,
                    approvals=call.right.entries,
                    approved_by=call.right.people,
                )
        except Failure as failure:
            self._ends(call, Outcome(state="failed", reason=failure.fault.message))
            raise
        self._ends(call, outcome)

    def question(self, path: str, calls: Sequence[Waiting]) -> AskPerson:
        """Return one entry for all calls that wait together."""
        roles = list(dict.fromkeys(role for call in calls for role in call.verdict.approvers))
        barred = dict.fromkeys(name for call in calls for name in (*call.right.barred, *call.right.people))
        asked = Asked(
            path=path,
            kind="approval",
            title=self.title,
            to=roles,
            may=["approve", "reject", "edit"],
            proposals=[call.verdict for call in calls],
            why=" ".join(dict.fromkeys(call.verdict.reason for call in calls if call.verdict.reason)),
            barred=list(barred),
            group=self.ctx.group,
            flow=f"{self.ctx.flow.name}@{self.ctx.flow.version}",
            **self.ctx.execution.deadlines(roles),
        )
        return AskPerson(path=path, asked=asked)

    def by_people(self, question: AskPerson, calls: Sequence[Waiting]) -> Steps:
        """Wait for an entry, and do with its calls what people say.

        A call that somebody changes leaves the entry and is decided at once; the others go on waiting.
        """
        event = yield question
        if isinstance(event, Edited):
            changed = [call for call in calls if call.verdict.path == event.call]
            others = [call for call in calls if call.verdict.path != event.call]
            failed: dict[int, Failure] = {}
            # One that fails takes no other with it: people's work on that one is not thrown away.
            yield Fork(
                [partial(self.by_people, question, others), *(partial(self._edited, call, event) for call in changed)],
                on_failure=failed.__setitem__,
            )
            if failed:
                raise failed[min(failed)]
            return
        assert isinstance(event, Answered)
        for call in calls:
            yield from self._answered(question.asked, call, event)

    def _answered(self, asked: Asked, call: Waiting, answer: Answered) -> Steps:
        """Make an approved call, after it is judged again with fresh facts; ask further where others are needed now."""
        verdict = call.verdict
        if answer.action != "approve" or verdict.digest in answer.rejected:
            reason = NO_ANSWER if answer.action == "late" else answer.reason or "A person said no."
            self._ends(call, Outcome(state="rejected", reason=reason))
            return
        right = Right(
            entries=(*call.right.entries, asked.path),
            people=(*call.right.people, *(name for name in answer.by.split(", ") if name)),
            roles=(*call.right.roles, *asked.to),
            barred=call.right.barred,
        )
        again = Proposal(
            path=verdict.path,
            tool=verdict.tool,
            args=verdict.args,
            bound={},
            key=verdict.key,
            edited_by=verdict.edited_by,
        )
        path = self._next(f"{verdict.path}/@again")
        fresh = (yield from judge(self.ctx, path, [again], approved=[verdict.digest], met=right.roles))[0]
        yield from self._decided(msgspec.structs.replace(call, right=right), fresh, path)

    def _edited(self, call: Waiting, event: Edited) -> Steps:
        """Decide a changed call from the start: its old right is dead, and who wrote it may not say yes to it."""
        verdict = call.verdict
        bound = {name: verdict.args[name] for name in bound_names(self.ctx.flow, verdict.tool) & set(verdict.args)}
        free = {name: value for name, value in event.args.items() if name not in bound}
        tool = self.ctx.compiled.plan.tools.get(verdict.tool)
        problems = [] if tool is None else self.ctx.compiled.check_args(self.ctx.flow, tool, free)
        proposal = Proposal(
            path=verdict.path,
            tool=verdict.tool,
            args=free,
            bound=bound,
            key=verdict.key,
            invalid="; ".join(f"{p.get('path') or 'arguments'}: {p['message']}" for p in problems[:5]),
            edited_by=event.by,
            asked=list(verdict.approvers),
        )
        path = self._next(f"{verdict.path}/@edit")
        right = Right(barred=tuple(dict.fromkeys((*call.right.barred, event.by))))
        fresh = (yield from judge(self.ctx, path, [proposal]))[0]
        yield from self._decided(Waiting(place=call.place, verdict=fresh, right=right), fresh, path)

    def _decided(self, call: Waiting, verdict: Verdict, path: str) -> Steps:
        """Do what a fresh verdict about one call says."""
        if verdict.verdict == "deny":
            outcome = Outcome(state="denied", reason=verdict.reason, rule=verdict.denied_by or "")
            self._ends(msgspec.structs.replace(call, verdict=verdict), outcome)
        elif verdict.verdict == "allow":
            yield from self.act(msgspec.structs.replace(call, verdict=verdict), verdict)
        else:
            waiting = [msgspec.structs.replace(call, verdict=verdict)]
            yield from self.by_people(self.question(f"{path}/@approval", waiting), waiting)

    def _next(self, path: str) -> str:
        """Return a path that is used once: `PATH`, then `PATH-2`, and so on."""
        self._judged[path] = self._judged.get(path, 0) + 1
        return path if self._judged[path] == 1 else f"{path}-{self._judged[path]}"

    def _ends(self, call: Waiting, outcome: Outcome) -> None:
        verdict = call.verdict
        if verdict.edited_by:
            bound = bound_names(self.ctx.flow, verdict.tool)
            shown = {name: value for name, value in verdict.args.items() if name not in bound}
            outcome = msgspec.structs.replace(outcome, edited=shown)
        self.outcomes[call.place] = outcome
