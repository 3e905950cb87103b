"""Random plans: every verb, nested, with the rules, tools and budgets that make things go wrong.

Owns: the Hypothesis strategy of plans and the small workspace that they use. How a plan is run is `simulation`'s part.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from flowrun.core.compiled import CompiledPlan
from flowrun.plan.model import (
    AskPersonStep,
    AskStep,
    BranchPlan,
    BudgetPlan,
    CallStep,
    ChooseStep,
    FlowPlan,
    ForEachStep,
    LimitPlan,
    ModelPlan,
    ParallelStep,
    Plan,
    RecordStep,
    RolePlan,
    RulePlan,
    SetStep,
    StopStep,
    ToolPlan,
    WaitStep,
)

GOOD = {"kind": "a", "score": 1}
INPUT = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "who": {"type": "string"}},
    "additionalProperties": False,
}
OUTPUT = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"], "additionalProperties": False}
ANSWER = {
    "type": "object",
    "properties": {"kind": {"enum": ["a", "b"]}, "score": {"type": "integer"}},
    "required": ["kind", "score"],
    "additionalProperties": False,
}
RECORD = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
MAYBE = {"anyOf": [OUTPUT, {"type": "null"}]}
SCHEMAS = {"in@1": {"type": "object"}, "answer@1": ANSWER, "out@1": RECORD, "event@1": {"type": "object"}}


def tool(name: str, effect: str, once: dict[str, Any] | None = None, output: dict[str, Any] = OUTPUT) -> ToolPlan:
    """Return a tool of the test's workspace."""
    return ToolPlan(name=name, title=name, effect=effect, input=INPUT, output=output, once=once, within=5.0)


TOOLS = {
    t.name: t
    for t in (
        tool("crm.read", "read"),
        tool("desk.find", "read", output=MAYBE),
        tool("desk.plain", "write"),
        tool("desk.header", "write", {"header": "Idempotency-Key"}),
        tool("desk.confirm", "write", {"confirm_with": "find"}),
    )
}
MODELS = {
    "dear": ModelPlan(name="dear", provider="scripted", input_price=1_000_000, output_price=1_000_000),
    "free": ModelPlan(name="free", provider="scripted"),
}
ROLES = {
    "lead": RolePlan(members=["eva"], within=3600.0, then="finance"),
    "finance": RolePlan(members=["tom"], within=7200.0),
}
DEPTH = 3
ON_ERROR = ["hand_off"] * 4 + ["continue"] * 3 + ["fail"] * 2
ARG_N = ["attr", ["name", "args"], "n"]


def lit(value: Any) -> list[Any]:
    """Return the node of a literal."""
    return ["lit", value]


def make_plan(
    steps: list[Any],
    *,
    rules: list[RulePlan] | None = None,
    budget: BudgetPlan | None = None,
    flows: dict[str, FlowPlan] | None = None,
    tools: list[str] | None = None,
    policies: dict[str, Any] | None = None,
    limits: dict[str, float] | None = None,
    plan_tools: dict[str, ToolPlan] | None = None,
    schemas: dict[str, Any] | None = None,
) -> CompiledPlan:
    """Return a compiled plan whose flow has these steps."""
    flow = make_flow("main", steps, rules=rules, budget=budget, tools=tools, policies=list(policies or {}))
    plan = Plan(
        flow=flow,
        flows=flows or {},
        schemas=schemas or SCHEMAS,
        tools=plan_tools or TOOLS,
        policies=policies or {},
        models=MODELS,
        roles=ROLES,
        limits=limits or {},
    )
    return CompiledPlan(plan, "digest")


def make_flow(
    name: str,
    steps: list[Any],
    *,
    rules: list[RulePlan] | None = None,
    budget: BudgetPlan | None = None,
    tools: list[str] | None = None,
    policies: list[str] | None = None,
) -> FlowPlan:
    """Return one flow."""
    return FlowPlan(
        name=name,
        version=1,
        title=name,
        owner="lead",
        input="in@1",
        output="out@1",
        steps=steps,
        tools=[*TOOLS, "flows.sub"] if tools is None else tools,
        rules=rules or [],
        policies=policies or [],
        budget=budget or BudgetPlan(),
    )


