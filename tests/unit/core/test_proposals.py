"""What becomes of the proposals of a turn; the promises of "Proposals in a turn"."""

from __future__ import annotations

from typing import Any

from flowrun.core.commands import AskPerson, CallTool
from flowrun.plan.model import BudgetPlan, CallStep, LimitPlan, RulePlan
from tests.property.plans import ARG_N, lit, make_flow, make_plan
from tests.unit.core.drive import DONE, GOOD, Drive
from tests.unit.core.kit import FINAL, ask, call

PLAIN, HEADER, READ = "desk.plain", "desk.header", "crm.read"


def rule(id: str, tool: str, **more: Any) -> RulePlan:
    return RulePlan(id=id, source="p@1", tools=[tool], reason=f"Because of {id}.", **more)


ASKS = rule("two_eyes", PLAIN, approve_when=["cmp", ">", ARG_N, lit(1)], approver=["lead"])
DENIES = rule("not_one", PLAIN, deny_when=["cmp", "==", ARG_N, lit(1)])


def drive(*rules: RulePlan, budget: BudgetPlan | None = None, **more: Any) -> Drive:
    step = ask("a", PLAIN, HEADER, READ, **more)
    return Drive(make_plan([step, FINAL], rules=list(rules), budget=budget))


def test_all_are_decided_before_any_is_run() -> None:
    run = drive(rule("once", PLAIN, at_most=[LimitPlan(limit=1)]))
    run.proposes("a/turn-1", (PLAIN, {"n": 1}), (PLAIN, {"n": 2}))
    assert [v.verdict for v in run.decided[0].verdicts] == ["allow", "deny"]
    assert set(run.open) == {f"a/turn-1/{PLAIN}-1"}


def test_allowed_ones_run_in_order_and_the_model_sees_all_results_at_once() -> None:
    run = drive(DENIES)
    run.proposes("a/turn-1", (PLAIN, {"n": 1}), (READ, {}), (PLAIN, {"n": 0}))
    assert set(run.open) == {f"a/turn-1/{READ}-1"}
    run.returns(f"a/turn-1/{READ}-1", {"id": "read"})
    run.returns(f"a/turn-1/{PLAIN}-2", {"id": "written"})
    assert run.told("a/turn-2") == [
        {"denied": "not_one", "reason": "Because of not_one."},
        {"id": "read"},
        {"id": "written"},
    ]


def test_those_that_need_a_person_wait_together_in_one_entry() -> None:
    run = drive(ASKS)
    run.proposes("a/turn-1", (PLAIN, {"n": 2}), (READ, {}), (PLAIN, {"n": 3}))
    run.returns(f"a/turn-1/{READ}-1")
    entry = run.command("a/turn-1/@approval", AskPerson).asked
    assert [v.args["n"] for v in entry.proposals] == [2, 3]
    assert entry.to == ["lead"]
    assert entry.due == "2026-03-02T10:00:00.000000Z"
    run.person("a/turn-1/@approval", "approve", rejected=[entry.proposals[1].digest], reason="Not that one.")
    run.returns(f"a/turn-1/{PLAIN}-1")
    assert run.told("a/turn-2") == [DONE, DONE, {"rejected": "Not that one."}]


def test_a_rejected_or_late_one_is_never_run() -> None:
    for action in ("reject", "late"):
        run = drive(ASKS)
        run.proposes("a/turn-1", (PLAIN, {"n": 2}))
        run.person("a/turn-1/@approval", action)
        assert list(run.told("a/turn-2")[0]) == ["rejected"]
        assert not [c for c in run.issued if isinstance(c, CallTool)]


def test_an_approved_call_is_judged_again_just_before_it_runs() -> None:
    run = drive(ASKS, budget=BudgetPlan(writes=1))
    run.proposes("a/turn-1", (PLAIN, {"n": 2}))
    run.person("a/turn-1/@approval", "approve", by="eva, tom")
    assert [d.path for d in run.decided] == ["a/turn-1", f"a/turn-1/{PLAIN}-1/@again"]
    assert run.returns(f"a/turn-1/{PLAIN}-1").approvals == ["a/turn-1/@approval"]
    assert run.execution.root.names.calls[PLAIN][0]["approved_by"] == ["eva", "tom"]


def test_needs_before_looks_at_calls_that_had_succeeded_before_the_turn() -> None:
    run = drive(rule("read_first", PLAIN, needs_before=[READ]))
    run.proposes("a/turn-1", (READ, {}), (PLAIN, {"n": 1}))
    assert run.decided[0].verdicts[1].denied_by == "read_first"
    run.returns(f"a/turn-1/{READ}-1")
    run.proposes("a/turn-2", (PLAIN, {"n": 2}))
    assert run.decided[1].verdicts[0].verdict == "allow"


