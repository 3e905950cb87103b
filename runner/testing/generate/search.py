"""The search for scenarios that touch what no test touches.

Owns: what is tried for which point, and in which order. It is the same each time: nothing is random, and it ends after a number
of runs, not after a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec

from flowrun.core.events import Decided, Verdict
from flowrun.insight.places import locate
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.testing.coverage.conditions import flows_of, key, outcomes, rules_of, source_of
from flowrun.testing.coverage.points import Point
from flowrun.testing.coverage.seen import NO_RULES, Watch
from flowrun.testing.generate.candidates import candidates, constants, schema_at
from flowrun.testing.generate.scenario import CALLS, GONE, LONG, Change, Path, changed, first, sampled, values
from flowrun.testing.generate.sources import Sources
from flowrun.testing.generate.trial import Trial, Tried
from flowrun.values.nodes import walk

Json = Any
MOST = 12_000
"""Runs of one search."""
SINGLE, PAIRS, BEGIN, SEEDS = 400, 400, 1500, 5
"""Most changes of one value, and of two, that are tried for a point (`BEGIN`: for the first scenario); most scenarios that they
begin with."""
WORST = 100


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that touched something new, with the changes that make it out of the first one."""

    changes: tuple[Change, ...]
    tried: Tried


class Search:
    """Looks for scenarios of one flow. `wanted` are the points that no test tries."""

    def __init__(self, watch: Watch, wanted: Sequence[Point]) -> None:
        self.plan = watch.plan
        self.trial = Trial(watch, watch.plan.flow.name)
        self.base = first(watch.compiled)
        self.found: list[Found] = []
        self.touched: set[str] = set()
        self._wanted = list(wanted)
        self._sources = Sources(watch.plan)
        self._conditions = _conditions(watch.plan)
        self._done: set[tuple[str, bytes, bool]] = set()
        self._steps = {step.id: step for step in steps_in(watch.plan.flow.steps)}

    def run(self) -> list[Found]:
        """Return the scenarios that touch a wanted point, in the order in which they were found."""
        self._begin()
        for hard in (False, True):
            progress = True
            while progress and self.trial.runs < MOST:
                before = len(self.touched)
                for point in self._wanted:
                    if point.key not in self.touched:
                        self._aim(point, hard)
                progress = len(self.touched) > before
        return self.found

    def simpler(self, found: Found, keys: frozenset[str]) -> Found:
        """Return a scenario with as few changes as it takes to touch some keys."""
        for change in found.changes if len(found.changes) > 1 else ():
            less = self._play(tuple(each for each in found.changes if each is not change))
            if less is not None and keys <= less.tried.keys:
                return self.simpler(less, keys)
        return found

    def _begin(self) -> None:
        """Find a first scenario in which as many of the proposed calls as possible are allowed."""
        best = self._play(())
        seen: set[frozenset[str]] = set()
        while best is not None:
            seen.add(_denying(best.tried))
            better = self._better(best, seen)
            if better is None:
                break
            best = better
        if best is not None:
            self.base = best.tried.given
            self._try(())

    def _better(self, best: Found, seen: set[frozenset[str]]) -> Found | None:
        """Return a scenario in which more is allowed than in this one, by changing what its denials look at.

        Where there is none: one in which as much is denied, but by other rules than in any before (`seen`).
        """
        aside: Found | None = None
        for moves in itertools.chain(
            self._fitting(best), *(self._allowing(best, rule) for rule in denials(best.tried))
        ):
            found = self._play((*best.changes, *moves))
            if found is None:
                continue
            if _badness(found.tried) < _badness(best.tried):
                return found
            level = _badness(found.tried) == _badness(best.tried)
            if aside is None and level and _denying(found.tried) not in seen:
                aside = found
        return aside

    def _allowing(self, best: Found, rule: m.RulePlan) -> Iterator[tuple[Change, ...]]:
        nodes = [node for node in (rule.only_when, rule.deny_when, rule.approve_when) if node is not None]
        singles = partial(self._singles_of, [(node, rule) for node in nodes], best, None)
        yield from ((change,) for change in itertools.islice(singles(), SINGLE))
        yield from self._pairs(singles, BEGIN)

    def _fitting(self, best: Found) -> Iterator[tuple[Change, ...]]:
        """Yield values that a tool takes, for the places that its refused arguments come from."""
        given = best.tried.given
        for verdict in verdicts(best.tried):
            tool = self.plan.tools.get(verdict.tool)
            if verdict.denied_by not in NO_RULES or tool is None:
                continue
            fits = sampled(tool.input)
            for name, node in self._sources.arguments(verdict.tool):
                roots, names = self._sources.of(node, given), self._sources.names(node)
                places = [path for path, value in values(given) if _looked_at(path, roots, names)]
                yield from ((Change(path=path, value=fits[name]),) for path in places if name in fits)

    def _play(self, changes: tuple[Change, ...]) -> Found | None:
        given = changed(self.base, changes)
        tried = None if given is None or self.trial.runs >= MOST else self.trial.of(given)
        return None if tried is None else Found(changes=changes, tried=tried)

    def _try(self, changes: tuple[Change, ...]) -> None:
        """Try a scenario; keep it where it touches something new, wanted or not: it may be a step on the way."""
        found = self._play(changes)
        if found is not None and not found.tried.keys <= self.touched:
            self.touched |= found.tried.keys
            self.found.append(found)

    def _aim(self, point: Point, hard: bool) -> None:
        """Try what may touch a point; `hard`: two changes at once, too."""
        for seed in self._seeds(point)[: 2 if hard else SEEDS]:
            done = (point.key, msgspec.json.encode(seed.changes), hard)
            if done in self._done:
                continue
            self._done.add(done)
            moves = self._pairs(partial(self._singles, point, seed)) if hard else self._moves(point, seed)
            for more in moves:
                self._try((*seed.changes, *more))
                if point.key in self.touched:
                    return

    def _seeds(self, point: Point) -> list[Found]:
        """Return scenarios in which the point's condition was worked out, or its step was run."""
        parts = point.key.split("|")
        kind, where, name = parts[0], parts[1], parts[2]
        if kind == "value":
            kind, where, name = parts[1], parts[2], parts[3]
        begins = f"gate|{where}|{name}|" if kind == "gate" else f"step|{where}|{name}"
        if kind == "branch":
            begins = f"branch|{where}|{name}|"
        near = [each for each in self.found if any(touched.startswith(begins) for touched in each.tried.keys)]
        # A limit is filled by calls that are allowed; else what differs least from the first scenario comes first.
        return sorted(
            near, key=lambda each: (len(denials(each.tried)) if "at_most" in point.key else 0, len(each.changes))
        )

    def _moves(self, point: Point, seed: Found) -> Iterator[tuple[Change, ...]]:
        if point.kind == "failure":
            yield from self._failures(self._steps[point.key.split("|")[2]], seed)
        if "|at_most:" in point.key:
            yield from self._more_calls(point, seed)
        yield from ((change,) for change in itertools.islice(self._singles(point, seed), SINGLE))

    def _pairs(self, singles: Callable[[], Iterator[Change]], most: int = PAIRS) -> Iterator[tuple[Change, ...]]:
        pairs = itertools.combinations(list(itertools.islice(singles(), SINGLE)), 2)
        apart = (
            (one, two)
            for one, two in pairs
            if one.path != two.path[: len(one.path)] and two.path != one.path[: len(two.path)]
        )
        yield from itertools.islice(apart, most)

    def _singles(self, point: Point, seed: Found) -> Iterator[Change]:
        aimed = point.key.split("|")[-1] if point.kind == "value" else None
        return self._singles_of(self._nodes(point), seed, aimed)

    def _singles_of(
        self, nodes: Sequence[tuple[m.Node, m.RulePlan | None]], seed: Found, aimed: str | None
    ) -> Iterator[Change]:
        """Yield changes of what some conditions look at; `aimed` is the one value that is wanted."""
        given = seed.tried.given
        roots = [path for node, rule in nodes for path in self._sources.of(node, given, rule=rule)]
        names = {name for node, rule in nodes for name in self._sources.names(node, rule=rule)}
        known = constants((node for node, _ in nodes), self._tables(nodes))
        places = [(path, value) for path, value in values(given) if _looked_at(path, roots, names)]
        scalars = [value for _, value in places if not isinstance(value, dict | list) and value is not None]
        for path, value in places:
            options = candidates(value, self._schema(path), known, scalars)
            if aimed is not None:
                options = [option for option in options if option == aimed] or options
            yield from (Change(path=path, value=option) for option in options)

    def _nodes(self, point: Point) -> list[tuple[m.Node, m.RulePlan | None]]:
        parts = point.key.split("|")
        parts = parts[1:] if point.kind == "value" else parts
        found = self._conditions.get(key(*parts[:3]), []) if parts[0] == "branch" else []
        if parts[0] == "gate":
            found = self._conditions.get(key(*parts[:4]), [])
        if point.kind == "failure":
            step = self._steps[parts[2]]
            only = getattr(step, "only_when", None)
            mark = getattr(step, "with_", None)
            found = [(node, None) for node in (only, mark) if node is not None]
        return found

    def _tables(self, nodes: Sequence[tuple[m.Node, m.RulePlan | None]]) -> dict[str, Json]:
        tables: dict[str, Json] = {}
        for node, rule in nodes:
            policy = None if rule is None else self.plan.policies.get(rule.source)
            known = {**self.plan.tables, **({} if policy is None else policy.tables)}
            for part in walk(node):
                if part[0] == "attr" and part[1] == ["name", "tables"] and part[2] in known:
                    tables[part[2]] = known[part[2]]
        return tables

    def _schema(self, path: Path) -> dict[str, Json]:
        plan = self.plan
        match path:
            case ("input", *rest):
                return schema_at(plan.schemas[plan.flow.input], rest)
            case ("tools", tool, *rest):
                return schema_at(plan.tools[str(tool)].output, rest)
            case ("model", step, _, "answer", *rest):
                asked = self._steps.get(str(step))
                answer = getattr(asked, "answer", None)
                return schema_at(plan.schemas[answer], rest) if answer else {}
            case ("model", _, _, "propose", _, tool, *rest):
                return schema_at(plan.tools[str(tool)].input, rest) if tool in plan.tools else {}
            case ("people", step, *rest):
                asked = self._steps.get(str(step))
                return schema_at(plan.schemas[asked.answer], rest) if isinstance(asked, m.AskPersonStep) else {}
            case ("events", event, *rest):
                return schema_at(plan.schemas[str(event)], rest)
        return {}

    def _failures(self, step: m.AnyStep, seed: Found) -> Iterator[tuple[Change, ...]]:
        match step:
            case m.CallStep():
                yield (Change(path=("tools", step.tool), value={"error": "fails"}),)
                answer = seed.tried.given["tools"].get(step.tool)
                yield (Change(path=("tools", step.tool), value={CALLS: [answer, {"error": "fails"}]}),)
            case m.AskStep():
                yield (Change(path=("model", step.id), value=[{"error": "refuses"}]),)
            case m.AskPersonStep():
                yield (Change(path=("people", step.id), value="late"),)
            case m.WaitStep():
                gone = [Change(path=("events", step.event), value=GONE)] if step.event else []
                yield (*gone, Change(path=("after",), value=LONG))
            case m.ChooseStep() | m.ForEachStep() | m.ParallelStep():
                for inner in list(steps_in([step]))[1:]:
                    yield from self._failures(inner, seed)

    def _more_calls(self, point: Point, seed: Found) -> Iterator[tuple[Change, ...]]:
        """Have the model propose a call more often than its limit."""
        _, source, id, clause, _ = point.key.split("|")
        rule = next(
            r for flow in flows_of(self.plan) for r in rules_of(self.plan, flow) if (source_of(r), r.id) == (source, id)
        )
        limit = int(rule.at_most[int(clause.partition(":")[2])].limit)
        for step, replies in seed.tried.given["model"].items():
            for place, reply in enumerate(replies):
                calls = reply.get("propose", [])
                for call in calls:
                    for tool in set(call) & set(rule.tools):
                        schema = self.plan.tools[tool].input if tool in self.plan.tools else {}
                        looked_at = self._looked_at(tool)
                        more = [
                            {tool: _numbered(call[tool], schema, number, looked_at)}
                            for number in range(min(limit, 30) + 1)
                        ]
                        yield (Change(path=("model", step, place, "propose"), value=more),)

    def _looked_at(self, tool: str) -> set[str]:
        """Return the arguments of a tool that rules look at."""
        rules = [rule for flow in flows_of(self.plan) for rule in rules_of(self.plan, flow) if tool in rule.tools]
        nodes = [node for rule in rules for node in (rule.only_when, rule.deny_when, rule.approve_when) if node]
        return {part[2] for node in nodes for part in walk(node) if part[0] == "attr" and part[1] == ["name", "args"]}