class _Maker:
    """Draws steps; ids are unique in the plan."""

    def __init__(self, draw: st.DrawFn, *, calm: bool) -> None:
        self.draw = draw
        self.calm = calm
        self.number = 0
        self.budget_of_steps = 24

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(1, one_in)) == 1)

    def base(self) -> dict[str, Any]:
        self.number += 1
        self.budget_of_steps -= 1
        more: dict[str, Any] = {"id": f"s{self.number}"}
        more["on_error"] = self.draw(st.sampled_from(ON_ERROR))
        if self.chance(8):
            more["when"] = self.draw(st.sampled_from([lit(True), lit(False), lit(None)]))
        return more

    def steps(self, depth: int, *, in_loop: bool, sub: bool) -> list[Any]:
        count = self.draw(st.integers(1, 3 if depth < DEPTH else 5))
        return [self.step(depth, in_loop=in_loop, sub=sub) for _ in range(count)]

    def step(self, depth: int, *, in_loop: bool, sub: bool) -> Any:
        verbs = ["call"] * 4 + ["ask"] * 4 + ["ask_person", "wait_for", "record", "set"]
        if depth and self.budget_of_steps > 0:
            verbs += ["choose", "for_each", "parallel", "parallel"] * 2
        if not in_loop and not self.calm and self.chance(4):
            verbs.append("stop")
        if sub:
            verbs.append("flow")
        verb = self.draw(st.sampled_from(verbs))
        base = self.base()
        if not self.calm and verb in ("call", "ask", "ask_person", "wait_for", "choose", "for_each", "parallel"):
            base["within"] = self.draw(st.sampled_from([None] * 5 + [3.0, 60.0]))
        return getattr(self, f"_{verb}")(base, depth, in_loop, sub)

    def _call(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        name = self.draw(st.sampled_from(["crm.read", "desk.plain", "desk.header", "desk.confirm"]))
        n = self.draw(st.integers(0, 3))
        return CallStep(**base, tool=name, with_=["dict", [["n", lit(n)]]])

    def _flow(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        return CallStep(**base, tool="flows.sub", flow="sub@1", with_=["dict", []])

    def _ask(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        names = list(TOOLS)
        return AskStep(
            **base,
            prompt=["text", [lit("Do it with "), ["name", "input"]]],
            tools=self.draw(st.lists(st.sampled_from(names), unique=True, max_size=3)),
            answer=self.draw(st.sampled_from(["answer@1", "answer@1", None])),
            models=self.draw(st.sampled_from([["dear"], ["dear", "free"], ["free"]])),
            repair=self.draw(st.integers(0, 2)),
            to="customer" if not in_loop and self.chance(6) else "",
            only_when=self.draw(
                st.sampled_from([None, None, ["cmp", "<", ["attr", ["step", base["id"]], "score"], lit(8)]])
            ),
        )

    def _ask_person(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        return AskPersonStep(**base, prompt=lit("Please look."), to="lead", answer="answer@1", with_=["step", "s1"])

    def _wait_for(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        kind = self.draw(st.sampled_from(["duration", "moment", "event", "bad"]))
        if kind == "duration":
            return WaitStep(**base, duration=10.0)
        if kind == "moment":
            return WaitStep(**base, moment=lit("2026-01-01T00:00:30Z"))
        key = lit("k") if kind == "event" or self.calm else lit(None)
        return WaitStep(**base, event="event@1", key=key)

    def _record(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        value = self.draw(st.sampled_from([1, 2, "wrong"])) if not self.calm else 1
        return RecordStep(**base, schema="out@1", with_=["dict", [["n", lit(value)]]])

    def _set(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        earlier = f"s{self.draw(st.integers(1, max(self.number - 1, 1)))}"
        return SetStep(**base, value=self.draw(st.sampled_from([lit(3), ["step", earlier], ["name", "item"]])))

    def _stop(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        return StopStep(**base, outcome=self.draw(st.sampled_from(["completed", "rejected", "failed"])))

    def _choose(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        first = BranchPlan(when=lit(self.chance(2)), steps=self.steps(depth - 1, in_loop=in_loop, sub=sub))
        return ChooseStep(**base, branches=[first, BranchPlan(steps=self.steps(depth - 1, in_loop=in_loop, sub=sub))])

    def _for_each(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        items = self.draw(st.lists(st.sampled_from([None, 1, "x"]), max_size=3))
        return ForEachStep(
            **base,
            items=lit(items),
            steps=self.steps(depth - 1, in_loop=True, sub=sub),
            at_once=self.draw(st.integers(1, 3)),
        )

    def _parallel(self, base: dict[str, Any], depth: int, in_loop: bool, sub: bool) -> Any:
        names = ["p", "a", "q"][: self.draw(st.integers(2, 3))]
        return ParallelStep(**base, branches={name: self.steps(depth - 1, in_loop=in_loop, sub=sub) for name in names})

    def rules(self) -> list[RulePlan]:
        rules = [RulePlan(id="desk.header", source="flow", tools=["desk.header"], bind={"who": lit("C1")})]
        for name in ("desk.plain", "desk.confirm", "crm.read"):
            kind = self.draw(st.sampled_from(["none", "none", "at_most", "ask", "ask two", "deny"]))
            more: dict[str, Any] = {}
            if kind == "at_most":
                more["at_most"] = [LimitPlan(limit=self.draw(st.integers(1, 3)))]
            elif kind.startswith("ask"):
                more["approve_when"] = ["cmp", ">", ARG_N, lit(0)]
                more["approver"] = ["lead", "finance"][: 2 if kind == "ask two" else 1]
            elif kind == "deny":
                more["deny_when"] = ["cmp", "==", ARG_N, lit(1)]
            if more:
                rules.append(RulePlan(id=f"r:{name}", source="p@1", tools=[name], reason=kind, **more))
        return rules

    def budget(self) -> BudgetPlan:
        few = st.sampled_from([None] * 6 + [1, 3, 8])
        return BudgetPlan(
            model_calls=self.draw(few),
            tool_calls=self.draw(few),
            writes=self.draw(few),
            cost=self.draw(st.sampled_from([None] * 5 + [5_000, 50_000])),
            within=self.draw(st.sampled_from([None] * 5 + [20.0])),
        )


@st.composite
def plans(draw: st.DrawFn, *, calm: bool = False) -> CompiledPlan:
    """Draw a plan. `calm`: nothing in it makes the order of answers matter (no rules, budgets, deadlines or stops)."""
    maker = _Maker(draw, calm=calm)
    sub = maker.chance(3)
    steps = maker.steps(DEPTH, in_loop=False, sub=sub)
    flows = {}
    final = RecordStep(id="final", schema="out@1", with_=["dict", [["n", lit(1)]]])
    if sub:
        maker.budget_of_steps = 4
        inner = maker.steps(1, in_loop=False, sub=False)
        budget = None if calm else maker.budget()
        rules = None if calm else maker.rules()
        flows["sub@1"] = make_flow("sub", [*inner, final], rules=rules, budget=budget)
    made = make_plan(
        [*steps, final],
        rules=None if calm else maker.rules(),
        budget=None if calm else maker.budget(),
        flows=flows,
    )
    # Whose data it is: known from the input, from a step that may or may not run, or never.
    subject = draw(st.sampled_from([None, ["attr", ["name", "run"], "id"], *(["step", step.id] for step in steps[:2])]))
    plan = msgspec.structs.replace(made.plan, flow=msgspec.structs.replace(made.plan.flow, subject=subject))
    return CompiledPlan(plan, made.digest)
