"""Whatever stands in a file, and wherever the cursor is: an editor gets an answer and never an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowrun.app.flows import Reader, catalogue
from flowrun.app.names import known_names
from flowrun.app.workspace import load_workspace
from flowrun.editor.complete import complete
from flowrun.editor.expressions import choices
from flowrun.editor.known import Known
from flowrun.editor.look import defined, hover, symbols, target, uses
from flowrun.editor.names import Names, names_at
from flowrun.editor.outline import outline
from flowrun.editor.repair import repairs
from flowrun.editor.schemas import workspace_schema
from flowrun.editor.text import Document
from flowrun.lang.edits import apply
from flowrun.lang.grammar_steps import VERBS
from flowrun.lang.parse import SHAPES, kind_of, parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import _Walk
from tests.unit.editor.kit import workspace

FILES = [file for file in sorted(Path("flows").rglob("*.yaml")) if kind_of(file.name)]
PIECES = [
    "${{ ", " }}", "steps.", "calls.", "input.", "- ", ": ", "\n", "  ", "{", "}", "[", "]", '"', "'", "|", ">-\n", "#", "&a ",
    "*a", "| ", "== ", "id", "call: ", "choose:\n", "parallel:\n", "for_each: ", "🎟", "(", ")", ".", "@1", "\t", "---\n", "!x ",
    "{% if ", "%}", "args.", "item.", "with:\n", "only_when: ", "steps:\n",
]  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return known_names(load_workspace(workspace(tmp_path_factory.mktemp("ws"))))


@pytest.fixture(scope="module")
def schemas(known: Known) -> dict[str, dict[str, Any]]:
    return {kind: workspace_schema(kind, known) for kind in SHAPES}


def ask_everything(text: str, offset: int, kind: str, known: Known, schema: dict[str, Any]) -> None:
    for offer in complete(text, offset, kind, known, schema):
        assert 0 <= offer.start <= offer.end <= offset and offer.label
    shown = hover(text, offset, kind, known, schema)
    assert shown is None or (shown.start <= offset <= shown.end and shown.markdown)
    meant = target(text, offset, kind, schema, tuple(known.callable()))
    if meant is not None:
        defined(text, meant)
        assert all(0 <= start <= end <= len(text) for start, end in uses(text, meant))
    symbols(text, kind)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_damaged_file_never_raises_and_gives_an_answer(
    known: Known, schemas: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    file = data.draw(st.sampled_from(FILES))
    kind = kind_of(file.name) or "flow"
    text = file.read_text()[: data.draw(st.integers(0, 6_000), label="cut")]
    for _ in range(data.draw(st.integers(0, 4), label="damages")):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 30))
        text = text[:at] + data.draw(st.sampled_from(PIECES)) + text[at + gone :]
    ask_everything(text, data.draw(st.integers(0, len(text)), label="cursor"), kind, known, schemas[kind])


def test_every_cut_of_a_flow_is_answered(known: Known, schemas: dict[str, dict[str, Any]]) -> None:
    text = Path("flows/refund_request/refund_request.flow.yaml").read_text()
    for cut in range(0, len(text), 7):
        complete(text[:cut], cut, "flow", known, schemas["flow"])


@given(st.text(st.sampled_from("abz_.|()[]\"'=!<> 019,${}🎟\n"), max_size=40))
def test_every_beginning_of_an_expression_is_answered(before: str) -> None:
    for choice in choices(before, Names(steps={}, calls={}), Known()):
        assert 0 <= choice.start <= len(before)


EVERY_VERB = """\
flow: every_verb
version: 1
owner: support_leads
input:
  type: object
  properties:
    message_id: {type: string}
    orders: {type: array, maxItems: 5, items: {type: object, properties: {order_id: {type: string}}, required: [order_id]}}
  required: [message_id, orders]
  additionalProperties: false
output: triage@1
key: input.message_id
tools: {shop.find_order: {}}
steps:
  - id: each
    for_each: input.orders
    steps:
      - {id: found, call: shop.find_order, with: {order_id: "${{ item.order_id }}"}}
  - id: both
    parallel:
      left: [{id: one, set: "${{ steps.each | first }}"}]
      right: [{id: two, ask: What is it?, answer: triage@1}]
  - {id: pause, wait_for: 3d}
  - {id: reply, wait_for: support_message@1, key: input.message_id}
  - id: which
    choose:
      - when: steps.both.left is none
        steps: [{id: asked, ask_person: What is it?, to: support_leads, answer: triage@1}]
      - otherwise: [{id: as_is, set: "${{ steps.both.right }}"}]
  - {id: words, ask: Say it in one sentence.}
  - {id: note, set: {text: "${{ steps.words }}", count: 1}}
  - {id: done, record: triage@1, with: "${{ steps.which }}"}
  - {id: end, stop: completed}
"""


@pytest.mark.parametrize("name", ["support_to_ticket", "refund_request", "every_verb"])
def test_names_of_a_right_flow_have_the_types_that_the_checker_gives(tmp_path: Path, name: str) -> None:
    """The tolerant reading must not say another thing than lint: each step's value has the same kind and fields."""
    root = workspace(tmp_path)
    file = root / f"flows/{name}/{name}.flow.yaml"
    if name == "every_verb":
        assert {verb for verb in VERBS if f"{verb}:" in EVERY_VERB} == set(VERBS)
        file.parent.mkdir()
        file.write_text(EVERY_VERB)
    ws, reader = load_workspace(root), Reader()
    source = reader.flow(file)
    assert source is not None, reader.findings
    walk = _Walk(source.flow, catalogue(ws, reader))
    walk.run(source)
    tree = outline(file.read_text())
    names = names_at(tree, [(tree, "subject")], "flow", known_names(ws))
    assert names is not None and names.steps is not None
    wanted = {id: kind for id, kind in walk.inside.items() if kind.kind != "any"}
    assert set(wanted) <= set(names.steps) and len(wanted) > 7
    for id, kind in wanted.items():
        found = names.steps[id].type
        assert (found.kind, sorted(found.fields or ())) == (kind.kind, sorted(kind.fields or ())), id


def test_repairs_of_a_file_mend_it() -> None:
    text = Path("flows/support_to_ticket/support_to_ticket.flow.yaml").read_text()
    wrong = text.replace("on_error: hand_off", "on_error: handoff", 1)
    document = Document("x.flow.yaml", wrong)
    _, found = parse_file(Source("x.flow.yaml", wrong), "flow")
    (repair,) = [each for each in repairs(document, found) if each.best]
    assert apply(wrong, [repair.edits]).text == text
