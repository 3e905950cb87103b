"""The published JSON Schemas come from the tables of the parser, are fresh, and agree with it on the corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from flowrun.lang.document import compose, plain
from flowrun.lang.parse import SHAPES, kind_of
from flowrun.lang.schemas import key_names, main, make_schema, render
from flowrun.lang.source import Source

ROOT = Path(__file__).parents[3]
OK = sorted((ROOT / "tests" / "corpus" / "ok").glob("*.yaml"))


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_the_committed_schema_is_fresh(kind: str) -> None:
    file = ROOT / "schemas" / kind / "v1.json"
    assert file.read_text(encoding="utf-8") == render(kind), "run: python -m flowrun.lang.schemas --write schemas"


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_the_schema_is_a_valid_schema(kind: str) -> None:
    jsonschema_rs.meta.validate(make_schema(kind))


def test_the_core_has_at_most_48_keys() -> None:
    assert len(key_names(make_schema("flow"))) <= 48


@pytest.mark.parametrize("file", OK, ids=lambda file: file.name)
def test_what_the_parser_takes_the_schema_takes(file: Path) -> None:
    tree, _ = compose(Source(file.name, file.read_text(encoding="utf-8")))
    assert tree is not None
    value: Any = plain(tree)
    jsonschema_rs.validator_for(make_schema(kind_of(file.name) or "")).validate(value)


@pytest.mark.parametrize(
    "change",
    [{"foo": 1}, {"version": "1"}, {"version": 0}, {"steps": []}, {"steps": [{"id": "a"}]}, {"tools": {"x": {}}}],
)
def test_what_the_parser_refuses_the_schema_refuses(change: dict[str, Any]) -> None:
    good = {"flow": "a", "version": 1, "owner": "o", "input": "i@1", "output": "r@1", "steps": [{"id": "a", "set": 1}]}
    validator = jsonschema_rs.validator_for(make_schema("flow"))
    assert validator.is_valid(good)
    assert not validator.is_valid({**good, **change})


def test_check_tells_a_stale_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--write", str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    (tmp_path / "flow" / "v1.json").write_text("{}")
    assert main(["--check", str(tmp_path)]) == 1
    assert "is not fresh" in capsys.readouterr().err
    assert main(["--what"]) == 2
