"""Flow and catalogue to plan: every name resolved, everything that a run needs inside, nothing of files left.

Owns: that translation and the plan's digest. It takes a flow without error findings; the findings are `lint`'s part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.errors import InternalError
from flowrun.lang import spec
from flowrun.plan import model as m
from flowrun.plan.catalogue import Catalogue, FlowSource

Json = Any
ENGINE = "1"
"""Rises when the same plan would run otherwise."""


def compile_plan(source: FlowSource, catalogue: Catalogue, rewrites: Mapping[int, m.Node] | None = None) -> m.Plan:
    """Return the plan of a flow. Raises `InternalError` for a name that lint should have found.

    `rewrites`: expressions (by `id` of the `Expr`) whose types ask for another node than the parser gave.
    """
    return _Compiler(catalogue, rewrites or {}).plan(source)


def plan_bytes(plan: m.Plan) -> bytes:
    """Return the plan as stored."""
    return msgspec.json.encode(plan, order="deterministic")


def digest(body: bytes) -> str:
    """Return the name of a stored plan: the SHA-256 of its bytes."""
    return hashlib.sha256(body).hexdigest()


class _Compiler:
    def __init__(self, catalogue: Catalogue, rewrites: Mapping[int, m.Node]) -> None:
        self.catalogue = catalogue
        self.rewrites = rewrites
        self.schemas: dict[str, m.Schema] = {}
        self.tools: dict[str, m.ToolPlan] = {}
        self.policies: dict[str, m.PolicyPlan] = {}
        self.flows: dict[str, m.FlowPlan] = {}

    def plan(self, source: FlowSource) -> m.Plan:
        root = self.flow(source)
        return m.Plan(
            flow=root,
            flows=self.flows,
            schemas=self.schemas,
            tools=self.tools,
            policies=self.policies,
            models=dict(self.catalogue.models),
            roles=dict(self.catalogue.roles),
            tables=dict(self.catalogue.tables),
            time_zone=self.catalogue.time_zone,
            limits=dict(self.catalogue.limits),
            ceiling=self.catalogue.ceiling,
            privacy=dict(self.catalogue.privacy),
            engine=ENGINE,
        )

    def flow(self, source: FlowSource) -> m.FlowPlan:
        flow = source.flow
        names = [self.tool(name) for name in flow.tools]
        policies = [self.policy(policy) for policy in [*self.catalogue.policies, *source.policies]]
        budget = flow.budget
        return m.FlowPlan(
            name=flow.flow,
            version=flow.version,
            title=flow.title,
            owner=flow.owner,
            input=self.schema(flow.input),
            output=self.schema(flow.output),
            steps=self.steps(flow.steps),
            tools=names,
            rules=[self.rule(rule, f"flow:{flow.flow}", name) for name, rule in flow.tools.items()],
            policies=policies,
            key=self.node(flow.key),
            subject=self.node(flow.subject),
            budget=budget_plan(budget),
            results=dict(flow.results),
            examples=list(source.examples),
        )

    def node(self, expr: spec.Expr | None) -> m.Node | None:
        return None if expr is None else self.rewrites.get(id(expr), expr.node)

    def tool(self, written: str) -> str:
        """Resolve one entry of `tools:`; return its name without a version."""
        if written.startswith("flows."):
            key = written.removeprefix("flows.")
            name = "flows." + key.split("@")[0]
            found = self.catalogue.flows.get(key)
            if found is None:
                raise InternalError(f"The flow {key} is not in the catalogue.")
            if key not in self.flows:
                self.flows[key] = self.flow(found)
            return name
        self.use(written)
        return written

    def use(self, name: str) -> None:
        found = self.catalogue.tools.get(name)
        if found is None:
            raise InternalError(f"The tool {name} is not in the catalogue.")
        self.tools[name] = found
        confirm = (found.once or {}).get("confirm_with")
        if confirm is not None:
            self.use(confirm if "." in confirm else f"{name.split('.')[0]}.{confirm}")

    def schema(self, use: spec.SchemaUse) -> str:
        if use.inline is not None:
            key = "inline:" + hashlib.sha256(msgspec.json.encode(use.inline, order="deterministic")).hexdigest()[:16]
            self.schemas[key] = use.inline
            return key
        found = self.catalogue.schema(use.name, use.version)
        if found is None:
            raise InternalError(f"The schema {use} is not in the catalogue.")
        self.schemas[str(use)] = found
        return str(use)

    def policy(self, policy: spec.Policy) -> str:
        key = f"{policy.policy}@{policy.version}"
        if key not in self.policies:
            for fact in policy.facts.values():
                if fact.call in self.catalogue.tools:
                    self.use(fact.call)
            self.policies[key] = m.PolicyPlan(
                name=policy.policy,
                version=policy.version,
                facts={
                    name: m.FactPlan(call=fact.call, with_=["dict", []] if fact.with_ is None else fact.with_.node)
                    for name, fact in policy.facts.items()
                },
                tables=policy.tables,
                rules=[self.rule(rule, key, rule.id) for rule in policy.rules],
            )
        return key

    def rule(self, rule: spec.Rule, source: str, id: str) -> m.RulePlan:
        nodes = [self.node(e) for e in (rule.only_when, rule.deny_when, rule.approve_when)]
        for limit in rule.at_most:
            nodes += [self.node(limit.sum), self.node(limit.per)]
        return m.RulePlan(
            id=id.split("@")[0],
            source=source,
            tools=[name.split("@")[0] for name in rule.tools],
            reason=rule.reason,
            at_most=[
                m.LimitPlan(
                    limit=limit.limit,
                    currency=limit.currency,
                    sum=self.node(limit.sum),
                    per=self.node(limit.per),
                    window=limit.window,
                )
                for limit in rule.at_most
            ],
            bind={name: template.node for name, template in rule.bind.items()},
            needs_before=list(rule.needs_before),
            only_when=self.node(rule.only_when),
            deny_when=self.node(rule.deny_when),
            approve_when=self.node(rule.approve_when),
            approver=list(rule.approver),
            facts=sorted({name for node in nodes if node is not None for name in facts_in(node)}),
        )

    def steps(self, steps: Sequence[spec.Step]) -> list[m.AnyStep]:
        return [self.step(step) for step in steps]

    def step(self, step: spec.Step) -> m.AnyStep:
        base: dict[str, Any] = {
            "id": step.id,
            "title": step.title,
            "when": self.node(step.when),
            "within": step.within,
            "on_error": step.on_error,
        }
        match step:
            case spec.Call():
                name = step.call.split("@")[0]
                flow = step.call.removeprefix("flows.") if step.call.startswith("flows.") else None
                return m.CallStep(**base, tool=name, with_=_template(step.with_), flow=flow)
            case spec.Ask():
                return m.AskStep(
                    **base,
                    prompt=step.ask.node,
                    slots={expr.text: expr.node for expr in step.ask.exprs},
                    tools=list(step.tools),
                    answer=None if step.answer is None else self.schema(step.answer),
                    models=list(step.model) or list(self.catalogue.models)[:1],
                    repair=step.repair,
                    to=step.to,
                    only_when=self.node(step.only_when),
                    reason=step.reason,
                )
            case spec.AskPerson():
                return m.AskPersonStep(
                    **base,
                    prompt=step.ask_person.node,
                    to=step.to,
                    answer=self.schema(step.answer),
                    with_=_template(step.with_),
                    show={expr.text: expr.node for expr in step.show},
                    only_when=self.node(step.only_when),
                    reason=step.reason,
                )
            case spec.Choose():
                branches = [m.BranchPlan(when=self.node(b.when), steps=self.steps(b.steps)) for b in step.choose]
                return m.ChooseStep(**base, branches=branches)
            case spec.ForEach():
                at_once = int(self.catalogue.limits.get("at_once", 8))
                return m.ForEachStep(**base, items=step.for_each.node, steps=self.steps(step.steps), at_once=at_once)
            case spec.Parallel():
                return m.ParallelStep(**base, branches={n: self.steps(s) for n, s in step.parallel.items()})
            case spec.WaitFor():
                return m.WaitStep(
                    **base,
                    duration=step.duration,
                    moment=_template(step.moment),
                    event=None if step.event is None else self.schema(step.event),
                    key=self.node(step.key),
                )
            case spec.Record():
                return m.RecordStep(
                    **base,
                    schema=self.schema(step.record),
                    with_=step.with_.node,
                    only_when=self.node(step.only_when),
                    reason=step.reason,
                )
            case spec.Set():
                return m.SetStep(**base, value=step.set.node)
            case spec.Stop():
                return m.StopStep(**base, outcome=step.stop, reason=_template(step.reason))
        raise InternalError(f"The step {step.id} has an unknown verb.")


def budget_plan(budget: spec.Budget | None) -> m.BudgetPlan:
    """Return a budget, or a workspace's ceiling, without positions."""
    if budget is None:
        return m.BudgetPlan()
    return m.BudgetPlan(
        cost=budget.cost,
        currency=budget.currency,
        model_calls=budget.model_calls,
        tool_calls=budget.tool_calls,
        writes=budget.writes,
        within=budget.within,
        tokens=budget.tokens,
    )


