"""The words of `show` and `why`: every kind of event has them, and three sentences answer the three questions."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from flowrun.app.look import timeline
from flowrun.app.whys import wait_words, why, with_waits
from flowrun.app.words import pretty
from flowrun.core import events as ev

AT = "2026-03-02T09:00:00.000000Z"
START = ev.RunStarted(at=AT, run="r1", flow="refund", version=1, plan="p", input={"text": "Hello"}, key="k")
VERDICT = ev.Verdict(
    path="act/turn-1/pay.refund-1",
    tool="pay.refund",
    args={"amount": 70},
    digest="d",
    verdict="ask",
    effect="write",
    rules=["pay.refund", "airline@1:lead"],
    approvers=["billing_leads"],
    reason="Over 50 needs a lead.",
)
FAULT = ev.Fault(kind="tool", message="The bank is closed.")
EXAMPLES: list[ev.AnyEvent] = [
    START,
    ev.Decided(path="act/turn-1", at=AT, verdicts=[VERDICT]),
    ev.Intended(path="w", at=AT, tool="pay.refund", args={}, digest="d", key="k1"),
    ev.Reserved(path="u", at=AT, tool="flows.refund_request", reserve=[]),
    ev.Refused(path="x", at=AT, rule="airline@1:daily", reason="500 a day."),
    ev.Returned(path="w", at=AT, output={"refund_id": "R-1"}, tool="pay.refund"),
    ev.CallFailed(path="y", at=AT, fault=FAULT, tool="pay.refund"),
    ev.Doubted(path="z", at=AT, fault=FAULT, tool="pay.refund"),
    ev.ModelStarted(path="m", at=AT, model="mini"),
    ev.ModelReplied(path="n", at=AT, model="mini", mode="tools", proposals=[("pay.refund", {"amount": 70})]),
    ev.ModelFailed(path="o", at=AT, fault=FAULT),
    ev.AnswerInvalid(path="i", at=AT, problems=[{"path": "amount", "message": "must be a number"}]),
    ev.StepFailed(path="s", at=AT, step="act", fault=FAULT, on_error="hand_off"),
    ev.Asked(
        path="a", at=AT, kind="approval", title="Refund", to=["billing_leads"], may=["approve"], proposals=[VERDICT]
    ),
    ev.Approved(path="a@billing_leads", at=AT, role="billing_leads", by="Sam", yes=True),
    ev.Escalated(path="a/@then-1", at=AT, entry="a", place=0, late="billing_leads", role="finance", due=AT),
    ev.Edited(path="a/@edit-1", at=AT, entry="a", call="w", digest="d", args={"amount": 60}, by="Kim"),
    ev.Answered(path="a", at=AT, action="approve", by="Sam"),
    ev.Waiting(path="t", at=AT, due=AT, event="paid@1", key="o-1"),
    ev.Woken(path="t", at=AT, timer=False, payload={"ok": True}),
    ev.Withdrawn(path="a", at=AT),
    ev.RecordWritten(path="c", at=AT, schema="case@1", record={"done": True}),
    ev.BudgetRaised(path="@raised", at=AT, to={"writes": 3}, by="Sam"),
    ev.CancelAsked(path="@cancel", at=AT, by="Sam"),
    ev.RunFinished(path="", at=AT, outcome="completed"),
    ev.SubjectKnown(path="@subject", at=AT, subject="C-1"),
]


def test_every_kind_of_event_is_told() -> None:
    assert {type(event) for event in EXAMPLES} == set(get_args(ev.AnyEvent))
    told = timeline(EXAMPLES)
    assert len(told) == len(EXAMPLES)
    assert all(moment.title for moment in told)


def test_a_decision_names_who_is_asked_and_which_rules_were_judged() -> None:
    (told,) = timeline([EXAMPLES[1]])
    assert told.title == "Needs a yes of billing_leads: pay.refund (amount: 70)"
    assert told.lines == ["because: Over 50 needs a lead.", "rules judged: the flow's, lead (airline@1)"]


def test_a_denial_names_its_rule_and_reason() -> None:
    denied = ev.Verdict(
        path="p",
        tool="pay.refund",
        args={},
        digest="d",
        verdict="deny",
        denied_by="lead",
        reason="Too much.",
        rules=["pay.refund"],
    )
    (told,) = timeline([ev.Decided(path="p", at=AT, verdicts=[denied])])
    assert (told.title, told.lines, told.tone) == ("Denied: pay.refund", ["by lead: Too much."], "bad")


def entry(kind: str, **more: Any) -> dict[str, Any]:
    return {"id": "abc", "run": "r1", "kind": kind, "title": "Refund", "to": ["billing_leads"], "due": AT, **more}


@pytest.mark.parametrize(
    ("waiting", "who", "cost"),
    [
        (entry("approval", proposal=[{"tool": "pay.refund"}]), "flowrun approve abc", "counts as a no"),
        (entry("question", may=["answer"]), "flowrun answer abc", "late and fails"),
        (entry("hand_off", may=["resume", "close"], due=None), "flowrun resume r1", "there is no deadline"),
        ({"kind": "timer", "due": AT}, "Nobody must act", "nothing is spent"),
    ],
    ids=["approval", "question", "hand-off", "timer"],
)
def test_why_says_what_happened_who_must_act_and_what_waiting_costs(
    waiting: dict[str, Any], who: str, cost: str
) -> None:
    happened, act, price = why([START], [waiting])
    assert happened.startswith("refund ")
    assert who in act
    assert cost in price


@pytest.mark.parametrize("outcome", ["completed", "in_doubt", "failed", "cancelled", "handed_off", "stopped_by_budget"])
def test_why_of_a_run_that_ended(outcome: str) -> None:
    sentences = why([START, ev.RunFinished(at=AT, outcome=outcome, reason="Because.")], [])
    assert len(sentences) == 3
    assert outcome in sentences[0] and "Because." in sentences[0]


def test_data_is_shown_whole_and_in_order() -> None:
    value = {"a": "x" * 500, "list": [{"b": 1, "c": []}, "two\nlines"], "none": None, "empty": {}}
    assert pretty(value) == [
        "a: " + "x" * 500,
        "list:",
        "  - b: 1",
        "    c: []",
        "  - two",
        "    lines",
        "none: null",
        "empty: {}",
    ]


def test_what_is_waited_for_has_its_name_and_key() -> None:
    waits: list[ev.AnyEvent] = [
        ev.Waiting(path="done", at=AT, due=AT),
        ev.Woken(path="done", at=AT, timer=True),
        ev.Waiting(path="e", at=AT, event="contact.replied@1", key="C-17"),
        ev.Waiting(path="t", at=AT, due=AT),
    ]
    entry = {"id": "k3f7qz2a", "kind": "approval"}
    found = with_waits([START, *waits], [entry, {"kind": "timer", "due": AT}])
    assert found == [
        entry,
        {"kind": "timer", "due": AT},
        {"kind": "event", "event": "contact.replied@1", "key": "C-17", "due": None},
    ]
    assert wait_words(found[1]) == "waits until 2026-03-02 09:00:00 UTC"
    assert wait_words(found[2]) == "waits for contact.replied@1 with key C-17"
    happened, act, cost = why([START, waits[2]], found[2:])
    assert happened == "refund waits for contact.replied@1 with key C-17."
    assert "flowrun event contact.replied@1 --key C-17" in act and "no deadline" in cost


def test_what_was_refused_is_told_with_its_rule_or_person() -> None:
    denied = ev.Verdict(
        path="p/1",
        tool="pay.refund",
        args={},
        digest="d",
        verdict="deny",
        denied_by="own_orders_only",
        reason="Not theirs.",
    )
    allowed = ev.Verdict(path="p/2", tool="pay.refund", args={}, digest="e", verdict="ask")
    said = why(
        [
            START,
            ev.Decided(path="p", at=AT, verdicts=[denied, allowed]),
            ev.Answered(path="p/@approval", at=AT, action="reject", by="kim", reason="No receipt."),
            ev.RunFinished(at=AT, outcome="rejected"),
        ],
        [],
    )
    assert said[0].endswith("Refused: pay.refund was denied by own_orders_only: Not theirs; kim said no: No receipt.")


def test_an_edit_is_told_once() -> None:
    edited = ev.Edited(path="a/@edit-1", at=AT, entry="a", call="w", digest="d", args={"amount": 60}, by="Kim")
    told = timeline([START, edited, ev.Answered(path="a", at=AT, action="edit", by="Kim")])
    assert [moment.title for moment in told if "Kim" in moment.title] == ["Kim changed a call; it is decided anew"]
