"""Approvals, answers and the rights that come from them, kept by every store."""

from __future__ import annotations

import pytest

from flowrun.core import events as ev
from flowrun.errors import InputError
from flowrun.ports.journal import Journal
from tests.contracts.journal_kit import AT, answered, approved, asked, intended, opened, person, proposal, put

LATER = "2026-03-02T10:00:00.000000Z"
LAST = "2026-03-02T11:00:00.000000Z"


# Rights


def test_an_approval_is_used_once_for_its_digest(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok", proposals=[proposal("a", "d1"), proposal("c", "d2")]))
    assert put(journal, claim, intended("a", approvals=["ok"])).refused == "right"
    assert person(journal, "01run", approved("ok"), answered("ok")).ok
    assert put(journal, claim, intended("a", approvals=["ok"])).ok
    assert put(journal, claim, intended("b", approvals=["ok"])).refused == "right"
    assert put(journal, claim, intended("a~2", approvals=["ok"])).ok
    assert put(journal, claim, intended("c", approvals=["ok"], digest="d2")).ok
    assert put(journal, claim, intended("d", approvals=["ok"], digest="d3")).refused == "right"


def test_a_no_gives_no_right(journal: Journal) -> None:
    claim = opened(journal)
    waiting = [proposal("a", "d1"), proposal("b", "d2")]
    put(journal, claim, asked("ok", proposals=waiting), asked("some", proposals=waiting))
    assert person(journal, "01run", answered("ok", "reject")).ok
    assert person(journal, "01run", approved("some"), answered("some", rejected=["d1"])).ok
    for entry in ("ok", "some", "never.asked"):
        assert put(journal, claim, intended("a", approvals=[entry])).refused == "right"


# People


def test_an_entry_is_settled_once(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok", due=LATER))
    entry = journal.inbox()[0]
    assert (entry.run, entry.path, entry.kind, entry.to, entry.due) == ("01run", "ok", "approval", ["lead"], LATER)
    assert entry.asked["title"] == "May it?" and entry.asked["proposals"] == []
    assert len(entry.id) == 8 and journal.entry(entry.id[:6]) == entry
    assert person(journal, "01run", answered("ok")).rule == "incomplete"
    assert person(journal, "01run", approved("ok"), answered("ok")).ok
    assert person(journal, "01run", answered("ok", "reject")).refused == "path"
    assert journal.inbox() == []
    with pytest.raises(InputError, match="approved") as error:
        journal.entry(entry.id)
    assert error.value.code == "FR3003"


def test_an_answer_to_nothing_is_refused(journal: Journal) -> None:
    opened(journal)
    assert person(journal, "01run", answered("never.asked")).refused == "path"
    yes = ev.Approved(path="never.asked@lead", at=AT, role="lead", by="ana", yes=True)
    assert person(journal, "01run", yes).refused == "path"


def test_yeses_are_gathered_and_come_too_late_once_settled(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok", to=["lead", "money"]))

    def yes(role: str) -> ev.Approved:
        return ev.Approved(path=f"ok@{role}", at=AT, role=role, by=role, yes=True, digests=["d1"])

    assert person(journal, "01run", yes("lead")).ok
    assert person(journal, "01run", yes("lead")).refused == "path"
    assert [a["role"] for a in journal.inbox()[0].approvals] == ["lead"]
    assert person(journal, "01run", answered("ok", "reject")).ok
    assert person(journal, "01run", yes("money")).refused == "path"


def test_an_approver_list_is_met_by_different_people_in_time(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok", to=["lead", "money"], due=LATER, barred=["bob"]))
    assert person(journal, "01run", approved("ok", by="bob")).rule == "person"
    assert person(journal, "01run", approved("ok", by="ana")).ok
    assert person(journal, "01run", approved("ok", by="ana", role="money")).rule == "person"
    assert person(journal, "01run", approved("ok", by="cy", role="money", at=LATER)).rule == "late"
    assert person(journal, "01run", approved("ok", by="cy", role="other")).refused == "path"
    assert person(journal, "01run", answered("ok")).rule == "incomplete"
    assert person(journal, "01run", approved("ok", by="cy", role="money"), answered("ok")).ok


def test_an_entry_moves_on_to_the_next_role(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok", to=["lead", "money"], due=LATER, dues=[LATER, None]))
    assert journal.run("01run").due == LATER
    put(
        journal,
        claim,
        ev.Escalated(path="ok/@then-1", at=LATER, entry="ok", place=0, late="lead", role="boss", due=LAST),
    )
    entry = journal.inbox()[0]
    assert (entry.to, entry.due, entry.asked["to"]) == (["boss", "money"], LAST, ["boss", "money"])
    assert journal.run("01run").due == LAST
    assert person(journal, "01run", approved("ok", at=LATER)).refused == "path"  # a lead is too late now
    assert person(journal, "01run", approved("ok", at=LATER, role="boss")).ok
    assert journal.run("01run").due is None  # nobody with a deadline is left


def test_the_right_of_a_changed_call_is_dead(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok", proposals=[proposal("a", "d1"), proposal("b", "d2")]))
    edit = ev.Edited(path="ok/@edit-1", at=AT, entry="ok", call="a", digest="d1", args={"n": 2}, by="cy")
    assert person(journal, "01run", edit).ok
    assert [p["digest"] for p in journal.inbox()[0].asked["proposals"]] == ["d2"]
    again = ev.Edited(path="ok/@edit-2", at=AT, entry="ok", call="a", digest="d1", args={"n": 3}, by="cy")
    assert person(journal, "01run", again).rule == "changed"
    assert person(journal, "01run", answered("ok", "edit")).rule == "changed"
    assert person(journal, "01run", approved("ok"), answered("ok")).ok
    assert put(journal, claim, intended("a", approvals=["ok"])).refused == "right"
    assert put(journal, claim, intended("b", approvals=["ok"], digest="d2")).ok


def test_the_end_of_a_run_settles_its_entries_and_waits(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, asked("ok"), ev.Waiting(path="w", at=AT, event="paid@1", key="k"))
    id = journal.inbox()[0].id
    put(journal, claim, ev.RunFinished(at=AT, outcome="cancelled"))
    assert journal.inbox() == [] and journal.awaiting("paid@1", "k") == []
    assert (journal.run("01run").due, journal.run("01run").waiting_on) == (None, None)
    with pytest.raises(InputError, match="run has ended"):
        journal.entry(id)
