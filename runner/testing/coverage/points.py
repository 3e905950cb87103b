"""Everything of a flow and its policies that tests can try, with its place and how to try it.

Owns: the list of points. Their keys are `conditions`'; what was tried is told by `seen`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.plan import model as m
from flowrun.testing.coverage.conditions import NONE, fixed, gate, key, literals, rules_of, source_of
from flowrun.words import t

KINDS = ("step", "branch", "gate", "failure", "value")
"""The kinds of points, in the order of a report."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to try. `what` says it in words, `hint` how a test comes there; `line` is where it stands in `file`."""

    key: str
    kind: str
    what: str
    hint: str
    file: str
    line: int


def points(compiled: CompiledPlan, flow: spec.Flow, policies: Sequence[spec.Policy]) -> list[Point]:
    """Return the points of a flow and of the rules of its policies that hold for its tools, in the order of the files."""
    plan = compiled.plan
    found = list(_of_steps(plan.flow, plan.flow.steps, flow.steps))
    written = {(f"flow:{flow.flow}", name): rule for name, rule in flow.tools.items()}
    written |= {(policy.policy, rule.id): rule for policy in policies for rule in policy.rules}
    plain = {(source, name.split("@")[0]): rule for (source, name), rule in written.items()}
    for rule in rules_of(plan, plan.flow):
        place = plain.get((source_of(rule), rule.id))
        if place is not None:
            found += _of_rule(rule, place)
    return found


def _point(kind: str, name: str, what: str, hint: str, span: Span) -> Point:
    return Point(key=name, kind=kind, what=what, hint=hint, file=span.file, line=span.line)


def _of_steps(flow: m.FlowPlan, steps: Sequence[m.AnyStep], written: Sequence[spec.Step]) -> Iterator[Point]:
    for step, place in zip(steps, written, strict=True):
        yield _point(
            "step",
            key("step", flow.name, step.id),
            t("step {step} runs", step=step.id),
            t("Write a test that comes to this step."),
            place.span,
        )
        if step.when is not None and place.when is not None and not fixed(step.when):
            yield from _when(flow, step, place.when)
        if isinstance(step, m.ChooseStep) and isinstance(place, spec.Choose):
            yield from _choose(flow, step, place)
        if (
            isinstance(step, m.AskStep | m.AskPersonStep | m.RecordStep)
            and isinstance(place, spec.Ask | spec.AskPerson | spec.Record)
            and step.only_when is not None
            and place.only_when is not None
        ):
            yield from _only_when(flow, step, place.only_when)
        if "on_error" in place.at:
            yield _failure(flow, step, place)
        if isinstance(step, m.ForEachStep) and isinstance(place, spec.ForEach):
            yield from _of_steps(flow, step.steps, place.steps)
        if isinstance(step, m.ParallelStep) and isinstance(place, spec.Parallel):
            for name, inner in step.branches.items():
                yield from _of_steps(flow, inner, place.parallel[name])


def _when(flow: m.FlowPlan, step: m.AnyStep, when: spec.Expr) -> Iterator[Point]:
    for how, what, hint in (
        ("run", t("`when` of {step} holds", step=step.id), t("Write a test in which `{text}` holds.", text=when.text)),
        (
            "skipped",
            t("`when` of {step} does not hold", step=step.id),
            t("Write a test in which `{text}` does not hold.", text=when.text),
        ),
    ):
        yield _point("branch", key("branch", flow.name, step.id, how), what, hint, when.span)
    assert step.when is not None
    yield from _values(key("branch", flow.name, step.id), step.when, when)


def _choose(flow: m.FlowPlan, step: m.ChooseStep, place: spec.Choose) -> Iterator[Point]:
    for number, (branch, written) in enumerate(zip(step.branches, place.choose, strict=True)):
        name = key("branch", flow.name, step.id, number)
        if written.when is None:
            what, hint = t("{step}: otherwise", step=step.id), t("Write a test in which no `when` above it holds.")
            yield _point("branch", name, what, hint, written.span)
        else:
            text = written.when.text
            what = t("{step}: `{text}`", step=step.id, text=text)
            hint = t("Write a test in which `{text}` holds.", text=text)
            yield _point("branch", name, what, hint, written.when.span)
            assert branch.when is not None
            yield from _values(key("branch", flow.name, step.id), branch.when, written.when)
        yield from _of_steps(flow, branch.steps, written.steps)
    if all(branch.when is not None for branch in step.branches):
        yield _point(
            "branch",
            key("branch", flow.name, step.id, NONE),
            t("{step}: no branch", step=step.id),
            t("Write a test in which no `when` of this `choose` holds."),
            place.span,
        )


