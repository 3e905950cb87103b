"""Work in several processes: the same results as in one, and an early end."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from flowrun.app.tests import run_tests
from flowrun.app.workspace import load_workspace
from flowrun.errors import InputError, InternalError
from flowrun.testing.parallel import processes, spread
from tests.unit.testing.kit import FLOW, case, schema


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


@pytest.mark.parametrize("jobs", [1, 3])
def test_each_piece_is_done_once_and_knows_its_place(jobs: int) -> None:
    done = dict(spread([partial(square, number) for number in range(20)], jobs))
    assert {place: result[0] for place, result in done.items()} == {number: number**2 for number in range(20)}
    assert (os.getpid() in {pid for _, pid in done.values()}) == (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_is_begun_after_the_end_was_said(jobs: int) -> None:
    done = list(spread([partial(square, number) for number in range(50)], jobs, stop=lambda result: result[0] >= 9))
    assert len(done) < 10


def test_a_piece_that_breaks_is_told() -> None:
    with pytest.raises(InternalError, match="ZeroDivisionError"):
        list(spread([partial(divmod, 1, 0)], 2))  # type: ignore[list-item]


def test_little_work_stays_in_one_process() -> None:
    assert processes(3) == 1
    assert processes(3, jobs=8) == 3
    assert processes(0, jobs=8) == 1


def workspace(folder: Path) -> Path:
    schema(folder, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (folder / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    for number in range(6):
        outcome = "failed" if number in (2, 4) else "completed"
        text = case(expect=f"{{outcome: {outcome}}}").replace("a case", f"case {number}")
        (folder / f"t{number}.test.yaml").write_text(text, encoding="utf-8")
    return folder


def test_tests_come_to_the_same_in_several_processes(tmp_path: Path) -> None:
    ws = load_workspace(workspace(tmp_path))
    told: list[str] = []
    one, two = (run_tests(ws, jobs=jobs, on_result=lambda result: told.append(result.name)) for jobs in (1, 3))
    assert [(r.name, r.ok, r.messages, r.story) for r in one] == [(r.name, r.ok, r.messages, r.story) for r in two]
    assert told == [result.name for result in [*one, *two]]
    assert [result.ok for result in one] == [True, True, False, True, False, True]


def test_the_first_failure_can_end_it(tmp_path: Path) -> None:
    results = run_tests(load_workspace(workspace(tmp_path)), first=True, jobs=1)
    assert [result.ok for result in results] == [True, True, False]


@pytest.mark.parametrize(("only", "names"), [("E 3", ["case 3"]), ("t4.test.yaml", ["case 4"]), ("case", 6)])
def test_some_tests_alone(tmp_path: Path, only: str, names: list[str] | int) -> None:
    found = [result.name for result in run_tests(load_workspace(workspace(tmp_path)), only=only)]
    assert found == names or len(found) == names


def test_a_name_that_no_test_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no test cse 3") as caught:
        run_tests(load_workspace(workspace(tmp_path)), only="cse 3")
    assert caught.value.code == "FR3301" and "case 3" in str(caught.value.help)
