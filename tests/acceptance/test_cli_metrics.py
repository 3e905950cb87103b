"""`flowrun metrics` over runs of the bundled flow, as a person and as a program reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowrun.cli import main as frame

SAMPLES = Path(__file__).parents[2] / "flows/support_to_ticket/samples"


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = frame.main(list(arguments))
    return code, *capsys.readouterr()


def test_figures_of_real_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "metrics")[:2] == (0, "No run to count.\n")
    codes = [call(capsys, "run", "support_to_ticket", "--input", f"{SAMPLES}/{name}.json")[0]
             for name in ("late_parcel", "double_billing")]  # fmt: skip
    assert codes == [0, 4]  # the second waits for a yes: it is critical
    code, out, _ = call(capsys, "metrics", "--json", "--since", "1d")
    found = json.loads(out)
    assert code == 0 and (found["runs"], found["ended"], found["erased"]) == (2, 1, 0)
    assert found["automation_rate"] == {"value": 1.0, "n": 1} and found["tool_error_rate"]["value"] == 0.0
    assert found["cost_per_record"] == {"value": 0.0, "n": 1} and found["resolution_rate"] == {"value": None, "n": 0}
    assert [(g["flow"], g["version"], g["model"], g["runs"]) for g in found["groups"]] == [
        ("support_to_ticket", 1, "examples", 2)
    ]
    code, out, _ = call(capsys, "metrics", "--by", "version")
    assert code == 0 and "2 runs, 1 ended" in out and "automation_rate" in out


def test_wrong_options_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    for option, value in (("--since", "lately"), ("--by", "colour"), ("--mode", "dry")):
        code, _, err = call(capsys, "metrics", option, value)
        assert code == 2 and value in err
