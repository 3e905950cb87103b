"""Several tests in one file: they share what they give, each may say otherwise, and cases of policies stand beside them."""

from __future__ import annotations

from pathlib import Path

from flowrun.app import chaos
from flowrun.app.tests import run_tests
from flowrun.app.workspace import load_workspace
from flowrun.testing import TestResult
from tests.unit.testing.kit import CUSTOMER, FLOW, TICKET, args, schema

FILE = f"""
flow: small
given:
  now: "2026-03-02T09:00:00Z"
  input: {{id: m-1, email: ana@example.com}}
  tools:
    crm.lookup_customer: {CUSTOMER}
    desk.create_ticket: {TICKET}
  model:
    act: [{{propose: [{{desk.create_ticket: {args()}}}]}}, {{text: Done.}}]
tests:
  - test: one ticket
    expect: {{outcome: completed, record: {{ticket: T-1}}}}
  - test: no ticket where the model proposes none
    given: {{model: {{act: {{text: No.}}}}, input: {{id: m-2}}}}
    expect:
      outcome: completed
      calls:
        desk.create_ticket: 1
  - policy: small
    call: desk.create_ticket
    args: {args("low")}
    expect: deny
    by: not_low
  - policy: small
    call: desk.create_ticket
    args: {args("high")}
    expect: deny
"""
POLICY = """
policy: small
version: 1
rules:
  - {id: not_low, tools: desk.create_ticket, deny_when: 'args.severity == "low"', reason: Low ones wait.}
"""


def play(folder: Path, text: str = FILE) -> list[TestResult]:
    schema(folder, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (folder / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    (folder / "small.policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "all.test.yaml").write_text(text, encoding="utf-8")
    return run_tests(load_workspace(folder), [str(folder / "tests")])


def test_each_test_has_what_all_share_and_its_own(tmp_path: Path) -> None:
    one, none, denied, wrong = play(tmp_path)
    assert one.ok and one.line == 12
    assert [message.removeprefix(f"{tmp_path}/tests/") for message in none.messages] == [
        "all.test.yaml:19: desk.create_ticket had an effect 0 times, not 1."
    ]
    assert none.story[0] == 'the input arrived: {"id":"m-2","email":"ana@example.com"}'
    assert denied.ok and denied.name == "small denies desk.create_ticket by not_low"
    assert wrong.messages[0].startswith(f"{tmp_path}/tests/all.test.yaml:25: The policy allows desk.create_ticket")


def test_what_is_shared_is_told_with_its_own_line(tmp_path: Path) -> None:
    missing = FILE.replace(f"    desk.create_ticket: {TICKET}\n", "")
    assert play(tmp_path, missing)[0].messages[0].startswith(f"{tmp_path}/tests/all.test.yaml:6: The flow called desk")
    wrong = play(tmp_path, FILE.replace("crm.lookup_customer:", "crm.lookup:"))
    assert (
        wrong[0]
        .messages[0]
        .startswith(f"{tmp_path}/tests/all.test.yaml:7: given.tools: the flow has no tool crm.lookup;")
    )


def test_a_policy_that_is_not_there_is_told(tmp_path: Path) -> None:
    failed = [r for r in play(tmp_path, FILE.replace("policy: small", "policy: smal")) if not r.ok]
    assert "There is no policy smal beside this file. Did you mean `small`?" in failed[0].messages[0]


def test_a_file_of_tests_needs_its_keys(tmp_path: Path) -> None:
    (broken,) = play(tmp_path, "flow: small\ntests: []\n")
    assert "tests" in broken.messages[0]
    (broken,) = play(tmp_path, "flow: small\ntests: [{test: a}]\n")
    assert "One of several tests needs `expect`." in broken.messages[0]
    (broken,) = play(tmp_path, "flow: small\n")
    assert [m.partition(": ")[2] for m in broken.messages] == [
        f"A test needs `{key}`." for key in ("test", "given", "expect")
    ]


def test_chaos_kills_each_of_them(tmp_path: Path) -> None:
    play(tmp_path)
    found = chaos.tests_of(load_workspace(tmp_path), tmp_path / "small.flow.yaml")
    assert [test.test for test in found] == ["one ticket", "no ticket where the model proposes none"]
