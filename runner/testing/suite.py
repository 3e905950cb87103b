"""Runs tests one after the other and says what became of each.

Owns: the list of results and the time that each took. One test that breaks does not stop the others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import FlowError, FlowrunError
from flowrun.lang import spec
from flowrun.lang.spec_files import TestFile
from flowrun.plan.catalogue import Catalogue
from flowrun.testing import expectations, policies
from flowrun.testing.play import Play
from flowrun.testing.result import TestResult, Unplayable, located

PATIENCE = 60.0
"""Seconds of the machine after which a test is given up. Its own time may run over years in no time."""


def run_tests(
    tests: Iterable[TestFile],
    policy_files: Iterable[spec.Policy] = (),
    *,
    load_flow: Callable[[TestFile], CompiledPlan],
    catalogue: Callable[[], Catalogue] | None = None,
) -> list[TestResult]:
    """Return a result for each test and for each test inside a policy, in order.

    `load_flow` gives the flow of a test and may raise `FlowrunError`; `catalogue` gives the tools that policies name and
    is needed only where policies are tested.
    """
    results = [run_flow_test(test, load_flow) for test in tests]
    known: Catalogue | None = None
    for policy in policy_files:
        if policy.tests and catalogue is not None:
            known = known or catalogue()
            results += run_policy_tests(policy, known)
    return results


def run_flow_test(test: TestFile, load_flow: Callable[[TestFile], CompiledPlan]) -> TestResult:
    """Play one test and compare."""
    began = time.perf_counter()
    messages = _flow_messages(test, load_flow)
    seconds = round(time.perf_counter() - began, 4)
    return TestResult(name=test.test, file=test.file, ok=not messages, messages=messages, seconds=seconds)


def run_policy_tests(policy: spec.Policy, catalogue: Catalogue) -> list[TestResult]:
    """Judge the calls of a policy's tests."""
    results = []
    compiled = policies.plan_of(policy, catalogue)
    for test in policy.tests:
        began = time.perf_counter()
        messages = policies.unmet(test, compiled)
        results.append(
            TestResult(
                name=policies.name_of(policy, test),
                file=policy.file,
                ok=not messages,
                messages=messages,
                seconds=round(time.perf_counter() - began, 4),
            )
        )
    return results


def _flow_messages(test: TestFile, load_flow: Callable[[TestFile], CompiledPlan]) -> list[str]:
    try:
        return asyncio.run(_played(test, load_flow(test)))
    except Unplayable as error:
        return [located(test.at.get(error.key, test.span), error.message)]
    except FlowError as error:
        wrong = [found for found in error.diagnostics if found.severity == "error"]
        return [located(found.span, found.message) for found in wrong]
    except FlowrunError as error:
        return [located(test.span, f"{error.message} {error.help or ''}".rstrip())]
    except TimeoutError:
        return [located(test.span, f"The test did not end within {PATIENCE:g} seconds.")]
    except Exception as error:
        return [located(test.span, f"flowrun itself broke: {type(error).__name__}: {error}")]


async def _played(test: TestFile, compiled: CompiledPlan) -> list[str]:
    play = Play(test, compiled)
    async with asyncio.timeout(PATIENCE):
        await play.play()
    missing = [located(test.at.get("given", test.span), problem) for problem in play.problems]
    return [*missing, *expectations.unmet(play)]
