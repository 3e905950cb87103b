"""Checks the rules that stand on tools: in the flow, and in policies; the subject and the roles.

Owns: these checks. The conditions' types come from `lang.types`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowrun.errors import Edit, Span
from flowrun.lang import spec
from flowrun.lang.edits import delete_lines
from flowrun.lang.expr_problem import suggestion
from flowrun.lang.types import ANY, Type, TypeScope, check_condition, check_value, from_value, infer, with_currencies
from flowrun.lint.findings import Findings
from flowrun.lint.scope import World
from flowrun.plan.catalogue import FlowSource
from flowrun.values.money import is_currency
from flowrun.values.nodes import walk
from flowrun.words import t


def check_tool_rules(
    world: World,
    out: Findings,
    steps: Mapping[str, Type],
    visible_at: Mapping[str, set[str]],
    used: set[str],
) -> None:
    """Check the flow's own `tools:`."""
    for index, (name, rule) in enumerate(world.flow.tools.items()):
        at = spec.place_of(world.flow, "tools", index)
        known = world.tool(name) is not None or (
            name.startswith("flows.") and name.removeprefix("flows.") in world.catalogue.flows
        )
        if not known:
            if name not in used:
                out.unknown("unknown-tool", "tool", name, at, world.catalogue.tools)
            continue
        if name not in used and used <= set(world.flow.tools):
            # A use that could not be resolved may have meant this one.
            message, help_ = t("No step uses {name}.", name=name), t("Take it out of `tools:`.")
            # Conditions that somebody wrote say that the tool was meant to be used: they are not deleted unasked.
            ruled = rule.only_when or rule.deny_when or rule.approve_when
            edits = () if ruled else _taken_out(world.flow, at, rule)
            out.add("tool-unused", message, at, help=help_, edits=edits)
        args, _ = world.signature(name)
        for number, (key, template) in enumerate(rule.bind.items()):
            field = (args.fields or {}).get(key)
            if field is None and not args.open and args.kind == "object":
                place = spec.place_of(rule, "bind", number)
                message = t("{tool} has no argument `{name}`.", tool=name, name=key)
                out.add("unknown-field", message, place, help=suggestion(key, args.fields or {}))
                continue
            scope = world.scope(steps, rules=True)
            if field is not None:
                out.problems(check_value(template.node, scope, field.or_null()), template)
            _check_order(name, template, visible_at, out)
        scope = world.scope(steps, args=args, rules=True)
        _check_conditions(rule, scope, out)


def check_needs(world: World, out: Findings, policies: Sequence[spec.Policy], used: set[str]) -> None:
    """A tool that needs another one before it can never be used in a flow that never uses the other."""
    names = {name.partition("@")[0] for name in used}
    for index, name in enumerate(world.flow.tools):
        for policy in policies:
            for rule in policy.rules:
                known = [need for need in rule.needs_before if world.tool(need) is not None]
                if name not in rule.tools or name not in used or not known or set(rule.needs_before) & names:
                    continue
                out.add(
                    "needs-before-order",
                    t(
                        "{name} needs {needs} before it (rule {rule} of {policy}), and no step of this flow may use that.",
                        name=name,
                        needs=" / ".join(known),
                        rule=rule.id,
                        policy=policy.policy,
                    ),
                    spec.place_of(world.flow, "tools", index),
                    help=t(
                        "Put a step before it that does `call: {need}`, or take {name} out.", need=known[0], name=name
                    ),
                    related=((spec.place_of(rule, "needs_before"), t("needed here")),),
                )


def _taken_out(flow: spec.Flow, at: Span, rule: spec.Rule) -> tuple[Edit, ...]:
    """Return the change that takes a tool out of `tools:`, where it has lines of its own."""
    places = flow.places.get("tools", ())
    below = [span.line for span in places if span.line > at.line]
    alone = sum(span.line == at.line for span in places) == 1 and len(places) > 1
    first = flow.at.get("tools")
    if not alone or first is None or first.line == at.line or rule.span.end_line >= min(below, default=10**9):
        return ()
    return (delete_lines(Span(at.file, at.line, at.column, rule.span.end_line, rule.span.end_column)),)


def _check_order(name: str, template: spec.Template, visible_at: Mapping[str, set[str]], out: Findings) -> None:
    reads = {node[1] for node in walk(template.node) if node[0] == "step"}
    for step in sorted(reads - visible_at.get(name, reads)):
        out.add(
            "unbound-order",
            t("`bind` reads steps.{step}, but a step that may use {name} comes before it.", step=step, name=name),
            template.span,
            help=t("Move the step `{step}` up, or give {name} to later steps only.", step=step, name=name),
        )


