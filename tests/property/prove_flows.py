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


X = {"type": "string"}
"""Texts of which a run can tell who chose them; `x` is the name of every such field."""
PAID, SENT = closed(n=FEW, who=WHO, x=X), closed(who=WHO, x=X)
INPUT = closed(
    n=FEW, who=WHO, t=MAYBE_TEXT, x=X, l={"type": "array", "items": ITEM, "maxItems": 2},
    p={"type": "array", "items": PAID, "maxItems": 2},
)  # fmt: skip
ANSWER = closed(kind={"enum": ["a", "b"]}, score=FEW, who=WHO, x=X)
FOUND = {"anyOf": [closed(id=WHO, n=FEW, x=X, l={"type": "array", "items": ITEM, "maxItems": 2}), {"type": "null"}]}
DONE = closed(id={"type": "string"})
RECORD = closed(n=FEW, x=X)
SCHEMAS = {"input@1": INPUT, "answer@1": ANSWER, "record@1": RECORD, "pay.out": PAID, "mail.send": SENT}
SUB = "flows.sub"
TOOLS = {
    tool.name: tool
    for tool in (
        ToolPlan(name="crm.find", title="find", effect="read", input=closed(who=WHO), output=FOUND),
        ToolPlan(name="pay.out", title="pay", effect="write", input=PAID, output=DONE),
        ToolPlan(name="mail.send", title="mail", effect="write", input=SENT, output=DONE,
                 once={"header": "Idempotency-Key"}),
    )
}  # fmt: skip
ARGS = {"crm.find": ("who",), "pay.out": ("n", "who", "x"), "mail.send": ("who", "x")}
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

    def __init__(self, draw: st.DrawFn, sub: bool = False) -> None:
        self.draw = draw
        self.sub = sub
        """Whether there is another flow to call."""
        self.records: list[str] = []
        self.loops: list[str] = []
        self.wholes: dict[str, list[Node]] = {"pay.out": [], "mail.send": []}
        """Nodes whose whole value may be the arguments of a tool."""
        self.number = 0
        self.answers: list[str] = []
        self.found: list[str] = []
        self.bound: dict[str, set[str]] = {tool: set() for tool in TOOLS}

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
            options += [attr(["name", "args"], "n")] * 3 if rules == "pay.out" else []
            lists = [attr(last, "output", "l"), attr(["name", "facts"], "f", "l")]
        options += [["call", "count", [node], [["k", lit("u")]]] for node in lists]
        options += [attr(["call", "first", [node], []], "n") for node in lists]
        return self.pick(options)

    def free_node(self) -> Node:
        """Return a text that somebody chose, or a fixed one."""
        last = ["calls", "crm.find", "last"]
        options = [lit("fixed"), attr(["name", "input"], "x"), attr(last, "output", "x"), attr(["name", "item"], "x")]
        options += [attr(["step", id], "x") for id in [*self.answers, *self.found, *self.records]]
        options += [attr(node, "x") for nodes in self.wholes.values() for node in nodes]
        options += [attr(["call", "first", [["step", id]], []], "x") for id in self.loops]
        options += [["call", "default", [self.pick(options), self.pick(options)], []]]
        return self.pick(options)

    def whole_node(self, tool: str) -> Node | None:
        """Return a value that may be all the arguments of a tool, None where nobody gave one yet."""
        nodes = self.wholes[tool]
        if not nodes:
            return None
        one, two = self.pick(nodes), self.pick(nodes)
        ways = [one, ["call", "default", [one, two], []], ["if", self.condition(deep=0), one, two]]
        ways += [attr(["dict", [["it", one]]], "it"), ["call", "first", [["list", [one, two]]], []]]
        return self.pick(ways)

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
        verbs = ["find", "find", "ask", "ask_person", "pay", "pay", "propose", "propose", "set", "whole", "keep"]
        verbs += ["sub", "sub"] if self.sub else []
        verb = self.pick(verbs + (["choose", "choose", "for_each", "parallel"] if deep else []))
        base = self.base()
        id = base["id"]
        if verb == "find":
            self.found.append(id)
            return CallStep(**base, tool="crm.find", with_=["dict", [["who", self.text_node(None)]]])
        if verb == "pay":
            tool = self.pick(["pay.out", "mail.send"])
            whole = None if self.chance(3) else self.whole_node(tool)
            if whole is not None:
                return CallStep(**base, tool=tool, with_=whole)
            given = {"n": self.number_node(None), "who": self.text_node(None), "x": self.free_node()}
            kept = [[name, given[name]] for name in ARGS[tool] if name not in self.bound[tool]]
            return CallStep(**base, tool=tool, with_=["dict", kept])
        if verb in ("ask", "propose"):
            tools = (
                [] if verb == "ask" else self.draw(st.lists(st.sampled_from(sorted(TOOLS)), min_size=1, unique=True))
            )
            only = ["cmp", "<", attr(["step", id], "score"), lit(3)] if self.chance(4) else None
            self.answers.append(id)
            what = [self.text_node(None), self.free_node(), *([["step", self.pick(self.loops)]] if self.loops else [])]
            said = ["text", [lit("Do it: "), self.pick(what)]]
            return AskStep(**base, prompt=said, tools=tools, answer="answer@1", models=["m"], repair=1, only_when=only)
        if verb == "ask_person":
            self.answers.append(id)
            return AskPersonStep(**base, prompt=lit("Look."), to="lead", answer="answer@1")
        if verb == "sub":
            self.records.append(id)
            return CallStep(**base, tool=SUB, flow="sub@1", with_=["name", "input"])
        if verb == "whole":
            tool = self.pick(self.wholes)
            self.wholes[tool].append(["step", id])
            if self.chance(2):
                return AskPersonStep(**base, prompt=lit("Which?"), to="lead", answer=tool)
            return AskStep(**base, prompt=lit("Which?"), answer=tool, models=["m"], repair=1)
        if verb == "keep":
            tool = self.pick(self.wholes)
            whole = self.whole_node(tool)
            self.wholes[tool] += [] if whole is None else [["step", id]]
            return SetStep(**base, value=self.free_node() if whole is None else whole)
        if verb == "set":
            value = self.pick([self.number_node(None), self.text_node(None), self.condition()])
            return SetStep(**base, value=value)
        return self.block(verb, base, deep - 1)

    def block(self, verb: str, base: dict[str, Any], deep: int) -> Any:
        if verb == "choose":
            condition = self.condition()
            branches = [BranchPlan(when=condition, steps=self.steps(deep, 2))]
            if self.chance(4):
                branches[0].steps.append(StopStep(id=f"stop{self.number}", outcome=self.pick(["rejected", "failed"])))
            if not self.chance(4):
                branches.append(BranchPlan(steps=self.steps(deep, 2)))
            return ChooseStep(**base, branches=branches)
        if verb == "parallel":
            return ParallelStep(**base, branches={name: self.steps(deep, 2) for name in ("p", "q")})
        kept = (list(self.answers), list(self.found), list(self.records), list(self.loops))
        wholes = {tool: list(nodes) for tool, nodes in self.wholes.items()}
        items = self.pick([attr(["name", "input"], "l"), attr(["name", "input"], "p"), lit([1, 2])])
        self.wholes["pay.out"].append(["name", "item"])
        inner = self.steps(deep, 2)
        self.answers, self.found, self.records, self.loops = kept
        self.wholes = wholes
        self.loops.append(base["id"])
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


