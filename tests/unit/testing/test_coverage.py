"""What coverage counts: an outcome counts once a test had it, and what is missing has its line and a way there."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.coverage import run_covered
from flowrun.app.workspace import load_workspace
from flowrun.testing.coverage.report import Count, FlowCoverage, coverage_of, percent, table, total
from tests.unit.testing.kit import CUSTOMER, TICKET, schema

FLOW = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}, mood: {enum: [calm, angry, lost]}}, required: [id, mood]}
output: result@1
tools:
  desk.create_ticket: {at_most: 1}
  crm.lookup_customer: {}
budget: {writes: 3}
steps:
  - id: who
    call: crm.lookup_customer
    with: {email: a@example.com}
    on_error: continue
  - id: mood
    choose:
      - when: input.mood == "angry"
        steps: [{id: hot, set: high}]
      - when: input.mood == "lost"
        steps: [{id: none_left, set: low}]
      - otherwise: [{id: cool, set: low}]
  - id: act
    when: input.id != "skip"
    ask: Open a ticket.
    tools: [desk.create_ticket]
    on_error: hand_off
  - id: out
    record: result@1
    with: {ticket: "${{ calls.desk.create_ticket.last.output.ticket_id }}"}
"""
POLICY = """
policy: small
version: 1
rules:
  - {id: not_low, tools: desk.create_ticket, deny_when: 'args.severity == "low"', reason: Low ones wait.}
  - {id: big, tools: desk.create_ticket, approve_when: 'args.severity == "high"', approver: leads, reason: Asks.}
  - {id: known, tools: desk.create_ticket, needs_before: [crm.lookup_customer], reason: Look first.}
  - {id: few, tools: desk.create_ticket, at_most: [{limit: 2, per: args.customer_id, window: ever}, {limit: 9, window: today}]}
tests: TESTS
"""
CASE = (
    "\n  - {call: desk.create_ticket, expect: EXPECT, args: {customer_id: C-1, category: outage, severity: SEVERITY, "
    "summary: Down.}, before: [BEFORE]}"
)
LOOKED = "{call: crm.lookup_customer, output: {}}"
OPENED = "{call: desk.create_ticket, args: {customer_id: C-1}, output: {}}"
ASK = "{act: [{propose: [PROPOSALS]}, {text: Done.}]}"


def proposal(severity: str, summary: str = "Down.") -> str:
    return f"{{desk.create_ticket: {{customer_id: C-1, category: outage, severity: {severity}, summary: {summary}}}}}"


def a_test(mood: str, id: str, model: str, more: str = "", lookup: str = CUSTOMER) -> str:
    tools = f"{{crm.lookup_customer: {lookup}, desk.create_ticket: {TICKET}}}"
    return f"""test: t
flow: small
given:
  input: {{id: {id}, mood: {mood}}}
  tools: {tools}
  model: {model}
  {more}
expect: {{}}
"""


