"""What stands in `flowrun.yaml` itself: files that it names, roles, modes, halts and marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.lang.files import matching, read_source
from flowrun.lang.parse import parse_workspace
from flowrun.lang.spec_files import WorkspaceFile
from flowrun.lint.workspace import file_findings, halt_findings, mark_findings, mode_findings, role_findings


def config_of(folder: Path, text: str) -> WorkspaceFile:
    file = folder / "flowrun.yaml"
    file.write_text(text, encoding="utf-8")
    config, findings = parse_workspace(read_source(file))
    assert config is not None, findings
    return config


def found(folder: Path, text: str) -> list[tuple[str, str]]:
    config = config_of(folder, text)
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


FILES = ("leads.policy.yaml", "policies/a.policy.yaml", "shop.tools.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("policies: [leads.policy.yaml, policies/*.policy.yaml]\ntools: [shop.tools.yaml]", []),
        ("policies: [nope.policy.yaml]", ["1:12 nope.policy.yaml"]),
        ("policies: [leads.policy.yaml, 'none/*.yaml']", ["1:31 none/*.yaml"]),
        ("tools: [shop.tool.yaml]", ["1:9 shop.tool.yaml"]),
        ("policies: ['']", ["1:12 "]),
        ("policies: [/no/such.policy.yaml]", ["1:12 /no/such.policy.yaml"]),
        ("policies: [policies]", ["1:12 policies"]),
    ],
)
def test_a_path_or_pattern_without_a_file_is_told_at_its_place(tmp_path: Path, text: str, told: list[str]) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = file_findings(config_of(tmp_path, text), lambda pattern: bool(matching(tmp_path, pattern)))
    assert {item.code for item in found} <= {"FR1433"}
    assert [
        f"{item.span.line}:{item.span.column} {item.message.split(' names ')[1].rpartition(', and')[0]}"
        for item in found
    ] == told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("halt: {tools: [shop.pay, shop, all], flows: [refunds, flows.refunds], subjects: [who]}", []),
        ("halt: {tools: shop.payy}", ["FR1401 Did you mean `shop.pay`?"]),
        ("halt: {flows: [refunds, refund]}", ["FR1412 Did you mean `refunds`?"]),
    ],
)
def test_a_halt_of_what_does_not_exist_is_told(tmp_path: Path, text: str, words: list[str]) -> None:
    found = halt_findings(config_of(tmp_path, text), ["shop.pay", "shop.look"], ["refunds"])
    assert [f"{item.code} {item.help}" for item in found] == words
    assert all(item.severity == "error" for item in found)


def test_a_mark_that_nothing_has_is_told(tmp_path: Path) -> None:
    config = config_of(tmp_path, "privacy: {emial: {to_model: deny}, phone: {to_model: deny}}")
    (item,) = mark_findings(config, ["email", "phone"])
    assert (item.code, item.span.column, item.help) == ("FR1434", 11, "Did you mean `email`?")