def _final(maker: Maker) -> RecordStep:
    x = ["call", "default", [maker.free_node(), lit("none")], []]
    return RecordStep(
        id="final", schema="record@1", with_=["dict", [["n", maker.number_node(None)], ["x", x]]], on_error="hand_off"
    )


def _sub_flow(maker: Maker) -> FlowPlan:
    steps = maker.steps(1, 2)
    own = [maker.rule(tool, tool, "flow:sub", policy=False) for tool in sorted(TOOLS)]
    return FlowPlan(
        name="sub", version=1, title="sub", owner="lead", input="input@1", output="record@1",
        steps=[*steps, _final(maker)], tools=sorted(TOOLS), rules=own, policies=["p@1"], budget=BudgetPlan(),
    )  # fmt: skip


@st.composite
def flows(draw: st.DrawFn) -> CompiledPlan:
    """Draw a flow with its policy."""
    inner = None
    if draw(st.integers(1, 3)) == 1:
        inner = Maker(draw)
        inner.number = 100
    maker = Maker(draw, sub=inner is not None)
    binds = {}
    for tool in ("pay.out", "mail.send"):
        if maker.chance(3):
            binds[tool] = {
                "who": maker.pick([attr(["name", "input"], "who"), attr(["calls", "crm.find", "last"], "output", "id")])
            }
            maker.bound[tool] = {"who"}
    steps = maker.steps(2)
    own = [maker.rule(tool, tool, "flow:main", policy=False) for tool in sorted(TOOLS)]
    own = [
        RulePlan(**{**{name: getattr(rule, name) for name in rule.__struct_fields__}, "bind": binds.get(rule.id, {})})
        for rule in own
    ]
    rules = [maker.rule(f"r{n}", maker.pick(sorted(TOOLS)), "p@1", policy=True) for n in range(draw(st.integers(0, 3)))]
    fact = FactPlan(call="crm.find", with_=["dict", [["who", attr(["name", "args"], "who")]]])
    policy = PolicyPlan(name="p", version=1, facts={"f": fact}, rules=rules)
    few = st.sampled_from([None, None, 1, 3])
    subs = {} if inner is None else {"sub@1": _sub_flow(inner)}
    flow = FlowPlan(
        name="main", version=1, title="main", owner="lead", input="input@1", output="record@1", steps=[*steps, _final(maker)],
        tools=[*sorted(TOOLS), SUB] if subs else sorted(TOOLS), rules=own, policies=["p@1"],
        budget=BudgetPlan(
            writes=draw(few), model_calls=draw(st.sampled_from([None, 8])), tool_calls=draw(st.sampled_from([None, 12]))
        ),
    )  # fmt: skip
    plan = Plan(
        flow=flow, flows=subs, schemas=SCHEMAS, tools=TOOLS,
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
    if kind == 3:
        return Question(text="reaches", kind="reaches", path=("input", "x"))
    if kind == 4:
        return Question(text="reaches", kind="reaches", tool="crm.find", path=("crm.find", "x"))
    if kind in (5, 6):
        tool, by = maker.pick(["pay.out", "mail.send"]), maker.pick(["model", "message", "unbound"])
        return Question(text="chosen", kind="call", tool=tool, chosen=("x", by))
    if kind == 7:
        return Question(text="ever", kind="call", tool=maker.pick(["pay.out", "mail.send"]))
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
        if more["chosen"][0] == "x":
            more["chosen"] = ("x", maker.pick(["unbound", "model", "message", "model"]))
    return Question(text=repr(more), kind="call", tool=tool, **more)
