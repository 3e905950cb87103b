"""Defects that tests should notice: each kind is made, what a test catches is killed, and what none catches is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.mutate import Mutated, mutate
from flowrun.app.workspace import load_workspace
from flowrun.errors import InputError
from flowrun.lang.document import compose, plain
from flowrun.lang.source import Source
from flowrun.testing.mutate import find
from flowrun.testing.mutate.defects import KINDS, raised
from flowrun.testing.mutate.tree import get, items, without_entry, without_item
from tests.unit.testing.kit import CUSTOMER, TICKET, args, schema

FLOW = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}, email: {type: string}}, required: [id, email]}
output: result@1
tools:
  crm.lookup_customer: {}
  desk.create_ticket:
    at_most: 1
    bind: {customer_id: "${{ steps.who.customer_id | default('x') }}"}
    approve_when: args.severity == "critical"
    approver: [leads, bosses]
budget: {writes: 3}
steps:
  - id: who
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
    on_error: hand_off
  - id: kind
    choose:
      - when: input.id == "a"
        steps: [{id: one, set: 1}]
      - when: input.id == "b" and input.email != "x"
        steps: [{id: two, set: 2}]
      - otherwise: [{id: three, set: 3}]
  - id: act
    ask: Open a ticket.
    tools: [desk.create_ticket]
    on_error: hand_off
  - id: out
    record: result@1
    with: {ticket: "${{ calls.desk.create_ticket.last.output.ticket_id }}", kind: "${{ steps.kind }}"}
  - {id: over, when: steps.kind == 3, stop: rejected, reason: No.}
"""
POLICY = """
policy: small
version: 1
rules:
  - {id: not_low, tools: desk.create_ticket, deny_when: 'args.severity == "low"', reason: Low ones wait.}
  - id: few
    tools: desk.create_ticket
    at_most: {limit: 20, window: today}
    needs_before: [crm.lookup_customer]
    only_when: (args.summary | length) < 100   # short ones
    reason: Few.
"""
HEAD = f"""
flow: small
given:
  input: {{id: a, email: ana@example.com}}
  tools: {{crm.lookup_customer: {CUSTOMER}, desk.create_ticket: {TICKET}}}
  model: {{act: [{{propose: [{{desk.create_ticket: {args().replace("customer_id: C-1, ", "")}}}]}}, {{text: Done.}}]}}
tests:
"""


