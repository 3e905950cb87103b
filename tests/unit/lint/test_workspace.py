"""What stands in `flowrun.yaml` itself: roles that hand on to each other, and modes of flows."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.lang.files import read_source
from flowrun.lang.parse import parse_workspace
from flowrun.lint.workspace import mode_findings, role_findings


def found(folder: Path, text: str) -> list[tuple[str, str]]:
    file = folder / "flowrun.yaml"
    file.write_text(text, encoding="utf-8")
    config, findings = parse_workspace(read_source(file))
    assert config is not None, findings
    findings = [*role_findings(config), *mode_findings(config, ["refund_request", "support_to_ticket"])]
    return [(item.rule, f"{item.message} {item.help or ''}") for item in findings]


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("roles: {a: {members: [x], then: b}, b: {members: [y], then: a}}", "role-cycle", "a -> b -> a"),
        ("roles: {a: {members: [x], then: a}}", "role-cycle", "a -> a"),
        ("roles: {leads: {members: [x], then: lead}}", "unknown-role", "Did you mean `leads`?"),
        ("modes: {refund_reqest: shadow}", "unknown-flow", "Did you mean `refund_request`?"),
    ],
)
def test_what_leads_nowhere_is_told_once(tmp_path: Path, text: str, rule: str, words: str) -> None:
    ((name, told),) = found(tmp_path, text)
    assert name == rule and words in told


def test_a_chain_that_ends_and_a_flow_that_exists_are_fine(tmp_path: Path) -> None:
    roles = "{a: {members: [x], then: b}, b: {members: [y], then: c}, c: {members: [z]}, d: {members: [z], then: b}}"
    assert found(tmp_path, f"roles: {roles}\nmodes: {{refund_request: supervised}}") == []


def test_a_role_outside_a_circle_that_leads_into_it_is_not_told_again(tmp_path: Path) -> None:
    roles = "{in: {members: [x], then: a}, a: {members: [x], then: b}, b: {members: [y], then: a}}"
    assert [rule for rule, _ in found(tmp_path, f"roles: {roles}")] == ["role-cycle"]
