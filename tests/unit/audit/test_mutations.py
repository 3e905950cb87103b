"""Every change of one event in a trail of 200 is found: by the chains, or, where these are made anew, by the signed head.

The trail is real: refunds that are paid, asked for, rejected and denied, run through the app.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowrun.app.audit import read_known_head, verify_store
from tests.unit.audit.mutations import PLAIN, REMADE, Mutation
from tests.unit.audit.trail_kit import EVENTS, RUNS, copy_store, edited, make_trail, opened, run_one

KEY = "flowrun.db.signing.pem"


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_trail(tmp_path_factory.mktemp("trail"))


def changed(trail: Path, place: Path, mutation: Mutation, pos: int) -> Path | None:
    """Return a store with one change, or None where there is nothing to do to this event."""
    file = place / "flowrun.db"
    shutil.copy(trail, file)
    with edited(file) as db:
        db.execute("BEGIN")
        if not mutation(db, pos):
            return None
        db.execute("COMMIT")
    return file


def test_the_trail_is_real_and_whole(trail: Path) -> None:
    report = verify_store(trail)
    assert (report.ok, report.events, report.signed, report.problems) == (True, EVENTS, EVENTS, [])
    assert (report.runs, report.heads, report.trusted) == (RUNS, 1, "beside")


def every(trail: Path, place: Path, mutation: Mutation, positions: range) -> int:
    """Do a change to each event in turn, require that it is found, and return how many there were."""
    copy_store(trail, place)
    done = 0
    for pos in positions:
        file = changed(trail, place, mutation, pos)
        if file is not None:
            done += 1
            assert not verify_store(file).ok, f"event {pos}"
    return done


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAIN)
def test_every_change_of_every_event_is_found(name: str, trail: Path, tmp_path: Path) -> None:
    # The last event of a run has none after it to be swapped with; the last of the store, no position after it.
    spared = RUNS if name.startswith("swap") and "in the run" in name else 1
    assert every(trail, tmp_path, PLAIN[name], range(1, EVENTS + 1)) >= EVENTS - spared


@pytest.mark.slow
@pytest.mark.parametrize("name", REMADE)
def test_every_change_with_all_chains_made_anew_is_found(name: str, trail: Path, tmp_path: Path) -> None:
    assert every(trail, tmp_path, REMADE[name], range(1, EVENTS + 1)) >= EVENTS - RUNS


@pytest.mark.parametrize("name", PLAIN)
def test_a_change_is_found(name: str, trail: Path, tmp_path: Path) -> None:
    """The fast part of the exhaustive tests above: some events of each kind."""
    assert every(trail, tmp_path, PLAIN[name], range(1, EVENTS, 23)) >= 6


@pytest.mark.parametrize("name", REMADE)
def test_a_change_with_all_chains_made_anew_is_found_by_the_signed_head(name: str, trail: Path, tmp_path: Path) -> None:
    copy_store(trail, tmp_path)
    for pos in range(1, EVENTS, 23):
        file = changed(trail, tmp_path, REMADE[name], pos)
        if file is not None and name != "replay":
            found = verify_store(file, tables=False).problems
            assert {problem.kind for problem in found} & {"head", "cut"}, f"{name} of event {pos}: {found}"
        elif file is not None:
            # It is added after what the head covers; but a run that has ended holds no further event.
            assert any(
                "had ended" in found.problem or "has had" in found.problem for found in verify_store(file).problems
            )


def test_the_chains_made_anew_do_hold_by_themselves(trail: Path, tmp_path: Path) -> None:
    """The attacker of the test above is no straw man: without the head, nothing would be seen."""
    copy_store(trail, tmp_path)
    (tmp_path / KEY).unlink()
    for name in ("reword", "delete", "cut the store"):
        file = changed(trail, tmp_path, REMADE[name], 100)
        assert file is not None
        with edited(file) as db:
            db.execute("DELETE FROM heads")
        assert verify_store(file, tables=False).problems == [], name


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from([*PLAIN.values(), *REMADE.values()]), st.integers(1, EVENTS)), min_size=2, max_size=4
    )
)
def test_several_changes_do_not_hide_each_other(
    trail: Path, tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Mutation, int]]
) -> None:
    place = tmp_path_factory.mktemp("several")
    file = copy_store(trail, place)
    with edited(file) as db, edited(trail) as original:
        db.execute("BEGIN")
        for mutation, pos in changes:
            there = db.execute("SELECT 1 FROM events WHERE pos = ?", (pos,)).fetchone()
            if there is not None:
                try:
                    mutation(db, pos)
                except (ValueError, sqlite3.IntegrityError):  # an earlier change leaves this one no room
                    continue
        db.execute("COMMIT")
        rows = "SELECT pos, n, seq, path, phase, body, hash FROM events ORDER BY pos"
        same = db.execute(rows).fetchall() == original.execute(rows).fetchall()
    assert verify_store(file).ok is same
    shutil.rmtree(place)


def test_only_what_came_after_the_last_head_can_be_cut_off_unseen(tmp_path: Path) -> None:
    """The limit that the documentation states, and how a head that is kept elsewhere moves it."""
    file = make_trail(tmp_path, events=60)
    with opened(tmp_path) as app:
        run = asyncio.run(run_one(app, tmp_path, 1000, 20.0))
    full = verify_store(file)
    assert full.ok and full.signed < full.events
    with edited(file) as db:
        db.execute("DELETE FROM events WHERE n = (SELECT n FROM runs WHERE run = ?)", (run,))
        for table in ("records", "counters", "runs"):
            db.execute(f"DELETE FROM {table} WHERE n = (SELECT n FROM runs WHERE run = ?)", (run,))
    assert verify_store(file).ok
    report = verify_store(file, known=[read_known_head(full.head)])
    assert [problem.kind for problem in report.problems] == ["known"]
