"""An approval is a right (G5): whatever people, clocks and crashes do, no write is made without a live right for it.

The machine drives the real use cases, core, guard and runtime over a real journal; only the tool and the model are fakes. What
must hold is worked out anew from the journal after every step, by rules written down here and not by the code that is tested.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.core.events import (
    Answered,
    AnyEvent,
    Approved,
    Asked,
    Decided,
    Edited,
    Escalated,
    Intended,
    RunFinished,
    RunStarted,
)
from flowrun.errors import InputError
from flowrun.plan.model import RulePlan
from flowrun.ports.journal import InboxRow, Journal
from flowrun.ports.tools import ToolRequest, ToolResult
from flowrun.values.moments import add_seconds
from tests.property.plans import ARG_N, lit
from tests.unit.app.office import ROLES, CountingTools, Office, asks
from tests.unit.core.kit import FINAL, ask

TOOL = "desk.header"
"""A write whose key makes a repeat harmless, so that it goes on after a crash."""
PEOPLE = ["eva", "lou", "tom", "fay", "sam", "customer", ""]
who = st.integers(0, 20)
"""Mostly somebody of a role that is asked, else anybody."""
NEVER = 5
NUMBERS = [1, 2, 3, 4, NEVER]
RULES = [
    asks("lead", tool=TOOL),
    RulePlan(
        id="large",
        source="p@1",
        tools=[TOOL],
        reason="",
        approve_when=["cmp", ">", ARG_N, lit(3)],
        approver=["finance"],
    ),
    RulePlan(id="never", source="p@1", tools=[TOOL], reason="Never.", deny_when=["cmp", "==", ARG_N, lit(NEVER)]),
]


def needed(n: int) -> list[str]:
    """Whose yes a call needs, by the rules above."""
    return ["lead", "finance"] if n > 3 else ["lead"] if n > 1 else []


class DeadlyTools(CountingTools):
    """Remembers each effect with its key; kills the process before or after one when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.effects: list[ToolRequest] = []
        self.kill = ""
        self.killed = asyncio.Event()

    async def invoke(self, request: ToolRequest) -> ToolResult:
        kill, self.kill = self.kill, ""
        if kill != "before":
            self.effects.append(request)
        if kill:
            self.killed.set()
            await asyncio.Event().wait()
        return await super().invoke(request)


