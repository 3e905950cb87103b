"""Rules that do nothing, say the same twice or exclude each other are found; rules that only look alike are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flowrun.app.checking import check_paths
from flowrun.app.workspace import load_workspace
from flowrun.errors import Diagnostic
from flowrun.lang import spec
from flowrun.lang.expressions import parse_expression
from flowrun.lang.parse import parse_policy
from flowrun.lang.source import Source
from flowrun.lint.findings import Findings
from flowrun.lint.policy_files import check_policy
from flowrun.lint.policy_pairs import Index, check_listed, check_pairs
from flowrun.lint.ranges import said

ROOT = Path(__file__).parents[3]
TESTS = "\ntests:\n  - {call: a.b, args: {}, expect: allow}\n"


def policy(rules: str, more: str = "", name: str = "p") -> spec.Policy:
    lines = "\n".join(f"  - {{{line}}}" for line in rules.split("\n"))
    text = f"policy: {name}\nversion: 1\n{more}rules:\n{lines}{'' if 'tests:' in more else TESTS}"
    found, problems = parse_policy(Source(f"{name}.policy.yaml", text))
    assert found is not None, problems
    return found


def told(read: spec.Policy, above: spec.Policy | None = None) -> list[str]:
    out = Findings()
    check_policy(read, out)
    check_pairs(read, Index.of([] if above is None else [above]), out)
    return [f"{d.rule} {d.span.line}" for d in out.found]


def rule(id: str, body: str, reason: str = "", tools: str = "a.b") -> str:
    return f"id: {id}, tools: {tools}, {body}, reason: {reason or id}"


def pair(one: str, two: str) -> str:
    return f"{rule('x', one)}\n{rule('y', two)}"


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ("id: x, tools: a.b, at_most: 1", ["no-reason 4"]),
        (f"{rule('x', 'at_most: 1', 'No.')}\n{rule('y', 'only_when: args.a == 1', 'no.')}", ["same-reason 5"]),
        (pair("at_most: 1", "at_most: 2"), ["looser-limit 5"]),
        (pair("at_most: 2", "at_most: 2"), ["looser-limit 5"]),
        (pair("at_most: {limit: 9, sum: args.a, window: 1d}", "at_most: {limit: 10, sum: args.a, window: 1d}"), ["looser-limit 5"]),
        (pair("only_when: args.a > 1", "only_when: args.a > 1"), ["said-already 5"]),
        (pair("only_when: args.a > 1", "deny_when: args.a > 1"), ["contradicting-rules 5"]),
        (pair("only_when: args.a <= 50", "only_when: args.a > 50"), ["contradicting-rules 5"]),
        (pair('only_when: args.a == "x"', "only_when: 'args.a in [\"y\", \"z\"]'"), ["contradicting-rules 5"]),
        (pair("only_when: args.a", "deny_when: args.a"), ["contradicting-rules 5"]),
        (rule("x", "only_when: args.a > 5 and args.a < 2"), ["contradicting-rules 4"]),
        (rule("x", "only_when: args.a is none, deny_when: args.a is none"), ["contradicting-rules 4"]),
        (pair("only_when: args.a <= 50", "approve_when: args.a > 80, approver: lead"), ["never-asked 5"]),
        (pair("approve_when: args.a > 80, approver: lead", "deny_when: args.a > 50"), ["never-asked 4"]),
        (rule("x", "approve_when: args.a > 80, approver: lead, deny_when: args.a > 80"), ["never-asked 4"]),
    ],
)  # fmt: skip
def test_rules_that_cannot_mean_what_they_say_are_found(rules: str, wanted: list[str]) -> None:
    assert told(policy(rules)) == wanted


@pytest.mark.parametrize(
    "rules",
    [
        pair("at_most: 2", "at_most: 1").replace("tools: a.b", "tools: [a.b, a.c]", 1).replace("id: x", "id: z"),
        pair("at_most: 1", "'at_most': {limit: 5, window: ever}"),
        pair("at_most: 1", "'at_most': {limit: 5, per: args.a}"),
        pair("'at_most': {limit: 5, per: args.a}", "'at_most': {limit: 9, per: args.b}"),
        f"{rule('x', 'at_most: 1')}\n{rule('y', 'at_most: 5', tools='[a.b, a.c]')}",
        f"{rule('x', 'only_when: args.a > 1')}\n{rule('y', 'only_when: args.a > 1', tools='[a.b, a.c]')}",
        pair("only_when: args.a > 1", "only_when: args.a > 2"),
        pair("only_when: args.a > 1", "deny_when: args.a > 2"),
        pair("only_when: args.a >= 1", "only_when: args.a <= 1"),
        pair("only_when: args.a == 1 or args.b == 2", "only_when: args.a == 3"),
        pair("only_when: args.a != 1", "only_when: args.a != 2"),
        pair("approve_when: true, approver: lead", "approve_when: true, approver: customer"),
        pair("approve_when: args.a > 80, approver: lead", "approve_when: args.a > 80, approver: boss"),
        pair("only_when: args.a <= 500", "approve_when: args.a > 80, approver: lead"),
        pair('only_when: args.a < money("50 EUR")', 'only_when: args.a > money("60 USD")'),
        pair("approve_when: args.a > 80, approver: lead", "deny_when: args.a > 50").replace("tools: a.b", "tools: [a.b, a.c]", 1),
        pair('only_when: args.a == "x"', "only_when: args.b == \"y\""),
    ],
)  # fmt: skip
def test_rules_that_only_look_alike_are_not(rules: str) -> None:
    assert told(policy(rules)) == []


def test_the_rules_of_the_workspace_hold_anyway() -> None:
    everywhere = policy(rule("few", "at_most: 2"), name="org")
    assert told(policy(rule("x", "at_most: 3")), everywhere) == ["looser-limit 4"]
    assert told(policy(rule("x", "at_most: 1")), everywhere) == []
    asks = policy(rule("lead", "approve_when: args.a > 50, approver: lead"), name="org")
    assert told(policy(rule("x", "only_when: args.a < 10")), asks) == []


def test_equal_words_about_other_facts_are_another_condition() -> None:
    def one(tool: str, name: str) -> spec.Policy:
        more = f"facts: {{r: {{call: {tool}, with: {{id: '${{{{ args.id }}}}'}}}}}}\n"
        return policy(rule("x", "only_when: facts.r.open"), more, name)

    assert told(one("a.read", "p"), one("a.read", "org")) == ["said-already 5"]
    assert told(one("a.look", "p"), one("a.read", "org")) == []


def test_tests_facts_and_tables_that_show_or_do_nothing() -> None:
    more = "facts: {r: {call: a.read}}\ntables: {most: {x: 1}, used: {x: 1}}\ntests:\n"
    more += "  - {call: a.c, args: {}, expect: allow}\n  - {call: a.b, args: {}, expect: deny}\n"
    more += "  - {call: a.b, args: {}, expect: deny, by: x}\n  - {call: a.b, args: {}, expect: approve}\n"
    rules = pair("only_when: 'args.a < tables.used[args.b]'", "at_most: 1") + "\n"
    rules += rule("z", "approve_when: args.c, approver: lead")
    wanted = ["test-of-no-rule 6", "test-without-by 7", "unused-fact 3", "unused-table 4"]
    assert told(policy(rules, more)) == wanted
    bare = policy(rule("x", "at_most: 1"), "tests: []\n")
    assert told(bare) == ["policy-without-tests 1"]


def test_a_rule_about_tools_that_no_flow_lists() -> None:
    read = policy(
        f"{rule('x', 'at_most: 1')}\n{rule('y', 'at_most: 1', tools='[a.b, a.c]')}\n{rule('z', 'at_most: 1', tools='no.such')}"
    )

    def found(listed: set[str]) -> list[int]:
        out = Findings()
        check_listed(read, listed, {"a.b", "a.c"}, out)
        return [d.span.line for d in out.found]

    assert found({"a.b"}) == []
    assert found({"a.c"}) == [4]
    assert found(set()) == [4, 5]


@pytest.mark.parametrize(
    ("one", "two", "exclude"),
    [
        ("args.a < 5", "args.a > 5", True),
        ("args.a <= 5", "args.a >= 5", False),
        ("5 > args.a", "args.a == 7", True),
        ("not args.a == 1", "args.a == 1", True),
        ("args.a in [1, 2]", "args.a not in [1, 2, 3]", True),
        ("args.a in [1, 2]", "args.a not in [2, 3]", False),
        ("args.a == args.b", "args.a != args.b", True),
        ("args.a == args.b", "args.a == args.c", False),
        ("args.a == true", "not args.a", True),
        ('args.a == "x"', "args.a is none", True),
        ("args.a < 5 or args.b", "args.a > 6", False),
        ("args.a < 5 and args.b", "args.a > 6", True),
    ],
)
def test_what_conditions_leave_of_a_value(one: str, two: str, exclude: bool) -> None:
    def ranges(text: str) -> list[tuple[str, Callable[..., bool], object]]:
        node, problems = parse_expression(text)
        assert node is not None, problems
        return [(key, found.excludes, found) for key, found in said(node)]

    assert any(a == b and excludes(other) for a, excludes, _ in ranges(one) for b, _, other in ranges(two)) is exclude


BUNDLED = [
    ROOT / "flows",
    ROOT / "tests" / "corpus" / "policies",
    *(ROOT / "bench" / "security" / s for s in ("banking", "slack")),
]


@pytest.mark.parametrize("folder", BUNDLED, ids=lambda folder: folder.name)
def test_no_bundled_file_has_one_of_these_findings(folder: Path) -> None:
    found: list[Diagnostic] = check_paths(load_workspace(folder), [str(folder)]).findings
    assert [str(d.span) for d in found if d.code.startswith("FR16")] == []


def test_a_flow_that_says_what_a_policy_says_is_told_in_the_flow(tmp_path: Path) -> None:
    (tmp_path / "p.policy.yaml").write_text(
        "policy: p\nversion: 1\nrules:\n  - {id: few, tools: crm.add_note, at_most: 1, reason: One.}\n"
        "tests:\n  - {call: crm.add_note, args: {customer_id: C-1, text: Hi}, expect: allow}\n", encoding="utf-8"
    )  # fmt: skip
    (tmp_path / "t.flow.yaml").write_text(
        "flow: t\nversion: 1\nowner: leads\ninput: support_message@1\noutput: ticket@1\n"
        "tools: {crm.add_note: {at_most: 3}}\nsteps: [{id: a, stop: failed}]\n", encoding="utf-8"
    )  # fmt: skip
    findings = check_paths(load_workspace(tmp_path), [str(tmp_path)]).findings
    (item,) = [d for d in findings if d.rule == "looser-limit"]
    assert (Path(item.span.file).name, item.span.line, item.span.column) == ("t.flow.yaml", 6, 33)
    assert [Path(span.file).name for span, _ in item.related] == ["p.policy.yaml"]
