"""Edits that surely narrow a flow are never told as widenings, and taken back they always are.

The edits are those that people make, any of them together, on the workspace of `tests.unit.contract.repository`.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.app.change import difference
from flowrun.contract.changes.change import NARROWED, WIDENED, Change
from tests.unit.contract.repository import CARE, CONFIG, FILES, FLOW, MONEY, write

FLOW_FILE, MONEY_FILE, CARE_FILE, CONFIG_FILE = (
    "flows/shop.flow.yaml", "policies/money.policy.yaml", "policies/care.policy.yaml", "flowrun.yaml"
)  # fmt: skip


def a_rule(id: str, tool: str, words: str) -> str:
    """A rule in a policy, as lines."""
    return f"  - id: {id}\n    tools: {tool}\n    {words}\n    reason: R\n"


NARROWING: dict[str, tuple[str, str, str]] = {
    "fewer notes": (FLOW_FILE, "    at_most: 2\n", "    at_most: 1\n"),
    "a cheaper budget": (FLOW_FILE, "cost: 0.05 USD", "cost: 0.01 USD"),
    "fewer writes": (FLOW_FILE, "writes: 9", "writes: 3"),
    "less time": (FLOW_FILE, "within: 2m}", "within: 1m}"),
    "asks earlier": (FLOW_FILE, 'args.amount > money("50 EUR")', 'args.amount > money("20 EUR")'),
    "asks always": (FLOW_FILE, 'args.severity == "critical"', "true"),
    "asks in more cases": (FLOW_FILE, 'args.severity == "critical"', 'args.severity in ["critical", "high"]'),
    "one more approver": (FLOW_FILE, "approver: leads", "approver: [leads, chiefs]"),
    "a lower cap": (MONEY_FILE, "500 EUR", "100 EUR"),
    "a stricter cap": (MONEY_FILE, "args.amount <=", "args.customer_id != \"C-1\" and args.amount <="),
    "denies more": (MONEY_FILE, 'args.reason == "goodwill"', 'args.reason in ["goodwill", "no reason"]'),
    "denies either": (MONEY_FILE, "deny_when: args.reason", 'deny_when: args.customer_id == "C-1" or args.reason'),
    "a new deny rule": (CARE_FILE, "rules:\n", "rules:\n" + a_rule("a", "mail.send", 'deny_when: args.body == "x"')),
    "a new condition": (CARE_FILE, "rules:\n", "rules:\n" + a_rule("b", "mail.send", 'only_when: args.body != "x"')),
    "a new limit": (CARE_FILE, "rules:\n",
                    "rules:\n" + a_rule("c", "box.store", "at_most: {limit: 1, window: ever}")),
    "a new approval": (CARE_FILE, "rules:\n",
                       "rules:\n" + a_rule("d", "box.store", "approve_when: true\n    approver: leads")),
    "somebody leaves": (CONFIG_FILE, "members: [eva, tom]", "members: [eva]"),
    "late is no": (CONFIG_FILE, ", then: chiefs", ""),
    "less far": (CONFIG_FILE, "shop: supervised", "shop: shadow"),
    "a mark for the model": (CONFIG_FILE, "modes:", "privacy: {email: {to_model: token}}\nmodes:"),
    "a halt": (CONFIG_FILE, "modes:", "halt: {tools: [mail.send]}\nmodes:"),
}  # fmt: skip
"""What is narrower, as (file, text, text instead)."""


def edited(names: list[str]) -> dict[str, str]:
    """The files after edits; of those that change the same text the first one counts."""
    files = {**FILES, FLOW_FILE: FLOW, MONEY_FILE: MONEY, CARE_FILE: CARE, CONFIG_FILE: CONFIG}
    for name in names:
        file, old, new = NARROWING[name]
        if old in files[file]:
            files[file] = files[file].replace(old, new, 1)
    return files


def changes(folder: Path, old: list[str], new: list[str]) -> list[Change]:
    write(folder / "old", edited(old))
    write(folder / "new", edited(new))
    return list(difference(str(folder / "old"), str(folder / "new")).changes)


@pytest.mark.parametrize("name", sorted(NARROWING))
def test_an_edit_that_narrows_and_the_same_taken_back(name: str, tmp_path: Path) -> None:
    there = changes(tmp_path, [], [name])
    assert [change.text for change in there if change.kind == WIDENED] == []
    assert len([change for change in there if change.kind == NARROWED]) == 1
    back = changes(tmp_path, [name], [])
    assert [change.text for change in back if change.kind == NARROWED] == []
    assert [change.sure for change in back if change.kind == WIDENED] == [True]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(sorted(NARROWING)), unique=True, max_size=6), st.integers(0, 6))
def test_edits_that_narrow_are_never_told_as_widenings(names: list[str], there_already: int) -> None:
    before = names[:there_already]
    with TemporaryDirectory() as made:
        there = changes(Path(made) / "there", before, names)
        back = changes(Path(made) / "back", names, before)
    assert [change.text for change in there if change.kind == WIDENED] == []
    assert [change.text for change in back if change.kind == NARROWED] == []
    # Only an edit that the ones before it made needless is no change.
    assert len(there) <= len(names) and bool(back) == bool(there)
    assert bool(back) or edited(before) == edited(names) or len(names) > 1
