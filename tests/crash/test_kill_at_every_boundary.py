"""Processes that run the bundled flows are killed at every boundary and resumed; nothing is done twice or lost.

The kills are real (SIGKILL), the store is a SQLite file; tools, models and people are the tests' own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app import chaos as use_case
from flowrun.app.flows import bundled
from flowrun.app.workspace import load_workspace

FLOWS = sorted(bundled().glob("*/*.flow.yaml"))
FEW = 3
"""Tests of each flow that are killed in the fast lane."""


def files(flow: Path, folder: Path) -> list[str]:
    return sorted({test.file for test in use_case.tests_of(load_workspace(folder), flow)})


def cases() -> list[object]:
    found = []
    for flow in FLOWS:
        for place, file in enumerate(files(flow, flow.parent)):
            marks = [] if place < FEW else [pytest.mark.slow]
            found.append(pytest.param(flow, file, id=f"{flow.parent.name}-{Path(file).stem}", marks=marks))
    return found


@pytest.mark.parametrize(("flow", "test"), cases())
def test_a_kill_at_any_boundary_leaves_each_effect_once(flow: Path, test: str, tmp_path: Path) -> None:
    results = list(use_case.chaos(load_workspace(tmp_path), str(flow), test=test))
    assert results
    for result in results:
        assert result.problems == []
        assert {case.boundary.number: case.problems for case in result.cases if not case.ok} == {}
        assert len(result.cases) == result.boundaries >= 8
        assert all(len(case.killed) == 1 for case in result.cases)


@pytest.mark.long
@pytest.mark.parametrize("flow", FLOWS, ids=[flow.parent.name for flow in FLOWS])
def test_a_resumed_process_may_be_killed_once_more(flow: Path, tmp_path: Path) -> None:
    for result in use_case.chaos(load_workspace(tmp_path), str(flow), kills=2, seed=7):
        assert result.problems == []
        assert {case.boundary.number: case.problems for case in result.cases if not case.ok} == {}
        assert any(len(case.killed) == 2 for case in result.cases)


def test_every_bundled_flow_is_killed() -> None:
    assert FLOWS
    assert all(len(files(flow, flow.parent)) >= FEW for flow in FLOWS)
