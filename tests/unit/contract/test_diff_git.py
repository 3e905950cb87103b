"""`flowrun diff` over two commits of a real repository: every seeded widening is told, and nothing else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from flowrun.cli.main import main
from tests.unit.contract.repository import CONFIG, FILES, FLOW, MONEY, commit, git, swapped

TICKET = (
    "    bind: {customer_id: '${{ steps.who.customer_id }}'}\n"
    '    approve_when: args.severity == "critical"\n'
    "    approver: leads\n"
)
DENY = """\
  - id: no_goodwill
    tools: pay.refund
    deny_when: args.reason == "goodwill"
    reason: Goodwill is paid by hand.
"""
WIDENED = {
    **FILES,
    "flows/shop.flow.yaml": swapped(
        FLOW,
        ("  box.store: {}\n", "  box.store: {}\n  mail.draft: {at_most: 1}\n"),
        ("  - {id: end,", "  - {id: draft, call: mail.draft, with: {to: a@example.com, subject: S, body: B}}\n  - {id: end,"),
        ("    at_most: 2\n", "    at_most: 5\n"),
        (TICKET, ""),
        ("approver: [leads, chiefs]", "approver: [leads]"),
        ("bind: {to: '${{ steps.who.email }}'}", "bind: {to: '${{ input.reply_to }}'}"),
        ("cost: 0.05 USD", "cost: 0.50 USD"),
        ("${{ input.topic }}.", "${{ input.topic }}, says ${{ input.email }}."),
        ("text: kept}, on_error: hand_off", "text: kept}, on_error: continue"),
    ),
    "policies/money.policy.yaml": swapped(
        MONEY,
        ("500 EUR", "5000 EUR"),
        (DENY, ""),
    ),
    "tools/box.py": swapped(FILES["tools/box.py"], (', once={"natural": ["id"]}', "")),
    "flowrun.yaml": swapped(CONFIG, (", policies/care.policy.yaml", ""), ("shop: supervised", "shop: live")),
}  # fmt: skip
SEEDED = {
    "May now write with mail.draft": "a new tool",
    "crm.add_note: the limit goes from 2 to 5": "a bigger at_most",
    "No longer asks leads before desk.create_ticket": "a removed approval",
    "No longer asks chiefs before pay.refund": "a weaker approver",
    "desk.create_ticket may now be given an id (customer_id)": "a removed bind",
    "mail.send may now reach a recipient (to) that is taken from the message": "a recipient from the message",
    "The budget changes. Cost of models: 0.05 USD -> 0.50 USD": "a bigger budget",
    'pay.refund may now be called without this rule: Never when the reason is "goodwill"': "a removed deny rule",
    "The policy care no longer holds": "a policy that is not listed any more",
    "Personal data newly reach the model small: input.email": "personal data for the model",
    "When the step keep fails, the run goes on without it": "hand_off that became continue",
    "A repeat of box.store is no longer harmless": "a removed once",
    "The workspace lets it run live; before: supervised": "a raised mode",
    "pay.refund has a looser rule": "a looser only_when",
}


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    commit(tmp_path, FILES, "before")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, list[str]]:
    """The sentences of the changes, by their kind."""
    assert main(["diff", *words, "--json"]) == code, capsys.readouterr().err
    found: dict[str, list[str]] = {"widened": [], "narrowed": [], "changed": []}
    for change in json.loads(capsys.readouterr().out)["changes"]:
        found[change["kind"]].append(change["text"])
    return found


def test_every_seeded_widening_is_told_and_no_other(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, WIDENED)
    found = told(capsys, "HEAD~1..HEAD", "--fail-on", "widened", code=1)
    matched = {text: [start for start in SEEDED if text.startswith(start)] for text in found["widened"]}
    assert [text for text, seeds in matched.items() if len(seeds) != 1] == []
    assert sorted(seed for seeds in matched.values() for seed in seeds) == sorted(SEEDED)
    assert found["narrowed"] == []


@pytest.mark.parametrize("seed", sorted(SEEDED))
def test_the_most_dangerous_stand_first(repository: Path, capsys: pytest.CaptureFixture[str], seed: str) -> None:
    commit(repository, WIDENED)
    assert main(["diff", "HEAD~1..HEAD", "--json"]) == 0
    changes = [one for one in json.loads(capsys.readouterr().out)["changes"] if one["kind"] == "widened"]
    assert [one["danger"] for one in changes] == sorted((one["danger"] for one in changes), reverse=True)
    mine = next(one for one in changes if one["text"].startswith(seed))
    assert (mine["flows"], mine["sure"]) == (["shop"], True)


def test_the_way_back_only_narrows(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, WIDENED)
    found = told(capsys, "HEAD..HEAD~1", "--fail-on", "widened", code=1)
    # A recipient on file is not surely one of those in messages, and the address of the run may be another one.
    assert found["widened"] == [
        text for text in found["widened"] if text.startswith("to of mail.send comes from elsewhere")
    ]
    assert len(found["narrowed"]) >= len(SEEDED) - 1


def test_what_is_not_committed_is_compared_with_a_revision(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "main") == {"widened": [], "narrowed": [], "changed": []}
    flow = repository / "flows" / "shop.flow.yaml"
    flow.write_text(swapped(FLOW, ("    at_most: 2\n", "    at_most: 1\n")), encoding="utf-8")
    found = told(capsys, "main")
    assert [text[:40] for text in found["narrowed"]] == ["crm.add_note: the limit goes from 2 to 1"]
    assert found["widened"] == []
    assert told(capsys, "main:flows/shop.flow.yaml", "flows/shop.flow.yaml")["narrowed"] == found["narrowed"]
    assert told(capsys, "main:flows")["narrowed"] == found["narrowed"]


def test_a_branch_is_compared_with_where_it_began(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(repository, "switch", "--quiet", "--create", "mine")
    commit(repository, {"flows/shop.flow.yaml": swapped(FLOW, ("    at_most: 2\n", "    at_most: 3\n"))})
    git(repository, "switch", "--quiet", "main")
    commit(repository, {"flows/shop.flow.yaml": swapped(FLOW, ("writes: 9", "writes: 8"))})
    assert len(told(capsys, "main...mine")["widened"]) == 1
    assert len(told(capsys, "main..mine")["widened"]) == 2


def test_a_flow_that_is_new_or_gone(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, {"flows/two.flow.yaml": FLOW.replace("flow: shop", "flow: two")})
    assert told(capsys, "HEAD~1..HEAD")["widened"][0].startswith(
        "There is a new flow, two. It may write with pay.refund,"
    )
    assert told(capsys, "HEAD..HEAD~1")["narrowed"] == ["The flow two is gone."]


def test_a_file_that_exports_leave_out_is_compared_all_the_same(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(repository, {".gitattributes": "flows/two.flow.yaml export-ignore\n",
                        "flows/two.flow.yaml": FLOW.replace("flow: shop", "flow: two")})  # fmt: skip
    assert len(told(capsys, "HEAD~1..HEAD")["widened"]) == 1


@pytest.mark.parametrize(
    "name",
    ["nothing_here", "--upload-pack=touch x", "main:no/such", "main..nothing", "no/such/file.flow.yaml", "HEAD~9"],
)
def test_what_is_no_side_is_said(repository: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["diff", "--", name, "."]) == 3 if ".." not in name else main(["diff", "--", name]) == 3
    assert capsys.readouterr().err.startswith("error[FR3")
    assert not (repository / "x").exists()


def test_a_flow_that_is_wrong_is_told_with_its_revision(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, {"flows/shop.flow.yaml": FLOW.replace("tools: [pay.refund", "tools: [pay.refunds")})
    assert main(["diff", "HEAD~1..HEAD"]) == 3
    assert "HEAD:flows/shop.flow.yaml:" in capsys.readouterr().err


def test_a_link_out_of_the_workspace_is_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "flows" / "out.flow.yaml").symlink_to("/etc/passwd")
    commit(repository, {})
    assert main(["diff", "HEAD~1..HEAD"]) == 3
    assert "FR3603" in capsys.readouterr().err


def test_two_files_with_one_flow_are_refused(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, {"drafts/shop.flow.yaml": FLOW})
    assert main(["diff", "HEAD~1..HEAD"]) == 3
    assert "FR3607" in capsys.readouterr().err


def test_the_forms(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commit(repository, WIDENED)
    for form, start in (("text", "What the change lets flows do\n==="), ("markdown", "<!-- flowrun diff -->\n## What"),
                        ("github", "::warning title=flowrun diff%3A shop::")):  # fmt: skip
        assert main(["diff", "HEAD~1..HEAD", "--format", form]) == 0
        assert capsys.readouterr().out.startswith(start)


def test_a_step_with_another_name_and_a_weaker_answer_to_failure_may_be_a_widening(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    renamed = swapped(
        FLOW, ("{id: keep,", "{id: kept,"), ("text: kept}, on_error: hand_off", "text: kept}, on_error: continue")
    )
    commit(repository, {"flows/shop.flow.yaml": renamed})
    assert told(capsys, "HEAD~1..HEAD")["widened"] == ["When the new step kept fails, the run goes on without it."]


def test_names_and_order_alone_change_nothing_that_a_flow_may_do(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = swapped(MONEY, ("id: cap", "id: at_most_500"), ("policy: money\nversion: 1", "policy: money\nversion: 2"))
    flow = swapped(
        FLOW,
        ("flow: shop\nversion: 1", "flow: shop\nversion: 2\ntitle: Another title"),
        ("- {id: mail,", "- {id: post,"),
    )
    commit(repository, {"policies/money.policy.yaml": other, "flows/shop.flow.yaml": flow})
    assert told(capsys, "HEAD~1..HEAD") == {"widened": [], "narrowed": [], "changed": []}


def test_a_tree_that_leads_out_of_its_folder_is_refused(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blob = git(repository, "hash-object", "-w", "flowrun.yaml")
    made = b"100644 evil.flow.yaml\0" + bytes.fromhex(blob)
    inner = make_tree(repository, made)
    outer = make_tree(repository, b"40000 ..\0" + bytes.fromhex(inner))
    evil = git(repository, "commit-tree", outer, "-m", "evil")
    assert main(["diff", f"{evil}..HEAD"]) == 3
    assert "FR3603" in capsys.readouterr().err
    assert not (tmp_path.parent / "evil.flow.yaml").exists()


def make_tree(folder: Path, body: bytes) -> str:
    """Write a tree object as no command of Git would."""
    words = ["git", "-C", str(folder), "hash-object", "-t", "tree", "-w", "--stdin", "--literally"]
    return subprocess.run(words, input=body, capture_output=True, check=True).stdout.decode().strip()
