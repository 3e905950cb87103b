"""`flowrun replay` as a user meets it: the summary, the first difference of each run, JSON and exit codes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from flowrun.app.runs import open_app
from flowrun.app.workspace import load_workspace
from flowrun.cli.main import main
from tests.acceptance.replay_kit import FLOW, POLICY, Says, edit, kinds, record, replayed, swap, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def test_the_summary_counts_the_classes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = record(folder, [10, 40, 30])
    edit(folder, shop_policy=swap(POLICY, "args.amount > 50,", "args.amount > 35,"))
    assert main(["replay", "--workspace", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "3 runs: 2 the same, 1 now needs approval" in out
    assert f"{runs[1]}  shop  done" in out and "would wait for leads (Over 50.); then it was allowed." in out
    assert main(["replay", "--workspace", str(folder), "--fail-on", "changed"]) == 1


def test_json_has_the_counts_and_the_first_differences(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = record(folder, [10, 40])
    edit(folder, shop_policy=swap(POLICY, "args.amount > 50,", "args.amount > 35,"))
    assert main(["replay", "--workspace", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["runs"] == 2 and report["counts"] == {"same": 1, "needs_approval": 1}
    assert report["same"] == [runs[0]]
    (changed,) = report["changed"]
    assert (changed["run"], changed["kind"], changed["path"]) == (runs[1], "needs_approval", "done")


def test_nothing_changed_ends_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run,) = record(folder, [60])
    assert main(["replay", "--workspace", str(folder), "--run", run[:12], "--fail-on", "changed"]) == 0
    assert "1 run: 1 the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--run", "01XXXX"], 3, "FR3002"),
        (["--since", "soon"], 2, "'soon' is no duration"),
        (["--flow", "nothing"], 3, "There is no flow nothing"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", "--workspace", str(folder), *words]) == code
    assert said in capsys.readouterr().err


def test_a_call_that_a_person_changed_is_replayed_as_changed(folder: Path) -> None:
    async def changed() -> None:
        with open_app(load_workspace(folder), models=Says()) as app:
            result = await app.submit("shop", {"id": "m-1", "what": "w", "amount": 60}, model="small")
            result = await app.edit(result.waiting[0]["id"], {"amount": 70}, by="ana")
            await app.approve(result.waiting[0]["id"], by="bo", role="leads")

    asyncio.run(changed())
    report = replayed(folder)
    assert [(found.kind, found.text) for found in report.runs] == [("same", "")]
    edit(folder, shop_policy=swap(POLICY, "deny_when: args.amount > 500", "deny_when: args.amount > 65"))
    assert kinds(replayed(folder)) == ["denied_now"]


MARKED = FLOW.replace("what: {type: string}", "what: {type: string, x-pii: email}")
"""The flow with an e-mail address for `what`, which goes into a call whose tool marks nothing."""


def test_what_schemas_mark_is_hidden_unless_an_owner_asks_for_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(folder, shop_flow=MARKED)
    (run,) = record(folder, [40], what="canary-mail-")
    other = swap(MARKED, 'with: {what: "${{ input.what }}", amount', 'with: {what: "to ${{ input.what }}", amount')
    for most, flow in ((35, MARKED), (50, other)):
        edit(folder, shop_flow=flow, shop_policy=POLICY.replace("args.amount > 50,", f"args.amount > {most},"))
        for more in ([], ["--json"]):
            assert main(["replay", "--workspace", str(folder), *more]) == 0
            out = capsys.readouterr().out
            assert "canary" not in out and "[email]" in out
            assert main(["replay", "--workspace", str(folder), "--reveal", "--as", "ana", *more]) == 0
            assert "canary-mail" in capsys.readouterr().out
    assert main(["replay", "--workspace", str(folder), "--run", run, "--reveal", "--as", "Zed"]) == 3
    assert "FR3025" in capsys.readouterr().err
