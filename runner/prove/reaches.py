"""Answers which data reach a model, and whether a run can complete without its record.

Owns: these two questions. What a model reads are the values in its prompts and what the tools of its step return; that a
value is compared with something carries none of it.
"""

from __future__ import annotations

from typing import Any

from flowrun.core.compiled import CompiledPlan
from flowrun.plan.model import IN_PROCESS
from flowrun.privacy.marks import kinds_in
from flowrun.prove.answers import Answer, bar
from flowrun.prove.blame import blame
from flowrun.prove.domains import LIST
from flowrun.prove.drive import Drive
from flowrun.prove.example import Example, NoExample
from flowrun.prove.gates import Gate
from flowrun.prove.inside import unknowns_in
from flowrun.prove.lists import FEW, present
from flowrun.prove.paths import Prompt, Walk
from flowrun.prove.questions import Question
from flowrun.prove.script import script_of
from flowrun.prove.shapes import attribute
from flowrun.prove.solver import TooMany, possible, solve
from flowrun.prove.terms import (
    NO,
    YES,
    Const,
    Formula,
    Unknown,
    Value,
    both,
    is_null,
    negate,
    options,
    some,
    within,
)
from flowrun.values.compare import to_text
from flowrun.words import t

Json = Any
TRIES = 8


def answer_reaches(compiled: CompiledPlan, question: Question) -> Answer:
    """Answer whether a value gets into a prompt, or into what a model is told of its calls."""
    hidden = _hidden(compiled, question)
    walk = Walk(compiled)
    if hidden is not None and not possible_reach(walk, question, here=True):
        return Answer(question=question, said="no", gates=[Gate("privacy:", hidden, "to_model")], each=True)
    if not possible_reach(walk, question):
        gates, each = blame(compiled, lambda walk: possible_reach(walk, question))
        path = ".".join(question.path)
        because = [] if gates else [t("No prompt of this flow has {path}, and no model is told it.", path=path)]
        return Answer(question=question, said="no", gates=gates, each=each, because=because)
    few = Walk(compiled, few=FEW)
    for prompt, formula in _ways(few, question, here=hidden is not None):
        drive = _tried(compiled, few, prompt, formula, question)
        if drive is not None:
            read = next((d for d in drive.done if d.path == prompt.path and d.what in ("model", "proposes")), None)
            return Answer(question=question, said="yes", drive=drive, did=read)
    told = t("It stands in what a prompt is made of, but no example shows it there.")
    return Answer(question=question, said="cannot tell", because=[told])


def possible_reach(walk: Walk, question: Question, *, here: bool = False) -> bool:
    """Whether a value may reach a model; `here`: one that runs inside flowrun, from which only secrets are hidden."""
    return any(possible(walk.whole([formula])) for _, formula in _ways(walk, question, here=here))


def _ways(walk: Walk, question: Question, *, here: bool = False) -> list[tuple[Prompt, Formula]]:
    """Return the prompts that the value may stand in, each with when."""
    found = []
    for prompt in walk.prompts:
        if here and not _inside(walk.compiled, prompt):
            continue
        told = question.tool and question.tool in prompt.step.tools
        shown = YES if told else some(_shows(value, walk, prompt, question) for value in prompt.said)
        if shown != NO:
            found.append((prompt, both(prompt.reach, shown)))
    return found


def _inside(compiled: CompiledPlan, prompt: Prompt) -> bool:
    """Whether one of the models of a prompt runs inside flowrun."""
    known = compiled.plan.models
    return any((known[name].provider if name in known else name) in IN_PROCESS for name in prompt.step.models)


def _shows(value: Value, walk: Walk, prompt: Prompt, question: Question) -> Formula:
    """Return when a value holds the one in question."""
    if question.path[0] == "steps" and _names(question.path[1], [prompt.step.prompt, *prompt.step.slots.values()]):
        return YES
    wanted = _targets(walk, question)
    found: list[Formula] = []
    for when, known in options(value):
        if any(_is_part(unknown, wanted, question) for unknown in unknowns_in(known)):
            found.append(when)
    return some(found)


def _names(step: str, node: Any) -> bool:
    """Whether an expression speaks of a step itself, also where its value is a known one."""
    if not isinstance(node, list | tuple):
        return False
    return list(node) == ["step", step] or any(_names(step, part) for part in node)


def _targets(walk: Walk, question: Question) -> list[tuple[Any, ...]]:
    """Return the keys of the value in question, for a step wherever one of its name stands."""
    if question.path[0] == "input":
        return [question.path]
    found: list[tuple[Any, ...]] = []
    for value in walk.values.get(question.path[1], []) if question.path[0] == "steps" else ():
        for name in question.path[2:]:
            inner = attribute(value, name)
            if not unknowns_in(inner):  # inside a list, say: then the whole of it counts
                break
            value = inner
        found += [unknown.key for unknown in unknowns_in(value)]
    return found


