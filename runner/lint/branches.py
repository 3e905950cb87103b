"""Branches and conditions that change nothing: never reached, always true, or the same on every way.

Owns: these findings. That every value is handled is `lint.paths`' part, what follows from a condition `lint.implied`'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flowrun.lang import spec
from flowrun.lang.types import Type, TypeScope, infer
from flowrun.lint.findings import Findings
from flowrun.lint.implied import NULL, Claim, claim, excludes, implies, value_of
from flowrun.lint.reach import Place, Reach, expressions
from flowrun.words import t

_ITEM = re.compile(r"\bitem\b")


def check_reached(step: spec.Choose, scope: TypeScope, out: Findings) -> None:
    """Find branches that earlier ones leave nothing for."""
    before: list[spec.Expr] = []
    claims: list[Claim] = []
    nodes: dict[str, spec.Node] = {}
    for branch in step.choose:
        if branch.when is None:
            if any(_handles_all(subject, nodes[subject], claims, scope) for subject in nodes):
                out.add(
                    "otherwise-never",
                    t("The branches before handle every value, so `otherwise` never runs."),
                    branch.at.get("otherwise", branch.span),
                    help=t("Take `otherwise` out. If the schema gets another value, lint asks for a branch again."),
                )
            return
        mine = claim(branch.when.node)
        earlier = next((expr for expr in before if implies(branch.when.node, expr.node)), None)
        if earlier is not None or (mine is not None and _taken(mine, claims)):
            out.add(
                "branch-never",
                t("This branch never runs: a branch before it takes every case."),
                branch.when.span,
                help=t("Put the narrower branch first, or take this one out."),
                related=() if earlier is None else ((earlier.span, t("this one comes first")),),
            )
        before.append(branch.when)
        if mine is not None:
            claims.append(mine)
            node = _subject(branch.when.node)
            if node is not None and mine.subject == repr(node):
                nodes.setdefault(mine.subject, node)


def _taken(mine: Claim, claims: Sequence[Claim]) -> bool:
    """Whether earlier branches take each of the values that a branch is for."""
    if not mine.values or not claims:
        return False
    same = [other for other in claims if other.subject == mine.subject]
    return all(any(other.allows(value) for other in same) for value in mine.values)


def _subject(node: spec.Node) -> spec.Node | None:
    """Return the value that a condition is about."""
    if node[0] == "or":
        return _subject(node[1][0])
    if node[0] in ("not", "none"):
        return _subject(node[1])
    if node[0] == "cmp":
        compared: spec.Node = node[2] if node[2][0] != "lit" else node[3]
        return compared
    return node if node[0] in ("attr", "step", "index") else None


def _handles_all(subject: str, node: spec.Node, claims: Sequence[Claim], scope: TypeScope) -> bool:
    """Whether the claims about a value take each value that its type has."""
    kind: Type = infer(node, scope)[0]
    if kind.enum is None and kind.kind != "boolean":
        return False
    values = [value_of(value) for value in (kind.enum or (True, False))] + ([NULL] if kind.nullable else [])
    same = [other for other in claims if other.subject == subject]
    return all(any(other.allows(value) for other in same) for value in values)


def check_branches(reach: Reach, out: Findings) -> None:
    """Find conditions that are decided already, and blocks that do not part, repeat or choose."""
    for place in reach.places:
        step = place.step
        if step.when is not None:
            _decided(step.when, place, out)
        match step:
            case spec.Choose():
                _choice(step, place, out)
            case spec.Parallel() if len(step.parallel) == 1 and step.within is None and step.on_error == "fail":
                out.add(
                    "one-branch",
                    t("There is only one branch, so nothing runs side by side."),
                    step.at.get("parallel", step.span),
                    help=t("Add the other branch, or write these steps without `parallel`."),
                )
            case spec.ForEach() if not _reads_item(step.steps):
                out.add(
                    "item-unused",
                    t("No step inside uses `item`, so the same is done again for each item."),
                    step.at.get("for_each", step.span),
                    help=t("Use `${{ item }}` in the steps inside, or write them without `for_each`."),
                )


def _decided(when: spec.Expr, place: Place, out: Findings) -> None:
    """A condition that is always, or never, true where it stands."""
    true = next((held for held in place.held if implies(held.node, when.node)), None)
    if true is not None:
        out.add(
            "condition-repeated",
            t("This is always true here: the step runs only where it holds anyway."),
            when.span,
            help=t("Take it out, or write the condition that is meant."),
            related=((true.span, t("known from here")),),
        )
        return
    known = [held for held in place.held if excludes(held.node, when.node)]
    known += [failed for failed in place.failed if implies(when.node, failed.node)]
    if known:
        out.add(
            "condition-contradicts",
            t("This is never true here, so the step never runs."),
            when.span,
            help=t("Write the condition that is meant, or take the step out."),
            related=((known[0].span, t("this has been decided before")),),
        )


def _choice(step: spec.Choose, place: Place, out: Findings) -> None:
    branches = step.choose
    at = step.at.get("choose", step.span)
    if len(branches) == 1 and branches[0].when is None:
        message = t("There is only `otherwise`, so these steps always run.")
        out.add("no-choice", message, at, help=t("Add a branch with `when`, or write the steps without `choose`."))
        return
    around = place if step.when is None else None
    for branch in branches:
        if branch.when is not None and around is not None:
            _decided(branch.when, around, out)
    if len(branches) > 1 and branches[-1].when is None:
        verbs = [[type(inner) for inner in branch.steps] for branch in branches]
        alike = all(other == verbs[0] for other in verbs[1:])
        if alike and all(_shape(other.steps) == _shape(branches[0].steps) for other in branches[1:]):
            message = t("All branches do the same, so the choice changes nothing.")
            out.add("same-branches", message, at, help=t("Write the steps once, or change what a branch does."))


def _reads_item(steps: Sequence[spec.Step]) -> bool:
    """Whether steps read the item of the loop around them; a loop inside has items of its own."""
    for step in steps:
        if any(_ITEM.search(expr.text) for expr in expressions(step)):
            return True
        inner: list[Sequence[spec.Step]] = []
        if isinstance(step, spec.Choose):
            inner = [branch.steps for branch in step.choose]
        elif isinstance(step, spec.Parallel):
            inner = list(step.parallel.values())
        if any(map(_reads_item, inner)):
            return True
    return False


def _shape(steps: Sequence[spec.Step]) -> Any:
    """Return what steps do, without their names, titles and places."""
    return [[type(step), step.on_error, step.within, *_parts(step)] for step in steps]


def _parts(step: spec.Step) -> list[Any]:
    nodes = [expr.node for expr in expressions(step)]
    match step:
        case spec.Call():
            return [nodes, step.call, None if step.with_ is None else step.with_.node]
        case spec.Ask():
            answer = None if step.answer is None else (str(step.answer), step.answer.inline)
            return [nodes, step.ask.node, step.tools, answer, step.model, step.repair, step.to]
        case spec.AskPerson():
            answer = (str(step.answer), step.answer.inline)
            return [nodes, step.ask_person.node, step.to, answer, None if step.with_ is None else step.with_.node]
        case spec.Choose():
            return [nodes, [_shape(branch.steps) for branch in step.choose]]
        case spec.ForEach():
            return [nodes, _shape(step.steps)]
        case spec.Parallel():
            return [nodes, [(name, _shape(steps)) for name, steps in step.parallel.items()]]
        case spec.WaitFor():
            event = None if step.event is None else str(step.event)
            return [nodes, step.duration, event, None if step.moment is None else step.moment.node]
        case spec.Record():
            return [nodes, str(step.record), step.with_.node]
        case spec.Set():
            return [nodes, step.set.node]
        case spec.Stop():
            return [nodes, step.stop, None if step.reason is None else step.reason.node]
    return [nodes]
