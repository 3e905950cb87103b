"""Flows that do what they say get no finding about what they mean: the bundled ones, and those of the security benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.checking import check_paths
from flowrun.app.workspace import load_workspace

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("workspace", "folder", "least"),
    [(".", "flows", 2), ("bench/security/slack", ".", 8), ("bench/security/banking", ".", 8)],
)
def test_no_finding_about_the_meaning(workspace: str, folder: str, least: int) -> None:
    root = ROOT / workspace
    checked = check_paths(load_workspace(root), [str(root / folder)])
    assert sum(file.name.endswith(".flow.yaml") for file in checked.files) >= least
    assert [f"{item.span} {item.rule}" for item in checked.findings if item.code.startswith("FR15")] == []
