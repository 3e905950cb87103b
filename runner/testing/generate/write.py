"""The file that generated cases make.

Owns: which scenarios are kept, what each is called and expects, and the text of the file. What it expects is what happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from flowrun.core.events import Asked
from flowrun.insight.places import locate
from flowrun.insight.summary import summarise
from flowrun.testing.coverage.points import Point
from flowrun.testing.expectations import calls_made, outcome_of
from flowrun.testing.expected_decisions import judged
from flowrun.testing.generate import yaml_text
from flowrun.testing.generate.cases import Case
from flowrun.testing.generate.scenario import CALLS, DAY, answers
from flowrun.testing.generate.search import Found
from flowrun.testing.leftovers import leftovers
from flowrun.testing.play import START, Play
from flowrun.words import t, tn

Json = Any
SECTIONS = ("tools", "model", "people", "events")
SHOWN = 8
"""Points that are named above a test."""
TELLING = ("gate", "failure", "branch", "value", "step")
"""Which points name a test, the first of them first."""


def kept(found: Sequence[Found], wanted: Iterable[str]) -> list[tuple[Found, frozenset[str]]]:
    """Return as few of the scenarios as touch every wanted key that any touches, each with those that it is kept for."""
    left = set(wanted)
    chosen: list[tuple[Found, frozenset[str]]] = []
    for each in sorted(found, key=lambda each: len(each.changes)):
        new = each.tried.keys & left
        if new:
            chosen.append((each, frozenset(new)))
            left -= new
    others: list[set[str]] = [
        {key for other, _ in chosen if other is not each for key in other.tried.keys} for each, _ in chosen
    ]
    # The first scenario, in which everything goes well, is what people read first.
    return [pair for pair, other in zip(chosen, others, strict=True) if not pair[0].changes or not pair[1] <= other]


def text(
    base: Found,
    chosen: Sequence[tuple[Found, frozenset[str]]],
    cases: Sequence[tuple[Case, Point]],
    points: Sequence[Point],
) -> str:
    """Return the text of a `*.test.yaml`. `base` is the scenario that the others are changes of."""
    told = {point.key: point for point in points}
    givens = [base.tried.given, *(each.tried.given for each, _ in chosen)] if chosen else []
    shared = _shared(givens)
    flow = base.tried.play.compiled.plan.flow.name
    usual = summarise(base.tried.play.events()).record
    out = [
        "# "
        + t("Generated: each test says what really happened when it was run. Check whether this is what you want."),
        f"flow: {yaml_text.scalar(flow)}",
    ]
    if givens:
        out += ["given:", *yaml_text.lines({"now": START, **shared}, 2)]
    out.append("tests:")
    names: dict[str, int] = {}
    for each, keys in chosen:
        tried = sorted(
            (told[key] for key in keys if key in told), key=lambda p: (TELLING.index(p.kind), p.file, p.line, p.key)
        )
        out += _test(each, tried, shared, names, usual)
    for case, point in cases:
        out += _case(case, point)
    return "\n".join(out) + "\n"


def _shared(givens: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """Return what the scenarios have in common: of the first one what no other lacks."""
    if not givens:
        return {}
    first, rest = givens[0], givens[1:]
    shared: dict[str, Json] = {}
    whole = all(isinstance(g["input"], dict) for g in givens)
    if whole and all(set(first["input"]) <= set(g["input"]) for g in rest):
        shared["input"] = first["input"]
    for section in SECTIONS:
        names = [name for name in first[section] if all(name in g[section] for g in rest)]
        if names:
            shared[section] = {name: answers(first[section][name]) for name in names}
    return shared


def _test(
    each: Found, tried: Sequence[Point], shared: Mapping[str, Json], names: dict[str, int], usual: Json
) -> list[str]:
    play, given = each.tried.play, each.tried.given
    own: dict[str, Json] = {}
    input = given["input"]
    if "input" not in shared:
        own["input"] = input
    elif input != shared["input"]:
        own["input"] = {name: value for name, value in input.items() if shared["input"].get(name, CALLS) != value}
    unused = {lack.path[1:3] for lack in leftovers(play) if len(lack.path) == 3}
    for section in SECTIONS:
        common = shared.get(section, {})
        more = {
            name: answers(value)
            for name, value in given[section].items()
            if (name not in common or common[name] != answers(value)) and (section, name) not in unused
        }
        if more:
            own[section] = more
    name = "; ".join(point.what for point in tried[:2]) if each.changes else t("everything goes well")
    names[name] = names.get(name, 0) + 1
    test: dict[str, Json] = {"test": name if names[name] == 1 else f"{name} ({names[name]})"}
    if own:
        test["given"] = own
    if given.get("after") is not None:
        test["after"] = f"{int(given['after'] // DAY)}d"
    expect = expectation(play)
    record = expect["record"]
    if each.changes and isinstance(record, dict) and isinstance(usual, dict):
        # What is as in the first scenario says nothing about this one.
        expect["record"] = {name: value for name, value in record.items() if usual.get(name, CALLS) != value}
        if not expect["record"]:
            del expect["record"]
    test["expect"] = expect
    first, *rest = yaml_text.lines(test, 4)
    tries = [f"    # {point.what} ({PurePath(point.file).name}:{point.line})" for point in tried[:SHOWN]]
    if len(tried) > SHOWN:
        tries.append("    # " + tn("and {n} more", "and {n} more", len(tried) - SHOWN))
    return [f"  - {first.lstrip()}", *tries, *rest]


def expectation(play: Play) -> dict[str, Json]:
    """Return what happened, as a test expects it."""
    events = play.events()
    plan = play.compiled.plan
    made = calls_made(play, events)
    writes = [name for name, tool in plan.tools.items() if tool.effect == "write" and name in plan.flow.tools]
    expect: dict[str, Json] = {"outcome": outcome_of(play)}
    if writes:
        expect["calls"] = {name: made.get(name, 0) for name in writes}
    decided = {}
    for tool, decisions in judged(play, events).items():
        if any(decision.word != "allow" for decision in decisions):
            words = [d.word if d.word == "allow" or not d.rules else {d.word: d.rules[0]} for d in decisions]
            decided[tool] = words if len(words) > 1 else words[0]
    if decided:
        expect["decisions"] = decided
    asked: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Asked):
            _, step = locate(plan, event.path)
            if step is not None:
                asked.setdefault(step.id, []).extend(role for role in event.to if role not in asked.get(step.id, []))
    if asked:
        expect["asked"] = asked
    expect["record"] = summarise(events).record
    return expect


def _case(case: Case, point: Point) -> list[str]:
    test = case.test
    data: dict[str, Json] = {"policy": case.policy, "call": test.call, "args": test.args}
    if test.before:
        data["before"] = list(test.before)
    if test.facts:
        data["facts"] = test.facts
    data |= {"now": test.now, "expect": test.expect}
    if test.by is not None:
        data["by"] = test.by
    first, *rest = yaml_text.lines(data, 4)
    return [f"  - {first.lstrip()}", f"    # {point.what} ({PurePath(point.file).name}:{point.line})", *rest]
