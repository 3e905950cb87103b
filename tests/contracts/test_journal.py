"""The promises of the journal's port, kept by every store. Several processes and kills: `test_journal_processes`."""

from __future__ import annotations

import pytest

from flowrun.adapters.journals.owners import this_process
from flowrun.core import events as ev
from flowrun.errors import InputError, StoreError
from flowrun.journal.chain import verify
from flowrun.journal.encoding import MAX_BYTES
from flowrun.ports.journal import Append, Claim, Journal
from tests.contracts.journal_kit import (
    AT,
    ME,
    OTHER,
    Wall,
    answered,
    approved,
    asked,
    failed,
    intended,
    opened,
    person,
    put,
    returned,
    room,
    started,
    used,
)

LATER = "2026-03-02T10:00:00.000000Z"


# Submissions


def test_a_plan_is_kept_once(journal: Journal) -> None:
    journal.put_plan("d", b"one")
    journal.put_plan("d", b"two")
    assert journal.get_plan("d") == b"one"
    with pytest.raises(StoreError):
        journal.get_plan("other")


def test_the_same_key_and_input_is_the_same_run(journal: Journal) -> None:
    first = journal.open_run(started("01a", key="m-17", input={"x": 1, "y": 2}), owner=ME)
    again = journal.open_run(started("01b", key="m-17", input={"y": 2, "x": 1}), owner=OTHER)
    assert first.claim == Claim(run="01a", epoch=1) and not first.duplicate
    assert again.run == "01a" and again.duplicate and again.claim is None


def test_the_same_key_with_another_input_is_an_error(journal: Journal) -> None:
    opened(journal, "01a", key="m-17")
    with pytest.raises(InputError) as error:
        journal.open_run(started("01b", key="m-17", input={"a": 2}), owner=ME)
    assert error.value.code == "FR3005" and "01a" in error.value.message
    assert len(journal.runs()) == 1


def test_a_key_belongs_to_its_flow_and_no_key_is_no_duplicate(journal: Journal) -> None:
    opened(journal, "01a", key="m")
    opened(journal, "01b", key="m", flow="g")
    opened(journal, "01c", key="")
    opened(journal, "01d", key="")
    assert [row.run for row in journal.runs()] == ["01d", "01c", "01b", "01a"]


# Claims


def test_a_live_claim_keeps_others_out_until_it_is_released(journal: Journal) -> None:
    claim = opened(journal)
    assert journal.claim("01run", owner=OTHER) is None
    journal.release(claim)
    taken = journal.claim("01run", owner=OTHER)
    assert taken == Claim(run="01run", epoch=2)
    assert put(journal, claim, returned("a")).refused == "claim"
    assert taken is not None and put(journal, taken, returned("a")).ok


def test_nothing_is_stored_under_a_released_claim(journal: Journal) -> None:
    claim = opened(journal)
    journal.release(claim)
    assert put(journal, claim, returned("a")).refused == "claim"


def test_a_lease_that_ran_out_can_be_taken_and_a_renewed_one_cannot(journal: Journal, wall: Wall) -> None:
    claim = opened(journal)
    wall.now += 50
    journal.renew([claim])
    wall.now += 50
    assert journal.claim("01run", owner=OTHER) is None
    wall.now += 11
    assert journal.due(AT) == ["01run"]
    assert journal.claim("01run", owner=OTHER) is not None
    journal.renew([claim])
    journal.release(claim)
    assert journal.run("01run").claimed


def test_the_claim_of_a_process_that_is_gone_can_be_taken(journal: Journal) -> None:
    host, boot, _, start = this_process().rsplit(":", 3)
    gone = f"{host}:{boot}:4194304:{start}"
    journal.open_run(started(), owner=gone)
    assert journal.due(AT) == ["01run"]
    assert journal.claim("01run", owner=this_process()) is not None
    assert journal.claim("01run", owner=ME) is None


def test_a_finished_run_takes_no_claim_and_no_event(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, ev.RunFinished(at=LATER, outcome="completed", reason="done")).ok
    assert put(journal, claim, returned("a")).refused == "finished"
    assert person(journal, "01run", ev.CancelAsked(at=AT)).refused == "finished"
    journal.release(claim)
    assert journal.claim("01run", owner=ME) is None
    row = journal.run("01run")
    assert (row.status, row.outcome, row.reason, row.updated) == ("finished", "completed", "done", LATER)
    assert journal.due(LATER) == []


# Commits


def test_events_come_back_as_they_were_in_order_and_chained(journal: Journal) -> None:
    claim = opened(journal)
    sent: list[ev.AnyEvent] = [returned("a"), ev.ModelStarted(path="b", at=AT, model="m"), returned("b")]
    receipt = put(journal, claim, *sent)
    assert receipt.ok and receipt.seq == 4
    stored = journal.events("01run")
    assert [e.event for e in stored] == [started(), *sent]
    assert [e.seq for e in stored] == [1, 2, 3, 4]
    assert sorted(e.pos for e in stored) == [e.pos for e in stored]
    assert verify(stored, head=(4, stored[-1].hash)) == []
    assert journal.events("01run", after=3) == stored[3:]