def verdicts(tried: Tried) -> list[Verdict]:
    """Return what the guard said in a scenario, in order."""
    return [verdict for event in tried.play.events() if isinstance(event, Decided) for verdict in event.verdicts]


def denials(tried: Tried) -> list[m.RulePlan]:
    """Return the rules that denied a call in a scenario, once for each call."""
    plan = tried.play.compiled
    found: list[m.RulePlan] = []
    for event in tried.play.events():
        if isinstance(event, Decided):
            flow, _ = locate(plan.plan, event.path)
            for verdict in event.verdicts:
                denied = set(verdict.denials)
                found += [rule for rule, _ in plan.rules_for(flow, verdict.tool) if rule.id in denied]
    return found


def _denying(tried: Tried) -> frozenset[str]:
    return frozenset(key(rule.source, rule.id) for rule in denials(tried))


def _badness(tried: Tried) -> tuple[int, int, int]:
    """Return how far a scenario is from one in which everything is proposed and allowed; less is better."""
    said = verdicts(tried)
    allowed = {verdict.tool for verdict in said if verdict.verdict != "deny"}
    # Where no rule was even judged, the call is further from being allowed than under many rules.
    unjudged = sum(WORST for verdict in said if verdict.denied_by in NO_RULES)
    return -len(allowed), -len({verdict.tool for verdict in said}), len(denials(tried)) + unjudged


