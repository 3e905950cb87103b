"""Random small flows with policies, facts and conditions over real values, and questions about them.

Owns: their Hypothesis strategies. How a flow is run at random is `prove_runs`' part.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from flowrun.core.compiled import CompiledPlan
from flowrun.plan.model import (
    AskPersonStep,
    AskStep,
    BranchPlan,
    BudgetPlan,
    CallStep,
    ChooseStep,
    FactPlan,
    FlowPlan,
    ForEachStep,
    LimitPlan,
    ModelPlan,
    ParallelStep,
    Plan,
    PolicyPlan,
    RecordStep,
    RolePlan,
    RulePlan,
    SetStep,
    StopStep,
    ToolPlan,
)
from flowrun.prove.questions import Question

Node = list[Any]
WHO = {"enum": ["u", "v"]}
FEW = {"type": "integer", "minimum": 0, "maximum": 3}
MAYBE_TEXT = {"type": ["string", "null"]}
ITEM = {"type": "object", "properties": {"k": WHO, "n": FEW}, "required": ["k", "n"], "additionalProperties": False}


def closed(**fields: Any) -> dict[str, Any]:
    """Return a closed schema in which all is required."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


INPUT = closed(n=FEW, who=WHO, t=MAYBE_TEXT, l={"type": "array", "items": ITEM, "maxItems": 2})
SUB_INPUT = {**INPUT, "required": ["n", "who"]}
ANSWER = closed(kind={"enum": ["a", "b"]}, score=FEW, who=WHO)
FOUND = {"anyOf": [closed(id=WHO, n=FEW, l={"type": "array", "items": ITEM, "maxItems": 2}), {"type": "null"}]}
DONE = closed(id={"type": "string"})
RECORD = closed(n=FEW)
TOOLS = {
    tool.name: tool
    for tool in (
        ToolPlan(name="crm.find", title="find", effect="read", input=closed(who=WHO), output=FOUND),
        ToolPlan(name="pay.out", title="pay", effect="write", input=closed(n=FEW, who=WHO), output=DONE),
        ToolPlan(name="mail.send", title="mail", effect="write", input=closed(who=WHO), output=DONE,
                 once={"header": "Idempotency-Key"}),
    )
}  # fmt: skip
ARGS = {"crm.find": ("who",), "pay.out": ("n", "who"), "mail.send": ("who",)}
ROLES = {"lead": RolePlan(members=["eva"]), "finance": RolePlan(members=["tom"])}
MODEL = ModelPlan(name="m", provider="scripted")


def lit(value: Any) -> Node:
    return ["lit", value]


def attr(node: Node, *names: str) -> Node:
    for name in names:
        node = ["attr", node, name]
    return node


