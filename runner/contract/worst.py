"""The most that a run can come to, by walking all paths of its plan.

Owns: what each step uses at worst, and the walk: branches as maxima, loops by their bounds, repeats of failed calls and
repairs of answers included. The figures are those of the budget's meters, for a run in which no person resumes a step that
failed: each resume may add the step's figures once more, never above the budget. Bounds hold, and are reached where nothing but
counts decides (tests/property/test_worst.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowrun.contract import load as ld
from flowrun.contract.load import NO_BOUND, NOTHING, Load, either
from flowrun.contract.values import FlowValues
from flowrun.core import execute
from flowrun.core.steps import model_call
from flowrun.core.steps.ask import TURNS
from flowrun.plan import model as m
from flowrun.plan.prices import cost, unpriced

PAUSES = sum(execute.backoff(attempt, None) for attempt in range(2, execute.ATTEMPTS + 1))
"""Seconds between the attempts of one call, where its server asks for no longer pauses."""
_METERS = {"model_calls": ld.MODEL_CALLS, "tool_calls": ld.TOOL_CALLS, "writes": ld.WRITES, "within": ld.WORK}


@dataclass(frozen=True, slots=True)
class Ways:
    """What the paths through some steps come to: of those that come out at their end (None: none does), and the others."""

    out: Load | None
    ended: Load = NOTHING

    @property
    def worst(self) -> Load:
        """What any path comes to."""
        return self.ended if self.out is None else self.out.or_else(self.ended)


def worst(plan: m.Plan) -> Load:
    """Return the most that one run of a plan comes to by its steps and its rules, before its budget cuts it."""
    walk = _Walk(plan)
    return walk.with_limits(walk.steps(plan.flow, plan.flow.steps).worst)


def limits_of(budget: m.BudgetPlan) -> dict[ld.Key, float]:
    """Return a budget's limits by what they limit; a loop's or a tool's own limits are not in it."""
    found: dict[ld.Key, float] = {
        key: limit for name, key in _METERS.items() if (limit := getattr(budget, name)) is not None
    }
    if budget.cost is not None:
        found[ld.cost_in(budget.currency)] = budget.cost
    return found


def run_limit(limit: m.LimitPlan) -> float | None:
    """Return how many calls of one run an `at_most` allows at most; None where it bounds no single run."""
    counts = limit.sum is None and limit.per is None and limit.window in ("run", "ever")
    return int(limit.limit) if counts else None


def rules_of(plan: m.Plan, flow: m.FlowPlan, tool: str) -> list[m.RulePlan]:
    """Return the rules that hold for a tool in a flow, in file order."""
    policies = [plan.policies[key] for key in flow.policies]
    every = [*flow.rules, *(rule for policy in policies for rule in policy.rules)]
    return [rule for rule in every if tool in rule.tools]


def patience(roles: Mapping[str, m.RolePlan], role: str) -> float:
    """Return how long an entry waits for a role and those that it hands on to, in seconds."""
    total, past = 0.0, []
    name: str | None = role
    while name is not None and name not in past:
        plan = roles.get(name)
        if plan is None or plan.within is None:
            return NO_BOUND
        total += plan.within
        past.append(name)
        name = plan.then
    return total


def approvers_of(plan: m.Plan, flow: m.FlowPlan, tool: str) -> list[str]:
    """Return every role that may have to say yes to a call, each once."""
    asking = [rule for rule in rules_of(plan, flow, tool) if rule.approve_when is not None]
    return list(dict.fromkeys(role for rule in asking for role in rule.approver or [flow.owner]))


