"""A new version of a record says whom it breaks, with a document; what is published stays; old records are lifted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flowrun.app.checking import check_paths
from flowrun.app.lock import lock
from flowrun.app.schemas import BRIDGED, Finding, check, lift
from flowrun.app.workspace import Workspace, load_workspace
from flowrun.errors import ConfigError, FlowError, InputError

V1: dict[str, Any] = {
    "title": "A letter", "type": "object", "additionalProperties": False, "required": ["subject", "tone", "email"],
    "properties": {
        "subject": {"type": "string", "maxLength": 90},
        "tone": {"enum": ["kind", "firm"]},
        "email": {"type": "string", "format": "email", "x-pii": "email"},
    },
}  # fmt: skip
V2: dict[str, Any] = {
    "title": "A letter", "type": "object", "additionalProperties": False, "required": ["subject", "language", "email"],
    "properties": {
        "subject": {"type": "string", "maxLength": 90},
        "language": {"type": "string"},
        "email": {"type": "string", "format": "email", "x-pii": "email"},
    },
}  # fmt: skip
UP = 'upgrade: letter\nfrom: 1\nto: 2\nwith: {language: \'${{ "en" if input.tone == "kind" else "de" }}\'}\n'
DOWN = 'upgrade: letter\nfrom: 2\nto: 1\nwith: {tone: \'${{ "kind" if input.language == "en" else "firm" }}\'}\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "flowrun.yaml").write_text("roles: {finance: {members: [jo]}}\n")
    put(tmp_path, "v1.json", V1)
    put(tmp_path, "v2.json", V2)
    return tmp_path


def put(root: Path, name: str, content: Any) -> None:
    file = root / "schemas" / "records" / "letter" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def there(root: Path) -> Workspace:
    return load_workspace(root)


def states(found: list[Finding]) -> dict[tuple[str, str], str]:
    return {(item.what, item.reader): item.state for item in found}


def valid(schema: dict[str, Any], document: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(document))


def test_a_break_is_shown_with_a_document_that_was_valid_and_is_no_more(root: Path) -> None:
    (found,) = check(there(root), ["letter"], "backward")
    assert (found.what, found.before, found.after, found.state) == ("backward", 1, 2, "broken")
    assert valid(V1, found.document) and not valid(V2, found.document)
    assert any("language" in problem for problem in found.problems)


def test_full_looks_both_ways(root: Path) -> None:
    found = check(there(root), ["letter"], "full")
    assert states(found) == {("backward", ""): "broken", ("forward", ""): "broken"}
    back = next(item for item in found if item.what == "forward")
    assert valid(V2, back.document) and not valid(V1, back.document)


def test_a_version_that_only_adds_an_optional_field_breaks_no_old_record(root: Path) -> None:
    put(root, "v2.json", {**V1, "properties": {**V1["properties"], "language": {"type": "string"}}})
    (found,) = check(there(root))
    assert found.state == "kept" and not found.bad


def test_an_upgrade_bridges_the_break_and_is_tried_there_and_back(root: Path) -> None:
    put(root, "v1_to_v2.yaml", UP + "drop: []\n")
    put(root, "v2_to_v1.yaml", DOWN)
    assert states(check(there(root), mode="backward")) == {
        ("backward", ""): BRIDGED, ("upgrade", ""): "kept", ("round_trip", ""): "kept",
    }  # fmt: skip


def test_an_upgrade_that_makes_something_else_of_a_record_is_found_with_that_record(root: Path) -> None:
    put(root, "v1_to_v2.yaml", UP)
    put(root, "v2_to_v1.yaml", "upgrade: letter\nfrom: 2\nto: 1\nwith: {tone: kind}\ndrop: [language]\n")
    trip = next(item for item in check(there(root)) if item.what == "round_trip")
    assert trip.state == "broken" and trip.document["tone"] == "firm"
    assert trip.problems == ['tone comes back as "kind".']


def test_an_upgrade_whose_result_is_not_valid_is_found(root: Path) -> None:
    put(root, "v2.json", {**V2, "properties": {**V2["properties"], "subject": {"type": "string", "minLength": 1}}})
    put(root, "v1_to_v2.yaml", UP)
    up = next(item for item in check(there(root)) if item.what == "upgrade")
    assert up.state == "broken" and up.document["subject"] == ""


def test_each_reader_is_told_what_breaks_for_it_alone(root: Path) -> None:
    put(root, "letter.readers.yaml", """\
readers: letter
who:
  archive: {owner: finance, reads: 1, needs: [subject, tone]}
  mailer: {owner: finance, reads: 1, needs: [email]}