def test_the_same_call_denied_twice_ends_the_step() -> None:
    run = drive(DENIES)
    run.proposes("a/turn-1", (PLAIN, {"n": 1}))
    run.proposes("a/turn-2", (PLAIN, {"n": 1}))
    assert run.outcome == "failed"
    assert run.failed[0].fault.kind == "denied"


def test_a_tool_that_the_step_does_not_list_and_wrong_arguments_are_denied() -> None:
    run = drive()
    run.proposes("a/turn-1", ("desk.confirm", {}), ("ghost.tool", {}), (READ, {"n": "x"}), (READ, ["no", "map"]))
    assert [v.verdict for v in run.decided[0].verdicts] == ["deny"] * 4
    assert [list(result) for result in run.told("a/turn-2")] == [["denied", "reason"]] * 4


def test_a_call_that_is_refused_at_its_intent_is_told_as_denied() -> None:
    run = drive()
    run.proposes("a/turn-1", (PLAIN, {"n": 1}))
    run.refuses(f"a/turn-1/{PLAIN}-1")
    assert run.told("a/turn-2") == [{"denied": "daily", "reason": "The limit is reached."}]
    assert run.execution.root.meter.used["writes"] == 0


def test_the_flows_own_arguments_win_and_are_hidden_from_the_model() -> None:
    run = drive(RulePlan(id=PLAIN, source="flow", tools=[PLAIN], bind={"who": lit("C1")}))
    offered = {t.name: t for t in run.open["a/turn-1"].tools}
    assert "who" not in offered[PLAIN].input["properties"]
    run.proposes("a/turn-1", (PLAIN, {"n": 1}))
    assert run.returns(f"a/turn-1/{PLAIN}-1").verdict.args == {"n": 1, "who": "C1"}


def test_a_null_in_the_flows_own_arguments_denies() -> None:
    run = drive(RulePlan(id=PLAIN, source="flow", tools=[PLAIN], bind={"who": ["step", "nobody"]}))
    run.proposes("a/turn-1", (PLAIN, {"n": 1}))
    assert run.decided[0].verdicts[0].verdict == "deny"


def test_a_denied_or_rejected_call_step_fails() -> None:
    run = Drive(make_plan([call("c", PLAIN, n=1), FINAL], rules=[DENIES]))
    assert run.outcome == "failed"
    run = Drive(make_plan([call("c", PLAIN, n=2), FINAL], rules=[ASKS]))
    run.person("c/@approval", "reject", reason="No.")
    assert run.outcome == "failed"


def sub_flow(bind: dict[str, Any] | None = None, **more: Any) -> Drive:
    flows = {"sub@1": make_flow("sub", [call("c"), FINAL])}
    about = RulePlan(id="sub", source="flow", tools=["flows.sub"], bind=bind or {}, **more)
    step = CallStep(id="f", tool="flows.sub", flow="sub@1", with_=["dict", []], on_error="continue")
    again = CallStep(id="g", tool="flows.sub", flow="sub@1", with_=["dict", []], on_error="continue")
    return Drive(make_plan([step, again, FINAL], flows=flows, rules=[about]))


def test_a_sub_flow_may_need_a_person() -> None:
    run = sub_flow(approve_when=lit(True), approver=["lead"])
    run.person("f/@approval", "approve")
    run.returns("f/c")
    assert run.execution.root.names.calls["flows.sub"][0]["approved_by"] == ["eva"]
    run.person("g/@approval", "reject")
    assert run.steps["g"] is None


def test_at_most_and_bind_hold_for_a_sub_flow_too() -> None:
    run = sub_flow({"who": lit("C1")}, at_most=[LimitPlan(limit=1)])
    run.returns("f/c")
    assert run.execution.root.names.calls["flows.sub"][0]["args"] == {"who": "C1"}
    assert run.steps["g"] is None
    assert run.outcome == "completed_with_gaps"


def test_a_turn_without_proposals_ends_the_step() -> None:
    run = drive()
    run.proposes("a/turn-1", (READ, {}))
    run.returns(f"a/turn-1/{READ}-1")
    run.answers("a/turn-2", GOOD)
    assert run.outcome == "completed"


def test_a_step_that_never_answers_is_ended() -> None:
    run = Drive(make_plan([ask("a", READ), FINAL], limits={"turns": 2}))
    for turn in (1, 2):
        run.proposes(f"a/turn-{turn}", (READ, {}))
        run.returns(f"a/turn-{turn}/{READ}-1")
    assert run.outcome == "stopped_by_budget"
