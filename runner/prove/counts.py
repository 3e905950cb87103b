"""Answers how often: calls of one tool, writes, tool calls, model calls and cost of one run.

Owns: what limits them (limits of rules, budgets, the steps themselves), and runs that use as much as they can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from flowrun.core.compiled import CompiledPlan
from flowrun.plan.model import FlowPlan, LimitPlan, RulePlan
from flowrun.prove.answers import Answer, amount_arg, answer_call, bar, sites_of, wanted
from flowrun.prove.drive import Did, Drive, Script
from flowrun.prove.example import Example, NoExample
from flowrun.prove.gates import Gate
from flowrun.prove.inside import unknowns_in
from flowrun.prove.lists import FEW
from flowrun.prove.paths import Walk
from flowrun.prove.questions import Question
from flowrun.prove.script import arguments, before, script_of
from flowrun.prove.sites import Site
from flowrun.prove.solver import TooMany, possible, solve
from flowrun.prove.terms import Formula, both, key_of
from flowrun.words import t

DAY = 86400.0
MOST_SITES = 8
TRIES = 6
Bound = tuple[float, list[Gate]]
ENDLESS: Bound = (float("inf"), [])


def answer_count(compiled: CompiledPlan, question: Question) -> Answer:
    """Answer whether there can be more than so many."""
    if question.most is None:
        return _answer_sum(compiled, question)
    walk = Walk(compiled)
    most, gates = most_of(compiled, walk, question)
    if most <= question.most:
        return Answer(question=question, said="no", gates=gates, each=True, because=[] if gates else [_steps(question)])
    if question.what == "cost":
        told = t("No budget of this flow stops it before that, and what a model really costs is not known beforehand.")
        return Answer(question=question, said="cannot tell", because=[told])
    one_run = most_of(compiled, walk, replace(question, in_a_day=False))[0]
    shown = _shown(compiled, question) if one_run > question.most else None
    if shown is not None:
        return Answer(question=question, said="yes", drive=shown, did=_last(question, shown))
    if question.in_a_day:
        told = t(
            "No rule counts {tool} over all the runs of a day. One run was not found to do it.", tool=question.tool
        )
    elif most == float("inf"):
        told = t("Nothing limits it, but no run was found that does it.")
    else:
        told = t("The limits leave room for {most}, but no run was found that does it.", most=f"{most:g}")
    return Answer(question=question, said="cannot tell", because=[told])


def _answer_sum(compiled: CompiledPlan, question: Question) -> Answer:
    """Answer whether calls can add up to more than so much in a day."""
    assert question.over is not None
    one = answer_call(compiled, replace(question, in_a_day=False, per=None))
    if one.said == "yes":
        return replace(one, question=question)
    name, _ = amount_arg(compiled, question.tool)
    per = None if question.per is None else ["attr", ["name", "args"], question.per]
    walk = Walk(compiled)
    sites = [site for site in sites_of(walk, question) if _may_be(walk, question, site)]
    limits: list[dict[Gate, float]] = []  # of each flow, what its rules let its calls add up to
    shared: set[Gate] = set()
    flows = _flows(sites)
    for flow in flows.values():
        own: dict[Gate, float] = {}
        for rule, policy in compiled.rules_for(flow, question.tool):
            gate = Gate(rule.source, rule.id, "at_most")
            for limit in rule.at_most:
                if (
                    limit.sum is not None
                    and limit.sum[:3] == ["attr", ["name", "args"], name]
                    and limit.currency in (None, question.over[1])
                    and _in_time(question, limit)
                    and (limit.per is None or limit.per == per)
                ):
                    shared |= {gate} if policy is not None or len(flows) == 1 else set()
                    own[gate] = min(float(limit.limit), own.get(gate, float("inf")))
        limits.append(own)
    if not limits:
        return Answer(question=question, said="no", each=True, because=one.because)
    # A rule of a policy has one sum for all flows, one of a flow adds up its own calls alone.
    enough = [gate for gate, most in limits[0].items() if gate in shared and most <= question.over[0]]
    gates = [gate for gate in enough if all(gate in own for own in limits)]
    if gates:
        return Answer(question=question, said="no", gates=gates, each=True)
    if all(limits):
        least = [min(own.items(), key=lambda found: found[1]) for own in limits]
        most = sum(limit for _, limit in least)
        if most <= question.over[0]:
            gates = list(dict.fromkeys(gate for gate, _ in least))
            return Answer(question=question, said="no", gates=gates, each=len(gates) == 1)
        told = t(
            "The rules of all flows together leave room for {most} a day. One call alone was not found to do it.",
            most=f"{most:g}",
        )
    else:
        told = t(
            "No rule adds {tool} up over all the runs of a day. One call alone was not found to do it.",
            tool=question.tool,
        )
    return Answer(question=question, said="cannot tell", because=[told])


def _flows(sites: Sequence[Site]) -> dict[tuple[str, int], FlowPlan]:
    """Return the flows that sites stand in, each version for itself."""
    return {(site.flow.name, site.flow.version): site.flow for site in sites}


def _may_be(walk: Walk, question: Question, site: Site) -> bool:
    """Whether a site is ever reached, however little its call takes."""
    try:
        return possible(walk.whole([wanted(replace(question, over=None), site, walk)]))
    except TooMany:
        return True


def _steps(question: Question) -> str:
    what = question.tool or question.what.replace("_", " ")
    return t("The steps of this flow make no more of it: {what}.", what=what)


def counted(question: Question, drive: Drive) -> list[Did]:
    """Return the calls of a run that count."""
    plan = drive.compiled.plan
    calls = drive.calls(question.tool or None)
    if question.what == "writes":
        calls = [did for did in calls if did.tool in plan.tools and plan.tools[did.tool].effect == "write"]
    unlike: dict[tuple[str, str], Did] = {}
    for did in calls:
        assert did.verdict is not None
        if not did.failed:
            unlike.setdefault((did.tool, did.verdict.natural or did.path), did)
    return list(unlike.values())


def _last(question: Question, drive: Drive) -> Did | None:
    """Return the thing that is one too many."""
    assert question.most is not None
    if question.what == "model_calls":
        return [did for did in drive.done if did.what in ("model", "proposes")][question.most]
    return counted(question, drive)[question.most]


def amount_of(question: Question, drive: Drive) -> int:
    """Return how many there were in a run."""
    return drive.model_calls if question.what == "model_calls" else len(counted(question, drive))


def most_of(compiled: CompiledPlan, walk: Walk, question: Question) -> Bound:
    """Return the most that there can be, and the gates that say so."""
    if question.kind == "call":
        return _tool(compiled, walk, question)
    budget = _budget(compiled, question.what, question)
    if question.what != "writes":
        return budget
    total, gates = 0.0, []
    for tool in sorted({s.tool for s in walk.sites if s.tool in compiled.plan.tools}):
        if compiled.plan.tools[tool].effect == "write":
            most, some_gates = _tool(compiled, walk, Question(text="", kind="call", tool=tool, most=question.most))
            total += most
            gates += some_gates
    rules = [gate for gate in gates if gate.word == "at_most"]
    return (total, rules) if total < budget[0] else budget


def _budget(compiled: CompiledPlan, what: str, question: Question | None = None) -> Bound:
    plan = compiled.plan
    found: Bound = ENDLESS
    for source, budget in ((f"budget:{plan.flow.name}", plan.flow.budget), ("budget:", plan.ceiling)):
        limit = getattr(budget, what)
        if limit is None or (
            what == "cost" and question is not None and budget.currency != (question.over or (0, ""))[1]
        ):
            continue
        if limit < found[0]:
            found = (float(limit), [Gate(source, "budget", what)])
    return found


def _tool(compiled: CompiledPlan, walk: Walk, question: Question) -> Bound:
    """Return how often a tool can be called at most, and what says so."""
    assert question.most is not None
    sites = [s for s in sites_of(walk, question) if possible(walk.whole([wanted(question, s, walk)]))]
    if not sites:
        return 0.0, []
    bounds = [_limits(compiled, walk, question, sites)]
    if not question.in_a_day:
        bounds.append(_structure(walk, question, sites))
        contract = compiled.plan.tools.get(question.tool)
        bounds.append(_budget(compiled, "tool_calls"))
        if contract is not None and contract.effect == "write":
            bounds.append(_budget(compiled, "writes"))
    return _least(bounds, question.most)


def _least(bounds: Sequence[Bound], most: float) -> Bound:
    """Return the least bound, with the gates of all that are enough by themselves."""
    least = min((bound for bound, _ in bounds), default=ENDLESS[0])
    enough = [gate for bound, gates in bounds if bound <= max(least, most) for gate in gates]
    return least, list(dict.fromkeys(enough)) if least < ENDLESS[0] else []


def _structure(walk: Walk, question: Question, sites: Sequence[Site]) -> Bound:
    """Return how many of the flow's own calls can be made in one run."""
    if any(site.by_model or site.loops for site in sites) or len(sites) > MOST_SITES:
        return ENDLESS
    for size in range(len(sites), 0, -1):
        for group in combinations(sites, size):
            if possible(walk.whole([both(*(wanted(question, site, walk) for site in group))])):
                return float(size), []
    return 0.0, []


