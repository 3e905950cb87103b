"""A wall clock that is set back by an hour, inside a run and between processes: times never go back, limits only tighten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.owners import this_process
from flowrun.adapters.journals.sqlite import LEASE_SECONDS, SqliteJournal
from flowrun.app.runs import App, open_app
from flowrun.app.workspace import load_workspace
from flowrun.core.events import Decided
from flowrun.runtimes.breaker import Breakers
from flowrun.runtimes.rate import Rates
from flowrun.testing.fakes import FakeClock
from tests.contracts.journal_kit import put, returned, started
from tests.faults.place import FLOW, Place

HOUR = 3600.0
START = "2026-03-02T09:00:00.000000Z"


class Wall(FakeClock):
    """A clock whose wall time can be set back; its monotonic time goes on."""

    def __init__(self, start: str = START) -> None:
        super().__init__(start)
        self._lost = 0.0

    def set_back(self, seconds: float) -> None:
        """Set the wall clock back."""
        self._moment -= timedelta(seconds=seconds)
        self._lost += seconds

    def monotonic(self) -> float:
        """Return the seconds since the test began, whatever was done to the wall clock."""
        return super().monotonic() + self._lost


@contextmanager
def process(place: Place, clock: Wall) -> Iterator[App]:
    """Open the use cases as a process of its own would, with this clock."""
    with open_app(load_workspace(place.folder, f"sqlite:///{place.folder}/runs.db")) as app:
        app.clock = app.dispatch.clock = clock  # type: ignore[assignment]
        app.dispatch.drain._clock = clock
        app.dispatch._breakers, app.dispatch._rates = Breakers(clock), Rates(clock)
        yield app


def times(app: App, run: str) -> list[str]:
    return [stored.event.at for stored in app.journal.events(run)]


INPUT = {"id": "i-1", "who": "ana"}


async def test_inside_a_run_no_event_is_before_the_one_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Wall()
    with process(Place(tmp_path / "w"), clock) as app:
        call = app.dispatch.call_tool

        async def and_back(*args: Any, **more: Any) -> Any:
            event = await call(*args, **more)
            clock.set_back(HOUR)
            return event

        monkeypatch.setattr(app.dispatch, "call_tool", and_back)
        result = await app.submit("pay", INPUT)
        at = times(app, result.run)
        decided = [s.event for s in app.journal.events(result.run) if isinstance(s.event, Decided)]
    assert result.outcome == "completed" and clock.now() < START
    assert at == sorted(at) and at[0] >= START
    assert all(event.at >= START for event in decided)
    assert result.usage.seconds >= 0


async def test_a_run_of_another_process_goes_on_in_order_and_its_deadline_is_kept(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", flow=FLOW.replace("steps:\n", "steps:\n  - {id: pause, wait_for: 30m}\n"))
    clock = Wall()
    with process(place, clock) as app:
        run = (await app.submit("pay", INPUT)).run
    clock.set_back(HOUR)
    with process(place, clock) as app:
        assert await app.resume_due() == ([], [])  # too early is worse than late
        assert app.result(run).outcome == "waiting"
        await clock.sleep(1.5 * HOUR)
        (result,), _ = await app.resume_due()
        at = times(app, run)
    assert result.outcome == "completed" and at == sorted(at)


async def test_a_window_counts_what_was_done_in_the_time_that_is_lived_twice(tmp_path: Path) -> None:
    limit = "bank.pay: {at_most: {limit: 1, per: args.who, window: 1h}, reason: Once an hour.}"
    place = Place(tmp_path / "w", flow=FLOW.replace("bank.pay: {}", limit))
    clock = Wall()
    with process(place, clock) as app:
        assert (await app.submit("pay", INPUT)).outcome == "completed"
    clock.set_back(HOUR)
    with process(place, clock) as app:
        result = await app.submit("pay", {"id": "i-2", "who": "ana"})
        assert (result.outcome, place.effects()["pay"]) == ("failed", 1) and "Once an hour." in result.reason
        await clock.sleep(2 * HOUR + 60)
        assert (await app.submit("pay", {"id": "i-3", "who": "ana"})).outcome == "completed"


def test_leases_outlive_a_clock_that_is_set_back_and_a_dead_owner_does_not(tmp_path: Path) -> None:
    wall = 1_000_000.0
    here = SqliteJournal(tmp_path / "s.db", wall=lambda: wall)
    alive = here.open_run(started("01run", key="a"), owner=this_process()).claim
    elsewhere = here.open_run(started("02run", key="b"), owner="other-host:boot:1:1").claim
    host, _, pid, start = this_process().rsplit(":", 3)
    gone = here.open_run(started("03run", key="c"), owner=f"{host}:earlier-boot:{pid}:{start}").claim
    assert alive is not None and elsewhere is not None and gone is not None
    wall -= HOUR
    assert here.claim("01run", owner="me") is None
    assert here.claim("02run", owner="me") is None
    assert here.claim("03run", owner="me") is not None
    assert put(here, gone, returned("a")).refused == "claim"
    here.renew([alive])  # from now on the lease is one of the new time
    wall += LEASE_SECONDS + 1
    assert here.claim("01run", owner="me") is not None
    assert here.claim("02run", owner="me") is None
    wall += HOUR
    assert here.claim("02run", owner="me") is not None
    here.close()


async def test_breakers_and_rates_do_not_look_at_the_wall(tmp_path: Path) -> None:
    clock = Wall()
    rates, breakers = Rates(clock), Breakers(clock, failures=1, seconds=30)
    assert rates.turn("t", "1/m", 100) == (0.0, True)
    breakers.leave("t", True)
    clock.set_back(HOUR)
    await clock.sleep(30)
    assert breakers.enter("t") is None
    assert rates.turn("t", "1/m", 100) == (30.0, True)
