"""What a contract says a run comes to at worst: no random run passes it, and the worst run reaches it.

Random plans run with every fault of `simulation`; the worst runs are driven by an adversary that lets each call, each model
and each answer fail as often as it may.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.contract import load as ld
from flowrun.contract.worst import limits_of, worst
from flowrun.core import execute
from flowrun.core.commands import AskPerson, CallModel, CallTool
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Answered, CallFailed, Fault, ModelFailed, ModelReplied, Returned
from flowrun.core.steps import model_call
from flowrun.plan.compile import steps_in
from flowrun.plan.model import (
    AskStep,
    BranchPlan,
    BudgetPlan,
    CallStep,
    ChooseStep,
    ForEachStep,
    LimitPlan,
    ParallelStep,
    RecordStep,
    RulePlan,
    SetStep,
    StopStep,
)
from tests.property.plans import GOOD, lit, make_flow, make_plan, plans
from tests.property.simulation import Simulation

COUNTED = {"model_calls": ld.MODEL_CALLS, "tool_calls": ld.TOOL_CALLS, "writes": ld.WRITES}


class Counting(Simulation):
    """A random run that counts what it uses, and how often a person had a step go on."""

    def __init__(self, compiled: CompiledPlan, seed: int, **more: Any) -> None:
        super().__init__(compiled, seed, **more)
        self.peak: Counter[str] = Counter()
        self.resumed = 0

    def _look(self) -> None:
        super()._look()
        for name in COUNTED:
            self.peak[name] = max(self.peak[name], self.execution.root.meter.used[name])

    def _emit(self, event: Any) -> None:
        if isinstance(event, Answered) and event.action in ("resume", "done", "not_done"):
            self.resumed += 1
        super()._emit(event)

    def written(self) -> Counter[str]:
        """By tool, the writes that were done, each effect once."""
        keys = {
            command.verdict.key: command.verdict.tool
            for command in self.by_path.values()
            if isinstance(command, CallTool) and command.verdict.effect == "write"
        }
        return Counter(tool for key, tool in keys.items() if key in self.done)


@settings(max_examples=250)
@given(plans(), st.integers(0, 2**32))
def test_no_run_comes_to_more_than_its_contract_says(compiled: CompiledPlan, seed: int) -> None:
    plan = compiled.plan
    bound = worst(plan)
    run = Counting(compiled, seed)
    run.run()
    # What a person has tried again is on top: at most what the dearest step comes to, once more for each time.
    alone = [_alone(compiled, step) for flow in [plan.flow, *plan.flows.values()] for step in steps_in(flow.steps)]
    for name, key in COUNTED.items():
        again = run.resumed * max(load[key] for load in alone) if run.resumed and name != "writes" else 0
        assert run.peak[name] <= bound[key] + again, name
    for tool, count in run.written().items():
        assert count <= sum(amount for key, amount in bound.sums.items() if key[0] == "call" and key[2] == tool)
    if not run.raised:
        for name, key in COUNTED.items():
            assert run.peak[name] <= limits_of(plan.flow.budget).get(key, ld.NO_BOUND), name


def _alone(compiled: CompiledPlan, step: Any) -> ld.Load:
    """What one step comes to by itself."""
    return worst(make_plan([step], flows=compiled.plan.flows, rules=compiled.plan.flow.rules).plan)


class Adversary(Counting):
    """The dearest run: all that may be tried again is, and every answer is wrong as often as it may be."""

    def _tool(self, command: CallTool) -> None:
        worked = self._worked(command)
        attempt = int(command.path.rpartition("~")[2]) if "~" in command.path else 1
        if attempt < execute.ATTEMPTS:
            fault = Fault(kind="tool", message="not now", retryable=True)
            self._emit(CallFailed(path=command.path, at=self.now, worked=worked, fault=fault))
        else:
            self._emit(Returned(path=command.path, at=self.now, worked=worked, output={"id": "x"}))

    def _model(self, command: CallModel) -> None:
        step = next(s for s in steps_in(self.compiled.plan.flow.steps) if s.id == command.step)
        assert isinstance(step, AskStep)
        worked = self._worked(command)
        attempt = int(command.path.rpartition("~")[2]) if "~" in command.path else 1
        if attempt < model_call.ATTEMPTS * len(step.models):
            fault = Fault(kind="model", message="not now", retryable=True)
            self._emit(ModelFailed(path=command.path, at=self.now, fault=fault, cost=0, worked=worked))
            return
        last = f"repair-{step.repair}" in command.path or not step.repair
        number = len(self.events)
        answer = GOOD if last else {"kind": f"no-{number}", "score": 1}
        self._emit(
            ModelReplied(
                path=command.path,
                at=self.now,
                model="free",
                mode="m",
                cost=0,
                worked=worked,
                answer=answer,
                answered=True,
            )
        )

    def _person(self, command: AskPerson) -> None:
        raise AssertionError("nobody is asked in these flows")


FINAL = RecordStep(id="final", schema="out@1", with_=["dict", [["n", lit(1)]]])


@st.composite
def simple_plans(draw: st.DrawFn) -> CompiledPlan:
    """Draw a plan in which nothing but counts decides: calls, asks, branches, loops and parallels."""
    numbers = iter(range(1, 10_000))

    def steps(depth: int) -> list[Any]:
        return [step(depth) for _ in range(draw(st.integers(1, 3)))]

    def step(depth: int) -> Any:
        base: dict[str, Any] = {"id": f"s{next(numbers)}", "on_error": "continue"}
        verb = draw(st.sampled_from(["call", "write", "ask", "set", *(["choose", "each", "both"] if depth else [])]))
        if verb in ("call", "write"):
            tool = "crm.read" if verb == "call" else "desk.header"
            return CallStep(**base, tool=tool, with_=["dict", [["n", lit(next(numbers))]]])
        if verb == "ask":
            models = draw(st.sampled_from([["free"], ["free", "dear"]]))
            return AskStep(**base, prompt=lit("?"), answer="answer@1", models=models, repair=draw(st.integers(0, 2)))
        if verb == "choose":
            taken = draw(st.booleans())
            full, empty = steps(depth - 1), [SetStep(id=f"s{next(numbers)}", value=lit(1))]
            branches = [full, empty] if taken else [empty, full]
            first, second = (BranchPlan(when=lit(taken), steps=branches[0]), BranchPlan(steps=branches[1]))
            return ChooseStep(**base, branches=[first, second])
        if verb == "each":
            items = draw(st.lists(st.just(1), max_size=3))
            return ForEachStep(**base, items=lit(items), steps=steps(depth - 1), at_once=draw(st.integers(1, 3)))
        if verb == "both":
            return ParallelStep(**base, branches={"a": steps(depth - 1), "b": steps(depth - 1)})
        return SetStep(**base, value=lit(1))

    return make_plan([*steps(2), FINAL])


@settings(max_examples=100)
@given(simple_plans(), st.integers(0, 2**32))
def test_the_worst_run_comes_to_exactly_what_its_contract_says(compiled: CompiledPlan, seed: int) -> None:
    bound = worst(compiled.plan)
    run = Adversary(compiled, seed, calm=True)
    run.run()
    assert {name: run.peak[name] for name in COUNTED} == {name: bound[key] for name, key in COUNTED.items()}
    assert run.written()["desk.header"] == bound[ld.call_of("main", "desk.header")]


@settings(max_examples=40)
@given(st.integers(0, 6), st.integers(1, 4))
def test_a_loop_writes_as_often_as_its_rule_allows(items: int, limit: int) -> None:
    write = CallStep(id="w", tool="desk.plain", with_=["dict", [["n", lit(1)]]], on_error="continue")
    loop = ForEachStep(id="each", items=lit([1] * items), steps=[write])
    rule = RulePlan(id="few", source="flow:main", tools=["desk.plain"], at_most=[LimitPlan(limit=limit)])
    compiled = make_plan([loop, FINAL], rules=[rule])
    run = Adversary(compiled, 1, calm=True)
    run.run()
    assert run.peak["writes"] == worst(compiled.plan)[ld.WRITES] == min(items, limit)


def test_one_rule_over_two_tools_limits_them_together() -> None:
    calls = [
        CallStep(id=f"s{n}", tool=tool, on_error="continue") for n, tool in enumerate(["desk.plain", "desk.header"] * 3)
    ]
    rule = RulePlan(id="few", source="p@1", tools=["desk.plain", "desk.header"], at_most=[LimitPlan(limit=4)])
    compiled = make_plan([*calls, FINAL], rules=[rule])
    run = Adversary(compiled, 1, calm=True)
    run.run()
    bound = worst(compiled.plan)
    assert run.peak["writes"] == bound[ld.WRITES] == 4
    assert bound[ld.call_of("main", "desk.plain")] == 3


def test_a_model_that_may_propose_is_bounded_by_its_rule_alone() -> None:
    step = AskStep(id="act", prompt=lit("?"), tools=["desk.plain"], models=["free"])
    rule = RulePlan(id="few", source="flow:main", tools=["desk.plain"], at_most=[LimitPlan(limit=2)])
    bound, free = (worst(make_plan([step, FINAL], rules=rules).plan) for rules in ([rule], []))
    assert (bound[ld.WRITES], free[ld.WRITES]) == (2, ld.NO_BOUND)
    assert bound[ld.TOOL_CALLS] == ld.NO_BOUND


def test_a_limit_for_each_customer_bounds_no_run() -> None:
    step = AskStep(id="act", prompt=lit("?"), tools=["desk.plain"], models=["free"])
    per = LimitPlan(limit=1, per=["attr", ["name", "args"], "who"])
    day = LimitPlan(limit=1, window="today")
    for limit in (per, day):
        rule = RulePlan(id="few", source="flow:main", tools=["desk.plain"], at_most=[limit])
        assert worst(make_plan([step, FINAL], rules=[rule]).plan)[ld.WRITES] == ld.NO_BOUND


def test_what_follows_a_stop_is_not_counted() -> None:
    call = CallStep(id="a", tool="desk.plain")
    plan = make_plan([StopStep(id="end", outcome="failed"), call, FINAL]).plan
    assert worst(plan)[ld.WRITES] == 0
    sometimes = StopStep(id="end", outcome="failed", when=lit(True))
    assert worst(make_plan([sometimes, call, FINAL]).plan)[ld.WRITES] == 1


def test_a_flow_that_is_called_is_cut_by_its_own_budget() -> None:
    calls = [CallStep(id=f"s{n}", tool="desk.plain", on_error="continue") for n in range(5)]
    sub = make_flow("sub", [*calls, FINAL], budget=BudgetPlan(writes=2))
    twice = [CallStep(id=f"c{n}", tool="flows.sub", flow="sub@1", with_=["dict", []]) for n in range(2)]
    assert worst(make_plan([*twice, FINAL], flows={"sub@1": sub}).plan)[ld.WRITES] == 4