def workspace(folder: Path, tests: str) -> Path:
    properties = '{"ticket": {"type": ["string", "null"]}, "kind": {"type": "number"}}'
    schema(folder, "result", properties, '["ticket", "kind"]')
    (folder / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    (folder / "small.policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "all.test.yaml").write_text(HEAD + tests, encoding="utf-8")
    return folder


def mutated(folder: Path, tests: str, jobs: int = 1) -> Mutated:
    return mutate(load_workspace(workspace(folder, tests)), str(folder / "small.flow.yaml"), jobs=jobs)


def survivors(found: Mutated) -> set[tuple[str, str]]:
    return {(each.kind, each.what) for each in found.survivors}


def test_every_kind_of_defect_is_made_in_the_order_of_the_file() -> None:
    made = []
    for text, defects in ((FLOW, find.of_flow), (POLICY, find.of_policy)):
        tree, _ = compose(Source("a.yaml", text))
        assert tree is not None
        made.append(list(defects("a.yaml", text, tree)))
    kinds = {each.kind for each in [*made[0], *made[1]]}
    assert kinds == set(KINDS) - {"once", "limit"} | {"limit"}
    for text, each in [(FLOW, d) for d in made[0]] + [(POLICY, d) for d in made[1]]:
        assert compose(Source("a.yaml", each.text))[1] == [], each
        assert each.line > 0 and each.text.split("\n") != text.split("\n")
        assert set(each.after) <= set(each.text.split("\n")) and set(each.before) <= set(text.split("\n"))


def test_a_test_that_looks_kills_and_one_that_does_not_lets_live(tmp_path: Path) -> None:
    weak = mutated(tmp_path, "  - {test: ends, expect: {outcome: completed}}\n")
    assert ("approval", "desk.create_ticket") in survivors(weak) and ("rule", "not_low") in survivors(weak)
    assert ("once", "desk.create_ticket") in survivors(weak)
    strong = mutated(
        tmp_path,
        f"""  - test: critical ones ask two
    given:
      model: {{act: [{{propose: [{{desk.create_ticket: {args("critical").replace("customer_id: C-1, ", "")}}}]}}, {{text: No.}}]}}
      people: {{desk.create_ticket: approve}}
    expect: {{outcome: completed, asked: {{desk.create_ticket: [leads, bosses]}}}}
  - test: a write that timed out is made once
    given: {{tools: {{desk.create_ticket: [{{error: times_out_after_success}}, {TICKET}]}}}}
    expect: {{outcome: completed, calls: {{desk.create_ticket: 1}}, attempts: {{desk.create_ticket: 2}}}}
  - policy: small
    call: desk.create_ticket
    args: {args("low")}
    before: [{{call: crm.lookup_customer, output: {{}}}}]
    expect: deny
    by: not_low
""",
    )
    assert strong.score > weak.score and strong.tests == 3
    gone = {("approval", "desk.create_ticket"), ("approver", "desk.create_ticket"), ("rule", "not_low")}
    gone |= {("once", "desk.create_ticket"), ("negate", "not_low"), ("negate", "desk.create_ticket")}
    assert gone <= survivors(weak) | {
        ("negate", "desk.create_ticket"),
        ("negate", "not_low"),
        ("approver", "desk.create_ticket"),
    }
    assert not gone & survivors(strong)
    assert weak.killed + weak.survived == strong.killed + strong.survived


def test_what_lint_refuses_counts_apart(tmp_path: Path) -> None:
    found = mutated(tmp_path, "  - {test: ends, expect: {outcome: completed}}\n")
    assert found.lint > 0 and found.killed > 0
    # Without its record, a flow is no flow: lint says so, and no test is asked.
    assert not {("step", "out"), ("step", "who")} & survivors(found)


def test_a_survivor_shows_the_lines_that_differ(tmp_path: Path) -> None:
    found = mutated(tmp_path, "  - {test: ends, expect: {outcome: completed}}\n")
    limit = next(each for each in found.survivors if each.kind == "limit" and each.what == "few")
    assert (limit.before, limit.after) == (
        ["    at_most: {limit: 20, window: today}"],
        ["    at_most: {limit: 21, window: today}"],
    )
    lines = (tmp_path / "small.policy.yaml").read_text(encoding="utf-8").split("\n")
    assert lines[limit.line - 1] == limit.before[0] and limit.file == str(tmp_path / "small.policy.yaml")


def test_it_is_the_same_in_several_processes_and_touches_no_file(tmp_path: Path) -> None:
    tests = "  - {test: ends, expect: {outcome: completed, record: {kind: 1}}}\n"
    one, two = mutated(tmp_path, tests), mutated(tmp_path, tests, jobs=3)
    assert one == two
    assert (tmp_path / "small.flow.yaml").read_text(encoding="utf-8") == FLOW


@pytest.mark.parametrize(
    ("tests", "code"),
    [
        ("  - {test: ends, expect: {outcome: failed}}\n", "FR3305"),
        ("  - {policy: small, call: desk.create_ticket, args: {}, expect: allow}\n", "FR3305"),
    ],
)
def test_tests_must_pass_first(tmp_path: Path, tests: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        mutated(tmp_path, tests)
    assert caught.value.code == code


def test_without_tests_nothing_is_tried(tmp_path: Path) -> None:
    folder = workspace(tmp_path, "")
    (folder / "all.test.yaml").unlink()
    with pytest.raises(InputError, match="has no tests") as caught:
        mutate(load_workspace(folder), str(folder / "small.flow.yaml"))
    assert caught.value.code == "FR3304"


BLOCK = """a:
  - id: one   # first
    x: 1
  - y: 2
    id: two
  - {id: three, z: [1, 2, 3], w: {k: v, l: m}}
b: 1
c:
  d: 2
  e:
    f: 3
"""


def cut_everywhere(text: str) -> list[tuple[str, object, object]]:
    """Every entry and item taken out of a text, with the value before and the value that should be left."""
    tree, _ = compose(Source("t.yaml", text))
    assert tree is not None
    found: list[tuple[str, object, object]] = []

    def walk(node: object, path: tuple[object, ...]) -> None:
        for key, value in getattr(node, "entries", ()):
            found.append((without_entry(text, key, value).of(text), path, key.text))
            walk(value, (*path, key.text))
        for place, item in enumerate(getattr(node, "items", ())):
            found.append((without_item(text, item).of(text), path, place))
            walk(item, (*path, place))

    walk(tree, ())
    return found


@pytest.mark.parametrize("text", [BLOCK, FLOW, POLICY], ids=["block", "flow", "policy"])
def test_what_is_taken_out_leaves_the_rest_as_it_was(text: str) -> None:
    def without(value: object, path: tuple[object, ...], last: object) -> object:
        if not path:
            if isinstance(value, dict):
                return {key: part for key, part in value.items() if key != last} or None
            return [part for place, part in enumerate(value) if place != last] or None  # type: ignore[arg-type, call-overload]
        copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
        copy[path[0]] = without(copy[path[0]], path[1:], last)
        return copy

    whole, _ = compose(Source("t.yaml", text))
    assert whole is not None
    for cut, path, last in cut_everywhere(text):
        tree, found = compose(Source("t.yaml", cut))
        assert found == [] and tree is not None, cut
        wanted = without(plain(whole), path, last)  # type: ignore[arg-type]
        assert _empty_as_none(plain(tree)) == _empty_as_none(wanted), cut


def _empty_as_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: _empty_as_none(part) for key, part in value.items()} or None
    if isinstance(value, list):
        return [_empty_as_none(part) for part in value] or None
    return value


def test_numbers_are_raised() -> None:
    assert [raised(number) for number in ("50", "0.6", "0", "1500")] == ["500", "6", "1", "15000"]


def test_the_tree_finds_its_way() -> None:
    tree, _ = compose(Source("t.yaml", BLOCK))
    assert len(items(get(tree, "a"))) == 3 and get(tree, "c", "e", "f") is not None and get(tree, "b", "x") is None