def _only_when(flow: m.FlowPlan, step: m.AnyStep, written: spec.Expr) -> Iterator[Point]:
    held, stopped = gate(f"step:{flow.name}", step.id, "only_when")
    yield _point(
        "gate",
        held,
        t("`only_when` of {step} holds", step=step.id),
        t("Write a test in which `{text}` holds.", text=written.text),
        written.span,
    )
    yield _point(
        "gate",
        stopped,
        t("`only_when` of {step} refuses a value", step=step.id),
        t("Write a test in which `{text}` does not hold.", text=written.text),
        written.span,
    )


def _failure(flow: m.FlowPlan, step: m.AnyStep, place: spec.Step) -> Point:
    hints = {
        m.CallStep: t("Give `{error: fails}` for its tool in given.tools."),
        m.AskStep: t("Give `{error: refuses}` for {step} in given.model.", step=step.id),
        m.AskPersonStep: t("Give `{step}: late` in given.people.", step=step.id),
        m.WaitStep: t("Give no event, and `after:` with more time than the step has."),
        m.RecordStep: t("Write a test in which the record is not valid, or its `only_when` does not hold."),
    }
    then = {
        "hand_off": t("{step} fails and a person gets it", step=step.id),
        "continue": t("{step} fails and the run goes on", step=step.id),
    }
    return _point(
        "failure",
        key("failure", flow.name, step.id),
        then.get(step.on_error, t("{step} fails and the run ends", step=step.id)),
        hints.get(type(step), t("Write a test in which a step inside it fails.")),
        place.at["on_error"],
    )


def _of_rule(rule: m.RulePlan, place: spec.Rule) -> Iterator[Point]:
    source = source_of(rule)
    case = [] if source.startswith("flow:") else [t("A case under `tests:` of the policy does, too.")]

    def two(clause: str, at: Span, held: tuple[str, str] | None, stopped: tuple[str, str] | None) -> Iterator[Point]:
        for name, words in zip(gate(source, rule.id, clause), (held, stopped), strict=True):
            if words is not None:
                yield _point("gate", name, words[0], " ".join([words[1], *case]), at)

    conditions: Mapping[str, tuple[m.Node | None, spec.Expr | None]] = {
        "only_when": (rule.only_when, place.only_when),
        "deny_when": (rule.deny_when, place.deny_when),
        "approve_when": (rule.approve_when, place.approve_when),
    }
    if rule.needs_before:
        tools = ", ".join(rule.needs_before)
        yield from two(
            "needs_before",
            place.at.get("needs_before", place.span),
            (
                t("{rule}: lets a call through", rule=rule.id),
                t("Write a test in which {tools} came before.", tools=tools),
            ),
            (t("{rule}: denies", rule=rule.id), t("Write a test in which {tools} did not come before.", tools=tools)),
        )
    for clause, (node, written) in conditions.items():
        if node is None or written is None:
            continue
        holds = t("Write a test in which `{text}` holds.", text=written.text)
        fails = t("Write a test in which `{text}` does not hold.", text=written.text)
        passes = (t("{rule}: lets a call through", rule=rule.id), holds if clause == "only_when" else fails)
        if clause == "approve_when":
            passes = (t("{rule}: asks nobody", rule=rule.id), fails)
            stops = (t("{rule}: asks", rule=rule.id), holds)
        else:
            stops = (t("{rule}: denies", rule=rule.id), fails if clause == "only_when" else holds)
        never = fixed(node)
        yield from two(
            clause,
            written.span,
            None if never and (node[1] is True) != (clause == "only_when") else passes,
            None if never and (node[1] is True) == (clause == "only_when") else stops,
        )
        yield from _values(key("gate", source, rule.id, clause), node, written)
    for number, limit in enumerate(place.at_most):
        yield from two(
            f"at_most:{number}",
            limit.span,
            (t("{rule}: has room", rule=rule.id), t("Write a test with a call below the limit.")),
            (t("{rule}: is full", rule=rule.id), t("Write a test with one call more than the limit.")),
        )


def _values(place: str, node: m.Node, written: spec.Expr) -> Iterator[Point]:
    for literal in literals(place, node):
        yield _point(
            "value",
            literal.key,
            t("{name} is {value}", name=literal.name, value=literal.value),
            t("Write a test in which {name} is {value}.", name=literal.name, value=literal.value),
            written.span,
        )
