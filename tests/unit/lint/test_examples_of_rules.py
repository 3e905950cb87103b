"""The bad example of every rule gives its code, and the good one is a workspace without that finding and without errors.

A fragment is completed by `lint.fragments` and checked as `flowrun lint` checks a folder.
"""

from __future__ import annotations

from collections import Counter

import pytest

from flowrun.adapters.desk.contracts import CONTRACTS
from flowrun.app.teach import GENERATED, findings_of
from flowrun.lang.codes import Entry, catalogue
from flowrun.lint.fragments import FLOW, READS, WRITES, complete, parts
from flowrun.lint.reporters.text import render_text

RULES = list(catalogue().values())


@pytest.mark.parametrize("item", RULES, ids=lambda item: f"{item.code}-{item.rule}")
def test_the_bad_example_gives_the_finding(item: Entry) -> None:
    found, texts = findings_of(item.bad, item.rule)
    assert item.code in {one.code for one in found}, render_text(found, texts) or "nothing was found"


@pytest.mark.parametrize("item", RULES, ids=lambda item: f"{item.code}-{item.rule}")
def test_the_good_example_does_not(item: Entry) -> None:
    found, texts = findings_of(item.good)
    wrong = [one for one in found if one.code == item.code or one.severity == "error"]
    assert not wrong, render_text(wrong, texts)


def test_the_completion_itself_is_without_any_finding() -> None:
    found, texts = findings_of("title: An example\n")
    assert not found, render_text(found, texts)


def test_no_rule_is_left_out_silently() -> None:
    assert set(GENERATED) <= {item.rule for item in RULES}
    assert len(GENERATED) <= 8


def test_every_tool_of_the_desk_may_be_used() -> None:
    assert {name for name, tool in CONTRACTS.items() if tool.effect == "read"} == set(READS)
    assert {name for name, tool in CONTRACTS.items() if tool.effect == "write"} == set(WRITES)


def test_a_fragment_keeps_its_lines_and_gets_what_it_lacks() -> None:
    files = complete("title: A\nsteps:\n  - {id: a, set: 1}\n")
    lines = files[FLOW].splitlines()
    assert lines[:3] == ["title: A", "steps:", "  - {id: a, set: 1}"]
    assert lines[3].startswith("  - {id: done, record:")
    assert Counter(line.partition(":")[0] for line in lines)["flow"] == 1
    assert complete("# without: budget, record\nsteps: []\n")[FLOW].count("budget:") == 0


def test_other_files_are_named_and_a_whole_one_stands_as_it_is() -> None:
    fragment = "# file: a.flow.yaml\n# whole file\nflow: a\n# file: shop.tools.yaml\nactions: {}\n"
    assert parts(fragment) == {"a.flow.yaml": "# whole file\nflow: a\n", "shop.tools.yaml": "actions: {}\n"}
    files = complete(fragment)
    assert files["a.flow.yaml"] == "# whole file\nflow: a\n"
    assert FLOW not in files and "shop.py" in files
    assert "tools: [shop.tools.yaml]" in files["flowrun.yaml"]
