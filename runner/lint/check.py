"""Checks one flow, step by step: names, types, tools and what every step leaves behind.

Owns: the walk over a flow's steps in the order in which they run. Rules and policies are `lint.rules`, the paths to a
record are `lint.paths`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from flowrun.errors import Diagnostic, Span
from flowrun.lang import spec
from flowrun.lang.expr_problem import closest, meant
from flowrun.lang.types import ANY, NULL, STRING, Type, TypeScope, check_condition, check_value, infer, with_currencies
from flowrun.lang.types_model import union
from flowrun.lint.branches import check_reached
from flowrun.lint.budget import check_budget
from flowrun.lint.exposed import check_exposed
from flowrun.lint.findings import Findings
from flowrun.lint.identity import check_key
from flowrun.lint.known import Known, afterwards, in_loop, learned
from flowrun.lint.meaning import check_meaning
from flowrun.lint.paths import check_choice, check_records
from flowrun.lint.policy_pairs import check_flow_pairs
from flowrun.lint.rules import (
    check_cycles,
    check_examples,
    check_needs,
    check_policies,
    check_role,
    check_roles,
    check_tool_rules,
)
from flowrun.lint.schemas import check_inline
from flowrun.lint.scope import World, without
from flowrun.lint.secrets import check_secrets
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.words import sentences, t


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of a flow, and the expressions to rewrite when it is compiled (by `id` of the `Expr`)."""

    findings: tuple[Diagnostic, ...]
    rewrites: Mapping[int, spec.Node]


def check_flow(source: FlowSource, catalogue: Catalogue) -> Checked:
    """Return everything that is wrong with a flow against its workspace."""
    walk = _Walk(source.flow, catalogue)
    walk.run(source)
    findings = sorted(walk.out.found, key=lambda d: (d.span.file, d.span.line, d.span.column))
    return Checked(findings=tuple(findings), rewrites=walk.out.rewrites)