def _limits(compiled: CompiledPlan, walk: Walk, question: Question, sites: Sequence[Site]) -> Bound:
    flows = _flows(sites)
    rules = {name: compiled.rules_for(flow, question.tool) for name, flow in flows.items()}
    total, gates = 0.0, []
    for name in flows:
        own = [site for site in sites if (site.flow.name, site.flow.version) == name]
        found = [bound for rule, _ in rules[name] if (bound := _rule(walk, question, rule, own)) is not None]
        least = _least(found, question.most or 0)
        total += least[0]
        gates += least[1]
    shared = [
        b for r, policy in next(iter(rules.values())) if policy and (b := _rule(walk, question, r, sites)) is not None
    ]
    everywhere = [
        b
        for b in shared
        if all(
            any((r.source, r.id) == (b[1][0].source, b[1][0].id) and p for r, p in known) for known in rules.values()
        )
    ]
    return _least([(total, gates), *everywhere], question.most or 0)


def _rule(walk: Walk, question: Question, rule: RulePlan, sites: Sequence[Site]) -> Bound | None:
    gate = Gate(rule.source, rule.id, "at_most")
    if gate in walk.taken_out:
        return None
    found = [
        float(int(limit.limit)) for limit in rule.at_most
        if limit.sum is None and _in_time(question, limit) and (limit.per is None or _one(walk, question, limit, sites))
    ]  # fmt: skip
    return (min(found), [gate]) if found else None


