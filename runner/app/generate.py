"""Cases for what no test of a flow tries yet.

Owns: what is tried already, and the check that every case holds. The search is `testing.generate`'s part.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from flowrun.app.flows import Loaded, load_whole, locate
from flowrun.app.tests import collect_for, run_collected
from flowrun.errors import InputError, InternalError
from flowrun.lang import spec
from flowrun.lang.parse import parse_test
from flowrun.lang.source import Source
from flowrun.lang.spec_files import TestsFile, tests_in
from flowrun.records.samples import NoSample
from flowrun.testing import policies
from flowrun.testing.coverage.points import Point, points
from flowrun.testing.coverage.seen import Watch
from flowrun.testing.generate.cases import Case, Cases
from flowrun.testing.generate.search import Search
from flowrun.testing.generate.write import kept, text
from flowrun.testing.suite import run_policy_test, run_test
from flowrun.values.nodes import walk
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """Generated cases: the text of their file (empty where there is nothing to try), and the points before and after.

    `missing` are those that no case was found for.
    """

    flow: str
    text: str
    tests: int
    cases: int
    all: int
    tried_before: int
    tried: int
    missing: list[Point]


def generate(ws: Workspace, flow: str, *, fresh: bool = False) -> Generated:
    """Return cases for every point of a flow that its tests do not try; `fresh`: as if it had no tests.

    Raises `InputError` (FR3010 no such flow, FR3302 where no input can be made) and `FlowError` where files are wrong.
    """
    path = locate(ws, flow)
    loaded = load_whole(ws, str(path))
    all_policies = [*loaded.catalogue.policies, *loaded.source.policies]
    whole = points(loaded.compiled, loaded.source.flow, all_policies)
    before = frozenset() if fresh else _tried(ws, path)
    wanted = [point for point in whole if point.key not in before]
    try:
        search = Search(Watch(loaded.compiled), wanted)
    except NoSample as error:
        raise InputError(
            t("No input of {flow} can be made from its schema: {why}", flow=flow, why=str(error)),
            help=t("Write one test by hand; its input shows what is wanted."),
            code="FR3302",
        ) from None
    found = search.run()
    chosen = [(search.simpler(each, keys), keys) for each, keys in kept(found, (point.key for point in wanted))]
    search.trial.close()
    touched = {key for each, _ in chosen for key in each.tried.keys}
    cases = _cases(loaded, all_policies, [point for point in wanted if point.key not in touched])
    touched |= {key for _, keys in cases.values() for key in keys}
    made = text(
        found[0],
        chosen,
        [(case, point) for point, (case, _) in ((_point(wanted, key), found) for key, found in cases.items())],
        wanted,
    )
    held = _held(loaded, all_policies, made) if chosen or cases else frozenset()
    keys = {point.key for point in whole}
    return Generated(
        flow=loaded.source.flow.flow,
        text=made if chosen or cases else "",
        tests=len(chosen),
        cases=len(cases),
        all=len(whole),
        tried_before=len(keys & before),
        tried=len(keys & (before | held)),
        missing=[point for point in whole if point.key not in before | held],
    )


def _point(wanted: Sequence[Point], key: str) -> Point:
    return next(point for point in wanted if point.key == key)


def _tried(ws: Workspace, path: Path) -> frozenset[str]:
    ran = run_collected(ws, collect_for(ws, path), watch=True)
    return frozenset().union(*(each.tried for each in ran))


def _cases(
    loaded: Loaded, all_policies: Sequence[spec.Policy], wanted: Sequence[Point]
) -> dict[str, tuple[Case, frozenset[str]]]:
    """Return cases of policies by the key of the point that each was found for."""
    made: dict[str, tuple[Case, frozenset[str]]] = {}
    for policy in all_policies:
        watch = Watch(policies.plan_of(policy, loaded.catalogue, _tools(policy)))
        cases = Cases(policy, watch)
        for point in wanted:
            if point.key in cases.touched or point.key in made:
                continue
            before = frozenset(cases.touched)
            case = cases.of(point)
            if case is not None:
                made[point.key] = (case, frozenset(cases.touched) - before)
    return made


def _tools(policy: spec.Policy) -> set[str]:
    """Return every tool that a policy's rules name or look back at."""
    names: set[str] = set()
    for rule in policy.rules:
        names |= {*rule.tools, *rule.needs_before}
        for expr in (rule.only_when, rule.deny_when, rule.approve_when):
            names |= {part[1] for part in walk(expr.node) if part[0] == "calls"} if expr is not None else set()
    return names


def _held(loaded: Loaded, all_policies: Sequence[spec.Policy], made: str) -> frozenset[str]:
    """Run the text of a file of tests; return what it tries. Raises `InternalError` where a test of it does not pass."""
    file, findings = parse_test(Source("generated.test.yaml", made))
    if not isinstance(file, TestsFile):
        raise InternalError(f"The generated tests cannot be read: {findings[0].message if findings else ''}")
    watch = Watch(loaded.compiled)
    ran = [run_test(test, lambda _: loaded.compiled, lambda _: watch) for test in tests_in(file)]
    for case in file.cases:
        policy = next(policy for policy in all_policies if policy.policy == case.policy)
        compiled = policies.plan_of(msgspec.structs.replace(policy, tests=(case.case,)), loaded.catalogue)
        ran.append(run_policy_test(policy, case.case, compiled, Watch(compiled)))
    failed = [each.result for each in ran if not each.result.ok]
    if failed:
        raise InternalError(f"A generated test does not hold: {failed[0].name}: {failed[0].messages[0]}")
    return frozenset().union(*(each.tried for each in ran))