def check_policies(world: World, out: Findings, policies: Sequence[spec.Policy]) -> None:
    """Check policies against the tools of the workspace."""
    for policy in policies:
        facts: dict[str, Type] = {}
        tables = from_value(policy.tables) if policy.tables else world.tables
        calls = {name: world.signature(name) for name in world.catalogue.tools}
        for fact in policy.facts.values():
            tool = world.tool(fact.call)
            if tool is None:
                out.unknown("unknown-tool", "tool", fact.call, spec.place_of(fact, "call"), world.catalogue.tools)
                facts[fact.name] = ANY
                continue
            if tool.effect != "read":
                out.add(
                    "fact-not-read",
                    t("{call} writes, so it cannot be a fact.", call=fact.call),
                    spec.place_of(fact, "call"),
                )
            facts[fact.name] = world.signature(fact.call)[1].or_null()
        for rule in policy.rules:
            for key, names in (("tools", rule.tools), ("needs_before", rule.needs_before)):
                for index, name in enumerate(names):
                    if name not in world.catalogue.tools and not name.startswith("flows."):
                        place = spec.place_of(rule, key, index)
                        out.unknown("unknown-tool", "tool", name, place, world.catalogue.tools)
            _check_approvers(world, out, rule)
            for name in rule.tools:
                if name in world.catalogue.tools:
                    args, _ = world.signature(name)
                    scope = TypeScope(args=args, facts=facts, calls=calls, tables=tables, rules=True)
                    _check_conditions(rule, scope, out)


def _check_conditions(rule: spec.Rule, scope: TypeScope, out: Findings) -> None:
    for expr in (rule.only_when, rule.deny_when, rule.approve_when):
        if expr is None:
            continue
        problems = check_condition(expr.node, scope)
        out.problems(problems, expr)
        if not problems:
            node = with_currencies(expr.node, scope)
            if node is not expr.node:
                out.rewrites[id(expr)] = node
    for limit in rule.at_most:
        for expr in (limit.sum, limit.per):
            if expr is not None:
                kind, problems = infer(expr.node, scope)
                out.problems(problems, expr)
                if expr is limit.sum and limit.currency and is_currency(kind.currency or limit.currency):
                    _check_currency(limit, limit.currency, kind.currency or limit.currency, expr, out)


def _check_currency(limit: spec.Limit, written: str, marked: str, expr: spec.Expr, out: Findings) -> None:
    if written != marked:
        out.add(
            "limit-currency",
            t("The limit is in {written}, and {what} is in {marked}: every call is refused.", written=written,
              what=expr.text, marked=marked),
            limit.span,
            help=t("Write the limit in {marked}; nothing is converted.", marked=marked),
        )  # fmt: skip


def check_cycles(world: World, out: Findings) -> None:
    """Flows that call each other, or themselves, in a circle would never end."""
    own = f"{world.flow.flow}@{world.flow.version}"

    def circle(key: str, way: tuple[str, ...]) -> tuple[str, ...] | None:
        if key == own:
            return (*way, key)
        found = world.catalogue.flows.get(key)
        if found is None or key in way:
            return None
        inner = (name.removeprefix("flows.") for name in found.flow.tools if name.startswith("flows."))
        return next((end for name in inner if (end := circle(name, (*way, key))) is not None), None)

    for name, rule in world.flow.tools.items():
        end = circle(name.removeprefix("flows."), (own,)) if name.startswith("flows.") else None
        if end is not None:
            message = t("These flows call each other in a circle: {end}.", end=" → ".join(end))
            out.add("flow-cycle", message, rule.span, help=t("Take one of the calls out; `for_each` repeats steps."))


def check_examples(world: World, out: Findings, source: FlowSource) -> None:
    """A step that the `examples` model answers needs examples, and examples belong to a step that asks."""
    steps = {step.id: step for step in asks(world.flow.steps)}
    taught = {example.step for example in source.examples}
    usual = next(iter(world.catalogue.models), "examples")
    for id, step in steps.items():
        models = [world.catalogue.models.get(name) for name in step.model or [usual]]
        if id not in taught and any(model is not None and model.provider == "examples" for model in models):
            out.add(
                "no-examples",
                t("The step {id} is answered by the `examples` model, and there is no example of it.", id=id),
                step.span,
                help=t("Write some into {flow}.examples.yaml, or name another model.", flow=world.flow.flow),
            )


def asks(steps: Sequence[spec.Step]) -> list[spec.Ask]:
    """Return every `ask` among steps and the steps inside them."""
    found: list[spec.Ask] = []
    for step in steps:
        match step:
            case spec.Ask():
                found.append(step)
            case spec.Choose():
                for branch in step.choose:
                    found += asks(branch.steps)
            case spec.ForEach():
                found += asks(step.steps)
            case spec.Parallel():
                for inner in step.parallel.values():
                    found += asks(inner)
    return found


def check_roles(world: World, out: Findings) -> None:
    """Check the owner and the approvers of the flow; steps and policies check theirs on the way."""
    check_role(world, out, world.flow.owner, spec.place_of(world.flow, "owner"), customer=False)
    for rule in world.flow.tools.values():
        _check_approvers(world, out, rule)


def _check_approvers(world: World, out: Findings, rule: spec.Rule) -> None:
    for index, name in enumerate(rule.approver):
        check_role(world, out, name, spec.place_of(rule, "approver", index))


def check_role(world: World, out: Findings, name: str, span: Span, *, customer: bool = True) -> None:
    """Where a workspace names its roles, there are no others; with `customer` the run's own customer is fine too."""
    roles = world.catalogue.roles
    if customer and name == "customer":
        return
    if roles and name not in roles:
        out.unknown("unknown-role", "role", name, span, [*roles, "customer"] if customer else roles)
