"""Whether what people and models are asked makes a difference: answers that nobody heeds, ways around a yes.

Owns: these findings. They follow a person's answer through the steps that read it, or that run only where it allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.reach import Place, Reach, expressions, steps_in
from flowrun.lint.scope import World
from flowrun.values.nodes import walk
from flowrun.words import t

Json = Any
_YES = re.compile(
    r"(?:^|_)(?:approved?|approval|ok|okay|allow(?:ed)?|confirm(?:ed)?|accept(?:ed)?|agreed?|yes|proceed)$"
)
"""Names of truth values with which a person says yes or no."""
_SURE = re.compile(r"confidence|certainty|probability|(?:^|_)score$")
"""Names of numbers with which a model says how sure it is."""


def check_heeded(world: World, reach: Reach, out: Findings, policies: Sequence[spec.Policy]) -> None:
    """Find answers that change nothing, and conditions that only the one who answers can meet, or nobody."""
    gated: dict[str, tuple[spec.AskPerson, Place]] = {}
    told: set[str] = set()
    asked = [place for place in reach.places if isinstance(place.step, spec.AskPerson)]
    for place in reach.places:
        step = place.step
        if isinstance(step, spec.Ask | spec.AskPerson) and step.only_when is not None:
            _condition(step, step.only_when, out)
    for place in asked:
        person = place.step
        assert isinstance(person, spec.AskPerson)
        schema = world.schema_of(person.answer)
        if not reach.is_read(place) and person.only_when is None:
            if _offers_a_choice(schema):
                out.add(
                    "answer-ignored",
                    t("Nobody uses the answer of the step {id}, so a no changes nothing.", id=person.id),
                    spec.place_of(person, "answer"),
                    help=t("Use `steps.{id}` in a `when` or a `choose` after it.", id=person.id),
                )
            continue
        if _says_yes(schema):
            _follow(person, place, reach, out, gated, told)
    if gated:
        _around(world, reach, out, policies, gated, told)


def _around(
    world: World,
    reach: Reach,
    out: Findings,
    policies: Sequence[spec.Policy],
    gated: dict[str, tuple[spec.AskPerson, Place]],
    told: set[str],
) -> None:
    """Find uses of a tool in every run, where elsewhere it needs a person's yes."""
    rules = [*world.flow.tools.values(), *(rule for policy in policies for rule in policy.rules)]
    ruled = {name for rule in rules if rule.approve_when is not None for name in rule.tools}
    people = [place.step for place in reach.places if isinstance(place.step, spec.AskPerson)]
    depend = set().union(*(_dependent(person, reach) for person in people))
    for place in reach.places:
        for name in _written(place.step, reach):
            if name in gated and name not in ruled and place.sure and place.step.id not in depend | told:
                person, at = gated[name]
                out.add(
                    "approval-bypassed",
                    t("{tool} may be used here without the yes that is asked for elsewhere.", tool=name),
                    place.step.at.get("call", place.step.at.get("ask", place.step.span)),
                    help=t("Ask here, too, or ask at the tool: `approve_when: true` with an `approver`."),
                    related=((at.step.span, t("there it needs the answer of {id}", id=person.id)),),
                )


def _follow(
    person: spec.AskPerson,
    place: Place,
    reach: Reach,
    out: Findings,
    gated: dict[str, tuple[spec.AskPerson, Place]],
    told: set[str],
) -> None:
    """Look at each write after a person was asked for a yes: does it depend on the answer?"""
    depend = _dependent(person, reach)
    stopped = person.only_when is not None
    number = next(number for number, other in enumerate(reach.places) if other is place)
    for later in reach.places[number + 1 :]:
        if isinstance(later.step, spec.Stop) and later.step.id in depend:
            stopped = True
        for name in _written(later.step, reach):
            if later.step.id in depend:
                gated.setdefault(name, (person, later))
            elif not stopped and later.sure and _same_way(place, later):
                out.add(
                    "no-not-heeded",
                    t(
                        "{tool} is used whatever is answered in the step {id}: a no does not stop it.",
                        tool=name,
                        id=person.id,
                    ),
                    later.step.at.get("call", later.step.at.get("ask", later.step.span)),
                    help=t("Add a `when` that reads `steps.{id}`, or a `stop` before it.", id=person.id),
                    related=((spec.place_of(person, "ask_person"), t("here a person is asked")),),
                )
                told.add(later.step.id)
                return