def covered(folder: Path, tests: list[str], policy: str = "[]") -> FlowCoverage:
    schema(folder, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (folder / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    (folder / "small.policy.yaml").write_text(POLICY.replace("TESTS", policy), encoding="utf-8")
    for number, text in enumerate(tests):
        (folder / f"{number}.test.yaml").write_text(text, encoding="utf-8")
    results, (found,) = run_covered(load_workspace(folder), [str(folder)])
    assert [result.messages for result in results if not result.ok] == []
    return found


def missing(found: FlowCoverage) -> set[str]:
    return {point.what for point in found.missing}


def test_without_a_test_everything_is_missing(tmp_path: Path) -> None:
    found = covered(tmp_path, [])
    assert found.percent == 0 and {kind: count.tried for kind, count in found.kinds.items()} == dict.fromkeys(
        found.kinds, 0
    )
    assert {kind: count.all for kind, count in found.kinds.items()} == {
        "step": 7, "branch": 5, "gate": 12, "failure": 2, "value": 5,
    }  # fmt: skip
    lines = (tmp_path / "small.flow.yaml").read_text(encoding="utf-8").splitlines()
    by_what = {point.what: point for point in found.missing if point.file.endswith("flow.yaml")}
    assert lines[by_what['mood: `input.mood == "lost"`'].line - 1].strip() == '- when: input.mood == "lost"'
    assert lines[by_what["mood: otherwise"].line - 1].strip().startswith("- otherwise:")
    assert lines[by_what["act fails and a person gets it"].line - 1].strip() == "on_error: hand_off"
    assert "given.model" in by_what["act fails and a person gets it"].hint


def test_a_branch_counts_once_it_was_taken(tmp_path: Path) -> None:
    angry = covered(tmp_path, [a_test("angry", "skip", "{}")])
    taken = {'mood: `input.mood == "angry"`', "step hot runs", "input.mood is angry", "`when` of act does not hold"}
    assert not taken & missing(angry)
    left = {'mood: `input.mood == "lost"`', "mood: otherwise", "step cool runs", "`when` of act holds", "step act runs"}
    assert left <= missing(angry)
    both = covered(tmp_path, [a_test("angry", "skip", "{}"), a_test("calm", "go", "{act: {text: No.}}")])
    assert missing(both) & (taken | left) == {'mood: `input.mood == "lost"`'}


@pytest.mark.parametrize(
    ("proposals", "people", "gone", "left"),
    [
        (
            [proposal("low")],
            "",
            {"not_low: denies", "args.severity is low", "known: lets a call through", "big: asks nobody"},
            {"not_low: lets a call through", "big: asks", "known: denies", "desk.create_ticket: is full"},
        ),
        (
            [proposal("high")],
            "people: {act: reject}",
            {"big: asks", "not_low: lets a call through", "args.severity is high", "desk.create_ticket: has room"},
            {"big: asks nobody", "not_low: denies", "args.severity is low"},
        ),
        (
            [proposal("medium"), proposal("medium", "Again.")],
            "",
            {"desk.create_ticket: has room", "desk.create_ticket: is full", "few: has room"},
            {"few: is full", "big: asks"},
        ),
    ],
)
def test_a_gate_counts_by_what_it_said(
    tmp_path: Path, proposals: list[str], people: str, gone: set[str], left: set[str]
) -> None:
    model = ASK.replace("PROPOSALS", ", ".join(proposals))
    found = missing(covered(tmp_path, [a_test("calm", "go", model, people)]))
    assert not gone & found
    assert left <= found


def test_failures_count_by_their_step(tmp_path: Path) -> None:
    tests = [
        a_test("calm", "go", "{act: {error: refuses}}"),
        a_test("calm", "skip", "{}", lookup="{error: fails}"),
    ]
    first, both = covered(tmp_path, tests[:1]), covered(tmp_path, tests)
    assert "act fails and a person gets it" not in missing(first)
    assert "who fails and the run goes on" in missing(first)
    assert both.kinds["failure"] == Count(tried=2, all=2)


def test_cases_of_a_policy_count_for_its_gates(tmp_path: Path) -> None:
    def case(expect: str, severity: str, *before: str) -> str:
        made = CASE.replace("EXPECT", expect).replace("SEVERITY", severity)
        return made.replace("BEFORE", ", ".join(before))

    found = covered(tmp_path, [], case("deny", "low") + case("approve", "high", LOOKED))
    assert not {"not_low: denies", "known: denies", "big: asks", "known: lets a call through"} & missing(found)
    full = [point for point in found.missing if point.what == "few: is full"]
    assert len(full) == 2 and "A case under `tests:` of the policy does, too." in full[0].hint
    more = covered(tmp_path, [], case("deny", "medium", LOOKED, OPENED, OPENED))
    # Only the first of the two limits is full, and only that one counts.
    assert [point.key for point in more.missing if point.what == "few: is full"] == ["gate|small|few|at_most:1|stopped"]


def test_all_means_all() -> None:
    assert (percent(0, 0), percent(1, 3), percent(9999, 10_000), percent(3, 3)) == (100.0, 33.3, 99.9, 100.0)
    flow = coverage_of("small", "small.flow.yaml", [], set())
    assert total([flow]) == total([]) == 100.0
    assert table([flow])[1] == ["small", "-", "-", "-", "-", "-", "100 %"]
