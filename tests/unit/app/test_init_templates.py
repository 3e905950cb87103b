"""Every template makes a workspace that is whole: no finding, all tests pass, all schemas and roles there, its sample valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.checking import check_paths
from flowrun.app.init import create, templates
from flowrun.app.tests import run_tests
from flowrun.app.workspace import load_workspace


@pytest.mark.parametrize("template", templates())
def test_a_new_workspace_is_whole(template: str, tmp_path: Path) -> None:
    made = create(tmp_path, template)
    ws = load_workspace(tmp_path)
    findings = check_paths(ws, []).findings
    assert findings == []
    assert [result.messages for result in run_tests(ws, []) if not result.ok] == []
    assert made.sample is not None and (tmp_path / made.sample).is_file()


def test_roles_that_must_be_different_people_have_different_members(tmp_path: Path) -> None:
    create(tmp_path, "refund_request")
    roles = load_workspace(tmp_path).roles
    assert not set(roles["billing_leads"].members) & set(roles["finance"].members)