class _Walk:
    def __init__(self, plan: m.Plan) -> None:
        self.plan = plan
        self.turns = int(plan.limits.get("turns", TURNS))

    def steps(self, flow: m.FlowPlan, steps: Sequence[m.AnyStep]) -> Ways:
        out: Load | None = NOTHING
        ended = NOTHING
        for step in steps:
            if out is None:
                break  # nothing after a `stop` is reached
            here = self.step(flow, step)
            ended = ended.or_else(out.then(here.ended))
            skipped = out if step.when is not None else None
            out = None if here.out is None else out.then(here.out)
            if skipped is not None:
                out = skipped if out is None else out.or_else(skipped)
        return Ways(out, ended)

    def step(self, flow: m.FlowPlan, step: m.AnyStep) -> Ways:
        match step:
            case m.CallStep():
                return Ways(self.call(flow, step))
            case m.AskStep():
                return Ways(self.ask(flow, step))
            case m.AskPersonStep():
                return Ways(Load(waiting=patience(self.plan.roles, step.to) if step.within is None else step.within))
            case m.WaitStep():
                wanted = step.duration if step.duration is not None else NO_BOUND
                return Ways(Load(waiting=min(wanted, NO_BOUND if step.within is None else step.within)))
            case m.StopStep():
                return Ways(None, NOTHING)
            case m.ChooseStep():
                ways = [self.steps(flow, branch.steps) for branch in step.branches]
                outs = [way.out for way in ways if way.out is not None]
                if all(branch.when is not None for branch in step.branches):
                    outs.append(NOTHING)
                return self.within(step, Ways(either(outs) if outs else None, either(way.ended for way in ways)))
            case m.ForEachStep():
                items = FlowValues(self.plan, flow).most_items(step.items, step.id)
                one = self.steps(flow, step.steps).worst
                return self.within(step, Ways(one.times(items, step.at_once)))
            case m.ParallelStep():
                return self.within(step, self.parallel([self.steps(flow, branch) for branch in step.branches.values()]))
        return Ways(NOTHING)

    def parallel(self, ways: Sequence[Ways]) -> Ways:
        out: Load | None = NOTHING
        every = NOTHING
        for way in ways:
            out = None if out is None or way.out is None else out.beside(way.out)
            every = every.beside(way.worst)
        # A `stop` in one branch ends the others, wherever they are.
        return Ways(out, every if any(way.out is None or way.ended != NOTHING for way in ways) else NOTHING)

    def within(self, step: m.StepPlan, ways: Ways) -> Ways:
        """A block's `within` ends its waiting; work that runs then is settled."""

        def cut(load: Load) -> Load:
            return Load(load.sums, load.waiting if step.within is None else min(load.waiting, step.within))

        if step.on_error != "fail":
            # A part that fails before its end, also before a stop that it would have reached, leaves the flow to go on.
            return Ways(cut(ways.worst), cut(ways.ended))
        return Ways(None if ways.out is None else cut(ways.out), cut(ways.ended))

    def asked(self, flow: m.FlowPlan, tool: str) -> Load:
        """What a call waits for people: each role that may be asked, one after the other, since facts may change."""
        return Load(waiting=sum(patience(self.plan.roles, role) for role in approvers_of(self.plan, flow, tool)))

    def call(self, flow: m.FlowPlan, step: m.CallStep) -> Load:
        waits = self.asked(flow, step.tool)
        if step.flow is not None:
            inner = self.plan.flows[step.flow]
            limits = limits_of(inner.budget)
            if step.within is not None:
                limits[ld.WORK] = min(limits.get(ld.WORK, NO_BOUND), step.within)
            found = self.steps(inner, inner.steps).worst.capped(limits)
            return waits.then(found).then(Load({ld.call_of(flow.name, step.tool): 1}))
        tool = self.plan.tools[step.tool]
        attempts = execute.ATTEMPTS
        work = attempts * tool.within + PAUSES
        work = work if step.within is None else min(work, step.within)
        sums: dict[ld.Key, float] = {
            ld.TOOL_CALLS: attempts,
            ld.WORK: work + self.looking(tool),
            ld.call_of(flow.name, step.tool): 1,
        }
        if tool.effect == "write":
            sums[ld.WRITES] = 1
        return waits.then(Load(sums))

    def looking(self, tool: m.ToolPlan) -> float:
        """Seconds in which a write in doubt is looked up, which neither counts as a tool call nor ends with the step."""
        confirm = (tool.once or {}).get("confirm_with")
        if confirm is None:
            return 0.0
        reader = self.plan.tools[confirm if "." in confirm else f"{tool.name.split('.')[0]}.{confirm}"]
        return execute.ATTEMPTS * reader.within

    def ask(self, flow: m.FlowPlan, step: m.AskStep) -> Load:
        several = bool(step.tools) or step.to == "customer"
        rounds = (self.turns if several else 1) + (step.repair if step.answer is not None else 0)
        attempts = rounds * model_call.ATTEMPTS
        models = step.models or [""]
        sums: dict[ld.Key, float] = {
            ld.MODEL_CALLS: attempts * len(models),
            ld.WORK: NO_BOUND if step.within is None else step.within,
        }
        for name in step.models:
            model = self.plan.models.get(name)
            if model is not None and (price := self.price(model)):
                key = ld.cost_in(model.currency)
                sums[key] = sums.get(key, 0) + attempts * price
        waiting = NO_BOUND if step.to == "customer" else 0.0
        found = Load(sums, waiting)
        for name in step.tools:
            tool = self.plan.tools[name]
            # A model may propose as often as it likes: what ends it are the rules and the budget.
            most = self.limited(flow, name)
            more: dict[ld.Key, float] = {ld.TOOL_CALLS: NO_BOUND, ld.call_of(flow.name, name): most}
            if tool.effect == "write":
                more[ld.WRITES] = most
            waits = self.asked(flow, name).waiting
            found = found.then(Load(more, NO_BOUND if waits else 0.0))
        return found

    def price(self, model: m.ModelPlan) -> float:
        """What one call of a model can cost, in millionths: its window full of text, and its longest reply."""
        if unpriced(model):
            return NO_BOUND
        if not model.input_price and not model.output_price:
            return 0
        window = model.context_tokens
        return NO_BOUND if window is None else cost(model, window, model.max_output_tokens)

    def limited(self, flow: m.FlowPlan, tool: str) -> float:
        """How many calls of a tool the rules let one run of this flow make."""
        rules = rules_of(self.plan, flow, tool)
        bounds = [bound for rule in rules for limit in rule.at_most if (bound := run_limit(limit)) is not None]
        return min(bounds, default=NO_BOUND)

    def with_limits(self, load: Load) -> Load:
        """Cut the calls of each tool, and all writes, to what the rules of the whole run allow."""
        sums = dict(load.sums)
        flows = {flow.name: flow for flow in [*self.plan.flows.values(), self.plan.flow]}
        groups: dict[tuple[str, str, int], tuple[float, list[ld.Key]]] = {}
        for key in [key for key in sums if key[0] == "call"]:
            for rule in rules_of(self.plan, flows[key[1]], key[2]):
                for place, limit in enumerate(rule.at_most):
                    bound = run_limit(limit)
                    if bound is not None:
                        sums[key] = min(sums[key], bound)
                        groups.setdefault((rule.source.split("@")[0], rule.id, place), (bound, []))[1].append(key)
        writes = {key for key in sums if key[0] == "call" and self.writes(key[2])}
        total, left = 0.0, set(writes)
        # One rule may limit several tools together: each call is counted under at most one of these.
        for bound, keys in sorted(groups.values(), key=lambda group: group[0]):
            shared = [key for key in keys if key in left]
            if len(shared) > 1:
                total += min(bound, sum(sums[key] for key in shared))
                left -= set(shared)
        total += sum(sums[key] for key in left)
        if ld.WRITES in sums:
            sums[ld.WRITES] = min(sums[ld.WRITES], total)
        return Load(sums, load.waiting)

    def writes(self, tool: str) -> bool:
        plan = self.plan.tools.get(tool)
        return plan is not None and plan.effect == "write"
