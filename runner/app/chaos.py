"""Chaos over the tests of one flow: which tests are meant, and what is played.

Owns: finding them. Processes, kills and the judgement are `testing.chaos`' part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flowrun.app.flows import Reader, load_flow, locate
from flowrun.app.tests import find, flow_file
from flowrun.errors import FlowError, InputError
from flowrun.lang.expr_problem import suggestion
from flowrun.lang.parse import kind_of
from flowrun.lang.spec_files import TestFile, TestsFile, tests_in
from flowrun.testing.chaos.case import Setup, without_crash
from flowrun.testing.chaos.cut import KINDS
from flowrun.testing.chaos.matrix import ChaosResult, run_chaos
from flowrun.testing.suite import run_flow_test
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace


def chaos(
    ws: Workspace,
    flow: str,
    *,
    test: str | None = None,
    kinds: Sequence[str] = KINDS,
    at: int | None = None,
    kills: int = 1,
    seed: int = 0,
    jobs: int | None = None,
    on_case: Callable[[str, int, int], None] = lambda name, done, all: None,
) -> Iterator[ChaosResult]:
    """Kill each test of a flow at every boundary, or one test (`test`: a file or the beginning of a name); yield results.

    With `at`, tests without that boundary are left out. A test that does not pass without a kill is not killed: its messages
    are its problems. Raises `InputError` (FR3010 no such flow, FR3081 no such test, FR3082 no test at all, FR3084 no test with
    that boundary) and `FlowError` for files that are wrong.
    """
    path = locate(ws, flow)
    compiled = load_flow(ws, str(path))
    most, played = 0, False
    for found in chosen(tests_of(ws, path), test, flow):
        plain = run_flow_test(found, lambda _: compiled)
        if not plain.ok:
            messages = [t("The test does not pass without a kill."), *plain.messages]
            played = True
            yield ChaosResult(name=found.test, file=found.file, boundaries=0, cases=[], problems=messages)
            continue
        result = run_chaos(
            Setup(test=without_crash(found), compiled=compiled),
            kinds=kinds,
            at=at,
            kills=kills,
            seed=seed,
            jobs=jobs,
            on_case=lambda done, all, name=found.test: on_case(name, done, all),  # type: ignore[misc]
        )
        most = max(most, result.boundaries)
        if at is None or result.cases or result.problems:
            played = True
            yield result
    if not played:
        raise InputError(
            t("There is no boundary {at} of this kind: the run has {most} boundaries in all.", at=at, most=most),
            help=t("Give --at from 1 to {most}, and its kind in --boundaries.", most=most),
            code="FR3084",
        )


def tests_of(ws: Workspace, flow: Path) -> list[TestFile]:
    """Return the tests of a flow: those of the workspace, and those beside the flow. Raises `FlowError`."""
    near, far = Reader(), Reader()
    files = [(near, file) for file in find(ws, [str(flow.parent)])]
    if ws.config is not None:
        # Tests of other flows may be wrong; that is no matter of this one.
        files += [(far, file) for file in find(ws, [str(ws.root)])]
    found: dict[Path, list[TestFile]] = {}
    for reader, file in files:
        if kind_of(file.name) != "test" or file.resolve() in found:
            continue
        value: TestFile | TestsFile | None = reader.read(file, "test")
        read = [] if value is None else tests_in(value)
        found[file.resolve()] = [test for test in read if _is_of(ws, test, flow)]
    wrong = [d for d in near.findings if d.severity == "error"]
    if wrong:
        raise FlowError(wrong)
    return [test for tests in found.values() for test in tests]


def chosen(tests: Sequence[TestFile], wanted: str | None, flow: str) -> list[TestFile]:
    """Return the tests that are meant. Raises `InputError` where there are none."""
    if not tests:
        raise InputError(
            t("There is no test of {flow}.", flow=flow),
            help=t("Chaos kills the runs of tests: write a NAME.test.yaml beside the flow, or in tests/."),
            code="FR3082",
        )
    if wanted is None:
        return list(tests)
    path = Path(wanted).resolve()
    names = [test for test in tests if test.test == wanted] or [test for test in tests if test.test.startswith(wanted)]
    found = [test for test in tests if Path(test.file).resolve() == path or Path(test.file).name == wanted] or names
    if not found:
        known = [test.test for test in tests] + [Path(test.file).name for test in tests]
        raise InputError(
            t("{flow} has no test {wanted}.", flow=flow, wanted=wanted),
            help=suggestion(wanted, known) or None,
            code="FR3081",
        )
    return found


def _is_of(ws: Workspace, test: TestFile, flow: Path) -> bool:
    try:
        return flow_file(ws, test).resolve() == flow.resolve()
    except InputError:
        return False
