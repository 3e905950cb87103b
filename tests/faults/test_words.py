"""What a person hears who names an event wrongly, or hands in what a flow cannot take."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.cli.main import main
from tests.faults.place import FLOW, Place

WAITS = FLOW.replace("steps:\n", "steps:\n  - {id: news, wait_for: paid@1, key: input.id}\n")


def call(capsys: pytest.CaptureFixture[str], place: Place, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main([*arguments, "--workspace", str(place.folder), "--store", f"sqlite:///{place.folder}/s.db"])
    return code, capsys.readouterr().err


def test_an_event_without_its_version_is_told_what_runs_wait_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "w", flow=WAITS)
    assert call(capsys, place, "run", "pay", "--input", str(place.input()))[0] == 4
    code, err = call(capsys, place, "event", "paid", "--key", "i-1")
    assert code == 3 and "error[FR3029]" in err and "Runs wait for: paid@1." in err
    code, err = call(capsys, place, "event", "paid@1", "--key", "i-9")
    assert code == 3 and "error[FR3028]" in err and "with another key" in err
    code, err = call(capsys, place, "event", "other@1", "--key", "i-1")
    assert code == 3 and "for: paid@1" in err


def test_nothing_is_said_to_run_where_the_input_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Place(tmp_path / "w")
    bad = place.folder / "bad.json"
    bad.write_text("{}")
    code, err = call(capsys, place, "run", "pay", "--input", str(bad))
    assert code == 3 and "error[FR3008]" in err and "Running" not in err
