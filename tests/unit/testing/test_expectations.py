"""What a test can expect beside counts: the deciding rule, the reason, who was asked, what the model was told, the world."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.testing.kit import FLOW, args, case, run

POLICY = """
policy: small
version: 1
rules:
  - {id: not_low, tools: desk.create_ticket, deny_when: 'args.severity == "low"', reason: Low ones wait.}
  - {id: big, tools: desk.create_ticket, approve_when: 'args.severity == "high"', approver: leads, reason: High ones ask.}
"""


def outcome(folder: Path, severity: str, expect: str, given: str = "") -> list[str]:
    (folder / "small.policy.yaml").write_text(POLICY, encoding="utf-8")
    model = f"{{act: [{{propose: [{{desk.create_ticket: {args(severity)}}}]}}, {{text: Done.}}]}}"
    return run(folder, case(model=model, expect=expect, given=given)).messages


@pytest.mark.parametrize(
    ("severity", "decision"),
    [
        ("low", "{deny: not_low}"),
        ("low", "[{deny: [not_low]}]"),
        ("high", "{approve: big}"),
        ("critical", "{approve: desk.create_ticket}"),
        ("medium", "allow"),
        ("medium", "{allow: not_low}"),
    ],
)
def test_the_rule_that_decided_can_be_named(tmp_path: Path, severity: str, decision: str) -> None:
    assert outcome(tmp_path, severity, f"{{decisions: {{desk.create_ticket: {decision}}}}}") == []


@pytest.mark.parametrize(
    ("severity", "decision", "words"),
    [
        ("low", "{deny: big}", "should be deny by big and are deny by not_low."),
        ("high", "{approve: desk.create_ticket}", "should be approve by desk.create_ticket and are approve by big."),
        ("medium", "{deny: not_low}", "should be deny by not_low and are allow."),
        ("low", "refuse", "cannot be 'refuse'. Write allow, deny or approve"),
    ],
)
def test_another_rule_is_told(tmp_path: Path, severity: str, decision: str, words: str) -> None:
    (message,) = outcome(tmp_path, severity, f"{{decisions: {{desk.create_ticket: {decision}}}}}")
    assert words in message


def test_who_is_asked(tmp_path: Path) -> None:
    assert outcome(tmp_path, "high", "{asked: {desk.create_ticket: leads, act: [leads]}}") == []
    assert outcome(tmp_path, "medium", "{asked: {desk.create_ticket: []}}") == []
    (message,) = outcome(tmp_path, "medium", "{asked: {desk.create_ticket: [leads, bosses]}}")
    assert "About desk.create_ticket, leads, bosses should be asked; it was nobody." in message
    (message,) = outcome(tmp_path, "medium", "{asked: {desk.creat_ticket: leads}}")
    assert "no tool or step desk.creat_ticket. Did you mean `desk.create_ticket`?" in message


def test_why_it_ended_so(tmp_path: Path) -> None:
    flow = FLOW.replace("    on_error: hand_off\n", "")
    text = case(model="{act: {error: refuses}}", expect="{outcome: failed, reason: The model refused}")
    assert run(tmp_path, text, flow=flow).messages == []
    (message,) = run(tmp_path, text.replace("The model refused", "no money"), flow=flow).messages
    assert 'The reason should hold "no money" and is "' in message and "The model refused" in message


def test_what_the_model_was_told_and_was_not(tmp_path: Path) -> None:
    prompts = "{act: {contains: [Open a ticket for Ana.], lacks: [ana@example.com, C-1]}}"
    assert run(tmp_path, case(model="{act: {text: No.}}", expect=f"{{prompts: {prompts}}}")).messages == []
    prompts = "{act: {contains: Ben, lacks: [Sam, Ana]}, akt: {lacks: Ana}}"
    messages = run(tmp_path, case(model="{act: {text: No.}}", expect=f"{{prompts: {prompts}}}")).messages
    assert 'was never told "Ben". Its prompt: "Open a ticket for Ana."' in messages[0]
    assert 'The model of step act was told "Ana".' in messages[1]
    assert "asks no model in a step akt. Did you mean `act`?" in messages[2]


def test_a_prompt_that_was_never_sent_proves_nothing(tmp_path: Path) -> None:
    flow = FLOW.replace("  - id: act\n", "  - id: act\n    when: steps.who is none\n")
    (message,) = run(tmp_path, case(model="{}", expect="{prompts: {act: {lacks: Ana}}}"), flow=flow).messages
    assert "The model was never asked in step act" in message


def test_the_line_of_the_very_value_is_told(tmp_path: Path) -> None:
    expect = """
  outcome: completed
  calls:
    crm.lookup_customer: 1
    desk.create_ticket: 2
  record:
    ticket: T-2
  world:
    desk.create_ticket:
      - severity: low
    """
    found = run(tmp_path, case(expect=expect)).messages
    assert [message.removeprefix(f"{tmp_path}/a.test.yaml:").partition(":")[0] for message in found] == [
        "13",
        "15",
        "18",
    ]


def test_a_world_of_an_unknown_tool_proves_nothing(tmp_path: Path) -> None:
    (message,) = run(tmp_path, case(expect="{world: {desk.create_tickets: []}}")).messages
    assert "There is no tool desk.create_tickets in this flow. Did you mean `desk.create_ticket`?" in message