def _conditions(plan: m.Plan) -> dict[str, list[tuple[m.Node, m.RulePlan | None]]]:
    """Return the conditions of a plan by the beginning of their keys, each with the rule that it stands in."""
    rules = {(source_of(rule), rule.id): rule for flow in flows_of(plan) for rule in rules_of(plan, flow)}
    found: dict[str, list[tuple[m.Node, m.RulePlan | None]]] = {}
    for node, yes, _ in outcomes(plan):
        parts = yes.split("|")
        rule = rules.get((parts[1], parts[2])) if parts[0] == "gate" else None
        found.setdefault(key(*parts[: 4 if parts[0] == "gate" else 3]), []).append((node, rule))
    return found


def _looked_at(path: Path, roots: Sequence[Path], names: set[str]) -> bool:
    for root in roots:
        if path[: len(root)] == root:
            rest = path[len(root) :]
            fields = [part for part in rest if isinstance(part, str)]
            if not fields or fields[-1] in names:
                return True
    return False


def _numbered(args: Json, schema: dict[str, Json], number: int, looked_at: set[str]) -> Json:
    """Return arguments that differ by a number in a free text that no rule looks at, where there is one."""
    if not isinstance(args, dict) or number == 0:
        return args
    for name, value in args.items():
        inner = schema_at(schema, [name])
        if (
            isinstance(value, str)
            and name not in looked_at
            and not {"enum", "const", "format", "pattern", "maxLength"} & set(inner)
        ):
            return {**args, name: f"{value} {number + 1}"}
    return args
