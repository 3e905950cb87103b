"""Shadow runs touch nothing, supervised runs ask before each write, and nobody runs further than the workspace allows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.app.look import timeline
from flowrun.core.events import Asked, Decided, Intended, Refused, Returned
from flowrun.errors import ConfigError, InputError
from flowrun.plan.model import CallStep, LimitPlan, RulePlan
from flowrun.ports.journal import Journal
from tests.property.plans import lit, make_flow
from tests.unit.app.office import PLAIN, WORKSPACE, Office, asks
from tests.unit.core.kit import FINAL, ask, call


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


ONCE = RulePlan(id="once", source="p@1", tools=[PLAIN], reason="Once.", at_most=[LimitPlan(limit=1, window="ever")])


async def test_a_shadow_run_reads_and_only_shows_what_it_would_write(office: Any, journal: Journal) -> None:
    desk = office([call("r"), call("c", PLAIN, n=2), FINAL], asks("lead"), ONCE)
    for number in range(3):  # the same window is never full, for nothing takes room in it
        result = await desk.app.submit_compiled(desk.compiled, {}, mode="shadow", by="sam")
        assert (result.outcome, result.mode) == ("completed", "shadow")
        assert (desk.tools.made, desk.tools.read) == ([], number + 1)
        assert (result.usage.writes, result.usage.tool_calls) == (0, 1)
    events = desk.events(result.run)
    assert not [e for e in events if isinstance(e, Intended | Asked)]
    (made,) = [e for e in events if isinstance(e, Returned) and e.simulated]
    assert made.output == {"id": "simulated"}
    assert [v.verdict for e in events if isinstance(e, Decided) for v in e.verdicts] == ["allow", "ask"]
    told = [moment.title for moment in timeline(events)]
    assert "Would have asked lead: desk.plain (n: 2)" in told
    assert "desk.plain would have done it (simulated: nothing was written)" in told
    assert (await desk.app.submit_compiled(desk.compiled, {}, by="sam")).outcome == "waiting"


async def test_a_denial_holds_in_a_shadow_run_too(office: Any) -> None:
    denies = RulePlan(id="never", source="p@1", tools=[PLAIN], reason="Never.", deny_when=lit(True))
    desk = office([call("c", PLAIN, n=2), FINAL], denies)
    result = await desk.app.submit_compiled(desk.compiled, {}, mode="shadow")
    assert result.outcome == "failed" and "Never." in result.reason


async def test_a_shadow_run_and_a_real_one_share_neither_key_nor_records(office: Any, journal: Journal) -> None:
    desk = office([call("c", PLAIN, n=1), FINAL])
    shadow = await desk.app.submit_compiled(desk.compiled, {}, mode="shadow", key="k")
    live = await desk.app.submit_compiled(desk.compiled, {}, key="k")
    again = await desk.app.submit_compiled(desk.compiled, {}, mode="shadow", key="k")
    supervised = await desk.app.submit_compiled(desk.compiled, {}, mode="supervised", key="k")
    assert live.duplicate_of is None and again.duplicate_of == shadow.run
    assert supervised.duplicate_of == live.run  # both act: the same case is not done twice
    assert [(r.run, r.mode) for r in journal.records()] == [(live.run, "live")]
    assert [(r.run, r.mode) for r in journal.records(shadow=True)] == [(shadow.run, "shadow")]
    assert {row.run: row.mode for row in journal.runs()} == {shadow.run: "shadow", live.run: "live"}
    assert desk.tools.made == [{"n": 1}]


async def test_a_supervised_run_asks_before_each_write_in_addition_to_its_rules(office: Any) -> None:
    desk = office([call("r"), call("c", PLAIN, n=1), call("d", PLAIN, n=2), FINAL], asks("finance"))
    run = (await desk.app.submit_compiled(desk.compiled, {}, mode="supervised", by="sam")).run
    (entry,) = desk.journal.inbox()
    assert (entry.to, desk.tools.read, desk.tools.made) == (["lead"], 1, [])
    await desk.app.approve(entry.id, by="eva")
    (entry,) = desk.journal.inbox()
    assert (entry.to, desk.tools.made) == (["finance", "lead"], [{"n": 1}])
    desk.restart()
    await desk.app.approve(entry.id, by="tom")
    assert desk.tools.made == [{"n": 1}]
    result = await desk.app.approve(entry.id, by="eva")
    assert (result.outcome, result.run, desk.tools.made) == ("completed", run, [{"n": 1}, {"n": 2}])


async def test_a_sub_flow_and_a_models_proposals_inherit_the_mode(office: Any) -> None:
    sub = {"sub@1": make_flow("sub", [call("c", PLAIN, n=1), FINAL])}
    step = CallStep(id="f", tool="flows.sub", flow="sub@1", with_=["dict", []])
    desk = office([step, ask("a", PLAIN), FINAL], flows=sub, calls=[(PLAIN, {"n": 3})])
    result = await desk.app.submit_compiled(desk.compiled, {}, mode="shadow")
    assert (result.outcome, desk.tools.made) == ("completed", [])
    assert desk.model.told == [{"id": "simulated"}]


@pytest.mark.parametrize(
    ("allowed", "wanted", "got"),
    [
        ("", None, "live"),
        ("modes: {main: supervised}", None, "supervised"),
        ("modes: {main: supervised}", "shadow", "shadow"),
        ("modes: {main: supervised}", "live", "FR3066"),
        ("modes: {sub: shadow}", None, "shadow"),
        ("modes: {sub: shadow}", "supervised", "FR3066"),
        ("modes: {mian: shadow}", None, "FR2012"),
        ("", "dry", "FR3066"),
    ],
)
async def test_the_workspace_says_how_far_a_flow_may_go(
    office: Any, allowed: str, wanted: str | None, got: str
) -> None:
    sub = {"sub@1": make_flow("sub", [FINAL])}
    desk = office([FINAL], flows=sub, config=f"{allowed}\n")
    try:
        result = await desk.app.submit_compiled(desk.compiled, {}, mode=wanted)
    except (InputError, ConfigError) as error:
        assert error.code == got
    else:
        assert result.mode == got


async def test_a_finished_run_says_that_nothing_can_be_cancelled_or_raised(office: Any) -> None:
    desk = office([FINAL])
    run = await desk.submit()
    for say in (desk.app.cancel(run, by="eva"), desk.app.resume(run, raised={"writes": 3.0}, by="eva")):
        with pytest.raises(InputError) as error:
            await say
        assert error.value.code == "FR3023" and "completed" in error.value.message
    assert (await desk.app.resume(run, by="eva")).outcome == "completed"


@pytest.mark.parametrize(("mode", "ceiling"), [("live", "shadow"), ("live", "supervised"), ("supervised", "shadow")])
async def test_a_mode_that_was_lowered_meanwhile_stops_the_next_write(
    office: Any, journal: Journal, mode: str, ceiling: str
) -> None:
    desk = office([call("c", PLAIN, n=2), FINAL], asks("lead"))
    run = await desk.submit(mode=mode)
    desk.file.write_text(WORKSPACE + f"modes: {{main: {ceiling}}}\n")
    (entry,) = journal.inbox()
    result = await desk.app.approve(entry.id, by="eva")
    assert (result.outcome, desk.tools.made) == ("failed", [])
    assert f"main may run {ceiling} at most now" in result.reason
    (refusal,) = [e for e in desk.events(run) if isinstance(e, Refused)]
    assert refusal.rule == "modes" and not [e for e in desk.events(run) if isinstance(e, Intended)]


async def test_a_mode_that_still_allows_the_run_stops_nothing(office: Any, journal: Journal) -> None:
    desk = office([call("r"), call("c", PLAIN, n=2), FINAL], asks("lead"))
    await desk.submit(mode="supervised")
    desk.file.write_text(WORKSPACE + "modes: {main: supervised}\n")
    (entry,) = journal.inbox()
    assert (await desk.app.approve(entry.id, by="eva")).outcome == "completed"
    assert desk.tools.made == [{"n": 2}]
