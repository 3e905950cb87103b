"""Details of the fold that the contract of journals does not show."""

from __future__ import annotations

import pytest

from flowrun.core import events as ev
from flowrun.journal import projections as pr

AT = "2026-03-02T09:00:00.000000Z"


def test_the_short_id_is_stable_and_easy_to_type() -> None:
    assert pr.short_id("01run", "triage") == pr.short_id("01run", "triage")
    assert pr.short_id("01run", "triage") != pr.short_id("01run", "triage2")
    assert len(pr.short_id("r", "p")) == 8 and pr.short_id("r", "p", 12).startswith(pr.short_id("r", "p"))
    assert pr.short_id("r", "p").isalnum() and pr.short_id("r", "p").islower()


@pytest.mark.parametrize(
    ("path", "call"),
    [("act/turn-1/t-1", "act/turn-1/t-1"), ("act/t-1~2", "act/t-1"), ("act/t-1~12", "act/t-1"), ("a~x", "a~x")],
)
def test_the_path_of_a_call_has_no_attempt(path: str, call: str) -> None:
    assert pr.call_path(path) == call


@pytest.mark.parametrize(
    ("moment", "sortable"),
    [
        (None, None),
        (AT, AT),
        ("2026-03-02T09:00:00Z", AT),
        ("2026-03-02T10:00:00+01:00", AT),
        ("whenever", "whenever"),
    ],
)
def test_moments_are_stored_so_that_they_sort(moment: str | None, sortable: str | None) -> None:
    assert pr.sortable(moment) == sortable


def test_most_events_change_no_table() -> None:
    assert list(pr.fold("r", ev.ModelStarted(path="a", at=AT, model="m"))) == []
    assert list(pr.fold("r", ev.CancelAsked(at=AT))) == []


def test_a_yes_belongs_to_the_entry_that_it_was_given_for() -> None:
    yes = ev.Approved(path="act/t@billing_leads", at=AT, role="billing_leads", by="ana", yes=True)
    assert [change.path for change in pr.fold("r", yes)] == ["act/t"]