class _Walk:
    def __init__(self, flow: spec.Flow, catalogue: Catalogue) -> None:
        self.flow = flow
        self.out = Findings()
        self.world = World(flow, catalogue)
        self.catalogue = catalogue
        self.certain: set[str] = set()
        self.known: Known = frozenset()
        self.used: set[str] = set()
        self.visible_at: dict[str, set[str]] = {}
        """Per tool, the steps that are visible at every step that may use it."""
        self.all_steps: dict[str, Type] = {}
        self.inside: dict[str, Type] = {}

    def run(self, source: FlowSource) -> None:
        flow, out = self.flow, self.out
        for use in (flow.input, flow.output):
            self.schema(use)
        if flow.key is not None:
            kind, problems = infer(flow.key.node, TypeScope(input=self.world.input))
            out.problems(problems, flow.key)
            if not problems:
                check_key(self.world, kind, out)
        self.steps(flow.steps, {}, None)
        if flow.subject is not None:
            out.problems(infer(flow.subject.node, self.world.scope(self.inside))[1], flow.subject)
        check_tool_rules(self.world, out, self.inside, self.visible_at, self.used)
        policies = [*self.catalogue.policies, *source.policies]
        check_policies(self.world, out, policies)
        check_needs(self.world, out, policies, self.used)
        if not (source.unread or self.catalogue.unread):
            check_exposed(self.world, out, policies)
        check_flow_pairs(flow, policies, out)
        check_secrets(self.world, flow.steps, out)
        check_budget(self.world, out, self.used)
        check_roles(self.world, out)
        check_records(flow, out)
        check_meaning(self.world, out, policies, source.text)
        check_examples(self.world, out, source)
        check_cycles(self.world, out)
        check_inline(flow, out)

    def scope(self, steps: Mapping[str, Type], item: Type | None) -> TypeScope:
        hidden = {name: t("runs later or elsewhere") for name in self.ids() if name not in steps}
        return self.world.scope(steps, item=item, hidden=hidden, call_certain=frozenset(self.certain), known=self.known)

    def ids(self) -> list[str]:
        if not self.all_steps:
            self.all_steps = dict.fromkeys(_ids(self.flow.steps), ANY)
        return list(self.all_steps)

    def steps(self, steps: Sequence[spec.Step], visible: dict[str, Type], item: Type | None) -> Type:
        """Check steps in order; `visible` grows with what they leave behind. Return the type of the last."""
        last = NULL
        around = self.known
        for step in steps:
            scope = self.scope(visible, item)
            before = self.known
            if step.when is not None:
                self.condition(step.when, scope)
                self.known = before | learned(step.when)
                scope = replace(scope, known=self.known)
            certain = set(self.certain)
            value = self.step(step, scope, visible, item)
            if step.when is not None or step.on_error == "continue":
                self.certain = certain
                value = value.or_null()
            visible[step.id] = value
            self.inside[step.id] = value.or_null()
            self.known = before | afterwards(step)
            last = value
        self.known = around
        return last

    def condition(self, expr: spec.Expr, scope: TypeScope) -> None:
        problems = check_condition(expr.node, scope)
        self.out.problems(problems, expr)
        if not problems:
            node = with_currencies(expr.node, scope)
            if node is not expr.node:
                self.out.rewrites[id(expr)] = node

    def value(self, template: spec.Template | None, scope: TypeScope, expected: Type, at: Span) -> None:
        if template is None:
            template = spec.Template(node=["dict", []], exprs=(), span=at)
        # What the whole value lacks stands at its key: the first of the others is not what is wrong.
        keys = {(): at, **template.keys}
        problems = check_value(template.node, scope, expected)
        self.out.problems(problems, msgspec.structs.replace(template, keys=keys))

    def text(self, template: spec.Template, scope: TypeScope) -> None:
        self.out.problems(infer(template.node, scope)[1], template)

    def schema(self, use: spec.SchemaUse | None, *, event: bool = False) -> Type:
        if use is None:
            return STRING
        if self.world.schema_of(use) is None:
            guess = closest(str(use), self.catalogue.schema_names())
            message = (
                t("There is no schema of the event {name}.", name=use)
                if event
                else t("There is no schema {name}.", name=use)
            )
            help_ = sentences(
                t("Did you mean `{name}`?", name=guess) if guess else None,
                t("It would stand in {file}.", file=f"schemas/records/{use.name}/v{use.version}.json"),
                t("`flowrun schema list` shows what exists."),
            )
            fix = meant(str(use), self.catalogue.schema_names())
            self.out.add("unknown-event" if event else "unknown-schema", message, use.span, help=help_, fix=fix)
        return self.world.schema_type(use)

    def step(self, step: spec.Step, scope: TypeScope, visible: dict[str, Type], item: Type | None) -> Type:
        match step:
            case spec.Call():
                return self.call(step, scope)
            case spec.Ask():
                for index, name in enumerate(step.tools):
                    at = spec.place_of(step, "tools", index)
                    self.use(name, at, scope)
                    if name.startswith("flows."):
                        message = t("A model may not propose the flow {name} in this version.", name=name)
                        self.out.add("not-yet", message, at, help=t("Use a `call` step."))
                self.text(step.ask, scope)
                for index, model in enumerate(step.model):
                    if model not in self.catalogue.models and model != "examples":
                        at = spec.place_of(step, "model", index)
                        self.out.unknown("unknown-model", "model", model, at, self.catalogue.models)
                found = self.schema(step.answer)
                self.own_condition(step, step.only_when, scope, found)
                return found
            case spec.AskPerson():
                check_role(self.world, self.out, step.to, spec.place_of(step, "to"))
                found = self.schema(step.answer)
                self.text(step.ask_person, scope)
                for expr in step.show:
                    self.out.problems(infer(expr.node, scope)[1], expr)
                if step.with_ is not None:
                    self.text(step.with_, scope)
                self.own_condition(step, step.only_when, scope, found)
                return found
            case spec.Choose():
                return self.choose(step, scope, visible, item)
            case spec.ForEach():
                return self.for_each(step, scope, visible)
            case spec.Parallel():
                return self.parallel(step, visible, item)
            case spec.WaitFor():
                if step.key is not None:
                    self.out.problems(infer(step.key.node, scope)[1], step.key)
                if step.moment is not None:
                    self.text(step.moment, scope)
                return NULL if step.event is None else self.schema(step.event, event=True)
            case spec.Record():
                found = self.schema(step.record)
                self.value(step.with_, scope, found, spec.place_of(step, "record"))
                self.own_condition(step, step.only_when, scope, found)
                return found
            case spec.Set():
                kind, problems = infer(step.set.node, scope)
                self.out.problems(problems, step.set)
                return kind
            case spec.Stop():
                if step.reason is not None:
                    self.text(step.reason, scope)
        return NULL

    def own_condition(self, step: spec.Step, expr: spec.Expr | None, scope: TypeScope, own: Type) -> None:
        if expr is not None:
            steps = {**(scope.steps or {}), step.id: own}
            hidden = {name: why for name, why in scope.hidden.items() if name != step.id}
            self.condition(expr, replace(scope, steps=steps, hidden=hidden))

    def call(self, step: spec.Call, scope: TypeScope) -> Type:
        at = spec.place_of(step, "call")
        if not self.use(step.call, at, scope):
            return ANY
        name = step.call.split("@")[0]
        args, output = self.world.signature(step.call)
        bound = self.world.bound.get(step.call, set())
        fixed = sorted(key for key in bound if step.with_ is not None and (key,) in step.with_.keys)
        if step.with_ is not None:
            for key in fixed:
                self.out.add(
                    "bound-argument",
                    t("`{key}` is fixed by `bind` for {name}, so a step may not set it.", key=key, name=name),
                    step.with_.keys[key,],
                    help=t("Leave it out here, or take it out of `bind`."),
                )
        # A bound argument that the step sets anyway has its finding: that it may not stand there is not told again.
        if step.call in self.flow.tools:  # else nobody knows yet what will be bound
            self.value(step.with_, scope, without(args, bound - set(fixed)), at)
        if step.on_error == "fail" and step.when is None:
            self.certain.add(name)
        return output

    def use(self, name: str, span: Span, scope: TypeScope) -> bool:
        """Note that a step may use a tool; return whether the tool exists."""
        self.used.add(name)
        here = set(scope.steps or {})
        self.visible_at[name] = self.visible_at.get(name, here) & here
        if name.startswith("flows."):
            # A flow that calls itself exists; that it does so is a finding of its own.
            itself = name == f"flows.{self.flow.flow}@{self.flow.version}"
            known = itself or name.removeprefix("flows.") in self.catalogue.flows
            if name.removeprefix("flows.").partition("@")[0] in self.catalogue.unread_flows:
                return True  # what is wrong with it is told where it stands
            if not known:
                self.out.unknown("unknown-flow", "flow", name, span, (f"flows.{k}" for k in self.catalogue.flows))
        else:
            known = name in self.catalogue.tools
            if not known:
                self.out.unknown("unknown-tool", "tool", name, span, self.catalogue.tools)
        if known and name not in self.flow.tools:
            self.out.add(
                "tool-not-listed",
                t("{name} is not under the flow's `tools:`, so it may not be used.", name=name),
                span,
                help=t("Add `{name}: {}` under `tools:`.", name=name),
            )
        return known

    def choose(self, step: spec.Choose, scope: TypeScope, visible: dict[str, Type], item: Type | None) -> Type:
        kinds: list[Type] = []
        before = set(self.certain)
        after: set[str] | None = None
        new: dict[str, Type] = {}
        outside = self.known
        for branch in step.choose:
            if branch.when is not None:
                self.condition(branch.when, replace(scope, known=self.known))
            self.certain = set(before)
            inner = dict(visible)
            asked, self.known = self.known, self.known | learned(branch.when)
            kinds.append(self.steps(branch.steps, inner, item))
            self.known = asked | learned(branch.when, False)
            after = self.certain if after is None else after & self.certain
            new |= {name: kind.or_null() for name, kind in inner.items() if name not in visible}
        self.known = outside
        covered = check_choice(step, scope, self.out)
        check_reached(step, scope, self.out)
        self.certain = before if after is None or not covered else after
        visible |= new
        found = union(kinds)
        return found if covered else found.or_null()

    def for_each(self, step: spec.ForEach, scope: TypeScope, visible: dict[str, Type]) -> Type:
        kind, problems = infer(step.for_each.node, scope)
        self.out.problems(problems, step.for_each)
        if kind.kind not in ("list", "any"):
            self.out.add(
                "type-mismatch",
                t("`for_each` needs a list, and this is {kind}.", kind=kind.words()),
                step.for_each.span,
            )
        before, known = set(self.certain), self.known
        self.known = in_loop(known)
        last = self.steps(step.steps, dict(visible), kind.item or ANY)
        self.certain, self.known = before, known
        for name in _ids(step.steps):
            self.inside.pop(name, None)
        return Type(kind="list", item=last.or_null(step.on_error == "continue"))

    def parallel(self, step: spec.Parallel, visible: dict[str, Type], item: Type | None) -> Type:
        before, after = set(self.certain), set(self.certain)
        new: dict[str, Type] = {}
        fields: dict[str, Type] = {}
        for name, steps in step.parallel.items():
            self.certain = set(before)
            inner = dict(visible)
            fields[name] = self.steps(steps, inner, item)
            after |= self.certain
            new |= {key: kind.or_null() for key, kind in inner.items() if key not in visible}
        self.certain = after
        visible |= new
        return Type(kind="object", fields=fields, required=frozenset(fields))


def _ids(steps: Sequence[spec.Step]) -> list[str]:
    """Return the ids of steps and of all steps inside them."""
    found: list[str] = []
    for step in steps:
        found.append(step.id)
        for inner in inner_steps(step):
            found += _ids(inner)
    return found


def inner_steps(step: spec.Step) -> list[Sequence[spec.Step]]:
    """Return the step lists inside a block."""
    match step:
        case spec.Choose():
            return [branch.steps for branch in step.choose]
        case spec.ForEach():
            return [step.steps]
        case spec.Parallel():
            return list(step.parallel.values())
    return []
