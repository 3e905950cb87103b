"""What people may do with waiting calls: late roles, changed calls, and whose yes counts. The core's side of it."""

from __future__ import annotations

import msgspec
import pytest

from flowrun.core.commands import AskPerson, CallTool
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Answered, Escalated
from flowrun.plan.model import ForEachStep, RulePlan
from tests.property.plans import ARG_N, lit, make_plan
from tests.unit.core.drive import DONE, Drive
from tests.unit.core.kit import FINAL, ask, call, person

PLAIN = "desk.plain"
ENTRY = "a/turn-1/@approval"
ONE, TWO = f"a/turn-1/{PLAIN}-1", f"a/turn-1/{PLAIN}-2"
HOUR_1, HOUR_3 = "2026-03-02T10:00:00.000000Z", "2026-03-02T12:00:00.000000Z"


def rule(id: str, **more: object) -> RulePlan:
    return RulePlan(id=id, source="p@1", tools=[PLAIN], reason=f"Because of {id}.", **more)  # type: ignore[arg-type]


ASKS = rule("two_eyes", approve_when=["cmp", ">", ARG_N, lit(1)], approver=["lead"])
BOTH = rule("four_eyes", approve_when=["cmp", ">", ARG_N, lit(1)], approver=["lead", "finance"])
DENIES = rule("not_nine", deny_when=["cmp", "==", ARG_N, lit(9)])


def waiting(*rules: RulePlan, n: tuple[int, ...] = (2,)) -> Drive:
    """Return a run whose model proposed these calls, with those that need a yes in one entry."""
    run = Drive(make_plan([ask("a", PLAIN), FINAL], rules=list(rules)))
    run.proposes("a/turn-1", *((PLAIN, {"n": number}) for number in n))
    return run


def made(run: Drive) -> list[object]:
    """The arguments of every call that was made."""
    return [command.verdict.args["n"] for command in run.issued if isinstance(command, CallTool)]


def test_a_late_role_hands_on_and_only_the_last_one_makes_the_entry_late() -> None:
    run = waiting(ASKS)
    moved = run.waits_until(ENTRY)
    assert isinstance(moved, Escalated)
    assert (moved.path, moved.late, moved.role, moved.due) == (f"{ENTRY}/@then-1", "lead", "finance", HOUR_3)
    assert run.execution.standing(run.command(ENTRY, AskPerson)).to == ["finance"]
    late = run.waits_until(ENTRY)
    assert isinstance(late, Answered) and (late.action, run.now) == ("late", HOUR_3)
    assert run.told("a/turn-2") == [{"rejected": "Nobody answered in time."}]
    assert made(run) == []


def test_each_role_of_a_list_has_its_own_deadline() -> None:
    run = waiting(BOTH)
    run.says_yes(ENTRY, "lead", "eva")
    standing = run.execution.standing(run.command(ENTRY, AskPerson))
    assert (standing.open_roles, standing.due) == (["finance"], "2026-03-02T11:00:00.000000Z")
    late = run.waits_until(ENTRY)
    assert isinstance(late, Answered) and late.action == "late"


def test_where_a_role_hands_on_to_one_of_the_list_two_of_its_people_are_needed() -> None:
    run = waiting(BOTH)
    run.waits_until(ENTRY)
    standing = run.execution.standing(run.command(ENTRY, AskPerson))
    assert standing.open_roles == ["finance", "finance"]
    run.says_yes(ENTRY, "finance", "tom")
    standing = run.execution.standing(run.command(ENTRY, AskPerson))
    assert not standing.complete and standing.yes_path("finance") == f"{ENTRY}@finance~2"


def test_a_complete_entry_is_settled_even_where_nobody_said_so() -> None:
    """Two answers at the same moment may not know of each other."""
    run = waiting(BOTH)
    run.says_yes(ENTRY, "lead", "eva")
    run.says_yes(ENTRY, "finance", "tom")
    settled = run.execution.by_itself(run.command(ENTRY, AskPerson), run.now)
    assert isinstance(settled, Answered) and (settled.action, settled.by) == ("approve", "eva, tom")


def test_the_steps_own_within_is_the_last_word() -> None:
    run = Drive(make_plan([person(within=7200.0, on_error="continue"), FINAL]))
    moved = run.waits_until("p")
    assert isinstance(moved, Escalated) and moved.due is None  # finance's own two hours would end after the step's
    late = run.waits_until("p")
    assert isinstance(late, Answered) and run.now == "2026-03-02T11:00:00.000000Z"


def test_a_hand_off_moves_on_and_is_never_lost() -> None:
    run = Drive(make_plan([call("c", on_error="hand_off"), FINAL]))
    run.fails("c")
    assert isinstance(run.waits_until("c/@hand-off-1"), Escalated)
    entry = run.command("c/@hand-off-1", AskPerson)
    assert run.execution.standing(entry).to == ["finance"] and run.execution.due_of(entry) is None


def test_a_changed_call_is_decided_at_once_and_the_others_go_on_waiting() -> None:
    run = waiting(ASKS, n=(2, 3))
    run.edits(ENTRY, ONE, {"n": 1})
    assert run.decided[-1].path == f"{ONE}/@edit" and run.decided[-1].verdicts[0].edited_by == "cy"
    run.person(f"{ONE}/@edit/@approval", "approve")
    assert run.returns(ONE).verdict.args == {"n": 1}
    assert [v.path for v in run.execution.standing(run.command(ENTRY, AskPerson)).proposals] == [TWO]
    run.person(ENTRY, "approve")
    run.returns(TWO)
    assert run.told("a/turn-2") == [{"changed_by_a_person": {"n": 1}, "result": DONE}, DONE]
    assert made(run) == [1, 3]


