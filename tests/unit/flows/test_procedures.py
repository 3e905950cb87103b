"""Five real procedures of a shop's customer service, written in YAML alone: no finding, all tests pass, the rules hold.

The flows are in tests/corpus/procedures. Their tests and `*.prove.yaml` say what each procedure allows and refuses; here it
is checked that they run, that they say enough, and that the language needed no key for one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from flowrun.app.checking import check_paths
from flowrun.app.explain import explain
from flowrun.app.prove import prove
from flowrun.app.tests import run_tests
from flowrun.app.workspace import Workspace, load_workspace
from flowrun.lang.document import compose, plain
from flowrun.lang.schemas import key_names, make_schema
from flowrun.lang.source import Source

FOLDER = Path(__file__).parents[2] / "corpus" / "procedures"
FLOWS = ["change_address", "extend_subscription", "initiate_refund", "missing_item", "promo_code"]
WRITES = {
    "change_address": {"shop.change_address": 1},
    "extend_subscription": {"shop.extend_subscription": 1, "shop.notify_team": 1},
    "initiate_refund": {"shop.refund": 1},
    "missing_item": {"shop.update_order": 1, "shop.make_purchase": 1},
    "promo_code": {"shop.promo_code": 1},
}
ANYTHING = frozenset({"with", "bind", "set", "answer", "input", "results"})
"""Keys under which names are chosen by the author."""


@cache
def workspace() -> Workspace:
    return load_workspace(FOLDER)


def read(file: Path) -> Any:
    tree, findings = compose(Source(file.name, file.read_text(encoding="utf-8")))
    assert tree is not None and not findings
    return plain(tree)


def test_nothing_is_found_in_them() -> None:
    looked = check_paths(workspace(), [])
    assert looked.findings == []
    assert [allowed.finding.code for allowed in looked.allowed] == ["FR1424"]


@pytest.mark.parametrize("flow", FLOWS)
def test_their_tests_pass_and_leave_nothing_over(flow: str) -> None:
    results = run_tests(workspace(), [str(FOLDER / "flows" / flow)], jobs=1)
    assert [(result.name, result.messages) for result in results if not result.ok] == []
    assert [(result.name, result.notes) for result in results if result.notes] == []
    assert len([result for result in results if result.file.endswith(".test.yaml")]) >= 6


@pytest.mark.parametrize("flow", FLOWS)
def test_their_gates_hold(flow: str) -> None:
    proved = prove(workspace(), flow)
    assert [(result.question, result.answer) for result in proved.results if not result.ok] == []
    assert [result.question for result in proved.results if result.answer == "no" and result.gates]


@pytest.mark.parametrize("flow", FLOWS)
def test_their_contract_bounds_every_write(flow: str) -> None:
    contract = explain(workspace(), flow)
    assert {use.tool: use.most for use in contract.uses if use.effect == "write"} == WRITES[flow]
    bounds = {figure.name: figure.most for figure in contract.figures}
    assert all(bounds[name] is not None for name in ("model_calls", "tool_calls", "writes", "cost"))


def test_the_language_has_at_most_48_keys_and_the_procedures_use_no_other() -> None:
    known = key_names(make_schema("flow"))
    files = sorted(FOLDER.glob("flows/*/*.flow.yaml"))
    assert [file.parent.name for file in files] == FLOWS
    used = {key for file in files for key in keys(read(file))}
    print(f"{len(known)} keys in the language; these five flows use {len(used)}: {' '.join(sorted(used))}")
    assert len(known) <= 48
    assert used <= known
    validator = jsonschema_rs.validator_for(make_schema("flow"))
    assert [file.name for file in files if not validator.is_valid(read(file))] == []


def keys(value: Any, chosen: bool = False) -> Iterator[str]:
    """Yield the keys of a flow; `chosen`: the names here are the author's, such as those of tools."""
    if isinstance(value, list):
        for item in value:
            yield from keys(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not chosen:
                yield key
            if chosen or key not in ANYTHING:
                yield from keys(inner, chosen=not chosen and key in ("tools", "parallel"))
