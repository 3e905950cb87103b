"""Runs one test and says what became of it.

Owns: the result of a test and the time that it took. One test that breaks does not stop the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import FlowError, FlowrunError
from flowrun.lang import spec
from flowrun.lang.spec_files import TestFile
from flowrun.plan.catalogue import Catalogue
from flowrun.testing import expectations, policies
from flowrun.testing.leftovers import leftovers
from flowrun.testing.play import Play
from flowrun.testing.result import TestResult, Unplayable, located
from flowrun.testing.story import story

PATIENCE = 60.0
"""Seconds of the machine after which a test is given up. Its own time may run over years in no time."""


Work = Callable[[], TestResult]


def pieces(
    tests: Iterable[TestFile],
    policy_files: Iterable[spec.Policy] = (),
    *,
    load_flow: Callable[[TestFile], CompiledPlan],
    catalogue: Callable[[], Catalogue],
) -> list[tuple[str, Work]]:
    """Return the name and the work of each test and of each test inside a policy, in order; nothing is run yet.

    `load_flow` gives the flow of a test and may raise `FlowrunError`; `catalogue` gives the tools that policies name and
    is needed only where policies are tested.
    """
    found: list[tuple[str, Work]] = [(test.test, partial(run_flow_test, test, load_flow)) for test in tests]
    for policy in policy_files:
        if policy.tests:
            compiled = policies.plan_of(policy, catalogue())
            found += [
                (policies.name_of(policy, test), partial(run_policy_test, policy, test, compiled))
                for test in policy.tests
            ]
    return found


def run_flow_test(test: TestFile, load_flow: Callable[[TestFile], CompiledPlan]) -> TestResult:
    """Play one test and compare."""
    began = time.perf_counter()
    messages, notes, happened = _played(test, load_flow)
    return TestResult(
        name=test.test,
        file=test.file,
        line=test.span.line,
        ok=not messages,
        messages=messages,
        notes=notes,
        story=happened,
        seconds=round(time.perf_counter() - began, 4),
    )


def run_policy_test(policy: spec.Policy, test: spec.PolicyTest, compiled: CompiledPlan) -> TestResult:
    """Judge the call of one of a policy's tests."""
    began = time.perf_counter()
    messages = policies.unmet(test, compiled)
    return TestResult(
        name=policies.name_of(policy, test),
        file=policy.file,
        line=test.span.line,
        ok=not messages,
        messages=messages,
        seconds=round(time.perf_counter() - began, 4),
    )


def _played(test: TestFile, load_flow: Callable[[TestFile], CompiledPlan]) -> tuple[list[str], list[str], list[str]]:
    """Return what is wrong, what was left over, and what happened where something is wrong."""
    play: Play | None = None
    notes: list[str] = []
    try:
        play = Play(test, load_flow(test))
        asyncio.run(_to_the_end(play))
        missing = [located(test.place(*lack.path), lack.text) for lack in play.problems]
        notes = [located(test.place(*lack.path), lack.text) for lack in leftovers(play)]
        messages = [*missing, *expectations.unmet(play)]
    except Unplayable as error:
        messages = [located(test.place(*error.path), error.message)]
    except FlowError as error:
        messages = [located(found.span, found.message) for found in error.diagnostics if found.severity == "error"]
    except FlowrunError as error:
        messages = [located(test.span, f"{error.message} {error.help or ''}".rstrip())]
    except TimeoutError:
        messages = [located(test.span, f"The test did not end within {PATIENCE:g} seconds.")]
    except Exception as error:
        messages = [located(test.span, f"flowrun itself broke: {type(error).__name__}: {error}")]
    happened = [] if play is None or not play.runs or not messages else story(play.compiled.plan, play.events())
    return messages, notes, happened


async def _to_the_end(play: Play) -> None:
    async with asyncio.timeout(PATIENCE):
        await play.play()
