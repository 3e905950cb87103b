"""The room of calls and the natural keys of writes: taken in the transaction of the intent, and given back only when sure."""

from __future__ import annotations

import pytest

from flowrun.core import events as ev
from flowrun.ports.journal import Claim, Journal
from tests.contracts.journal_kit import AT, answered, asked, doubted, failed, intended, opened, person, put, room, used

LATER = "2026-03-02T10:00:00.000000Z"


def test_a_window_is_never_overfull(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, intended("a", room(0.1, 0.3))).ok
    assert put(journal, claim, intended("b", room(0.2, 0.3))).ok
    receipt = put(journal, claim, intended("c", room(0.000001, 0.3)))
    assert (receipt.refused, receipt.rule) == ("limit", "daily")
    assert used(journal, "daily", None) == 0.3 and used(journal, "other", None) == 0


def test_only_what_lies_in_the_window_counts(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, intended("a", room(5, 5), at="2026-03-02T09:00:00Z")).ok
    assert put(journal, claim, intended("b", room(5, 5, since=AT))).refused == "limit"
    since = "2026-03-02T09:00:00.000001Z"
    assert used(journal, "daily", AT) == 5 and used(journal, "daily", since) == 0
    assert put(journal, claim, intended("b", room(5, 5, since=since), at=LATER)).ok


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf"), 1e30])
def test_an_amount_that_makes_no_sense_never_fits(journal: Journal, amount: float) -> None:
    claim = opened(journal)
    stored_before = ev.Reservation(counter="daily", amount=amount, limit=1e12, rule="daily")
    assert put(journal, claim, intended("a", stored_before)).refused in ("limit", "event")


@pytest.mark.parametrize("takes", [-1, -1_000_000, 10**17])
def test_a_negative_or_endless_amount_never_fits(journal: Journal, takes: int) -> None:
    claim = opened(journal)
    never = ev.Reservation(counter="daily", takes=takes, most=10**18, rule="daily")
    assert put(journal, claim, intended("a", never)).refused == "limit"


def test_reservations_of_earlier_versions_are_counted_in_the_same_unit(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, intended("a", ev.Reservation(counter="daily", amount=0.1, limit=0.3, rule="daily"))).ok
    assert put(journal, claim, intended("b", room(0.2, 0.3))).ok
    assert used(journal, "daily") == 0.3


def test_a_definite_failure_gives_room_back_and_a_further_attempt_takes_none(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, intended("a", room(1, 1))).ok
    assert put(journal, claim, intended("a~2", room(1, 1))).ok
    assert used(journal, "daily", None) == 1
    assert put(journal, claim, failed("a~2")).ok
    assert used(journal, "daily", None) == 0


def test_room_of_a_call_in_doubt_stays_taken(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, intended("a", room(1, 1)), doubted("a")).ok
    assert put(journal, claim, intended("a~2", room(1, 1)), failed("a~2")).ok
    assert used(journal, "daily", None) == 1


# Rights


def test_a_call_that_goes_on_with_the_room_of_another_takes_none(journal: Journal) -> None:
    claim = opened(journal)
    put(journal, claim, intended("a", room(1, 1)))
    put(journal, claim, doubted("a"))
    assert put(journal, claim, intended("a/@try-2", room(1, 1))).refused == "limit", "the room of another call"
    assert put(journal, claim, intended("a/@try-2", room(1, 1), holds="a")).ok
    put(journal, claim, failed("a/@try-2"))
    assert used(journal, "daily") == 1, "the first attempt is in doubt still"
    assert journal.usage("daily", None, besides=("01run", "a")) == 0


def test_a_person_frees_the_room_of_a_write_that_was_not_done_and_keeps_it_where_it_was(journal: Journal) -> None:
    claim = opened(journal)
    for path, action in (("a", "done"), ("b", "not_done")):
        put(journal, claim, intended(path, room(1, 5)), doubted(path), asked(f"{path}/@hand-off-1", kind="hand_off"))
        assert person(journal, "01run", answered(f"{path}/@hand-off-1", action, write=path)).ok
    assert used(journal, "daily") == 1


