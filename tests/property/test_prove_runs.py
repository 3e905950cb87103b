"""The promise of a no: whatever really happens in a run, no proof has said that it cannot."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowrun.core.compiled import CompiledPlan
from flowrun.prove.answers import Answer, possible_at, sites_of, try_out
from flowrun.prove.counts import most_of
from flowrun.prove.paths import Walk
from flowrun.prove.questions import Question
from flowrun.prove.solver import TooMany, possible
from flowrun.prove.story import given_of
from flowrun.prove.terms import negate
from tests.property.prove_flows import flows, questions
from tests.property.prove_runs import Run, really
from tests.unit.prove.kit import calls_in, played

RUNS = 12


def impossible(compiled: CompiledPlan, walk: Walk, question: Question) -> bool:
    """Whether a proof says no."""
    if question.kind == "record":
        return not any(possible(walk.whole([end.reach, negate(end.written)])) for end in walk.ends)
    if question.most is not None:
        return most_of(compiled, walk, question)[0] <= question.most
    try:
        return not any(possible_at(question, site, walk) for site in sites_of(walk, question))
    except TooMany:
        return False


def told(compiled: CompiledPlan, question: Question, run: Run) -> str:
    plan = compiled.plan
    flow = msgspec.json.encode([plan.flow, list(plan.policies.values())]).decode()
    return f"{question}\n{flow}\n{run.calls}\n{run.effects} {run.outcome}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(flows(), st.lists(questions(), min_size=6, max_size=10), st.integers(0, 10**9))
def test_what_really_happens_was_never_denied(compiled: CompiledPlan, asked: list[Question], seed: int) -> None:
    walk = Walk(compiled)
    denied = [question for question in asked if impossible(compiled, walk, question)]
    if not denied:
        return
    for number in range(RUNS):
        run = Run(compiled, denied, seed + number).run()
        for place, question in enumerate(denied):
            assert not really(question, place, run), told(compiled, question, run)


@pytest.mark.long
@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
@given(flows(), st.lists(questions(), min_size=6, max_size=10), st.integers(0, 10**9))
def test_what_really_happens_was_never_denied_at_length(
    compiled: CompiledPlan, asked: list[Question], seed: int
) -> None:
    walk = Walk(compiled)
    denied = [question for question in asked if impossible(compiled, walk, question)]
    for number in range(2 * RUNS if denied else 0):
        run = Run(compiled, denied, seed + number).run()
        for place, question in enumerate(denied):
            assert not really(question, place, run), told(compiled, question, run)


def test_what_is_possible_is_shown_by_a_story_that_can_be_played() -> None:
    """The random flows are no empty ground: nearly all that is not excluded is shown, and every story really happens."""
    shown = left = 0

    @settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(flows(), questions().filter(lambda question: question.plain and question.chosen is None))
    def look(compiled: CompiledPlan, question: Question) -> None:
        nonlocal shown, left
        walk, few = Walk(compiled), Walk(compiled, few=2)
        sites = [site for site in sites_of(walk, question) if possible_at(question, site, walk)]
        if sites:
            left += 1
            found = None
            for short in (few, Walk(compiled, few=2, edits=True)):
                twins = [site for site in short.sites if site.name in {each.name for each in sites}]
                tried = (try_out(question, site, short, []) for site in twins)
                found = found or next((each for each in tried if each is not None), None)
            if found is not None:
                shown += 1
                drive, did = found
                if {"p", "q"} & set(did.path.split("/")):
                    return  # side by side, what happens first is not the story's to say
                play = played(compiled, Answer(question=question, said="yes", drive=drive, did=did))
                assert did.data in calls_in(play, question.tool), given_of(drive)

    look()
    assert left > 20
    assert shown >= 0.85 * left, f"only {shown} of {left}"
