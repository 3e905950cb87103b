"""A check that several processes share finds the same as one that one process does alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench import lint_workload
from flowrun.app import checking, processes
from flowrun.app.workspace import load_workspace


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_several_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = lint_workload.write(tmp_path, 40)
    for number, file in enumerate(files[::5]):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("on_error: hand_off", f"on_eror: hand_off   # {number}", 1), encoding="utf-8")
    allowed = '    plan: ${{ 1 }}   # flowrun: allow FR1101 reason="An example."\n'
    files[1].write_text(files[1].read_text(encoding="utf-8") + allowed, encoding="utf-8")
    policy = "policy: shop\nversion: 1\nrules: [{id: a, tools: mail.send, deny_when: false, reason: An example.}]\n"
    (tmp_path / "flows" / "shop.policy.yaml").write_text(policy, encoding="utf-8")
    alone = checking.check_paths(load_workspace(tmp_path), [])
    monkeypatch.setattr(checking, "MANY", 8)
    monkeypatch.setattr(processes, "processors", lambda: 3)
    shared = checking.check_paths(load_workspace(tmp_path), [])
    assert shared.findings == alone.findings
    assert shared.files == alone.files
    assert shared.allowed == alone.allowed
    assert len(shared.findings) > len(files) // 5
    for finding in shared.findings:
        assert shared.texts[finding.span.file] == alone.texts[finding.span.file]


def test_an_error_of_a_part_is_raised_where_the_work_was_given_out() -> None:
    def work(part: list[int]) -> int:
        if 7 in part:
            raise ValueError("seven")
        return sum(part)

    with pytest.raises(ValueError, match="seven"):
        processes.spread(list(range(20)), work, least=2)


def test_one_processor_does_all_of_it_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "processors", lambda: 1)
    assert processes.spread([1, 2, 3], lambda part: (os.getpid(), sum(part)), least=1) == [(os.getpid(), 6)]