def test_the_room_of_a_sub_flow_is_taken_once_and_kept(journal: Journal) -> None:
    claim = opened(journal)
    taken = ev.Reserved(path="s", at=AT, tool="flows.refund", reserve=[room(1, 1)])
    assert put(journal, claim, taken).ok
    assert put(journal, opened(journal, "02run"), taken).refused == "limit"
    assert used(journal, "daily") == 1


def natural(path: str, key: str = "k") -> ev.Intended:
    """A write with the natural key `n`, made under an idempotency key."""
    return intended(path, natural="n", key=key)


def result(path: str) -> ev.Returned:
    return ev.Returned(path=path, at=AT, output={"id": "first"}, tool="pay.refund", natural="n")


@pytest.fixture
def first(journal: Journal) -> Claim:
    """A run whose write has the natural key."""
    claim = opened(journal, "01run")
    assert put(journal, claim, natural("a")).ok
    return claim


def test_a_natural_key_in_flight_is_taken_for_every_other_write(journal: Journal, first: Claim) -> None:
    refused = put(journal, opened(journal, "02run"), natural("a", key="other"))
    assert (refused.refused, refused.rule, refused.first) == ("natural", "once.natural", ("01run", 0))
    assert put(journal, first, natural("b", key="another")).first == ("01run", 0), "also in the same run"
    assert put(journal, first, natural("a~2")).ok, "a further attempt of the same write has its key already"


def test_a_natural_key_that_was_done_leads_to_the_first_result(journal: Journal, first: Claim) -> None:
    put(journal, first, result("a"))
    refused = put(journal, opened(journal, "02run"), natural("a", key="other"))
    assert refused.first is not None
    run, seq = refused.first
    found = journal.events(run, after=seq - 1)[0].event
    assert isinstance(found, ev.Returned) and found.output == {"id": "first"}
    assert put(journal, first, natural("a/@try-2")).refused == "natural", "done is done, under the same key too"


def test_a_sure_failure_frees_a_natural_key_and_a_doubt_holds_it(journal: Journal, first: Claim) -> None:
    surely = ev.CallFailed(path="a", at=AT, fault=ev.Fault(kind="tool", message="no"), natural="n")
    put(journal, first, surely)
    second = opened(journal, "02run")
    assert put(journal, second, natural("a", key="second")).ok
    put(journal, second, ev.Doubted(path="a", at=AT, fault=ev.Fault(kind="tool", message="?"), natural="n"))
    put(journal, second, natural("a~2", key="second"))
    put(journal, second, ev.CallFailed(path="a~2", at=AT, fault=ev.Fault(kind="tool", message="no"), natural="n"))
    assert put(journal, first, natural("b")).first == ("02run", -1), (
        "a later failure tells nothing of the first attempt"
    )


@pytest.mark.parametrize(("action", "free"), [("done", False), ("not_done", True)])
def test_a_person_settles_a_natural_key(journal: Journal, first: Claim, action: str, free: bool) -> None:
    put(journal, first, ev.Doubted(path="a", at=AT, fault=ev.Fault(kind="tool", message="?"), natural="n"))
    put(journal, first, asked("a/@hand-off-1", kind="hand_off"))
    said = answered("a/@hand-off-1", action, write="a", natural="n", data={"id": "by hand"})
    assert person(journal, "01run", said).ok
    receipt = put(journal, opened(journal, "02run"), natural("a", key="other"))
    assert receipt.ok == free
    if receipt.first is not None:
        found = journal.events("01run", after=receipt.first[1] - 1)[0].event
        assert isinstance(found, ev.Answered) and found.data == {"id": "by hand"}


def test_what_is_refused_takes_no_natural_key(journal: Journal) -> None:
    claim = opened(journal)
    assert put(journal, claim, natural("a"), intended("b", room(2, 1))).refused == "limit"
    assert put(journal, opened(journal, "02run"), natural("a", key="other")).ok