def test_a_changed_call_may_be_denied() -> None:
    run = waiting(ASKS, DENIES)
    run.edits(ENTRY, ONE, {"n": 9}, last=True)
    denied = {"denied": "not_nine", "reason": "Because of not_nine."}
    assert run.told("a/turn-2") == [{"changed_by_a_person": {"n": 9}, "result": denied}]
    assert made(run) == []


def test_a_changed_call_that_needs_a_yes_asks_again_and_bars_who_wrote_it() -> None:
    run = waiting(ASKS)
    run.edits(ENTRY, ONE, {"n": 5}, last=True)
    entry = run.command(f"{ONE}/@edit/@approval", AskPerson).asked
    assert (entry.to, entry.barred, entry.proposals[0].args) == (["lead"], ["cy"], {"n": 5})
    run.edits(f"{ONE}/@edit/@approval", ONE, {"n": 6}, by="di", last=True)
    entry = run.command(f"{ONE}/@edit-2/@approval", AskPerson).asked
    assert entry.barred == ["cy", "di"]
    run.person(f"{ONE}/@edit-2/@approval", "approve")
    assert run.command(ONE, CallTool).approvals == [f"{ONE}/@edit-2/@approval"]
    run.returns(ONE)
    assert made(run) == [6]


def test_what_the_flow_binds_stays_as_it_is() -> None:
    bind = RulePlan(id=PLAIN, source="flow", tools=[PLAIN], bind={"who": lit("C1")})
    run = waiting(ASKS, bind)
    run.edits(ENTRY, ONE, {"n": 1, "who": "C2"}, last=True)
    run.person(f"{ONE}/@edit/@approval", "approve")
    assert run.returns(ONE).verdict.args == {"n": 1, "who": "C1"}
    assert run.told("a/turn-2")[0]["changed_by_a_person"] == {"n": 1}  # what is bound is hidden from the model


def test_a_failing_changed_call_does_not_throw_away_what_waits() -> None:
    run = waiting(ASKS, n=(2, 3))
    run.edits(ENTRY, ONE, {"n": 1})
    run.person(f"{ONE}/@edit/@approval", "approve")
    run.fails(ONE)
    run.person(ENTRY, "approve")
    run.returns(TWO)
    assert run.outcome == "failed" and made(run) == [1, 3]


def test_a_yes_does_not_stand_for_people_whom_the_rules_ask_only_now() -> None:
    """Between yes and call another rule has come to ask: it gets its own entry, with other people."""
    grew = rule("grown", approve_when=["cmp", "!=", ["attr", ["name", "run"], "id"], lit("r1")], approver=["finance"])
    run = waiting(ASKS, grew)
    run.execution.root.names.run["id"] = "other"
    run.person(ENTRY, "approve", by="eva")
    entry = run.command(f"{ONE}/@again/@approval", AskPerson).asked
    assert (entry.to, entry.barred) == (["finance"], ["eva"])
    run.person(f"{ONE}/@again/@approval", "approve", by="tom")
    command = run.command(ONE, CallTool)
    assert command.approvals == [ENTRY, f"{ONE}/@again/@approval"]
    run.returns(ONE)
    assert run.execution.root.names.calls[PLAIN][0]["approved_by"] == ["eva", "tom"]


def test_approvals_of_one_for_each_carry_the_same_group() -> None:
    step = call("c", PLAIN, n=2)
    loop = ForEachStep(id="each", items=lit([1, 2]), steps=[ForEachStep(id="in", items=lit([1]), steps=[step])])
    run = Drive(make_plan([loop, FINAL], rules=[ASKS]))
    entries = [command.asked for command in run.open.values() if isinstance(command, AskPerson)]
    assert [entry.group for entry in entries] == ["each", "each"]
    assert len({entry.path for entry in entries}) == 2


def test_a_limit_that_is_reached_at_the_call_is_told_with_the_rules_reason() -> None:
    from flowrun.plan.model import LimitPlan

    run = waiting(ASKS, rule("once", at_most=[LimitPlan(limit=1)]), n=(2,))
    run.execution.taken[run.decided[0].verdicts[0].reserve[0].counter] = 1.0
    run.person(ENTRY, "approve")
    assert run.told("a/turn-2") == [{"denied": "once", "reason": "Because of once."}]


@pytest.mark.parametrize("word", ["[email-00000000]", "[phone]", "[secret]"])
def test_a_proposal_with_a_value_that_the_model_was_not_told_is_denied(word: str) -> None:
    plan = make_plan([ask("a", PLAIN), FINAL]).plan
    anything = {"type": "object", "properties": {"to": {"type": "string"}}}
    tools = {**plan.tools, PLAIN: msgspec.structs.replace(plan.tools[PLAIN], input=anything)}
    rules = {"email": "token", "phone": "deny"}
    run = Drive(CompiledPlan(msgspec.structs.replace(plan, tools=tools, privacy=rules), "digest"))
    run.proposes("a/turn-1", (PLAIN, {"to": f"Ana <{word}>"}), (PLAIN, {"to": "ana@example.com"}))
    denied, allowed = run.decided[-1].verdicts
    assert (denied.verdict, allowed.verdict) == ("deny", "allow")
    assert denied.reason.startswith("The model was not told this value") and word in denied.reason
