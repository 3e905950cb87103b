"""Contracts of flows that are right, made at random: each can be computed and shown, and nothing differs from itself.

Removing a rule, or taking a write out, of such a flow is told on the right side.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from flowrun.app.explain import explain
from flowrun.app.workspace import load_workspace
from flowrun.contract.changes.change import NARROWED, WIDENED
from flowrun.contract.changes.compare import compare
from flowrun.contract.forms import FORMS, as_form
from flowrun.contract.model import Contract
from tests.property.valid_flows import Maker
from tests.unit.contract.repository import write
from tests.unit.contract.test_pictures import check_mermaid, check_svg

pytestmark = pytest.mark.slow
COUNT, PARTS = 80, 4
FILE = "example.flow.yaml"


def contract(folder: Path, files: dict[str, str]) -> Contract:
    write(folder, files)
    return explain(load_workspace(folder), str(folder / FILE))


@pytest.mark.parametrize("part", range(PARTS))
def test_a_flow_that_is_right_is_explained_and_does_not_differ_from_itself(part: int, tmp_path: Path) -> None:
    for seed in range(part, COUNT, PARTS):
        files = Maker(seed).workspace()
        found = contract(tmp_path / str(seed), files)
        assert compare(found, contract(tmp_path / f"{seed}b", files)) == [], f"seed {seed}"
        told = {form: as_form(found, form) for form in FORMS}
        assert all(use.tool in told["text"] and use.tool in told["json"] for use in found.uses), f"seed {seed}"
        check_mermaid(told["mermaid"])
        check_svg(told["svg"])


@pytest.mark.parametrize("part", range(PARTS))
def test_a_rule_that_is_gone_is_a_widening_and_back_again_a_narrowing(part: int, tmp_path: Path) -> None:
    tried = 0
    for seed in range(part, COUNT, PARTS):
        files = Maker(seed).workspace()
        flow = yaml.safe_load(files[FILE])
        for name, words in flow["tools"].items():
            if name in files.get("house.policy.yaml", ""):
                continue  # what a policy asks, too, is asked without the flow's own rule
            for word in ("at_most", "only_when", "deny_when", "approve_when"):
                if word not in (words or {}):
                    continue
                rest = {key: value for key, value in words.items() if key not in (word, "approver")}
                rest = rest if word == "approve_when" else {key: v for key, v in words.items() if key != word}
                other = {**flow, "tools": {**flow["tools"], name: rest}}
                old = contract(tmp_path / f"{seed}-{name}", files)
                new = contract(tmp_path / f"{seed}-{name}-{word}", {**files, FILE: yaml.safe_dump(other)})
                kinds = [{change.kind for change in compare(*pair)} for pair in ((old, new), (new, old))]
                assert (WIDENED in kinds[0], NARROWED in kinds[0]) == (True, False), f"seed {seed}: {name} {word}"
                assert (WIDENED in kinds[1], NARROWED in kinds[1]) == (False, True), f"seed {seed}: {name} {word}"
                tried += 1
    assert tried > 1
