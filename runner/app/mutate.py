"""Defects put into a flow and its policies, and whether the tests notice.

Owns: which files are changed and which tests run. The defects and the judgement are `testing.mutate`'s part; no file is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from flowrun.app.flows import Loaded, load_whole, locate, made_ready
from flowrun.app.tests import collect_for
from flowrun.errors import InputError
from flowrun.lang import spec
from flowrun.lang.document import compose
from flowrun.lang.files import read_source
from flowrun.plan.model import Plan
from flowrun.testing.mutate import find
from flowrun.testing.mutate.defects import Defect
from flowrun.testing.mutate.judge import Subject, Verdict, first_failure, judged
from flowrun.testing.parallel import processes, spread
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace

FEW = 4
"""Defects for which a second process is not worth its start."""


class Mutated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the defects of a flow. `score`: percent of those that tests can notice and do; `tests` counts tests."""

    flow: str
    tests: int
    killed: int
    survived: int
    lint: int
    same: int
    score: float
    survivors: list[Defect]


def mutate(
    ws: Workspace, flow: str, *, jobs: int | None = None, on_defect: Callable[[int, int], None] = lambda done, all: None
) -> Mutated:
    """Put each defect into a flow and its policies, and run the tests. `on_defect` is told how many of all are done.

    Raises `InputError`: FR3010 no such flow, FR3304 where it has no tests, FR3305 where one fails without any defect; and
    `FlowError` where files are wrong.
    """
    path = locate(ws, flow)
    loaded = load_whole(ws, str(path))
    subject = _subject(ws, loaded, path)
    count = len(subject.tests) + sum(map(len, subject.cases.values()))
    if not count:
        raise InputError(
            t("{flow} has no tests, so nothing would be noticed.", flow=flow),
            help=t("Write some first, or let flowrun test --generate {flow} write them.", flow=flow),
            code="FR3304",
        )
    failed = _fails_already(subject)
    if failed is not None:
        raise InputError(
            t("The test {name} fails as it is.", name=failed),
            help=t("Mend it first: flowrun test says what is wrong."),
            code="FR3305",
        )
    defects = list(_defects(subject))
    found: dict[int, Verdict] = {}
    work = [partial(judged, subject, defect) for defect in defects]
    for done, (place, verdict) in enumerate(spread(work, processes(len(work), jobs, FEW)), 1):
        found[place] = verdict
        on_defect(done, len(defects))
    states = [found[place].state for place in range(len(defects))]
    killed, survived = states.count("killed"), states.count("survived")
    return Mutated(
        flow=loaded.source.flow.flow,
        tests=count,
        killed=killed,
        survived=survived,
        lint=states.count("lint"),
        same=states.count("same"),
        score=round(100 * killed / (killed + survived), 1) if killed + survived else 100.0,
        survivors=[
            msgspec.structs.replace(each, text="")
            for each, state in zip(defects, states, strict=True)
            if state == "survived"
        ],
    )


def _subject(ws: Workspace, loaded: Loaded, path: Path) -> Subject:
    found = collect_for(ws, path)
    cases: dict[str, list[spec.PolicyTest]] = {}
    for policy in found.policies:
        cases.setdefault(_real(policy.file), []).extend(policy.tests)
    all_policies = [*loaded.catalogue.policies, *loaded.source.policies]
    return Subject(
        source=loaded.source,
        catalogue=loaded.catalogue,
        compiled=loaded.compiled,
        tests=found.tests,
        cases={policy.file: cases.get(_real(policy.file), []) for policy in all_policies},
        make=made_ready,
    )


def _real(file: str) -> str:
    return str(Path(file).resolve())


def _fails_already(subject: Subject) -> str | None:
    for policy in [None, *subject.policies()]:
        failed = first_failure(subject, subject.compiled, policy)
        if failed is not None:
            return failed
    return None


def _defects(subject: Subject) -> Iterator[Defect]:
    files = [(subject.source.flow.file, find.of_flow)]
    files += [(policy.file, find.of_policy) for policy in subject.policies() if _holds(policy, subject.compiled.plan)]
    seen: set[tuple[str, str]] = set()
    for file, defects in files:
        source = read_source(Path(file))
        tree, _ = compose(source)
        for defect in defects(file, source.text, tree) if tree is not None else ():
            if (file, defect.text) not in seen and defect.text != source.text:
                seen.add((file, defect.text))
                yield defect
    for name, tool in subject.compiled.plan.tools.items():
        if tool.once and tool.effect == "write" and name in subject.compiled.plan.flow.tools:
            line = subject.source.flow.tools[name].span.line
            yield Defect(kind="once", what=name, file=subject.source.flow.file, line=line, tool=name)


def _holds(policy: spec.Policy, plan: Plan) -> bool:
    return any(set(rule.tools) & set(plan.flow.tools) for rule in policy.rules)