def _in_time(question: Question, limit: LimitPlan) -> bool:
    if not question.in_a_day:
        return limit.window in ("run", "ever")
    return limit.window in ("today", "ever") or (isinstance(limit.window, float | int) and limit.window >= DAY)


def _one(walk: Walk, question: Question, limit: LimitPlan, sites: Sequence[Site]) -> bool:
    """Whether what a limit counts by is one and the same in all calls that count."""
    if question.in_a_day:
        return question.per is not None and limit.per == ["attr", ["name", "args"], question.per]
    keys = set()
    for site in sites:
        value = walk.look(site.judged.place).value(limit.per or ["lit", 0])
        # What a model says, or what differs from item to item, may differ from call to call.
        if site.loops or any("!" in str(unknown.key) for unknown in unknowns_in(value)):
            return False
        keys.add(key_of(value))
    return len(keys) == 1


def _shown(compiled: CompiledPlan, question: Question) -> Drive | None:
    """Return a run that has more than so many, None where none was found."""
    assert question.most is not None
    walk = Walk(compiled, few=FEW)
    writes = question.kind == "call" or question.what == "writes"
    if question.what == "model_calls":
        return _wasted(compiled, question, walk)
    sites = [
        site for site in walk.sites
        if site.tool in compiled.plan.tools
        and (site.tool == question.tool if question.kind == "call" else not writes or _writes(compiled, site.tool))
    ]  # fmt: skip
    barred: list[Formula] = []
    for first in sites:
        kept: list[Formula] = [wanted(question, first, walk)]
        chosen = [first]
        for site in sites:
            if site is not first and possible(walk.whole([*kept, wanted(question, site, walk)])):
                kept.append(wanted(question, site, walk))
                chosen.append(site)
        for _ in range(TRIES):
            try:
                state = solve(walk.whole([*kept, *barred]))
            except TooMany:
                break
            if state is None:
                break
            for change in (False, True):
                try:
                    example = Example(state, listed=walk.listed, long=question.most + 1)
                    script = script_of(walk, example, None)
                    _repeat(compiled, walk, script, question, chosen, example, change)
                    drive = Drive(compiled, script).run()
                except NoExample:
                    break
                if amount_of(question, drive) > question.most:
                    return drive
            more = bar(state)
            if more is None:
                break
            barred.append(more)
    return None


def _writes(compiled: CompiledPlan, tool: str) -> bool:
    return compiled.plan.tools[tool].effect == "write"


def _repeat(
    compiled: CompiledPlan,
    walk: Walk,
    script: Script,
    question: Question,
    sites: Sequence[Site],
    example: Example,
    change: bool,
) -> None:
    """Let the model propose each call as often as the limits let it."""
    assert question.most is not None
    everywhere = Walk(compiled)
    met: set[str] = set()
    for site in sites:
        if not site.by_model:
            continue
        own = Question(text="", kind="call", tool=site.tool, most=question.most)
        most, _ = _limits(compiled, everywhere, own, [s for s in everywhere.sites if s.tool == site.tool])
        times = int(min(most, question.most + 1))
        args = arguments(walk, example, site.name)
        turn = [(site.tool, _changed(args, number) if change else args, site.name) for number in range(times)]
        earlier = before(walk, example, site.path, f"{site.name}<")
        turns = script.turns.get(site.path, []) if site.path in met else []
        known = [call for each in turns for call in each]
        rest = [each for each in earlier if not any(each[0][0] == call[0] for call in known)]
        script.turns[site.path] = [*rest, *turns[:-1], [*(turns[-1] if turns else []), *turn]]
        met.add(site.path)


def _changed(args: dict[str, object], number: int) -> dict[str, object]:
    """Return arguments with another number in their longest text, so that no call is like another."""
    texts = [name for name, value in args.items() if isinstance(value, str)]
    if not texts or number == 0:
        return args
    name = max(texts, key=lambda each: len(str(args[each])))
    return {**args, name: f"{args[name]} {number + 1}"}


def _wasted(compiled: CompiledPlan, question: Question, walk: Walk) -> Drive | None:
    assert question.most is not None
    for prompt in reversed(walk.prompts):
        try:
            state = solve(walk.whole([prompt.reach]))
            if state is None:
                continue
            script = script_of(walk, Example(state), None)
            script.wasteful = True
            drive = Drive(compiled, script).run()
        except (NoExample, TooMany):
            continue
        if drive.model_calls > question.most:
            return drive
    return None