def test_a_path_ends_once(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, returned("a")).ok
    assert put(journal, claim, failed("a")).refused == "path"
    assert put(journal, claim, returned("b"), returned("b")).refused == "path"
    assert len(journal.events("01run")) == 2


def test_one_refusal_rolls_back_nobody_else(journal: Journal) -> None:
    one, two, three = (opened(journal, name) for name in ("01a", "01b", "01c"))
    assert put(journal, two, returned("x")).ok
    receipts = journal.commit(
        [
            Append(run=one.run, epoch=one.epoch, events=[returned("a")]),
            Append(run=two.run, epoch=two.epoch, events=[asked("q"), intended("w", room(1, 5)), returned("x")]),
            Append(run=three.run, epoch=three.epoch, events=[returned("c"), returned("d")]),
            Append(run="01nobody", epoch=1, events=[returned("e")]),
        ]
    )
    assert [(r.ok, r.refused) for r in receipts] == [(True, ""), (False, "path"), (True, ""), (False, "claim")]
    assert journal.inbox() == [] and used(journal, "daily", None) == 0
    assert put(journal, two, returned("y")).seq == 3
    for run in ("01a", "01b", "01c"):
        assert verify(journal.events(run)) == []


def test_an_event_that_is_too_large_is_refused_alone(journal: Journal) -> None:
    claim = opened(journal)
    big = ev.Returned(path="a", at=AT, output="x" * MAX_BYTES)
    receipt = put(journal, claim, returned("b"), big)
    assert receipt.refused == "event" and "kB" in receipt.rule
    assert put(journal, claim, returned("b")).seq == 2


# Room in windows


# Waiting


def test_a_released_run_waits_for_the_earliest_of_what_is_open(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok", due="2026-03-05T00:00:00Z"), ev.Waiting(path="w", at=AT, due=LATER))
    assert journal.run("01run").status == "running"
    journal.release(claim)
    row = journal.run("01run")
    assert (row.status, row.due, row.waiting_on, row.claimed) == ("waiting", LATER, "approval, timer", False)
    assert journal.due(AT) == [] and journal.due("2026-03-02T10:00:00Z") == ["01run"]
    assert [r.run for r in journal.runs(status="waiting")] == ["01run"] and journal.runs(status="running") == []


def test_an_answered_run_is_due_until_it_is_claimed(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok"))
    journal.release(claim)
    assert journal.due(LATER) == []
    person(journal, "01run", approved("ok"), answered("ok"))
    assert journal.due(AT) == ["01run"]
    assert journal.claim("01run", owner=ME) is not None
    assert journal.due(AT) == []


def test_a_run_left_with_nothing_open_is_due(journal: Journal) -> None:
    journal.release(opened(journal))
    assert journal.due(AT) == ["01run"]


def test_runs_that_await_an_event_are_found_by_its_key(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, ev.Waiting(path="w", at=AT, due=LATER, event="paid@1", key="k-1"))
    assert journal.awaiting("paid@1", "k-1") == [("01run", "w")]
    assert journal.awaiting("paid@1", "k-2") == [] and journal.awaiting("sent@1", "k-1") == []
    assert journal.run("01run").waiting_on == "paid@1"
    put(journal, claim, ev.Woken(path="w", at=LATER, timer=False, payload={"n": 1}))
    assert journal.awaiting("paid@1", "k-1") == [] and journal.run("01run").due is None


# Looking things up


def test_records_are_found(journal: Journal) -> None:
    for name in ("01a", "01b"):
        put(
            journal,
            opened(journal, name),
            ev.RecordWritten(path="case", at=AT, schema="case@1", record={"n": name}, final=True),
            ev.RecordWritten(path="note", at=AT, schema="note@1", record={"n": name}),
        )
    assert [(r.run, r.path) for r in journal.records()] == [
        ("01b", "note"),
        ("01b", "case"),
        ("01a", "note"),
        ("01a", "case"),
    ]
    case = journal.records(schema="case@1", run="01a")[0]
    assert (case.flow, case.final, case.record) == ("f", True, {"n": "01a"})
    assert journal.record(case.id[:8]) == case and len(journal.records(limit=1)) == 1
    with pytest.raises(InputError) as error:
        journal.record("zzz")
    assert error.value.code == "FR3004"


def test_a_run_is_found_by_a_unique_beginning(journal: Journal) -> None:
    opened(journal, "01abc", flow="f")
    opened(journal, "01abd", flow="g")
    opened(journal, "01", flow="h")
    assert journal.run("01abc").flow == "f" and journal.run("01").flow == "h"
    assert [row.run for row in journal.runs(flow="g")] == ["01abd"] and len(journal.runs(limit=2)) == 2
    with pytest.raises(InputError, match="More than one"):
        journal.run("01ab")
    for unknown in ("02", "", "%"):
        with pytest.raises(InputError) as error:
            journal.run(unknown)
        assert error.value.code == "FR3002"
    with pytest.raises(InputError):
        journal.events("01ab")