def _same_way(asked: Place, later: Place) -> bool:
    """Whether every run that asked comes to the later step, too."""
    return all(any(block is other for other in asked.above) for block in later.above)


def _dependent(person: spec.AskPerson, reach: Reach) -> set[str]:
    """Return the steps whose values, or whose running, depend on a person's answer."""
    reads = {place.step.id: _reads(place, reach) for place in reach.places}
    found, before = {person.id}, 0
    while len(found) > before:  # a block gets its value from steps inside it
        before = len(found)
        found |= {id for id, read in reads.items() if read & found}
    return found


def _reads(place: Place, reach: Reach) -> set[str]:
    """Return the steps on which a step depends: those it reads, that decide whether it runs, and that give its value."""
    step = place.step
    exprs = [*expressions(step), *place.held, *place.failed]
    exprs += [block.when for block in place.above if block.when is not None]
    tools = [reach.world.flow.tools.get(name) for name in _uses(step)]
    exprs += [expr for rule in tools if rule is not None for bound in rule.bind.values() for expr in bound.exprs]
    return {name for expr in exprs for name in steps_in(expr.text)} | {inner.id for inner in _last_steps(step)}


def _last_steps(step: spec.Step) -> Iterator[spec.Step]:
    """Yield the steps that give a block its value."""
    match step:
        case spec.Choose():
            yield from (branch.steps[-1] for branch in step.choose)
        case spec.ForEach():
            yield step.steps[-1]
        case spec.Parallel():
            yield from (steps[-1] for steps in step.parallel.values())


def _uses(step: spec.Step) -> tuple[str, ...]:
    return (step.call,) if isinstance(step, spec.Call) else step.tools if isinstance(step, spec.Ask) else ()


def _written(step: spec.Step, reach: Reach) -> list[str]:
    return [name for name in _uses(step) if reach.writes(name)]


def _offers_a_choice(schema: Json) -> bool:
    """Whether a form has a question with more than one answer to choose from."""
    fields = (schema or {}).get("properties", {}).values()
    return any(isinstance(f, dict) and (f.get("type") == "boolean" or len(f.get("enum", ())) > 1) for f in fields)


def _says_yes(schema: Json) -> bool:
    """Whether a form asks for a yes or no."""
    fields = (schema or {}).get("properties", {}).items()
    return any(isinstance(f, dict) and f.get("type") == "boolean" and _YES.search(name) for name, f in fields)


def _condition(step: spec.Ask | spec.AskPerson, only_when: spec.Expr, out: Findings) -> None:
    """A condition on an answer must look at the answer, and not only at what the model says of itself."""
    roots = [node for node in walk(only_when.node) if node[0] in ("name", "step", "calls")]
    if ["step", step.id] not in roots:
        out.add(
            "only-when-not-own",
            t("This does not look at the answer (`steps.{id}`): where it fails, no answer can be right.", id=step.id),
            only_when.span,
            help=t(
                "Compare `steps.{id}` with something, or use `when`, so that the step is not even begun.", id=step.id
            ),
        )
    elif isinstance(step, spec.Ask) and all(root == ["step", step.id] for root in roots):
        parts = only_when.node[1] if only_when.node[0] == "and" else [only_when.node]
        if any(_own_word(part) for part in parts):
            out.add(
                "model-judges-itself",
                t("The model meets this by saying another number or a yes: it is told, and answers again."),
                only_when.span,
                help=t("Take it out, and send doubtful answers to a person: `choose` with `ask_person`."),
            )


def _own_word(node: spec.Node) -> bool:
    """Whether a condition is a truth value that the model says, or how sure it says it is."""
    if node[0] == "attr":
        return True
    if node[0] == "cmp" and node[1] in (">", ">=", "<", "<="):
        said, limit = (node[2], node[3]) if node[1] in (">", ">=") else (node[3], node[2])
        return said[0] == "attr" and limit[0] == "lit" and bool(_SURE.search(str(said[2])))
    return bool(node[:2] == ["cmp", "=="] and node[2][0] == "attr" and node[3] == ["lit", True])
