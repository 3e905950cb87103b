"""What a flow has and does not need: values that nobody reads, second names, tools named twice.

Owns: these findings. Which step reads which is known from `lint.reach`. A tool that no step uses is `lint.rules`' part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.reach import Place, Reach, expressions
from flowrun.lint.repairs import without_item
from flowrun.words import t

_CALLS = re.compile(r"\bcalls\s*\.\s*([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)")


def check_unread(reach: Reach, out: Findings, policies: Sequence[spec.Policy]) -> None:
    """Find steps whose work goes nowhere, values with two names, and tools that an `ask` names twice."""
    looked_at: set[str] | None = None
    for place in reach.places:
        step = place.step
        if isinstance(step, spec.Ask):
            _twice(step, out)
        message = _idle(step, reach)
        if message is None or reach.is_read(place):
            if isinstance(step, spec.Set):
                _renamed(step, place, out)
            continue
        if isinstance(step, spec.Call):
            looked_at = _looked_at(reach, policies) if looked_at is None else looked_at
            if step.call in looked_at:
                continue
        if isinstance(step, spec.Set) and place.last and place.above and isinstance(place.above[-1], spec.Choose):
            continue  # a branch needs a step, also where nothing is to be done
        verb = next(verb for verb in ("call", "ask", "set") if verb in step.at)
        out.add(
            "step-unused",
            message,
            step.at[verb],
            help=t("Use `steps.{id}` in a later step, or take this step out.", id=step.id),
        )


def _idle(step: spec.Step, reach: Reach) -> str | None:
    """Return what to say of a step that does nothing but make a value, where nobody reads it; else None."""
    match step:
        case spec.Call():
            tool = reach.world.tool(step.call)
            # A read that is handed off when it fails may stand there to fail.
            if tool is None or tool.effect != "read" or step.on_error == "hand_off":
                return None
            return t("Nobody uses what the step {id} reads.", id=step.id)
        case spec.Ask():
            tools = [reach.world.tool(name) for name in step.tools]
            if step.to or step.only_when is not None or any(tool is None or tool.effect != "read" for tool in tools):
                return None
            return t("Nobody uses what the model answers in the step {id}.", id=step.id)
        case spec.Set():
            return t("Nobody uses the value that the step {id} names.", id=step.id) if step.set.exprs else None
    return None


def _looked_at(reach: Reach, policies: Sequence[spec.Policy]) -> set[str]:
    """Return the tools whose calls somebody looks at: a step, a rule, or `needs_before`."""
    texts = [expr.text for place in reach.places for expr in expressions(place.step)]
    found: set[str] = set()
    for rule in (*reach.world.flow.tools.values(), *(rule for policy in policies for rule in policy.rules)):
        texts += [expr.text for expr in rule_expressions(rule)]
        found.update(rule.needs_before)
    for text in texts:
        if "calls" in text:
            found.update(match[1] for match in _CALLS.finditer(text))
    return found


def rule_expressions(rule: spec.Rule) -> Iterator[spec.Expr]:
    """Yield every expression of a rule."""
    for template in rule.bind.values():
        yield from template.exprs
    yield from (expr for expr in (rule.only_when, rule.deny_when, rule.approve_when) if expr is not None)
    yield from (expr for limit in rule.at_most for expr in (limit.sum, limit.per) if expr is not None)


def _renamed(step: spec.Set, place: Place, out: Findings) -> None:
    """A step that only gives a second name to another step's value."""
    node = step.set.node
    if node[0] != "step" or step.when is not None or place.above:
        return  # in a branch, it is how the branch gets its value
    out.add(
        "set-renames",
        t("`steps.{id}` is only a second name of `steps.{other}`.", id=step.id, other=node[1]),
        step.set.span,
        help=t("Use `steps.{other}` where `steps.{id}` stands, and take this step out.", id=step.id, other=node[1]),
    )


def _twice(step: spec.Ask, out: Findings) -> None:
    """A tool that an `ask` names twice; a limit counts its calls all the same."""
    places = step.places.get("tools", ())
    for index, name in enumerate(step.tools):
        if name in step.tools[:index]:
            first = spec.place_of(step, "tools", step.tools.index(name))
            out.add(
                "tool-listed-twice",
                t("{tool} stands here twice.", tool=name),
                spec.place_of(step, "tools", index),
                help=t("Take it out. How often a tool may be used is said by `at_most`."),
                edits=without_item(places, index),
                related=((first, t("first here")),),
            )
