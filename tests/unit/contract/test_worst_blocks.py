"""The worst case of a block that may fail before its stop: the flow goes on behind it, and what it does there counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.contract import kit

BLOCK = """\
  - id: both
    parallel:
      one:
        - {id: look, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
        - {id: over, stop: failed, reason: It ends here.}
      two:
        - {id: fine, set: true}
    on_error: %s
  - {id: letter, call: mail.send, with: {to: "${{ input.email }}", subject: Hello, body: Hello}}
"""
TOOLS = "  crm.lookup_customer: {}\n  mail.send: {at_most: 3}\n"


@pytest.mark.parametrize(("on_error", "writes"), [("continue", 1), ("hand_off", 1), ("fail", 0)])
def test_what_stands_behind_a_block_that_may_fail_counts(tmp_path: Path, on_error: str, writes: int) -> None:
    found = kit.contract(tmp_path, TOOLS, BLOCK % on_error)
    (figure,) = [item for item in found.figures if item.name == "writes"]
    assert figure.steps == writes
