"""A tool that keeps failing is left alone for a while, a tool with a rate is never called more often, and nobody but the
core repeats anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.app.runs import App, open_app
from flowrun.app.workspace import load_workspace
from flowrun.runtimes.breaker import FAILURES, OPEN_SECONDS, TRIAL_SECONDS, Breakers
from flowrun.runtimes.rate import Rates, parse_rate
from flowrun.testing.fakes import FakeClock
from tests.contracts.models_server import Server, completion, error
from tests.faults.place import CONFIG, FLOW, TOOLS, Place

START = "2026-03-02T09:00:00Z"
LATE = 'from flowrun import NotDone\nraise NotDone("later", retryable=True)'


def failed(breakers: Breakers, times: int) -> None:
    for _ in range(times):
        assert breakers.enter("t") is None
        breakers.leave("t", True)


async def test_after_some_failures_in_a_row_it_opens_and_one_call_tries_again() -> None:
    clock = FakeClock(START)
    breakers = Breakers(clock)
    failed(breakers, FAILURES)
    assert breakers.enter("t") == OPEN_SECONDS and breakers.enter("other") is None
    await clock.sleep(OPEN_SECONDS)
    assert breakers.enter("t") is None  # the trial
    assert breakers.enter("t") == TRIAL_SECONDS  # one at a time
    breakers.leave("t", True)
    assert breakers.enter("t") == OPEN_SECONDS  # one failure is enough now
    await clock.sleep(OPEN_SECONDS)
    assert breakers.enter("t") is None
    breakers.leave("t", False)
    failed(breakers, FAILURES - 1)
    assert breakers.enter("t") is None


async def test_an_answer_in_between_keeps_it_closed_and_a_trial_that_reached_nobody_counts_not() -> None:
    clock = FakeClock(START)
    breakers = Breakers(clock)
    failed(breakers, FAILURES - 1)
    breakers.leave("t", False)
    failed(breakers, FAILURES - 1)
    assert breakers.enter("t") is None
    breakers.leave("t", True)
    await clock.sleep(OPEN_SECONDS)
    assert breakers.enter("t") is None
    breakers.leave("t", None)
    assert breakers.enter("t") is None


@given(st.integers(1, 5), st.sampled_from("sm"), st.lists(st.floats(0, 30), max_size=40))
def test_in_no_window_are_there_more_calls_than_the_rate_says(count: int, unit: str, gaps: list[float]) -> None:
    clock = FakeClock(START)
    rates = Rates(clock)
    _, window = parse_rate(f"{count}/{unit}")
    made: list[float] = []

    async def all_calls() -> None:
        for gap in gaps:
            await clock.sleep(gap)
            wait, taken = rates.turn("t", f"{count}/{unit}", 50.0)
            assert (wait < 50.0) is taken
            if taken:
                made.append(round(clock.monotonic() + wait, 6))  # sums of floats differ in their last bits

    asyncio.run(all_calls())
    assert made == sorted(made)  # in the order of asking
    for first, later in zip(made, made[count:], strict=False):
        assert later - first >= window - 1e-5


def app_of(place: Place) -> Any:
    return open_app(load_workspace(place.folder))


def on(app: App, clock: FakeClock) -> App:
    """Have an app live in the time of a test."""
    app.clock = app.dispatch.clock = clock  # type: ignore[assignment]
    app.dispatch.drain._clock = clock
    app.dispatch._breakers = Breakers(clock)
    app.dispatch._rates = Rates(clock)
    return app


async def test_calls_wait_their_turn_and_what_comes_too_late_fails(tmp_path: Path) -> None:
    place = Place(tmp_path / "w")
    actions = (
        "balance: {effect: read, rate: 2/m, within: 50s}",
        "pay: {once: {argument: key}}",
        "thank: {once: {argument: key}}",
    )
    (place.folder / "bank.tools.yaml").write_text(TOOLS + "actions:\n" + "".join(f"  {line}\n" for line in actions))
    with app_of(place) as app:
        clock = FakeClock(START)
        on(app, clock)
        starts = []
        for number in range(3):
            result = await app.submit("pay", {"id": f"i-{number}", "who": "ana"})
            assert result.outcome == "completed"
            starts.append(clock.monotonic())
        assert starts[1] < 1 and starts[2] >= 60  # the third had no turn in its 50 seconds, and was tried again
        faults = [e.event.fault.code for e in app.journal.events(result.run) if hasattr(e.event, "fault")]
        assert faults == ["FR4017"]
    assert place.asked()["balance"] == 3


async def test_an_open_breaker_spares_the_tool_and_says_when_to_come_back(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", balance=LATE)
    with app_of(place) as app:
        on(app, FakeClock(START))
        first = await app.submit("pay", {"id": "i-1", "who": "ana"})
        second = await app.submit("pay", {"id": "i-2", "who": "ana"})
        assert (first.outcome, second.outcome) == ("failed", "failed")
        faults = [e.event.fault for e in app.journal.events(second.run) if e.event.__class__.__name__ == "CallFailed"]
    assert [fault.code for fault in faults] == ["FR4002", "FR4018", "FR4002", "FR4018"]
    assert faults[1].retryable and 0 < faults[1].retry_after <= OPEN_SECONDS
    assert place.asked()["balance"] == 6  # 4 attempts, 1, and the one trial after the time


async def test_an_open_breaker_leaves_a_write_undone_and_not_in_doubt(tmp_path: Path) -> None:
    place = Place(tmp_path / "w")
    with app_of(place) as app:
        on(app, FakeClock(START))
        for _ in range(FAILURES):
            app.dispatch._breakers.leave("bank.pay", True)
        result = await app.submit("pay", {"id": "i-1", "who": "ana"})
        kinds = [e.event.__class__.__name__ for e in app.journal.events(result.run)]
    assert result.outcome == "completed" and "CallFailed" in kinds and "Doubted" not in kinds
    assert place.effects() == {"pay": 1, "thank": 1}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def asks(place: Path, server: Server, *, more: str = "") -> Place:
    flow = FLOW.replace("  - {id: first", '  - {id: say, ask: "Say hello."}\n  - {id: first')
    model = f"provider: compatible, model: m, base_url: {server.url}, price: {{input: 0 USD, output: 0 USD}}"
    return Place(place, flow=flow, config=f"{CONFIG}models: {{m: {{{model}}}{more}}}\n")


@pytest.mark.loopback
@pytest.mark.parametrize("status", [429, 500, 503])
async def test_only_the_core_repeats_a_model_call(
    tmp_path: Path, server: Server, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOWRUN_NO_MODELS")
    server.replies += [error(status)] * 20
    with app_of(asks(tmp_path / "w", server)) as app:
        on(app, FakeClock(START))
        result = await app.submit("pay", {"id": "i-1", "who": "ana"})
        events = [e.event.__class__.__name__ for e in app.journal.events(result.run)]
        await app.aclose()
    assert result.outcome == "failed"
    assert len(server.requests) == events.count("ModelStarted") == 3


@pytest.mark.loopback
async def test_a_model_that_keeps_failing_is_left_alone_and_the_next_one_is_asked(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOWRUN_NO_MODELS")
    place = asks(tmp_path / "w", server)
    text = (place.folder / "flowrun.yaml").read_text()
    one = text[text.index("{m: {") + 4 : text.rindex("}}") + 1]
    (place.folder / "flowrun.yaml").write_text(
        text.replace(f"{{m: {one}", f"{{m: {one}, n: {one.replace('model: m', 'model: n')}")
    )
    flow = place.folder / "flows" / "pay.flow.yaml"
    flow.write_text(flow.read_text().replace('"Say hello."', '"Say hello.", model: [m, n]'))
    with app_of(place) as app:
        on(app, FakeClock(START))
        for _ in range(FAILURES):
            app.dispatch._breakers.leave("model m", True)
        server.replies += [completion("Hello.")]
        result = await app.submit("pay", {"id": "i-1", "who": "ana"})
        await app.aclose()
    assert result.outcome == "completed"
    assert [json.dumps(r["model"]) for r in server.requests] == ['"n"']