""")  # fmt: skip
    found = {item.reader: item for item in check(there(root)) if item.what == "reader"}
    assert found["mailer"].state == "kept"
    assert found["archive"].state == "broken" and found["archive"].owner == "finance"
    assert valid(V2, found["archive"].document) and "tone" not in found["archive"].document


def test_a_lost_mark_is_told_though_no_document_breaks(root: Path) -> None:
    bare = {name: {k: v for k, v in part.items() if k != "x-pii"} for name, part in V1["properties"].items()}
    put(root, "v2.json", {**V1, "properties": bare})
    assert states(check(there(root))) == {("backward", ""): "kept", ("marks", ""): "broken"}


def test_a_locked_version_may_not_change_and_its_layout_may(root: Path) -> None:
    assert lock(there(root)) == ["letter@1", "letter@2"]
    assert lock(there(root)) == []
    put(root, "v1.json", json.dumps(V1, indent=4))
    assert not [item for item in check(there(root)) if item.what == "lock"]
    put(root, "v1.json", {**V1, "required": ["subject"]})
    assert [item.before for item in check(there(root)) if item.what == "lock"] == [1]
    assert "schema-changed" in {item.rule for item in check_paths(there(root), []).findings}
    with pytest.raises(InputError, match="locked and was changed"):
        lock(there(root))


def test_a_broken_lock_is_an_error_for_whoever_keeps_the_workspace(root: Path) -> None:
    (root / "flowrun.lock").write_text("schemas: [1, 2]\n")
    with pytest.raises(ConfigError) as caught:
        check(there(root))
    assert caught.value.code == "FR2050"


def test_records_are_lifted_over_several_versions_and_back(root: Path) -> None:
    put(root, "v1_to_v2.yaml", UP)
    put(root, "v2_to_v1.yaml", DOWN)
    put(root, "v3.json", {**V2, "properties": {**V2["properties"], "pages": {"type": "integer"}}})
    old = {"subject": "Invoice", "tone": "firm", "email": "a@example.com"}
    new = lift(there(root), "letter", 1, 3, old)
    assert new == {"subject": "Invoice", "email": "a@example.com", "language": "de"}
    assert lift(there(root), "letter", 3, 1, new) == old


@pytest.mark.parametrize(
    ("record", "upgrade", "code"),
    [
        ({"subject": "x"}, UP, "FR3403"),
        ({"subject": "x", "tone": "kind", "email": "a@example.com"}, None, "FR3404"),
    ],
)
def test_what_cannot_be_lifted_is_said(root: Path, record: dict[str, Any], upgrade: str | None, code: str) -> None:
    if upgrade:
        put(root, "v1_to_v2.yaml", upgrade)
    with pytest.raises(InputError) as caught:
        lift(there(root), "letter", 1, 2, record)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("upgrade: letter\nfrom: 1\nto: 2\n", "missing-field"),
        ("upgrade: letter\nfrom: 1\nto: 2\nwith: {language: 5}\ndrop: [tone]\n", "wrong-type"),
        ("upgrade: letter\nfrom: 1\nto: 2\nwith: {language: en, color: red}\ndrop: [tone]\n", "unknown-field"),
        ("upgrade: letter\nfrom: 1\nto: 2\nwith: {language: '${{ input.tune }}'}\ndrop: [tone]\n", "unknown-field"),
        ("upgrade: letter\nfrom: 1\nto: 2\nwith: {language: en}\ndrop: [tune, tone]\n", "unknown-field"),
        ("upgrade: note\nfrom: 1\nto: 2\nwith: {language: en}\n", "upgrade-place"),
        ("upgrade: letter\nfrom: 1\nto: 3\n", "bad-number-value"),
        ("upgrade: letter\nfrom: 1\nto: 2\nwith: {language: en}\n", "field-dropped"),
    ],
)
def test_lint_reads_upgrades(root: Path, text: str, rule: str) -> None:
    put(root, "v1_to_v2.yaml", text)
    assert rule in {item.rule for item in check_paths(there(root), []).findings}


def test_lint_reads_readers(root: Path) -> None:
    put(root, "letter.readers.yaml", """\
readers: letter
who:
  one: {owner: finance, reads: 1, needs: [tune]}
  two: {owner: nobody, reads: 1}
  three: {owner: finance, reads: 7}
""")  # fmt: skip
    rules = [item.rule for item in check_paths(there(root), []).findings if item.span.file.endswith("readers.yaml")]
    assert rules == ["unknown-field", "unknown-role", "unknown-schema"]
    with pytest.raises(FlowError):
        check(there(root))


def test_a_record_that_does_not_exist_is_said(root: Path) -> None:
    with pytest.raises(InputError) as caught:
        check(there(root), ["leter"])
    assert caught.value.code == "FR3402"
