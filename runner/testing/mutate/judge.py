"""What became of a defect: whether lint or a test notices it.

Owns: making the plan with the defect, and running the tests against it until one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import FlowError
from flowrun.lang import spec
from flowrun.lang.parse import parse_flow, parse_policy
from flowrun.lang.source import Source
from flowrun.lang.spec_files import TestFile
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.testing import policies
from flowrun.testing.mutate.defects import Defect
from flowrun.testing.suite import run_flow_test, run_policy_test

State = Literal["killed", "survived", "lint", "same"]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a defect.

    `killed`: the test named in `by` fails. `lint`: it is an error finding (`by`). `same`: the plan is what it was.
    """

    state: State
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A flow with its tests. `cases`: cases of policies, by the policy's file; `compiled`: the flow without a defect.

    `make` checks and compiles a flow and raises `FlowError`; `tests` are run in this order, cases after them.
    """

    source: FlowSource
    catalogue: Catalogue
    compiled: CompiledPlan
    tests: Sequence[TestFile]
    cases: Mapping[str, Sequence[spec.PolicyTest]]
    make: Callable[[FlowSource, Catalogue], CompiledPlan]

    def policies(self) -> list[spec.Policy]:
        """Return the policies that hold for the flow."""
        return [*self.catalogue.policies, *self.source.policies]


def judged(subject: Subject, defect: Defect) -> Verdict:
    """Return what becomes of a defect."""
    try:
        source, catalogue, policy = changed(subject, defect)
        compiled = subject.make(source, catalogue)
    except FlowError as error:
        return Verdict(state="lint", by=error.code)
    if policy is None and compiled.digest == subject.compiled.digest:
        return Verdict(state="same")
    failed = first_failure(subject, compiled, policy)
    return Verdict(state="survived") if failed is None else Verdict(state="killed", by=failed)


def changed(subject: Subject, defect: Defect) -> tuple[FlowSource, Catalogue, spec.Policy | None]:
    """Return the flow and the catalogue with a defect, and the policy that it is in. Raises `FlowError`."""
    source, catalogue = subject.source, subject.catalogue
    if defect.tool:
        tool = msgspec.structs.replace(catalogue.tools[defect.tool], once=None)
        return source, replace(catalogue, tools={**catalogue.tools, defect.tool: tool}), None
    file = Source(defect.file, defect.text)
    if defect.file == source.flow.file:
        flow, findings = parse_flow(file)
        if flow is None:
            raise FlowError(findings)
        return replace(source, flow=flow), catalogue, None
    policy, findings = parse_policy(file)
    if policy is None:
        raise FlowError(findings)
    beside = [policy if each.file == defect.file else each for each in source.policies]
    common = [policy if each.file == defect.file else each for each in catalogue.policies]
    return replace(source, policies=beside), replace(catalogue, policies=common), policy


def first_failure(subject: Subject, compiled: CompiledPlan, policy: spec.Policy | None) -> str | None:
    """Return the name of the first test that fails, None where all pass. `policy`: the changed one, None: none is changed."""
    if policy is not None and (cases := subject.cases.get(policy.file)):
        with_cases = msgspec.structs.replace(policy, tests=tuple(cases))
        plan = policies.plan_of(with_cases, subject.catalogue)
        for case in cases:
            result = run_policy_test(with_cases, case, plan).result
            if not result.ok:
                return result.name
    for test in subject.tests:
        result = run_flow_test(test, lambda _: compiled)
        if not result.ok:
            return result.name
    return None