def _is_part(unknown: Unknown, wanted: list[tuple[Any, ...]], question: Question) -> bool:
    if not question.tool:
        return any(_on_one_way(unknown.key, key) for key in wanted)
    if unknown.origin != ("tool", question.tool):
        return False
    names: list[str] = []
    while unknown.parent is not None:
        names.insert(0, unknown.field)
        unknown = unknown.parent
    if unknown.key[0] != "out":
        return not unknown.parts  # an item: the list that it is one of is looked at, where that is known
    return _on_one_way(tuple(names), question.path[1:])


def _on_one_way(one: tuple[Any, ...], two: tuple[Any, ...]) -> bool:
    short = min(len(one), len(two))
    return one[:short] == two[:short]


def _hidden(compiled: CompiledPlan, question: Question) -> str | None:
    """Return the mark by which the value is kept from models elsewhere, None where it is not."""
    plan = compiled.plan
    if question.path[0] == "input":
        schema: Json = plan.schemas[plan.flow.input]
        names = question.path[1:]
    elif question.tool and question.tool in plan.tools:
        schema, names = plan.tools[question.tool].output, question.path[1:]
    else:
        return None
    for name in names:
        parts = [schema, *(schema.get("anyOf") or [])] if isinstance(schema, dict) else []
        schema = next((p["properties"][name] for p in parts if name in p.get("properties", {})), None)
    if not isinstance(schema, dict) or "properties" in schema or not names:
        return None
    kinds = kinds_in(schema)
    barred = [kind for kind in sorted(kinds) if plan.privacy.get(kind, "allow") != "allow"]
    return barred[0] if barred else None


def _tried(compiled: CompiledPlan, walk: Walk, prompt: Prompt, formula: Formula, question: Question) -> Drive | None:
    barred: list[Formula] = []
    target = _value(walk, prompt, question)
    there = [] if target is None else [negate(is_null(target))]
    # What a loop gives is seen where it went over something.
    filled = [both(within(listed, LIST), present(listed, 0)) for listed in walk.listed]
    for number in range(TRIES):
        try:
            state = solve(walk.whole([formula, *there, *barred, *(filled if number == 0 else [])]))
            if state is None and number == 0 and filled:
                continue
            if state is None:
                return None
            example = Example(state)
            drive = Drive(compiled, script_of(walk, example, None)).run()
            words = _texts(None if target is None else example.value(target))
        except (NoExample, TooMany):
            return None
        said = [_spoken(messages) for step, messages in drive.prompts if step == prompt.step.id]
        if said and (target is None or (words and any(all(word in text for word in words) for text in said))):
            return drive
        more = bar(state)
        if more is None and (number or not filled):
            return None
        barred += [] if more is None else [more]
    return None


def _value(walk: Walk, prompt: Prompt, question: Question) -> Value | None:
    value: Value
    if question.path[0] == "input":
        value = walk.roots["input",]
        names = question.path[1:]
    elif question.path[0] == "steps":
        value = prompt.place.steps.get(question.path[1], Const(None))
        names = question.path[2:]
    else:
        roots = [u for key, u in walk.roots.items() if key[0] == "out" and u.origin == ("tool", question.tool)]
        if not roots or question.tool in prompt.step.tools:
            return None
        value, names = roots[0], question.path[1:]
    for name in names:
        value = attribute(value, name)
    return value


def _spoken(messages: Json) -> str:
    return "\n".join(to_text(message.get("content")) for message in messages)


def _texts(value: Json) -> list[str]:
    """Return the plain texts in a value."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [] if value is None or isinstance(value, bool) else [to_text(value)]


def answer_record(compiled: CompiledPlan, question: Question) -> Answer:
    """Answer whether a run can complete, or be rejected, without its record."""

    def can(walk: Walk) -> bool:
        return any(possible(walk.whole([end.reach, negate(end.written)])) for end in walk.ends)

    if not can(Walk(compiled)):
        gates, each = blame(compiled, can)
        always = t("On every way to the end stands the step that writes the record, and nothing goes around it.")
        because = [] if gates else [always]
        return Answer(question=question, said="no", gates=gates, each=each, because=because)
    few = Walk(compiled, few=FEW)
    tried = t("No example was found that does it.")
    for end in few.ends:
        try:
            state = solve(few.whole([end.reach, negate(end.written)]))
            if state is None:
                continue
            drive = Drive(compiled, script_of(few, Example(state), None)).run()
        except NoExample as error:
            tried = t("No example values were found: {problem}", problem=error)
            continue
        except TooMany:
            continue
        wrote = [did for did in drive.done if did.what == "record" and did.tool == compiled.plan.flow.output]
        if drive.outcome in ("completed", "completed_with_gaps", "rejected") and not wrote:
            return Answer(question=question, said="yes", drive=drive)
    return Answer(question=question, said="cannot tell", because=[tried])
