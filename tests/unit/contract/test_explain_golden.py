"""`flowrun explain` of every bundled flow, in every form, word for word.

`UPDATE_GOLDEN=1` rewrites the golden files; look at the difference before you keep it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from flowrun.app.explain import explain
from flowrun.app.flows import bundled
from flowrun.app.workspace import load_workspace
from flowrun.cli.main import main
from flowrun.contract.forms import FORMS, as_form

GOLDEN = Path(__file__).parents[2] / "golden" / "explain"
FLOWS = sorted(path.name.removesuffix(".flow.yaml") for path in bundled().glob("*/*.flow.yaml"))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("flow", FLOWS)
def test_the_page_of_a_bundled_flow(flow: str, form: str, tmp_path: Path) -> None:
    text = as_form(explain(load_workspace(tmp_path), flow), form)
    golden = GOLDEN / f"{flow}.{FORMS[form]}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_every_golden_page_is_of_a_bundled_flow() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{flow}.{end}" for flow in FLOWS for end in FORMS.values()}


def test_the_command_prints_json_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "support_to_ticket", "--json", "--workspace", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["flow"] == "support_to_ticket"
    assert next(figure for figure in told["figures"] if figure["name"] == "writes")["most"] == 3


def test_the_command_writes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    asked = ["explain", "refund_request", "--format", "markdown", "--workspace", str(tmp_path)]
    assert main([*asked, "--output", str(page)]) == 0
    assert capsys.readouterr().out == ""
    assert page.read_text(encoding="utf-8").startswith("# Decide about a customer")
    assert main([*asked, "--output", str(tmp_path / "nowhere" / "page.md")]) == 3
    assert "FR3601" in capsys.readouterr().err


def test_a_wrong_flow_is_told_as_lint_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.flow.yaml").write_text("flow: bad\nversion: 1\n", encoding="utf-8")
    assert main(["explain", str(tmp_path / "bad.flow.yaml")]) == 3
    assert "bad.flow.yaml:1" in capsys.readouterr().err
    assert main(["explain", "no_such_flow", "--workspace", str(tmp_path)]) == 3
