"""An approval is a right: for exactly these arguments, once, from the right people, in time. On every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.app.result import listed
from flowrun.app.workspace import load_workspace
from flowrun.core.events import Escalated, Intended, Refused
from flowrun.errors import InputError
from flowrun.journal.projections import short_id
from flowrun.plan.model import ForEachStep, ParallelStep, RulePlan
from flowrun.ports.journal import Journal
from tests.property.plans import GOOD, lit
from tests.unit.app.office import PLAIN, Office, asks
from tests.unit.core.kit import FINAL, ask, call, person


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    store: Journal = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "s.db")
    yield store
    store.close()


@pytest.fixture
def office(tmp_path: Path, journal: Journal) -> Any:
    def open_office(steps: list[Any], *rules: RulePlan, **more: Any) -> Office:
        return Office(tmp_path, journal, steps, list(rules), **more)

    return open_office


def one(office: Office) -> str:
    """The id of the only open entry."""
    (entry,) = listed(office.journal.inbox())
    return str(entry["id"])


def refused(error: pytest.ExceptionInfo[InputError]) -> str | None:
    return error.value.code


async def test_a_yes_of_the_role_runs_the_call_once(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead"))
    await desk.submit()
    id = one(desk)
    for by, code in (("tom", "FR3025"), ("", "FR3025"), ("customer", "FR3025")):
        with pytest.raises(InputError) as error:
            await desk.app.approve(id, by=by)
        assert refused(error) == code
    result = await desk.app.approve(id, by="eva")
    assert (result.outcome, desk.tools.made) == ("completed", [{"n": 2}])
    with pytest.raises(InputError) as error:
        await desk.app.approve(id, by="lou")
    assert refused(error) == "FR3003" and desk.tools.made == [{"n": 2}]


async def test_who_submitted_cannot_approve(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead"))
    await desk.submit(by="eva")
    with pytest.raises(InputError) as error:
        await desk.app.approve(one(desk), by="eva")
    assert refused(error) == "FR3026" and desk.tools.made == []


async def test_a_list_needs_different_people(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead", "both"))
    await desk.submit()
    await desk.app.approve(one(desk), by="eva", role="both")
    with pytest.raises(InputError) as error:
        await desk.app.approve(one(desk), by="eva", role="lead")
    assert refused(error) == "FR3026"
    result = await desk.app.approve(one(desk), by="lou")
    assert (result.outcome, desk.tools.made) == ("completed", [{"n": 2}])


async def test_a_late_role_hands_on_and_is_then_too_late_itself(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2, on_error="continue"), FINAL], asks("lead"))
    run = await desk.submit()
    assert desk.journal.due(desk.clock.now()) == []
    desk.clock.move_to("2026-03-02T10:00:00Z")
    assert [result.outcome for result in (await desk.app.resume_due())[0]] == ["waiting"]
    (entry,) = desk.journal.inbox()
    assert (entry.to, entry.due) == (["finance"], "2026-03-02T12:00:00.000000Z")
    assert [type(e) for e in desk.events(run)].count(Escalated) == 1
    with pytest.raises(InputError) as error:
        await desk.app.approve(entry.id, by="eva")
    assert refused(error) == "FR3025"
    desk.restart()
    result = await desk.app.approve(entry.id, by="tom")
    assert (result.outcome, desk.tools.made) == ("completed", [{"n": 2}])


async def test_a_yes_after_the_deadline_meets_the_next_role(office: Any) -> None:
    """Nobody looked at the clock in between: the answer itself does."""
    desk = office([call("c", PLAIN, n=2, on_error="continue"), FINAL], asks("lead"))
    await desk.submit()
    id = one(desk)
    desk.clock.move_to("2026-03-02T10:00:00Z")
    with pytest.raises(InputError) as error:
        await desk.app.approve(id, by="eva")
    assert refused(error) == "FR3025"
    desk.clock.move_to("2026-03-02T12:00:00Z")
    with pytest.raises(InputError) as error:
        await desk.app.approve(id, by="tom")
    assert refused(error) == "FR3027" and desk.tools.made == []
    assert desk.journal.runs()[0].outcome == "completed_with_gaps"


async def test_a_role_that_is_asked_twice_needs_two_people(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead", "finance"))
    await desk.submit()
    desk.clock.move_to("2026-03-02T10:00:00Z")
    await desk.app.resume_due()
    id = one(desk)
    await desk.app.approve(id, by="tom")
    with pytest.raises(InputError) as error:
        await desk.app.approve(id, by="tom")
    assert refused(error) == "FR3026" and desk.tools.made == []
    result = await desk.app.approve(id, by="fay")
    assert (result.outcome, desk.tools.made) == ("completed", [{"n": 2}])


async def test_a_question_and_a_hand_off_move_on_too(office: Any) -> None:
    desk = office([person(on_error="continue"), FINAL])
    await desk.submit()
    desk.clock.move_to("2026-03-02T10:00:00Z")
    await desk.app.resume_due()
    result = await desk.app.answer(one(desk), {"kind": "a", "score": 1}, by="tom")
    assert result.outcome == "completed"


async def test_a_changed_call_is_decided_again(office: Any) -> None:
    desk = office([ask("a", PLAIN), FINAL], asks("lead"), calls=[(PLAIN, {"n": 2}), (PLAIN, {"n": 3})])
    run = await desk.submit()
    id = one(desk)
    await desk.app.edit(id, {"n": 1}, by="eva", call="1")
    assert desk.tools.made == [{"n": 1}]  # needs nobody any more
    await desk.app.edit(id, {"n": 7}, by="eva")
    assert one(desk) != id
    with pytest.raises(InputError) as error:
        await desk.app.approve(one(desk), by="eva")
    assert refused(error) == "FR3026"
    with pytest.raises(InputError) as error:
        await desk.app.approve(id, by="lou")
    assert refused(error) == "FR3003"
    desk.restart()
    result = await desk.app.approve(one(desk), by="lou")
    assert (result.outcome, desk.tools.made) == ("completed", [{"n": 1}, {"n": 7}])
    assert [told["changed_by_a_person"] for told in desk.model.told] == [{"n": 1}, {"n": 7}]
    assert [e.args for e in desk.events(run) if isinstance(e, Intended)] == [{"n": 1}, {"n": 7}]


@pytest.mark.parametrize(
    ("data", "call", "code"),
    [
        ({"n": 5}, None, "FR3062"),
        ({"n": 5}, "3", "FR3062"),
        ({"n": 5}, PLAIN, "FR3062"),
        ({"n": "many"}, "1", "FR3064"),
        ({"x": 1}, "1", "FR3064"),
        (["n"], "1", "FR3064"),
        ({"who": "C2"}, "1", "FR3063"),
        ({"n": 2}, "1", "FR3065"),
        ({"who": "C1"}, "1", "FR3065"),
    ],
)
async def test_what_cannot_be_changed_is_told_before_anything_is_stored(
    office: Any, data: Any, call: str | None, code: str
) -> None:
    bind = RulePlan(id=PLAIN, source="flow", tools=[PLAIN], bind={"who": lit("C1")})
    desk = office([ask("a", PLAIN), FINAL], asks("lead"), bind, calls=[(PLAIN, {"n": 2}), (PLAIN, {"n": 3})])
    run = await desk.submit()
    before = desk.events(run)
    with pytest.raises(InputError) as error:
        await desk.app.edit(one(desk), data, by="eva", call=call)
    assert refused(error) == code and desk.events(run) == before


async def test_only_people_of_the_entry_change_a_call(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead"))
    await desk.submit()
    for by in ("tom", "", "customer"):
        with pytest.raises(InputError) as error:
            await desk.app.edit(one(desk), {"n": 1}, by=by)
        assert refused(error) == "FR3025"


async def test_a_yes_to_what_was_shown_does_not_count_for_something_else(office: Any) -> None:
    desk = office([ask("a", PLAIN), FINAL], asks("lead"), calls=[(PLAIN, {"n": 2}), (PLAIN, {"n": 3})])
    await desk.submit()
    (shown,) = listed(desk.journal.inbox())
    await desk.app.edit(shown["id"], {"n": 9}, by="lou", call="1")
    with pytest.raises(InputError) as error:
        await desk.app.approve(shown["id"], by="eva", seen=shown["seen"])
    assert refused(error) == "FR3061" and desk.tools.made == []


def loop(count: int, at_once: int = 8) -> list[Any]:
    step = call("line", PLAIN, n=2)
    step = type(step)(id="line", tool=PLAIN, with_=["dict", [["n", ["name", "item"]]]], on_error="continue")
    return [ForEachStep(id="each", items=lit(list(range(2, 2 + count))), steps=[step], at_once=at_once), FINAL]


async def test_the_items_of_a_for_each_are_one_entry_and_a_right_each(office: Any) -> None:
    desk = office(loop(3), asks("lead"))
    run = await desk.submit()
    (shown,) = listed(desk.journal.inbox())
    assert len(shown["proposal"]) == 3 and len(shown["entries"]) == 3
    await desk.app.reject(shown["entries"][1], by="eva", reason="Not that one.")  # an item alone
    (shown,) = listed(desk.journal.inbox())
    result = await desk.app.approve(shown["id"], by="eva", seen=shown["seen"])
    assert result.outcome == "completed_with_gaps"
    assert sorted(args["n"] for args in desk.tools.made) == [2, 4]
    rights = [e.approvals for e in desk.events(run) if isinstance(e, Intended)]
    assert len(rights) == 2 and rights[0] != rights[1]


async def test_items_that_come_later_join_the_entry_and_are_not_part_of_an_earlier_look(office: Any) -> None:
    desk = office(loop(3, at_once=2), asks("lead"))
    await desk.submit()
    (first,) = listed(desk.journal.inbox())
    assert len(first["proposal"]) == 2
    await desk.app.approve(first["entries"][0], by="eva")
    (second,) = listed(desk.journal.inbox())
    assert second["id"] == first["id"] and len(second["proposal"]) == 2
    with pytest.raises(InputError) as error:
        await desk.app.approve(first["id"], by="eva", seen=first["seen"])
    assert refused(error) == "FR3061"
    result = await desk.app.reject(first["id"][:5], by="lou", reason="No.")
    assert result.outcome == "completed_with_gaps" and [args["n"] for args in desk.tools.made] == [2]


async def test_the_last_two_yeses_at_the_same_moment_settle_the_entry(office: Any) -> None:
    """Each of them was given before the other was known."""
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead", "finance"))
    await desk.submit()
    id = one(desk)
    standing = desk.app.standing
    desk.app.standing = lambda entry: first
    (entry,) = desk.journal.inbox()
    first = standing(entry)
    await desk.app.approve(id, by="eva", role="lead", run_on=False)
    yes = desk.app.approve(id, by="tom", role="finance")
    stale = iter([first, first])
    desk.app.standing = lambda entry: next(stale, None) or standing(entry)
    result = await yes
    assert (result.outcome, desk.tools.made) == ("completed", [{"n": 2}])


async def test_an_entry_that_nobody_needs_any_more_leaves_the_inbox(office: Any) -> None:
    """One branch asks somebody, another is refused: the run goes on without both, and asks nobody for nothing."""
    branches = {"z": [person("asked")], "a": [call("m", PLAIN)]}
    never = RulePlan(id="never", source="p@1", tools=[PLAIN], only_when=lit(False))
    desk = office([ParallelStep(id="b", branches=branches, on_error="continue"), person("later"), FINAL], never)
    await desk.submit()
    (entry,) = desk.journal.inbox()
    assert entry.path == "later"
    with pytest.raises(InputError) as error:
        await desk.app.answer(short_id(entry.run, "b/z/asked"), GOOD, by="eva")
    assert refused(error) == "FR3003" and "no longer" in str(error.value)


async def test_a_yes_of_somebody_who_has_left_the_role_since_does_not_count(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead", "finance"))
    run = await desk.submit()
    id = one(desk)
    await desk.app.approve(id, by="eva")
    desk.file.write_text(desk.file.read_text().replace("lead: {members: [eva, lou]", "lead: {members: [lou]"))
    result = await desk.app.approve(id, by="tom")
    assert (result.outcome, desk.tools.made) == ("failed", [])
    assert "eva said yes as lead, and is no longer in that role" in result.reason
    assert [e.rule for e in desk.events(run) if isinstance(e, Refused)] == ["roles"]


async def test_who_has_left_the_role_can_say_no_and_not_yes(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2, on_error="continue"), FINAL], asks("lead"))
    await desk.submit()
    desk.file.write_text(desk.file.read_text().replace("lead: {members: [eva, lou]", "lead: {members: [lou]"))
    desk.ws = load_workspace(desk.file, "sqlite:///unused.db")
    desk.restart()
    with pytest.raises(InputError, match="no longer in the role lead") as error:
        await desk.app.approve(one(desk), by="eva")
    assert refused(error) == "FR3025"
    await desk.app.reject(one(desk), by="eva", reason="No.")
    assert desk.tools.made == [] and desk.journal.inbox() == []


async def test_an_entry_with_every_yes_says_that_it_is_settled(office: Any) -> None:
    """Between the last yes and what settles the entry, somebody else may look at it."""
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead"))
    await desk.submit()
    (entry,) = desk.journal.inbox()
    await desk.app.approve(entry.id, by="eva", run_on=False)
    with pytest.raises(InputError, match="settled already") as error:
        desk.app.role_for(entry, "lou", None)
    assert refused(error) == "FR3022"


async def test_who_may_not_is_told_without_a_double_no(office: Any) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead"))
    run = await desk.submit()
    with pytest.raises(InputError, match=r"^Only who has the role .* may do this"):
        desk.app.require_owner(run, "")
    with pytest.raises(InputError, match=r"^zoe may not do this: only who has the role"):
        desk.app.require_owner(run, "zoe")
