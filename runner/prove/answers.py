"""Answers questions about one call: no where no way is left, yes where an example really does it, else it cannot be told.

Owns: what the parts of a question mean for a call, and the order of the search: first everything that may be, then an
example that is tried out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import InputError
from flowrun.plan import marks
from flowrun.plan.compile import facts_in, steps_in
from flowrun.plan.model import AskPersonStep
from flowrun.prove.blame import blame
from flowrun.prove.compare import compare
from flowrun.prove.drive import Did, Drive
from flowrun.prove.evaluate import Evaluator
from flowrun.prove.example import Example, NoExample
from flowrun.prove.gates import Gate, asks_role
from flowrun.prove.inside import unknowns_of
from flowrun.prove.lists import FEW, MORE
from flowrun.prove.origins import by_choice, is_closed, really_chosen
from flowrun.prove.paths import Walk
from flowrun.prove.questions import Question
from flowrun.prove.script import script_of
from flowrun.prove.shapes import root
from flowrun.prove.sites import Site
from flowrun.prove.solver import State, TooMany, solve
from flowrun.prove.terms import (
    NO,
    Const,
    Formula,
    Money,
    Thing,
    Value,
    both,
    every,
    negate,
    options,
    some,
)
from flowrun.words import t

Json = Any
MOST_REASONS = 4
TRIES = 12
"""How many ways are tried out for one place."""


@dataclass(kw_only=True)
class Answer:
    """`said`: `yes`, `no` or `cannot tell`. A yes has the run that does it, a no what stops it."""

    question: Question
    said: str
    gates: list[Gate] = field(default_factory=list)
    each: bool = False
    """Each of the gates alone is enough."""
    because: list[str] = field(default_factory=list)
    drive: Drive | None = None
    did: Did | None = None
    """The call in question, where it is about one."""
    site: Site | None = None


def sites_of(walk: Walk, question: Question) -> list[Site]:
    """Return where the call in question may be made."""
    return [site for site in walk.sites if site.tool == question.tool]


def wanted(question: Question, site: Site, walk: Walk) -> Formula:
    """Return what must be so for the call to be the one that is asked about."""
    parts: list[Formula] = [site.reach, site.judged.allowed]
    for role in question.roles:
        parts.append(negate(asks_role(site.judged.asking, role)))
        if role is None:
            parts.append(negate(site.edited))
    if question.without_people:
        parts += [negate(answered) for _, answered in site.place.people]
    for tool in question.without_calls:
        parts += [negate(made.done) for made in site.place.made(tool)]
    if question.over is not None:
        parts.append(_over(question, site, walk.compiled))
    if question.chosen is not None:
        parts.append(by_choice(question.chosen[0], question.chosen[1], site, every(parts), walk))
    if question.node is not None:
        _also_read(question, site, walk)
        facts = {name: value for (_, name), value in site.judged.facts.items()}
        place = site.judged.place.fork(facts=facts)
        for policy in site.flow.policies:
            place.tables = {**place.tables, **walk.compiled.plan.policies[policy].tables}
        parts.append(Evaluator(place, few=walk.few).condition(question.node)[0])
    return every(parts)


def _also_read(question: Question, site: Site, walk: Walk) -> None:
    """A fact that only the question speaks of is one, too."""
    plan = walk.compiled.plan
    read = {name for _, name in site.judged.facts}
    for policy in site.flow.policies:
        for name, fact in plan.policies[policy].facts.items():
            if name in set(facts_in(question.node)) - read:
                output = plan.tools[fact.call].output
                site.judged.facts[policy, name] = root(("fact", site.name, policy, name), output, ("fact", fact.call))


def amount_arg(compiled: CompiledPlan, tool: str) -> tuple[str, str | None]:
    """Return the argument that says an amount, and its currency where it is fixed. Raises `InputError` (FR3203)."""
    contract = compiled.plan.tools.get(tool)
    found = [
        (path[0], schema)
        for path, schema, _ in marks.leaves({} if contract is None else contract.input)
        if len(path) == 1 and marks.role_of(path, schema) == marks.AMOUNT
    ]
    if len(found) != 1:
        none = t("No argument of {tool} says an amount of money.", tool=tool)
        several = t("Several arguments of {tool} say an amount of money.", tool=tool)
        raise InputError(
            several if found else none,
            help=t("Ask `{tool} when args.NAME > 500`, or mark the argument with `x-money`.", tool=tool),
            code="FR3203",
        )
    return found[0][0], found[0][1].get("x-money")


def _over(question: Question, site: Site, compiled: CompiledPlan) -> Formula:
    assert question.over is not None
    most, code = question.over
    name, currency = amount_arg(compiled, question.tool)
    given = site.arg(name)
    if code is not None and currency is not None and currency.isupper() and code != currency:
        raise InputError(
            t("{tool} takes amounts in {currency}, not in {code}.", tool=question.tool, currency=currency, code=code),
            help=t("Ask `{tool} over {most} {currency}`.", tool=question.tool, most=f"{most:g}", currency=currency),
            code="FR3204",
        )
    if code is not None and currency is not None and not currency.isupper():
        return compare(">", Money(given, site.arg(currency)), Money(Const(most), Const(code)), f"{name} > {most:g}")[0]
    plain: list[tuple[Formula, Value]] = options(given)
    return some(both(when, compare(">", v, Const(most), f"{name} > {most:g}")[0]) for when, v in plain)


def does(question: Question, drive: Drive, compiled: CompiledPlan) -> Did | None:
    """Return the call of a run that is the one in question, None where there is none."""
    before: list[Did] = []
    for did in drive.done:
        is_call = did.what == "call" and did.tool == question.tool and not did.failed
        if is_call and _is_it(question, did, before, drive, compiled):
            return did
        before.append(did)
    return None


def _is_it(question: Question, did: Did, before: Sequence[Did], drive: Drive, compiled: CompiledPlan) -> bool:
    for role in question.roles:
        if did.people if role is None else role in did.people:
            return False
    if question.without_people:
        asking = {step.id for step in steps_in(compiled.plan.flow.steps) if isinstance(step, AskPersonStep)}
        if any(each.what == "person" and each.path.rpartition("/")[2] in asking for each in before):
            return False
    if any(each.what == "tool" and each.tool in question.without_calls for each in before):
        return False
    if question.over is not None:
        most, code = question.over
        name, currency = amount_arg(compiled, question.tool)
        amount = did.data.get(name)
        if not isinstance(amount, int | float) or not amount > most:
            return False
        if code is not None and currency is not None and not currency.isupper() and did.data.get(currency) != code:
            return False
    if question.node is not None and did.path.partition("~")[0] not in drive.meets:
        return False
    if question.chosen is not None:
        return really_chosen(question.chosen[0], question.chosen[1], did, before, compiled)
    return True


def answer_call(compiled: CompiledPlan, question: Question) -> Answer:
    """Answer whether such a call can be made."""
    walk = Walk(compiled)
    found = sites_of(walk, question)
    if not found:
        return Answer(
            question=question, said="no", because=[t("No step of this flow calls {tool}.", tool=question.tool)]
        )
    left: list[Site] = []
    unsure: list[str] = []
    for site in found:
        try:
            if possible_at(question, site, walk):
                left.append(site)
        except TooMany:
            left.append(site)
            unsure.append(
                t("There are too many ways to {tool} in {step} to look at each.", tool=question.tool, step=site.path)
            )
    if not left:
        gates, each = blocked_by(compiled, question)
        return Answer(question=question, said="no", gates=gates, each=each)
    few = Walk(compiled, few=FEW)
    tried: list[str] = []
    best = _best(question, left, few, tried)
    if best is None and any(site.edited != NO for site in walk.sites):
        best = _best(question, left, Walk(compiled, few=FEW, edits=True), tried)
    if best is None:
        few = Walk(compiled, few=MORE)
        best = _best(question, left, few, tried)
    if best is not None:
        return Answer(question=question, said="yes", drive=best[0], did=best[1], site=best[2])
    reasons = unsure or not_followed(question, left, few) or list(dict.fromkeys(tried))
    return Answer(question=question, said="cannot tell", because=reasons)


def _best(question: Question, sites: Sequence[Site], few: Walk, tried: list[str]) -> tuple[Drive, Did, Site] | None:
    """Return the shortest run that was found."""
    best: tuple[Drive, Did, Site] | None = None
    for site in sites:
        twin = next(each for each in few.sites if each.name == site.name)
        shown = try_out(question, twin, few, tried)
        if shown is not None and (best is None or len(shown[0].done) < len(best[0].done)):
            best = (*shown, site)
    return best


def possible_at(question: Question, site: Site, walk: Walk) -> bool:
    """Whether the call in question may be made at a place. Raises `TooMany`."""
    if question.chosen is not None and question.chosen[1] != "unbound" and is_closed(question.chosen, site):
        return _several(question, site, walk)
    return solve(walk.whole([wanted(question, site, walk)])) is not None


def _several(question: Question, site: Site, walk: Walk) -> bool:
    """Of a list of few values, something is chosen where another one is possible, too."""
    assert question.chosen is not None
    given = site.arg(question.chosen[0])
    first = solve(walk.whole([wanted(question, site, walk)]))
    if first is None:
        return False
    value = Example(first).value(given)
    same, _ = compare("==", given, Const(value), "")
    rest = wanted(replace(question, node=None, over=None), site, walk)
    return value is None or solve(walk.whole([rest, negate(same)])) is not None


def try_out(question: Question, site: Site, walk: Walk, tried: list[str]) -> tuple[Drive, Did] | None:
    """Return a run that does it, None where none was found; `tried` gets the reasons."""
    barred: list[Formula] = []
    for state in _states([wanted(question, site, walk)], walk, barred):
        try:
            script = script_of(walk, Example(state), site)
            drive = Drive(walk.compiled, script, question.node).run()
        except NoExample as error:
            tried.append(t("No example values were found: {problem}", problem=error))
        else:
            did = does(question, drive, walk.compiled)
            if did is not None:
                return drive, did
            tried.append(t("It seems possible, but no example was found that really does it."))
        more = bar(state)
        if more is None:
            return None
        barred.append(more)
    return None


def _states(formulas: list[Formula], walk: Walk, barred: list[Formula]) -> Iterator[State]:
    for _ in range(TRIES):
        try:
            state = solve(walk.whole([*formulas, *barred]))
        except TooMany:
            return
        if state is None:
            return
        yield state


def bar(state: State) -> Formula | None:
    """Return the statement that it is not this way again; None where it was not a matter of choice."""
    chosen: list[Formula] = []
    for thing, so in state.things.items():
        chosen.append(thing if so else negate(thing))
    chosen += [told for told in state.told if any(unknown.made for unknown in unknowns_of(told))]
    return negate(every(chosen)) if chosen else None


def not_followed(question: Question, sites: Sequence[Site], few: Walk) -> list[str]:
    """Return the expressions that stand between the question and an answer.

    Where few are looked at and there is a way, what was not followed on it; else what it takes longer lists for.
    """
    found: list[str] = []
    for site in sites:
        twin = next(each for each in few.sites if each.name == site.name)
        near = _unclear(question, twin, few)
        if near is not None:
            found += [t("This cannot be followed: {text}", text=text) for text in near]
            continue
        far = _unclear(question, site, Walk(few.compiled)) or []
        found += [t("Only short lists were tried out: {text}", text=text) for text in far if "|" in text]
    return list(dict.fromkeys(found))[:MOST_REASONS]


def _unclear(question: Question, site: Site, walk: Walk) -> list[str] | None:
    """Return the texts of what is not followed on a way to the call, None where there is no way."""
    twin = next(each for each in walk.sites if each.name == site.name)
    try:
        state = solve(walk.whole([wanted(question, twin, walk)]))
    except TooMany:
        return []
    if state is None:
        return None
    texts = [thing.text for thing in state.things if isinstance(thing, Thing) and thing.text]
    for told in state.told:
        texts += [unknown.text for unknown in unknowns_of(told) if unknown.made and unknown.text]
    return list(dict.fromkeys(texts))


def blocked_by(compiled: CompiledPlan, question: Question) -> tuple[list[Gate], bool]:
    """Return the gates that stop a call, and whether each alone is enough."""

    def possible(walk: Walk) -> bool:
        try:
            return any(possible_at(question, site, walk) for site in sites_of(walk, question))
        except TooMany:
            return True

    return blame(compiled, possible)
