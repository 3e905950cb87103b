"""Each figure over a journal written by hand, with the number that a person counts."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.app.metrics import report
from flowrun.core import events as ev
from flowrun.errors import StoreError
from flowrun.insight.metrics import Figures, Metrics, Rate, Times
from flowrun.ports.journal import StoredEvent

NOTHING = Rate(value=None, n=0)
NO_TIMES = Times(median=None, p90=None, n=0)


def at(second: float) -> str:
    return f"2026-03-02T09:{int(second) // 60:02d}:{second % 60:09.6f}Z"


def start(run: str = "r1", **more: Any) -> ev.RunStarted:
    base: dict[str, Any] = {"flow": "refund", "version": 1, "plan": "p", "input": {}, "key": run}
    return ev.RunStarted(at=at(0), run=run, **(base | more))


def reply(path: str, second: float = 1, model: str = "mini", **more: Any) -> list[ev.AnyEvent]:
    return [
        ev.ModelStarted(path=path, at=at(second), model=model, reserved=500_000),
        ev.ModelReplied(path=path, at=at(second), model=model, mode="m", cost=200_000, **more),
    ]


def answer(path: str, model: str = "mini") -> list[ev.AnyEvent]:
    return reply(path, model=model, answered=True, answer={})


def invalid(path: str, *, final: bool = False) -> ev.AnswerInvalid:
    return ev.AnswerInvalid(path=path, at=at(1), problems=[], final=final)


def verdict(path: str, kind: str = "allow") -> ev.Verdict:
    return ev.Verdict(path=path, tool="pay.refund", args={}, digest="d", verdict=kind, effect="write")


def decided(path: str, *verdicts: ev.Verdict) -> ev.Decided:
    return ev.Decided(path=path, at=at(2), verdicts=list(verdicts))


def intended(path: str) -> ev.Intended:
    return ev.Intended(path=path, at=at(3), tool="pay.refund", args={}, digest="d", key="k")


def returned(path: str, second: float, output: Any = "ok") -> ev.Returned:
    return ev.Returned(path=path, at=at(second), output=output, tool="pay.refund")


def failed(path: str) -> ev.CallFailed:
    return ev.CallFailed(path=path, at=at(4), fault=ev.Fault(kind="tool", message="no"))


def doubted(path: str) -> ev.Doubted:
    return ev.Doubted(path=path, at=at(4), fault=ev.Fault(kind="in_doubt", message="?"))


def asked(path: str, kind: str, second: float, to: str = "lead") -> ev.Asked:
    return ev.Asked(path=path, at=at(second), kind=kind, title="?", to=[to], may=["approve", "reject", "answer"])


def settled(path: str, action: str, second: float) -> ev.Answered:
    return ev.Answered(path=path, at=at(second), action=action, by="ana")


def record(path: str = "final", *, final: bool = True) -> ev.RecordWritten:
    return ev.RecordWritten(path=path, at=at(9), schema="r@1", record={}, final=final)


def end(outcome: str = "completed") -> ev.RunFinished:
    return ev.RunFinished(at=at(10), outcome=outcome)


def figures(*runs: list[ev.AnyEvent]) -> Figures:
    metrics = Metrics([])
    for number, events in enumerate(runs):
        first = events[0] if events and isinstance(events[0], ev.RunStarted) else start(f"r{number}")
        metrics.add([first, *(event for event in events if event is not first)])
    return metrics.total()


def test_an_answer_that_was_mended_counts_as_one_failure_of_two_answers() -> None:
    found = figures([*answer("a/turn-1"), invalid("a/turn-1/@invalid-1"), *answer("a/turn-1/repair-1")])
    assert found.schema_failure_rate == Rate(value=0.5, n=2)
    assert found.repair_rate == Rate(value=1.0, n=1)


def test_an_answer_that_was_given_up_is_not_mended() -> None:
    given_up = [
        *answer("a/turn-1"),
        invalid("a/turn-1/@invalid-1"),
        *answer("a/turn-1/repair-1~2"),
        invalid("a/turn-1/@invalid-2", final=True),
    ]
    mended_later = [
        *answer("b/turn-3"),
        invalid("b/turn-3/@invalid-1"),
        *answer("b/turn-3/repair-1"),
        invalid("b/turn-3/@invalid-2"),
        *answer("b/turn-3/repair-2"),
    ]
    found = figures(given_up, mended_later)
    assert found.schema_failure_rate == Rate(value=4 / 5, n=5)
    assert found.repair_rate == Rate(value=0.5, n=2)


def test_a_reply_with_proposals_and_a_text_are_no_answers() -> None:
    turn = reply("a/turn-1", proposals=[("pay.refund", {})], answered=True)
    talk = reply("a/turn-2", text="hello")
    found = figures([*turn, decided("a/turn-1", verdict("a/turn-1/pay.refund-1")), *talk])
    assert found.schema_failure_rate == NOTHING


def test_a_text_where_an_answer_was_due_is_an_answer_that_failed() -> None:
    assert figures([*reply("a/turn-1", text="sure!"), invalid("a/turn-1/@invalid-1")]).schema_failure_rate.n == 1


def test_records_count_unless_a_person_filled_them_in() -> None:
    found = figures(
        [invalid("case", final=True), record("case/@answer-1")], [record("case"), record("other", final=False)]
    )
    assert found.schema_failure_rate == Rate(value=1 / 3, n=3)
    assert found.repair_rate == NOTHING


def test_tools_fail_by_attempt_and_doubt_is_an_error() -> None:
    found = figures([failed("w"), doubted("w~2"), returned("w~2/@confirm-2", 5, None), returned("w~3", 6)])
    assert found.tool_error_rate == Rate(value=0.5, n=4)


def test_a_call_is_denied_once_however_often_it_was_judged() -> None:
    found = figures(
        [
            decided("a", verdict("x", "deny"), verdict("y", "ask"), verdict("z")),
            decided("y/@again", verdict("y", "deny")),
            decided("z/@again", verdict("z")),
            ev.Refused(path="v~1", at=at(4), rule="daily", reason="full"),
            decided("v", verdict("v")),
        ]
    )
    assert found.denied_rate == Rate(value=3 / 4, n=4)


def test_the_first_action_is_the_first_write_that_was_done() -> None:
    read_first = [
        returned("read", 2),
        intended("w"),
        doubted("w"),
        intended("w~2"),
        returned("w~2", 7),
        returned("w2", 9),
    ]
    looked_up = [intended("w"), doubted("w"), returned("w/@confirm-1", 5, {"id": 1})]
    not_found = [intended("w"), doubted("w"), returned("w/@confirm-1", 5, None)]
    found = figures(read_first, looked_up, not_found)
    assert found.time_to_first_action_seconds == Times(median=5.0, p90=7.0, n=2)


def test_waits_for_approvals_end_with_a_yes_or_a_no() -> None:
    found = figures(
        [asked("a", "approval", 10), settled("a", "approve", 40), asked("b", "approval", 10), settled("b", "late", 50)],
        [
            asked("c", "approval", 10),
            settled("c", "reject", 20),
            asked("d", "question", 10),
            settled("d", "answer", 30),
        ],
        [asked("open", "approval", 10)],
    )
    assert found.approval_wait_seconds == Times(median=10.0, p90=30.0, n=2)
    assert found.late_rate == Rate(value=1 / 4, n=4)


def test_a_run_is_automatic_where_it_was_finished_and_nobody_but_the_customer_had_a_part() -> None:
    customer = [asked("q", "question", 1, to="customer"), settled("q", "answer", 5), end()]
    found = figures(
        [end()],
        [end("rejected")],
        customer,
        [end("completed_with_gaps")],
        [end("failed")],
        [asked("q", "question", 1), settled("q", "answer", 5), end()],
        [ev.BudgetRaised(path="@raised", at=at(2), limits={"writes": 3}, by="ana"), end()],
        [asked("h", "hand_off", 1)],
    )
    assert found.automation_rate == Rate(value=3 / 7, n=7)
    assert found.hand_off_rate == Rate(value=1 / 8, n=8)
    assert (found.runs, found.ended) == (8, 7)


def test_a_run_in_doubt_counts_among_the_ended_ones() -> None:
    assert figures([end("in_doubt")], [end()], [doubted("w")]).in_doubt_rate == Rate(value=0.5, n=2)


def test_the_cost_of_a_record_is_that_of_all_runs_and_a_call_without_an_end_is_charged_what_was_reserved() -> None:
    open_call = ev.ModelStarted(path="m", at=at(1), model="mini", reserved=500_000)
    lost = [open_call, ev.ModelFailed(path="m", at=at(2), fault=ev.Fault(kind="model", message="no"), cost=100_000)]
    found = figures([*answer("a/turn-1"), record()], lost, [open_call], [record(), record("other", final=False)])
    assert found.cost_per_record == Rate(value=pytest.approx(0.4), n=2)


def test_nothing_gives_no_figure_and_no_error() -> None:
    found = figures()
    assert found.automation_rate == found.resolution_rate == found.conversion_rate == found.cost_per_record == NOTHING
    assert found.time_to_first_action_seconds == NO_TIMES


def test_an_answer_counts_for_its_model_and_the_run_for_all_of_them() -> None:
    metrics = Metrics()
    metrics.add([start(), *answer("a/turn-1"), invalid("a/turn-1/@invalid-1"), *answer("b/turn-1", "big"), end()])
    metrics.add([start("r2", version=2), *answer("a/turn-1"), end()])
    metrics.add([start("r3", flow="alpha"), end()])
    found = {(g.flow, g.version, g.model): g.figures for g in metrics.groups()}
    assert list(found) == [
        ("alpha", 1, ""),
        ("refund", 1, "big"),
        ("refund", 1, "big, mini"),
        ("refund", 1, "mini"),
        ("refund", 2, "mini"),
    ]
    assert found["refund", 1, "mini"].schema_failure_rate == Rate(value=1.0, n=1)
    assert found["refund", 1, "big"].schema_failure_rate == Rate(value=0.0, n=1)
    assert found["refund", 1, "big, mini"].automation_rate.n == found["refund", 1, "big, mini"].runs == 1
    assert found["refund", 1, "mini"].runs == 0


class Forgotten(MemoryJournal):
    """A store in which the events of one run cannot be read any more, and those of another are damaged."""

    def events(self, run: str, *, after: int = 0) -> list[StoredEvent]:
        """Refuse the run that was forgotten."""
        if run == "gone":
            raise StoreError("The key of this run is destroyed.", code="FR5012")
        if run == "damaged":
            raise StoreError("The keys of this run are missing.", code="FR5023")
        return super().events(run, after=after)


def test_an_erased_run_is_counted_and_disturbs_nothing() -> None:
    journal = Forgotten()
    for run in ("a", "gone", "b", "damaged"):
        journal.open_run(start(run), owner="me")
    found = report(journal, now=at(60))
    assert (found.total.runs, found.total.erased, found.total.hand_off_rate.n) == (3, 1, 2)
    assert found.unreadable == ["damaged"]


def test_shadow_runs_and_old_runs_are_left_out() -> None:
    journal = MemoryJournal()
    for run, mode in (("a", "live"), ("b", "shadow"), ("c", "supervised")):
        journal.open_run(start(run, mode=mode), owner="me")
    assert (report(journal, now=at(60)).total.runs, report(journal, now=at(60)).left_out) == (2, 1)
    assert report(journal, now=at(60), modes=["shadow"]).total.runs == 1
    assert report(journal, now=at(60), since=59.0).total.runs == 0
    assert report(journal, now=at(60), since=60.0).total.runs == 2
    assert report(journal, now=at(60), flow="other").total.runs == 0
