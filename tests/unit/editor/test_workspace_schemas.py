"""The schemas of a workspace let every valid file pass, refuse names that do not exist, and are the same each time."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowrun.app.init import create, templates
from flowrun.app.names import editor_schemas, editor_settings, known_names, refresh_schemas
from flowrun.app.workspace import load_workspace
from flowrun.editor.known import Known
from flowrun.editor.schemas import workspace_schema
from flowrun.errors import FlowrunError
from flowrun.lang.codes import catalogue
from flowrun.lang.document import compose, plain
from flowrun.lang.parse import SHAPES, kind_of, parse_file
from flowrun.lang.source import Source
from flowrun.lint.fragments import complete
from tests.unit.editor.kit import workspace

Json = Any


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return known_names(load_workspace(workspace(tmp_path_factory.mktemp("ws"))))


def value(text: str) -> Json:
    tree, found = compose(Source("x", text))
    assert tree is not None and not found
    return plain(tree)


def problems(schema: Json, data: Json) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


@pytest.mark.parametrize("template", templates())
def test_every_bundled_file_passes(tmp_path: Path, template: str) -> None:
    create(tmp_path, template)
    seen = set()
    for file in tmp_path.rglob("*.yaml"):
        kind = kind_of(file.name)
        if kind is not None:
            schema = json.loads((tmp_path / "schemas" / kind / "v1.json").read_text())
            assert problems(schema, value(file.read_text())) == [], file
            seen.add(kind)
    assert {"flow", "policy", "test", "examples", "workspace"} <= seen


def valid_fragments() -> Iterator[tuple[str, dict[str, str]]]:
    """The good examples of rules, each with all that stands around it."""
    for rule, entry in catalogue().items():
        files = complete(entry.good)
        parsed = {
            name: parse_file(Source(name, text), kind_of(name) or "flow")[0]
            for name, text in files.items()
            if name.endswith(".yaml")
        }
        if all(read is not None for read in parsed.values()):
            yield rule, files


@pytest.mark.slow
def test_every_valid_example_of_a_rule_passes(tmp_path: Path) -> None:
    counted = 0
    for rule, files in valid_fragments():
        root = tmp_path / rule
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        try:
            found = known_names(load_workspace(root))
        except FlowrunError:
            continue  # an example about the workspace file itself, with an environment of its own
        for name, text in files.items():
            kind = kind_of(name)
            if kind is not None:
                assert problems(workspace_schema(kind, found), value(text)) == [], (rule, name)
                counted += 1
    assert counted > 250


FLOW = Path("flows/support_to_ticket/support_to_ticket.flow.yaml")


def changed(**edits: Json) -> Json:
    data = copy.deepcopy(value(FLOW.read_text()))
    for path, new in edits.items():
        *way, last = path.split("__")
        place = data
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        place[int(last) if isinstance(place, list) else last] = new
    return data


@pytest.mark.parametrize(
    ("edits", "why"),
    [
        ({"owner": "nobody"}, "a role that nobody holds"),
        ({"owner": "customer"}, "the customer owns no flow"),
        ({"input": "support_mesage@1"}, "a schema that does not exist"),
        ({"output": "case_record@9"}, "a version that does not exist"),
        ({"steps__0__call": "crm.lookup"}, "a tool that does not exist"),
        ({"steps__0__with": {"mail": "${{ input.email }}"}}, "an argument that the tool does not have"),
        ({"steps__1__model": "gpt"}, "a model that does not exist"),
        ({"steps__1__model": ["examples", "gpt"]}, "a model in a list that does not exist"),
        ({"steps__1__answer": "triage@2"}, "an answer that does not exist"),
        ({"tools": {"crm.lookup": {}}}, "a tool that does not exist, in the list"),
        ({"tools": {"desk.create_ticket": {"bind": {"id": 1}}}}, "a bound argument that does not exist"),
    ],
)
def test_a_name_that_does_not_exist_is_refused(known: Known, edits: Json, why: str) -> None:
    schema = workspace_schema("flow", known)
    assert problems(schema, changed()) == []
    assert problems(schema, changed(**edits)) != [], why


def test_a_record_with_a_wrong_field_is_refused(known: Known) -> None:
    schema = workspace_schema("flow", known)
    data = changed()
    step = next(step for step in data["steps"] if "record" in step)
    step["with"]["colour"] = "red"
    assert problems(schema, data)


def test_own_tools_are_keys_with_their_arguments(known: Known) -> None:
    schema = workspace_schema("flow", known)
    text = json.dumps(schema)
    tools = next(
        part
        for part in schema["$defs"].values()
        if "tools" in part.get("properties", {}) and "steps" in part["properties"]
    )
    assert "shop.cancel_order" in tools["properties"]["tools"]["properties"]
    assert tools["properties"]["tools"]["properties"]["shop.cancel_order"]["description"].endswith("It writes.")
    assert '"call shop.find_order"' in text  # a snippet with the argument that it needs


def test_every_schema_is_valid_and_the_same_each_time(known: Known) -> None:
    for kind in SHAPES:
        Draft202012Validator.check_schema(workspace_schema(kind, known))
    assert editor_schemas(known) == editor_schemas(known)


def test_every_kind_of_file_has_its_pattern() -> None:
    assert list(editor_settings()["yaml.schemas"]) == [f"./schemas/{kind}/v1.json" for kind in SHAPES]


def test_schemas_are_renewed_when_names_change(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    ws = load_workspace(root)
    assert len(refresh_schemas(ws).stale) == len(SHAPES)
    assert refresh_schemas(ws, check=True).stale == []
    config = root / "flowrun.yaml"
    config.write_text(config.read_text().replace("support_leads:", "help_leads:"))
    assert "schemas/flow/v1.json" in refresh_schemas(load_workspace(root), check=True).stale
    assert "schemas/flow/v1.json" in refresh_schemas(load_workspace(root), check=True).stale  # nothing was written
    refresh_schemas(load_workspace(root))
    assert "help_leads" in (root / "schemas/flow/v1.json").read_text()
