"""Runs one test and says what became of it.

Owns: the result of a test, the time that it took, and what it has tried. One test that breaks does not stop the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import FlowError, FlowrunError
from flowrun.lang import spec
from flowrun.lang.spec_files import TestFile
from flowrun.plan.catalogue import Catalogue
from flowrun.testing import expectations, policies
from flowrun.testing.coverage.seen import Watch
from flowrun.testing.leftovers import leftovers
from flowrun.testing.play import Play
from flowrun.testing.result import TestResult, Unplayable, located
from flowrun.testing.story import story
from flowrun.words import t

PATIENCE = 60.0
"""Seconds of the machine after which a test is given up. Its own time may run over years in no time."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A test that was run. `tried`: the keys of what it has tried (`coverage`), where that was watched."""

    result: TestResult
    tried: frozenset[str] = frozenset()


Work = Callable[[], Ran]
LoadFlow = Callable[[TestFile], CompiledPlan]
WatchOf = Callable[[CompiledPlan], Watch | None]


def pieces(
    tests: Iterable[TestFile],
    policy_files: Iterable[spec.Policy] = (),
    *,
    load_flow: LoadFlow,
    catalogue: Callable[[], Catalogue],
    watch_of: WatchOf = lambda compiled: None,
) -> list[tuple[str, Work]]:
    """Return the name and the work of each test and of each test inside a policy, in order; nothing is run yet.

    `load_flow` gives the flow of a test and may raise `FlowrunError`; `catalogue` gives the tools that policies name and
    is needed only where policies are tested. `watch_of` gives what is to be watched in a plan, None: nothing.
    """
    found: list[tuple[str, Work]] = [(test.test, partial(run_test, test, load_flow, watch_of)) for test in tests]
    for policy in policy_files:
        if policy.tests:
            compiled = policies.plan_of(policy, catalogue())
            watch = watch_of(compiled)
            found += [
                (policies.name_of(policy, test), partial(run_policy_test, policy, test, compiled, watch))
                for test in policy.tests
            ]
    return found


def run_flow_test(test: TestFile, load_flow: LoadFlow) -> TestResult:
    """Play one test and compare."""
    return run_test(test, load_flow, lambda compiled: None).result


def run_test(test: TestFile, load_flow: LoadFlow, watch_of: WatchOf) -> Ran:
    """Play one test and compare."""
    began = time.perf_counter()
    play: Play | None = None
    watch: Watch | None = None
    notes: list[str] = []
    try:
        compiled = load_flow(test)
        watch = watch_of(compiled)
        play = Play(test, compiled if watch is None else watch.watched())
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
        messages = [located(test.span, t("The test did not end within {seconds} seconds.", seconds=f"{PATIENCE:g}"))]
    except Exception as error:
        messages = [located(test.span, f"flowrun itself broke: {type(error).__name__}: {error}")]
    begun = play if play is not None and play.runs else None
    result = TestResult(
        name=test.test,
        file=test.file,
        line=test.span.line,
        ok=not messages,
        messages=messages,
        notes=notes,
        story=[] if begun is None or not messages else story(begun.compiled.plan, begun.events()),
        seconds=round(time.perf_counter() - began, 4),
    )
    if watch is None or begun is None:
        return Ran(result=result)
    return Ran(result=result, tried=watch.tried(begun.compiled, begun.events()))


async def _to_the_end(play: Play) -> None:
    async with asyncio.timeout(PATIENCE):
        await play.play()


def run_policy_test(
    policy: spec.Policy, test: spec.PolicyTest, compiled: CompiledPlan, watch: Watch | None = None
) -> Ran:
    """Judge the call of one of a policy's tests."""
    began = time.perf_counter()
    watched = None if watch is None else watch.watched()
    messages = policies.unmet(test, watched or compiled)
    result = TestResult(
        name=policies.name_of(policy, test),
        file=test.span.file or policy.file,
        line=test.span.line,
        ok=not messages,
        messages=messages,
        seconds=round(time.perf_counter() - began, 4),
    )
    if watch is None or watched is None:
        return Ran(result=result)
    return Ran(result=result, tried=policies.tried(test, watch, watched))
