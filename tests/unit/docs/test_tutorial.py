"""Walks through docs/tutorial.md as a reader does: its files, its commands, its outcomes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flowrun.cli.main import main

TUTORIAL = Path(__file__).resolve().parents[3] / "docs" / "tutorial.md"
FLOW = "flows/refund/refund.flow.yaml"
EXAMPLES = "flows/refund/refund.examples.yaml"
POLICY = "flows/refund/refund.policy.yaml"
TEST = "flows/refund/tests/large.test.yaml"


def shown() -> list[tuple[str, str]]:
    """Return the files of the tutorial in the order in which it shows them."""
    text = TUTORIAL.read_text(encoding="utf-8")
    found = re.findall(r"^```\S* (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(name, body) for name, body in found]


def save(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    capsys.readouterr()
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def inbox(capsys: pytest.CaptureFixture[str]) -> str:
    entry = run(capsys, "inbox")[1][-1]["id"]
    assert isinstance(entry, str)
    return entry


def test_the_tutorial_can_be_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "shop"]) == 0
    monkeypatch.chdir(tmp_path / "shop")
    first: dict[str, str] = {}
    later: dict[str, str] = {}
    for name, text in shown():
        (later if name in first else first)[name] = text
    for name, text in first.items():
        if name not in (EXAMPLES, POLICY, TEST):
            save(name, text)

    # 3. and 4.: a mistake is found; the small one is paid at once, the large one after a yes
    save(FLOW, first[FLOW].replace("approve_when", "aproval_when"))
    assert main(["lint"]) == 1
    save(FLOW, first[FLOW])
    assert main(["lint"]) == 0
    code, result = run(capsys, "run", "refund", "--input", "small.json")
    assert (code, result["outcome"]) == (0, "completed")
    code, result = run(capsys, "run", "refund", "--input", "large.json")
    assert (code, result["outcome"]) == (4, "waiting")
    code, result = run(capsys, "approve", inbox(capsys), "--as", "Sam")
    assert (code, result["record"]["amount"]) == (0, 79)

    # 5.: the daily limit
    save(POLICY, first[POLICY])
    assert run(capsys, "run", "refund", "--input", "first.json")[0] == 0
    code, result = run(capsys, "run", "refund", "--input", "second.json")
    assert (code, result["waiting"][0]["kind"]) == (4, "hand_off")
    assert "80 EUR a day" in result["waiting"][0]["why"]
    code, result = run(capsys, "close", inbox(capsys), "--as", "Sam", "--reason", "Enough for today.")
    assert (code, result["outcome"]) == (4, "handed_off")

    # 7.: the test
    save(TEST, first[TEST])
    assert main(["test", "flows/refund"]) == 0

    # 8.: the model
    save(EXAMPLES, first[EXAMPLES])
    save(FLOW, later[FLOW])
    added = re.search(r"^```yaml\n(  model:\n.*?)^```$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert added is not None
    save(TEST, first[TEST].replace("  people:", added.group(1) + "  people:"))
    assert main(["lint"]) == 0
    assert main(["test", "flows/refund"]) == 0
    code, result = run(capsys, "run", "refund", "--input", "again.json", "--model", "examples")
    assert (code, result["record"]["kind"]) == (0, "returned")