def steps_in(steps: Iterable[m.AnyStep]) -> Iterator[m.AnyStep]:
    """Yield steps and the steps inside them, each before what it holds."""
    for step in steps:
        yield step
        match step:
            case m.ChooseStep():
                for branch in step.branches:
                    yield from steps_in(branch.steps)
            case m.ForEachStep():
                yield from steps_in(step.steps)
            case m.ParallelStep():
                for inner in step.branches.values():
                    yield from steps_in(inner)


def asks_in(steps: Iterable[m.AnyStep]) -> Iterator[m.AskStep]:
    """Yield every `ask` among steps and the steps inside them."""
    return (step for step in steps_in(steps) if isinstance(step, m.AskStep))


def facts_in(node: Json) -> Iterator[str]:
    """Yield the name of every fact that a parsed expression reads."""
    if isinstance(node, list):
        if len(node) == 3 and node[0] == "attr" and node[1] == ["name", "facts"]:
            yield node[2]
        for part in node:
            yield from facts_in(part)


def _template(template: spec.Template | None) -> m.Node | None:
    return None if template is None else template.node


def models_in(plan: m.Plan) -> set[str]:
    """Return the names of the models that a plan's steps may ask."""
    flows = [plan.flow, *plan.flows.values()]
    return {name for flow in flows for step in asks_in(flow.steps) for name in step.models}
