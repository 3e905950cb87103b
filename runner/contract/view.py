"""The steps of a flow as they are drawn: boxes with what each does, gates before writes, branches.

Owns: that tree and its short labels. How it is drawn is `contract.mermaid`'s and `contract.svg`'s part.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.contract import model as c
from flowrun.contract.expression import written
from flowrun.contract.failing import verb_of
from flowrun.contract.meaning import Meanings
from flowrun.contract.plain import duration, listed
from flowrun.contract.rules import APPROVE, rule_words
from flowrun.plan import model as m
from flowrun.words import t, tn

SHORT = 60


def view_of(plan: m.Plan, flow: m.FlowPlan) -> list[c.StepView]:
    """Return the steps of a flow as a tree."""
    return _View(plan, flow).steps(flow.steps)


class _View:
    def __init__(self, plan: m.Plan, flow: m.FlowPlan) -> None:
        self.plan = plan
        self.flow = flow
        self.meanings = Meanings(flow, plan.tables)

    def steps(self, steps: Sequence[m.AnyStep]) -> list[c.StepView]:
        return [self.step(step) for step in steps]

    def step(self, step: m.AnyStep) -> c.StepView:
        tools = [step.tool] if isinstance(step, m.CallStep) else list(step.tools) if isinstance(step, m.AskStep) else []
        written_to = [name for name in tools if name in self.plan.tools and self.plan.tools[name].effect != "read"]
        return c.StepView(
            id=step.id,
            kind=verb_of(step),
            says=self.says(step),
            title=step.title,
            when="" if step.when is None else self.meanings.said(step.when, step.id).words,
            reads=[name for name in tools if name not in written_to],
            writes=written_to,
            gates=[gate for name in tools for gate in self.gates(name)],
            on_error=step.on_error,
            owner=self.flow.owner if step.on_error == "hand_off" else "",
            branches=self.branches(step),
        )

    def gates(self, tool: str) -> list[str]:
        """Return what stands between a proposal and the call: how many conditions there are, and who may be asked."""
        rules = rule_words(self.plan, self.flow, tool, self.meanings)
        people = list(dict.fromkeys(role for rule in rules if rule.kind == APPROVE for role in rule.approver))
        others = sum(rule.kind != APPROVE for rule in rules)
        found = [tn("{n} condition", "{n} conditions", others)] if others else []
        found += [t("{who} may be asked", who=listed(people))] if people else []
        return [t("{tool}: {gates}", tool=tool, gates=", ".join(found))] if found else []

    def says(self, step: m.AnyStep) -> str:
        match step:
            case m.CallStep():
                return step.tool
            case m.AskStep():
                who = ", ".join(step.models)
                return (
                    t("asks {model}, which may propose {tools}", model=who, tools=listed(step.tools, "or"))
                    if step.tools
                    else t("asks {model}", model=who)
                )
            case m.AskPersonStep():
                return t("asks {who}", who=step.to)
            case m.RecordStep():
                return t("writes the record {schema}", schema=step.schema)
            case m.WaitStep():
                if step.event is not None:
                    return t("waits for {event}", event=step.event)
                return (
                    t("waits {time}", time=duration(step.duration))
                    if step.duration is not None
                    else t("waits for a moment")
                )
            case m.StopStep():
                return t("ends: {outcome}", outcome=step.outcome)
            case m.ForEachStep():
                return t("for each of {list}", list=short(written(step.items)))
            case m.SetStep():
                return short(written(step.value))
        return ""

    def branches(self, step: m.AnyStep) -> list[c.Branch]:
        match step:
            case m.ChooseStep():
                return [
                    c.Branch(
                        label=t("otherwise") if branch.when is None else self.meanings.said(branch.when, step.id).words,
                        steps=self.steps(branch.steps),
                    )
                    for branch in step.branches
                ]
            case m.ForEachStep():
                return [c.Branch(label=t("for each"), steps=self.steps(step.steps))]
            case m.ParallelStep():
                return [c.Branch(label=name, steps=self.steps(inner)) for name, inner in step.branches.items()]
        return []


def short(text: str) -> str:
    """Return a text in one line that fits into a box."""
    line = " ".join(text.split())
    return line if len(line) <= SHORT else line[: SHORT - 1] + "…"
