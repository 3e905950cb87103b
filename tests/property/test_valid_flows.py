"""What is right is met with silence: no finding in generated flows, and none in the bundled ones."""

from __future__ import annotations

import pytest

from flowrun.app.flows import bundled
from flowrun.app.init import templates
from flowrun.app.lint import looked_at
from flowrun.app.teach import findings_in
from flowrun.lang.grammar_steps import VERBS
from flowrun.lint.reporters.text import render_text
from tests.property.valid_flows import Maker

COUNT = 200
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_a_flow_that_is_right_has_no_finding(part: int) -> None:
    for seed in range(part, COUNT, PARTS):
        files = Maker(seed).workspace()
        found, texts = findings_in({name: text.encode() for name, text in files.items()})
        assert not found, f"seed {seed}:\n{render_text(found, texts)}\n{files['example.flow.yaml']}"


def test_the_generated_flows_have_every_verb_and_nested_blocks() -> None:
    verbs: set[str] = set()
    deepest, policies = 0, 0
    for seed in range(COUNT):
        maker = Maker(seed)
        files = maker.workspace()
        verbs |= maker.verbs
        policies += "house.policy.yaml" in files
        deepest = max(deepest, *(len(line) - len(line.lstrip()) for line in files["example.flow.yaml"].splitlines()))
    assert set(VERBS) <= verbs
    assert policies > COUNT / 4
    assert deepest > 16


@pytest.mark.parametrize("name", templates())
def test_a_bundled_flow_has_no_finding(name: str) -> None:
    looked = looked_at(None, [str(bundled() / name)], {})
    assert not looked.findings, render_text(looked.findings, looked.texts)