class Maker:
    """Draws a flow. `steps` are the ids of steps whose value is an answer, `found` of those that are what was found."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.number = 0
        self.answers: list[str] = []
        self.found: list[str] = []
        self.bound: dict[str, set[str]] = {tool: set() for tool in [*TOOLS, "flows.sub"]}
        self.calls_flow = False

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(1, one_in)) == 1)

    def number_node(self, rules: str | None) -> Node:
        last = ["calls", "crm.find", "last"]
        options = [lit(0), lit(1), lit(2), attr(["name", "input"], "n"), attr(last, "output", "n")]
        options += [attr(["step", id], "score") for id in self.answers] + [attr(["step", id], "n") for id in self.found]
        lists = [attr(["name", "input"], "l"), attr(last, "output", "l")]
        if rules is not None:
            options = [lit(0), lit(1), lit(2), attr(last, "output", "n"), attr(["name", "facts"], "f", "n")]
            options += [attr(["name", "args"], "n")] * 3 if rules in ("pay.out", "flows.sub") else []
            lists = [attr(last, "output", "l"), attr(["name", "facts"], "f", "l")]
        options += [["call", "count", [node], [["k", lit("u")]]] for node in lists]
        options += [attr(["call", "first", [node], []], "n") for node in lists]
        return self.pick(options)

    def text_node(self, rules: str | None) -> Node:
        last = ["calls", "crm.find", "last"]
        options = [lit("u"), attr(["name", "input"], "who"), attr(last, "output", "id"), attr(["name", "input"], "t")]
        options += [attr(["step", id], "who") for id in self.answers] + [attr(["step", id], "id") for id in self.found]
        if rules is not None:
            options = [
                lit("u"),
                attr(last, "output", "id"),
                attr(last, "args", "who"),
                attr(["name", "facts"], "f", "id"),
            ]
            options += [attr(["name", "args"], "who")] * 3
        return self.pick(options)

    def condition(self, rules: str | None = None, deep: int = 2) -> Node:
        kinds = ["number", "number", "text", "text", "none", "any"] + (["and", "or", "not", "if"] if deep else [])
        kind = self.pick(kinds)
        if kind == "number":
            op = self.pick(["==", "!=", "<", "<=", ">", ">="])
            return ["cmp", op, self.number_node(rules), self.number_node(rules)]
        if kind == "text":
            return ["cmp", self.pick(["==", "!="]), self.text_node(rules), self.text_node(rules)]
        if kind == "none":
            return ["none", self.pick([self.number_node(rules), self.text_node(rules)])]
        if kind == "any":
            whole = attr(["name", "input"], "l") if rules is None else attr(["name", "facts"], "f", "l")
            return ["call", "any", [whole], [["k", self.text_node(rules)], ["n", self.number_node(rules)]]]
        if kind == "not":
            return ["not", self.condition(rules, deep - 1)]
        if kind == "if":
            return ["if", *(self.condition(rules, deep - 1) for _ in range(3))]
        return [kind, [self.condition(rules, deep - 1) for _ in range(2)]]

    def base(self) -> dict[str, Any]:
        self.number += 1
        more: dict[str, Any] = {"id": f"s{self.number}", "on_error": self.pick(["fail", "hand_off", "continue"])}
        if self.chance(6):
            more["when"] = self.condition()
        return more

    def steps(self, deep: int, most: int = 3) -> list[Any]:
        return [self.step(deep) for _ in range(self.draw(st.integers(1, most)))]

    def step(self, deep: int) -> Any:
        verbs = ["find", "find", "ask", "ask_person", "pay", "propose", "propose", "set"]
        verbs += ["sub"] * 2 * self.calls_flow
        verb = self.pick(verbs + (["choose", "choose", "for_each", "parallel"] if deep else []))
        base = self.base()
        id = base["id"]
        if verb == "find":
            self.found.append(id)
            return CallStep(**base, tool="crm.find", with_=["dict", [["who", self.text_node(None)]]])
        if verb == "pay":
            tool = self.pick(["pay.out", "mail.send"])
            given = {"n": self.number_node(None), "who": self.text_node(None)}
            kept = [[name, given[name]] for name in ARGS[tool] if name not in self.bound[tool]]
            return CallStep(**base, tool=tool, with_=["dict", kept])
        if verb == "sub":
            return self.sub(base)
        if verb in ("ask", "propose"):
            tools = (
                [] if verb == "ask" else self.draw(st.lists(st.sampled_from(sorted(TOOLS)), min_size=1, unique=True))
            )
            only = ["cmp", "<", attr(["step", id], "score"), lit(3)] if self.chance(4) else None
            self.answers.append(id)
            said = ["text", [lit("Do it: "), self.text_node(None)]]
            return AskStep(**base, prompt=said, tools=tools, answer="answer@1", models=["m"], repair=1, only_when=only)
        if verb == "ask_person":
            self.answers.append(id)
            return AskPersonStep(**base, prompt=lit("Look."), to="lead", answer="answer@1")
        if verb == "set":
            value = self.pick([self.number_node(None), self.text_node(None), self.condition()])
            return SetStep(**base, value=value)
        return self.block(verb, base, deep - 1)

    def sub(self, base: dict[str, Any] | None = None) -> CallStep:
        """Draw a call of the other flow."""
        own = attr(["name", "input"], "n"), attr(["name", "input"], "who")
        given = {"n": self.pick([lit(1), own[0]]), "who": self.pick([lit("u"), own[1]]), "t": self.text_node(None)}
        names = ["n", "who", *["t"] * self.chance(2)]
        kept = [[name, given[name]] for name in names if name not in self.bound["flows.sub"]]
        return CallStep(**(base or self.base()), tool="flows.sub", flow="sub@1", with_=["dict", kept])

    def block(self, verb: str, base: dict[str, Any], deep: int) -> Any:
        if verb == "choose":
            condition = self.condition()
            branches = [BranchPlan(when=condition, steps=self.steps(deep, 2))]
            if self.chance(4 if self.calls_flow else 2):
                branches[0].steps.append(StopStep(id=f"stop{self.number}", outcome=self.pick(["rejected", "failed"])))
            if not self.chance(4):
                branches.append(BranchPlan(steps=self.steps(deep, 2)))
            return ChooseStep(**base, branches=branches)
        if verb == "parallel":
            return ParallelStep(**base, branches={name: self.steps(deep, 2) for name in ("p", "q")})
        before = (list(self.answers), list(self.found))
        inner = self.steps(deep, 2)
        self.answers, self.found = before
        items = self.pick([attr(["name", "input"], "l"), lit([1, 2])])
        return ForEachStep(**base, items=items, steps=inner)

    def rule(self, id: str, tool: str, source: str, *, policy: bool) -> RulePlan:
        more: dict[str, Any] = {}
        words = ["only_when", "deny_when", "approve_when", "approve_when", "at_most", "sum"] + ["needs_before"] * policy
        for word in self.draw(st.lists(st.sampled_from(words), unique=True, max_size=2)):
            if word == "at_most":
                more["at_most"] = [LimitPlan(limit=self.draw(st.integers(0, 2)))]
            elif word == "sum":
                if tool == "pay.out":
                    more["at_most"] = [LimitPlan(limit=self.draw(st.integers(0, 3)), sum=attr(["name", "args"], "n"))]
            elif word == "needs_before":
                more["needs_before"] = [self.pick(["crm.find", "mail.send"])]
            else:
                more[word] = self.condition(tool) if policy or not self.chance(4) else lit(True)
        if "approve_when" in more:
            more["approver"] = self.pick([["lead"], ["finance"], ["lead", "finance"]])
        made = RulePlan(id=id, source=source, tools=[tool], **more)
        reads = "'facts'" in repr([made.only_when, made.deny_when, made.approve_when])
        return RulePlan(id=id, source=source, tools=[tool], facts=["f"] if reads and policy else [], **more)


Bound = dict[str, dict[str, Node]]


def bindings(maker: Maker) -> Bound:
    """Draw what a flow fixes of its calls."""
    bound: Bound = {}
    for tool in ("pay.out", "mail.send", *["flows.sub"] * maker.calls_flow):
        if maker.chance(3):
            fixed = [attr(["name", "input"], "who"), attr(["calls", "crm.find", "last"], "output", "id")]
            bound[tool] = {"who": maker.pick(fixed)}
            maker.bound[tool] = {"who"}
    return bound


def own_rules(maker: Maker, bound: Bound, source: str, tools: list[str]) -> list[RulePlan]:
    """Draw the rules that stand in a flow itself."""
    own = [maker.rule(tool, tool, source, policy=False) for tool in tools]
    if "flows.sub" in tools and not maker.chance(3):
        own[-1] = RulePlan(
            id="flows.sub", source=source, tools=["flows.sub"], approve_when=lit(True), approver=["lead"]
        )
    return [
        RulePlan(**{**{name: getattr(rule, name) for name in rule.__struct_fields__}, "bind": bound.get(rule.id, {})})
        for rule in own
    ]


@st.composite
def flows(draw: st.DrawFn) -> CompiledPlan:
    """Draw a flow with its policy; one in two calls another flow, in which it is judged once more."""
    maker, inner = Maker(draw), Maker(draw)
    maker.calls_flow = maker.chance(2)
    bound, bound_inner = bindings(maker), bindings(inner)
    steps = [*([maker.sub()] if maker.calls_flow and maker.chance(2) else []), *maker.steps(2, 2)]
    own = own_rules(maker, bound, "flow:main", [*sorted(TOOLS), *["flows.sub"] * maker.calls_flow])
    subs = {}
    if maker.calls_flow:
        inner_steps = inner.steps(1)
        end = RecordStep(id="final", schema="record@1", with_=["dict", [["n", lit(1)]]])
        subs["sub@1"] = FlowPlan(
            name="sub", version=1, title="sub", owner="lead", input="sub@1", output="record@1",
            steps=[*inner_steps, end], tools=sorted(TOOLS), policies=["p@1"], budget=BudgetPlan(),
            rules=own_rules(inner, bound_inner, "flow:sub", sorted(TOOLS)),
        )  # fmt: skip
    rules = [maker.rule(f"r{n}", maker.pick(sorted(TOOLS)), "p@1", policy=True) for n in range(draw(st.integers(0, 3)))]
    fact = FactPlan(call="crm.find", with_=["dict", [["who", attr(["name", "args"], "who")]]])
    policy = PolicyPlan(name="p", version=1, facts={"f": fact}, rules=rules)
    few = st.sampled_from([None, None, 1, 3])
    final = RecordStep(
        id="final", schema="record@1", with_=["dict", [["n", maker.number_node(None)]]], on_error="hand_off"
    )
    flow = FlowPlan(
        name="main", version=1, title="main", owner="lead", input="input@1", output="record@1", steps=[*steps, final],
        tools=[*sorted(TOOLS), *["flows.sub"] * maker.calls_flow], rules=own, policies=["p@1"],
        budget=BudgetPlan(
            writes=draw(few), model_calls=draw(st.sampled_from([None, 8])), tool_calls=draw(st.sampled_from([None, 12]))
        ),
    )  # fmt: skip
    plan = Plan(
        flow=flow, flows=subs, schemas={"input@1": INPUT, "sub@1": SUB_INPUT, "answer@1": ANSWER, "record@1": RECORD}, tools=TOOLS,
        policies={"p@1": policy}, models={"m": MODEL}, roles=ROLES, limits={"turns": 4, "at_once": 2},
    )  # fmt: skip
    return CompiledPlan(plan, "digest")


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a question about one call, or about how often."""
    maker = Maker(draw)
    tool = maker.pick(sorted(TOOLS))
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return Question(text="writes", kind="count", what="writes", most=draw(st.integers(0, 3)))
    if kind == 1:
        return Question(text="times", kind="call", tool=tool, most=draw(st.integers(0, 3)))
    if kind == 2:
        return Question(text="record", kind="record")
    more: dict[str, Any] = {}
    if maker.chance(2):
        more["roles"] = (maker.pick([None, "lead", "finance"]),)
    if maker.chance(3):
        more["without_calls"] = (maker.pick(["crm.find", "mail.send"]),)
    if maker.chance(4):
        more["without_people"] = True
    if maker.chance(2):
        more["node"] = maker.condition(tool)
    if maker.chance(4):
        more["chosen"] = (maker.pick(ARGS[tool]), "unbound")
    return Question(text=repr(more), kind="call", tool=tool, **more)
