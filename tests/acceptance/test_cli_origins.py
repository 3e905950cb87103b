"""Who approves a write sees where each of its arguments came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowrun.cli import main as frame

SAMPLE = Path(__file__).parents[2] / "flows/support_to_ticket/samples/double_billing.json"
WANTED = {
    "/category": {"kind": "choice"},
    "/severity": {"kind": "choice"},
    "/summary": {"kind": "input", "from": "input.text", "untrusted": True},
    "/customer_id": {"kind": "bound", "from": "steps.customer.customer_id"},
}


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    frame.main(list(arguments))
    return capsys.readouterr().out


def test_inbox_and_timeline_tell_where_arguments_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    run = json.loads(call(capsys, "run", "support_to_ticket", "--input", str(SAMPLE), "--json"))["run"]
    entry = json.loads(call(capsys, "inbox", "--json"))[0]
    assert entry["proposal"][0]["origins"] == WANTED
    shown = json.loads(call(capsys, "show", run, "--json"))
    ticket = next(item for item in shown["origins"] if "create_ticket" in item["path"])
    assert ticket["origins"] == WANTED
    decided = next(event for event in shown["events"] if event["seq"] == ticket["seq"])
    assert ticket["path"] in [verdict["path"] for verdict in decided["data"]["verdicts"]]
    for text in (call(capsys, "inbox"), call(capsys, "show", run)):
        assert "! summary: the same as input.text; text from outside, not trusted" in text
        assert "customer_id: fixed by the flow (steps.customer.customer_id)" in text
