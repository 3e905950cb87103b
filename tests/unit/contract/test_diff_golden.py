"""`flowrun diff` of every bundled flow after a change such as people make, in every form, word for word.

`UPDATE_GOLDEN=1` rewrites the golden files; look at the difference before you keep it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from flowrun.app.change import difference
from flowrun.app.flows import bundled
from flowrun.contract.changes.report import FORMS, as_form
from tests.unit.contract.repository import swapped

GOLDEN = Path(__file__).parents[2] / "golden" / "diff"
ENDS = {"text": "txt", "markdown": "md", "json": "json", "github": "log"}
EDITS: dict[str, dict[str, list[tuple[str, str]]]] = {
    "refund_request": {
        "refund_request.policy.yaml": [
            ('args.amount > money("50 EUR")', 'args.amount > money("90 EUR")'),
            ("changed_mind: 14", "changed_mind: 30"),
            ("approver: [billing_leads, finance]", "approver: finance"),
            ("limit: 1, per: args.order_id, window: ever", "limit: 1, per: args.order_id, window: today"),
            ('args.reason not in ["damaged", "changed_mind"]', 'args.reason != "damaged"'),
        ],
        "refund_request.flow.yaml": [
            ("to: ${{ steps.customer.email }}", "to: ${{ input.email }}"),
            ("writes: 2", "writes: 3"),
            ("within: 1d", "within: 2d"),
        ],
    },
    "support_to_ticket": {
        "support_to_ticket.flow.yaml": [
            ("    at_most: 2\n", "    at_most: 4\n"),
            ('args.severity == "critical"', 'args.severity == "critical" and args.category != "privacy"'),
            ("Their plan is", "They wrote from ${{ input.email }}. Their plan is"),
            ("steps.triage.confidence < 0.6", "steps.triage.confidence < 0.8"),
        ],
    },
}


def test_every_bundled_flow_has_a_golden_change() -> None:
    assert set(EDITS) == {path.name.removesuffix(".flow.yaml") for path in bundled().glob("*/*.flow.yaml")}
    assert {path.name for path in GOLDEN.iterdir()} == {f"{flow}.{end}" for flow in EDITS for end in ENDS.values()}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("flow", sorted(EDITS))
def test_the_change_of_a_bundled_flow(flow: str, form: str, tmp_path: Path) -> None:
    new = tmp_path / "new"
    shutil.copytree(bundled() / flow, new)
    for name, pairs in EDITS[flow].items():
        file = new / name
        file.write_text(swapped(file.read_text(encoding="utf-8"), *pairs), encoding="utf-8")
    found = difference(str(bundled() / flow / f"{flow}.flow.yaml"), str(new))
    text = as_form(found.changes, form, "old", "new")
    golden = GOLDEN / f"{flow}.{ENDS[form]}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert as_form(difference(str(new), str(new)).changes, "json", "a", "a").count('"text"') == 0
    assert msgspec.json.decode(as_form(found.changes, "json", "old", "new"))["summary"]["widened"] > 0