class Approvals(RuleBasedStateMachine):
    """People, time and crashes around one store."""

    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.seen["examples"] += 1
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.office = Office(
            Path(self.folder.name), self.journal(), [ask("a", TOOL, on_error="continue"), FINAL], RULES
        )
        self.office.tools = self.tools = DeadlyTools()
        self.office.restart()
        self.runs: list[str] = []
        self.past: set[str] = set()
        """The ids of all entries so far."""

    def journal(self) -> Journal:
        return MemoryJournal()

    def do(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do what a person or the clock asks; a refusal is an answer, and being killed is one too."""
        self.seen["steps"] += 1
        try:
            whole = self.runner.run(self._alive(work))
        except InputError as error:
            self.seen[f"refused {error.code}"] += 1
        else:
            if not whole:
                self.seen["killed"] += 1
                self.tools.killed.clear()
                self.office.restart()

    async def _alive(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Do it, unless the process is killed on the way: what it has not stored by then is lost."""
        doing = asyncio.create_task(work)
        killed = asyncio.create_task(self.tools.killed.wait())
        await asyncio.wait([doing, killed], return_when=asyncio.FIRST_COMPLETED)
        killed.cancel()
        if doing.done():
            await doing
            return True
        doing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await doing
        return False

    def person(self, entry: InboxRow, who: int) -> str:
        roles = self.office.app.standing(entry).open_roles or entry.to
        members = ROLES[roles[who // 2 % len(roles)]].members
        return members[who % len(members)] if who < 14 else PEOPLE[who % len(PEOPLE)]

    def entries(self) -> list[InboxRow]:
        found = [entry for entry in self.office.journal.inbox() if entry.kind == "approval"]
        self.past.update(entry.id for entry in found)
        return found

    # What happens

    @rule(
        by=st.sampled_from(PEOPLE[:5]), numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3, unique=True)
    )
    def propose(self, by: str, numbers: list[int]) -> None:
        self.office.model.calls = [(TOOL, {"n": number}) for number in numbers]
        self.do(self.office.submit(by=by))
        self.runs = [row.run for row in self.office.journal.runs(limit=10_000)]

    @precondition(lambda self: self.entries())
    @rule(pick=st.integers(0, 9), by=who, on=st.booleans())
    def approve(self, pick: int, by: int, on: bool) -> None:
        entry = self.entries()[pick % len(self.entries())]
        self.do(self.office.app.approve(entry.id, by=self.person(entry, by), run_on=on))

    @precondition(lambda self: self.past)
    @rule(pick=st.integers(0, 99), by=st.sampled_from(PEOPLE[:4]))
    def approve_what_was_settled(self, pick: int, by: str) -> None:
        self.do(self.office.app.approve(sorted(self.past)[pick % len(self.past)], by=by))

    @precondition(lambda self: self.entries())
    @rule(pick=st.integers(0, 9), one=who, other=who)
    def two_approve_at_the_same_moment(self, pick: int, one: int, other: int) -> None:
        """The second one has read the store before the first one's yes was in it."""
        entry = self.entries()[pick % len(self.entries())]
        app = self.office.app
        people = [self.person(entry, one), self.person(entry, other)]
        stale = [app.standing(entry)] * 2
        self.do(app.approve(entry.id, by=people[0]))
        read = app.standing
        app.standing = lambda row: stale.pop() if stale and row.path == entry.path else read(row)  # type: ignore[method-assign]
        find = app._find
        app._find = lambda id: [entry] if stale else find(id)  # type: ignore[method-assign]
        self.seen["at the same moment"] += 1
        self.do(app.approve(entry.id, by=people[1]))
        self.office.restart()

    @precondition(lambda self: self.entries())
    @rule(pick=st.integers(0, 9), by=who)
    def reject(self, pick: int, by: int) -> None:
        entry = self.entries()[pick % len(self.entries())]
        self.do(self.office.app.reject(entry.id, by=self.person(entry, by), reason="No."))

    @precondition(lambda self: self.entries())
    @rule(pick=st.integers(0, 9), by=who, n=st.sampled_from(NUMBERS), which=st.integers(0, 2))
    def edit(self, pick: int, by: int, n: int, which: int) -> None:
        entry = self.entries()[pick % len(self.entries())]
        number = which % len(entry.asked["proposals"]) + 1
        self.do(self.office.app.edit(entry.id, {"n": n}, by=self.person(entry, by), call=str(number)))

    @rule(minutes=st.sampled_from([1, 5, 30, 61, 121]), look=st.booleans())
    def time_passes(self, minutes: int, look: bool) -> None:
        self.office.clock.move_to(add_seconds(self.office.clock.now(), minutes * 60.0))
        if look:
            self.do(self.office.app.resume_due())

    @rule()
    def resume(self) -> None:
        self.do(self.office.app.resume_due())

    @rule(when=st.sampled_from(["", "before", "after"]))
    def crash(self, when: str) -> None:
        """Now, or at the next call of the tool."""
        self.tools.kill = when
        if not when:
            self.office.restart()

    # What must hold

    @invariant()
    def no_effect_without_a_live_right(self) -> None:
        journals = {run: self.office.events(run) for run in self.runs}
        for effect in self.tools.effects:
            assert effect.run in journals, "an effect of a run that nobody submitted"
            intents = [
                event
                for event in journals[effect.run]
                if isinstance(event, Intended) and (event.args, event.key) == (effect.args, effect.key)
            ]
            assert intents, "a tool was reached without an intent"
            assert effect.args["n"] != NEVER, "a denied digest reached the tool"
            check_right(journals[effect.run], intents[0])
        for events in journals.values():
            check_once(events)

    def teardown(self) -> None:
        self.tools.kill = ""
        for _ in range(12):
            self.office.clock.move_to(add_seconds(self.office.clock.now(), 3 * 3600.0))
            self.do(self.office.app.resume_due())
        self.no_effect_without_a_live_right()
        for run in self.runs:
            events = self.office.events(run)
            assert isinstance(events[-1], RunFinished), "a run hangs although every deadline has passed"
            self.seen.update(type(event).__name__ for event in events)
            self.seen.update(f"settled {event.action}" for event in events if isinstance(event, Answered))
        self.seen["effects"] += len(self.tools.effects)
        self.runner.close()
        self.office.journal.close()
        self.folder.cleanup()


def check_right(events: list[AnyEvent], intent: Intended) -> None:
    """Check, from the journal alone, that people who may have said yes in time to exactly this call."""
    start = events[0]
    assert isinstance(start, RunStarted)
    decided = [v for event in events if isinstance(event, Decided) for v in event.verdicts if v.digest == intent.digest]
    writers = {event.by for event in events if isinstance(event, Edited) and event.call == intent.path.split("~")[0]}
    assert any(verdict.verdict != "deny" for verdict in decided)
    given: list[tuple[str, str]] = []
    for path in intent.approvals:
        asked = next(event for event in events if isinstance(event, Asked) and event.path == path)
        settled = next(event for event in events if isinstance(event, Answered) and event.path == path)
        assert settled.action == "approve", f"the entry was settled {settled.action}"
        assert intent.digest in {verdict.digest for verdict in asked.proposals} - set(settled.rejected)
        dead = {event.digest for event in events if isinstance(event, Edited) and event.entry == path}
        assert intent.digest not in dead, "the right of a changed call was used"
        dues = dict(enumerate(asked.dues))
        roles = list(enumerate(asked.to))
        for event in events:
            if isinstance(event, Escalated) and event.entry == path:
                assert event.at >= (dues[event.place] or ""), "it moved on before its time"
                roles[event.place] = (event.place, event.role)
                dues[event.place] = event.due
            elif isinstance(event, Approved) and event.path.startswith(f"{path}@"):
                assert event.yes
                place = next(place for place, role in roles if place >= 0 and role == event.role)
                roles[place] = (-1, asked.to[place])
                assert event.by in ROLES[event.role].members, "a yes of somebody who does not have the role"
                assert dues.get(place) is None or event.at < str(dues[place]), "a yes after the deadline"
                given.append((asked.to[place], event.by))
        assert all(place == -1 for place, _ in roles), "a yes is missing"
    people = [by for _, by in given]
    assert len(people) == len(set(people)), "one person counted twice"
    assert start.by not in people, "who submitted the run said yes"
    assert not writers & set(people) or not decided[-1].edited_by, "who wrote the arguments said yes"
    assert set(needed(intent.args["n"])) <= {role for role, _ in given}, "a role that the rules ask is missing"


def check_once(events: list[AnyEvent]) -> None:
    """Each right is used by one call, and what was refused or late by none."""
    used: dict[tuple[str, str], str] = {}
    for event in events:
        if isinstance(event, Intended):
            for entry in event.approvals:
                call = event.path.split("~")[0]
                assert used.setdefault((entry, event.digest), call) == call, "a right was used twice"
    over = {e.path for e in events if isinstance(e, Answered) and e.action in ("reject", "late", "edit")}
    assert not over & {entry for entry, _ in used}


class OnDisk(Approvals):
    """The same over SQLite."""

    seen: ClassVar[Counter[str]] = Counter()

    def journal(self) -> Journal:
        return SqliteJournal(Path(self.folder.name) / "s.db")


MUST_HAPPEN = (
    "effects", "killed", "at the same moment", "Escalated", "Edited", "settled approve", "settled reject", "settled late",
    "settled edit", "refused FR3025", "refused FR3026", "refused FR3003",
)  # fmt: skip


def run(machine: type[Approvals], examples: int, steps: int, must: tuple[str, ...] = MUST_HAPPEN) -> None:
    """Run the machine; it must have come to all that it is about."""
    machine.seen.clear()
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    limits = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=quiet)
    run_state_machine_as_test(machine, settings=limits)
    print(f"{machine.__name__}: {dict(sorted(machine.seen.items()))}")
    missing = [name for name in must if not machine.seen[name]]
    assert not missing, f"the machine never came to {missing}"


def test_no_write_is_made_without_a_live_right() -> None:
    run(Approvals, 100, 40)


def test_no_write_is_made_without_a_live_right_on_disk() -> None:
    run(OnDisk, 15, 40, ("effects", "settled approve"))


@pytest.mark.long
def test_no_write_is_made_without_a_live_right_at_length() -> None:
    run(Approvals, 600, 50)
