"""Chaos finds a runtime or a tool that breaks a promise: each of these defects is put in on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from flowrun.adapters.desk.contracts import CONTRACTS
from flowrun.app.flows import Reader, load_flow
from flowrun.app.workspace import load_workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Intended, ModelStarted
from flowrun.plan.model import ToolPlan
from flowrun.ports.journal import Append, Journal, Receipt, StoredEvent
from flowrun.ports.tools import ToolRequest
from flowrun.testing.chaos.case import Setup
from flowrun.testing.chaos.cut import KINDS
from flowrun.testing.chaos.lasting import LastingTools
from flowrun.testing.chaos.matrix import ChaosResult, run_chaos
from tests.unit.testing.kit import CUSTOMER, FLOW, TICKET, case, schema


class Forgetful(LastingTools):
    """Tools that look at no idempotency key."""

    def identity(self, contract: ToolPlan, request: ToolRequest) -> tuple[str, str] | None:
        return None


class Loses:
    """A journal that says yes to events of one kind and stores none of them."""

    def __init__(self, inner: Journal, kind: type) -> None:
        self._inner, self._kind, self._lost = inner, kind, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self, appends: Sequence[Append]) -> list[Receipt]:
        receipts = []
        for item in appends:
            kept = [event for event in item.events if not isinstance(event, self._kind)]
            self._lost += len(item.events) - len(kept)
            receipt = self._inner.commit([msgspec.structs.replace(item, events=kept)])[0]
            receipts.append(msgspec.structs.replace(receipt, seq=receipt.seq + self._lost))
        return receipts


class Blind:
    """A journal that stores intents and never shows them: a runtime on it takes no call for interrupted."""

    def __init__(self, inner: Journal) -> None:
        self._inner, self._seq = inner, 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def events(self, run: str, *, after: int = 0) -> list[StoredEvent]:
        found = [s for s in self._inner.events(run, after=after) if not isinstance(s.event, Intended)]
        if after == 0:
            self._seq = found[-1].seq
        return found

    def commit(self, appends: Sequence[Append]) -> list[Receipt]:
        (item,) = appends
        known = {s.event.path for s in self._inner.events(item.run) if isinstance(s.event, Intended)}
        kept = [e for e in item.events if not (isinstance(e, Intended) and e.path in known)]
        receipt = self._inner.commit([msgspec.structs.replace(item, events=kept)])[0]
        self._seq += len(item.events)
        return [msgspec.structs.replace(receipt, seq=self._seq)]


def loses(kind: type) -> Any:
    return lambda inner: cast(Journal, Loses(inner, kind))


def blind(inner: Journal) -> Journal:
    return cast(Journal, Blind(inner))


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    schema(tmp_path, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (tmp_path / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    file = tmp_path / "a.test.yaml"
    file.write_text(case(expect="{outcome: completed}"), encoding="utf-8")
    test = Reader().read(file, "test")
    return Setup(test=test, compiled=load_flow(load_workspace(tmp_path), str(tmp_path / "small.flow.yaml")))


def changed(setup: Setup, **more: Any) -> Setup:
    return Setup(**{"test": setup.test, "compiled": setup.compiled, **more})


def with_once(setup: Setup, once: dict[str, Any] | None) -> CompiledPlan:
    plan = setup.compiled.plan
    ticket = msgspec.structs.replace(plan.tools["desk.create_ticket"], once=once)
    tools = {**plan.tools, "desk.create_ticket": ticket}
    return CompiledPlan(msgspec.structs.replace(plan, tools=tools), setup.compiled.digest)


def played(setup: Setup, **more: Any) -> ChaosResult:
    return run_chaos(setup, kinds=KINDS, **more)


def problems(result: ChaosResult) -> set[str]:
    return {problem.split(":")[0] for case in result.cases for problem in case.problems}


def test_nothing_is_found_where_nothing_is_wrong(setup: Setup) -> None:
    result = played(setup)
    assert result.ok and len(result.cases) == result.boundaries > 20
    assert not any(case.in_doubt for case in result.cases)


def test_a_tool_that_ignores_its_key_is_found_where_its_result_was_lost(setup: Setup) -> None:
    result = played(changed(setup, tools=Forgetful))
    assert problems(result) == {"desk.create_ticket was done 2 times, not 1"}
    failed = [case.boundary.what for case in result.cases if not case.ok]
    assert failed == [
        "after desk.create_ticket, before its result is stored",
        "before the commit of call.returned desk.create_ticket",
    ]


def test_a_journal_that_drops_intents_is_found_without_a_kill(setup: Setup) -> None:
    result = played(changed(setup, journal=loses(Intended)))
    assert result.problems == ["desk.create_ticket was done, and the journal holds no intent for it."]


def test_a_journal_that_drops_the_start_of_a_model_call_is_found(setup: Setup) -> None:
    result = played(changed(setup, journal=loses(ModelStarted)))
    assert any("nobody is charged" in problem for problem in result.problems)


def test_a_runtime_that_repeats_an_interrupted_write_blindly_is_found(setup: Setup) -> None:
    result = played(changed(setup, journal=blind, compiled=with_once(setup, None)))
    assert "desk.create_ticket was done 2 times, not 1" in problems(result)


def test_a_write_that_nothing_can_settle_is_told_and_not_repeated(setup: Setup) -> None:
    result = played(changed(setup, compiled=with_once(setup, None)))
    assert result.ok
    doubtful = [case.boundary.what for case in result.cases if case.in_doubt]
    assert doubtful == [
        "after the commit of model.replied, call.decided, call.intended desk.create_ticket",
        "before desk.create_ticket",
        "after desk.create_ticket, before its result is stored",
        "before the commit of call.returned desk.create_ticket",
    ]


def test_a_lookup_settles_an_interrupted_write_from_the_world(setup: Setup) -> None:
    plan = with_once(setup, {"confirm_with": "find_ticket"}).plan
    tools = {**plan.tools, "desk.find_ticket": CONTRACTS["desk.find_ticket"]}
    plan = msgspec.structs.replace(plan, tools=tools)
    result = played(changed(setup, compiled=CompiledPlan(plan, setup.compiled.digest)))
    assert {case.boundary.what: case.problems for case in result.cases if not case.ok} == {}
    assert not any(case.in_doubt for case in result.cases)


FAULTS = {
    "a timeout after the effect": f"[{{error: times_out_after_success}}, {TICKET}]",
    "a refusal": "{error: fails}",
    "a malformed answer": "{error: malformed}",
}


@pytest.mark.parametrize("ticket", FAULTS.values(), ids=FAULTS)
def test_faults_and_kills_together_do_nothing_twice(setup: Setup, ticket: str, tmp_path: Path) -> None:
    file = tmp_path / "a.test.yaml"
    tools = f"{{crm.lookup_customer: {CUSTOMER}, desk.create_ticket: {ticket}}}"
    file.write_text(case(expect="{}", tools=tools), encoding="utf-8")
    result = played(changed(setup, test=Reader().read(file, "test")), kills=2)
    assert result.problems == []
    assert {case.boundary.what: case.problems for case in result.cases if not case.ok} == {}


def test_the_same_seed_kills_at_the_same_places(setup: Setup) -> None:
    first, second = (played(setup, kills=3, seed=5, at=12).cases[0] for _ in range(2))
    assert first.killed == second.killed and len(first.killed) >= 2


def test_a_boundary_that_is_not_there_is_said(setup: Setup) -> None:
    result = played(setup, at=999)
    assert result.cases == [] and 0 < result.boundaries < 999
