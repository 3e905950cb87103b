"""What is wrong with a schema is found at its place, what is right is not, and each repair repairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowrun.errors import Diagnostic
from flowrun.lang.edits import apply
from flowrun.lang.parse import parse_flow
from flowrun.lang.source import Source
from flowrun.lint.findings import Findings
from flowrun.lint.schemas import check_inline, file_findings, is_schema_file

ROOT = Path(__file__).parents[3]
TEXT = '{"type": "string"}'


def record(fields: str, more: str = '"required": ["a"], "additionalProperties": false') -> str:
    return f'{{"type": "object", "properties": {{{fields}}}, {more}}}'


def found(text: str) -> list[Diagnostic]:
    return file_findings(Source("v1.json", text))


def told(text: str) -> list[str]:
    """Each finding as `rule what is underlined`."""
    lines = text.split("\n")
    return [f"{d.rule} {lines[d.span.line - 1][d.span.column - 1 : d.span.end_column - 1]}" for d in found(text)]


BAD: list[tuple[str, list[str]]] = [
    (record(f'"a": {TEXT}', '"required": ["a"]'), ['open-schema "properties"']),
    (record(f'"a": {TEXT}', '"required": ["a"], "additionalProperties": true'), ["open-schema true"]),
    (record(f'"a": {TEXT}', '"additionalProperties": false'), ['all-optional "properties"']),
    (record(f'"a": {TEXT}', '"required": [], "additionalProperties": false'), ['all-optional "required"']),
    (record(f'"b": {TEXT}'), ['required-unknown "a"']),
    (record('"a": {"title": "A"}'), ['untyped-field "a"']),
    (record('"a": true'), ['untyped-field "a"']),
    ('{"type": "string", "maxlength": 3}', ['unknown-schema-word "maxlength"']),
    ('{"type": "string", "max_length": 3}', ['unknown-schema-word "max_length"']),
    ('{"type": "string", "nullable": true}', ['unknown-schema-word "nullable"']),
    ('{"type": "string", "colour": "red"}', ['unknown-schema-word "colour"']),
    ('{"type": "integer", "maxLength": 3}', ['word-without-effect "maxLength"']),
    ('{"type": "string", "minimum": 3}', ['word-without-effect "minimum"']),
    ('{"type": "string", "maxItems": 3}', ['word-without-effect "maxItems"']),
    ('{"type": "string", "minLength": 3, "maxLength": 1}', ["impossible-bounds 1"]),
    ('{"type": "number", "exclusiveMinimum": 3, "maximum": 3}', ["impossible-bounds 3"]),
    ('{"$defs": {"ab": {"type": "string"}}, "$ref": "#/$defs/ba"}', ['lost-ref "#/$defs/ba"']),
    ('{"$ref": "https://example.com/a.json"}', ['lost-ref "https://example.com/a.json"']),
    ('{"type": "string", "x-pi": "email"}', ['misspelt-mark "x-pi"']),
    ('{"type": "string", "x_secret": true}', ['unknown-schema-word "x_secret"', 'misspelt-mark "x_secret"']),
    ('{"type": "string", "x-secret": "yes"}', ['mark-value "yes"']),
    ('{"type": "string", "x-pii": true}', ["mark-value true"]),
    ('{"type": "string", "x-role": "payee"}', ['mark-value "payee"']),
    (record('"a": {"type": "number", "x-money": "eur"}'), ['money-mark "eur"']),
    (record('"a": {"type": "number", "x-money": "currncy"}, "currency": {"type": "string"}'), ['money-mark "currncy"']),
    (record('"a": {"type": "string", "x-money": "EUR"}'), ['money-mark "x-money"']),
    (record('"a": {"type": "number"}, "net_amount": {"type": "number"}'), ['unmarked-money "net_amount"']),
    (record('"a": {"type": "string", "format": "email"}'), ['unmarked-personal-data "a"']),
    (record(f'"a": {TEXT}, "phone": {{"type": ["string", "null"]}}'), ['unmarked-personal-data "phone"']),
    ('{"type": "string", "format": "datetime"}', ['unknown-format "datetime"']),
    ('{"type": "string", "enum": ["a", null]}', ["enum-type null"]),
    ('{"enum": ["a", "b", "a"]}', ['enum-twice "a"']),
    ('{"enum": ["a b", "A  b"]}', ['enum-twice "A  b"']),
    ('{"type": "string", "pattern": "[0-9]{5}"}', ['loose-pattern "[0-9]{5}"']),
    ('{"type": "string", "pattern": "\\\\d{3}|x"}', ['loose-pattern "\\\\d{3}|x"']),
    ('{"type": "integer", "maximum": 5, "default": 9}', ["default-outside 9"]),
    ('{"type": "integer", "examples": [1, "x"]}', ['default-outside "x"']),
    (record('"a": {"type": "array", "items": {"type": "string", "maximum": 1}}'), ['word-without-effect "maximum"']),
    ('{"anyOf": [{"type": "string", "format": "mail"}, {"type": "null"}]}', ['unknown-format "mail"']),
    ('{"type": "strng"}', ['schema-file "']),
    ('{"a": 1,}', ["schema-file }"]),
    ("[]", ["schema-file ["]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), BAD)
def test_what_is_wrong_is_found_at_its_place(text: str, wanted: list[str]) -> None:
    assert told(text) == wanted


@pytest.mark.parametrize("text", [text for text, _ in BAD])
def test_a_repair_takes_the_finding_away_and_brings_no_other(text: str) -> None:
    before = found(text)
    for item in before:
        if item.changes:
            after = apply(text, [item.changes])
            assert after.done == [True]
            assert len(found(after.text)) < len(before), after.text
            json.loads(after.text)


GOOD = [
    record(f'"a": {TEXT}'),
    record(f'"a": {TEXT}', '"required": ["a"], "additionalProperties": {"type": "string"}'),
    record(f'"a": {TEXT}', '"required": ["a"], "unevaluatedProperties": false'),
    record(f'"a": {TEXT}', '"additionalProperties": false, "minProperties": 1'),
    record("", '"additionalProperties": false'),
    record(
        '"a": {"$ref": "#/$defs/x"}',
        '"required": ["a"], "additionalProperties": false, "$defs": {"x": {"type": "null"}}',
    ),
    record('"a": {"$ref": "#"}'),
    record('"a": {"type": "string", "x-our-own": 1, "$comment": "fine"}'),
    record('"a": {"type": "string", "x-role": "none"}'),
    record('"a": {"type": "number", "x-money": "currency"}, "currency": {"type": "string"}'),
    record('"a": {"type": ["number", "null"], "x-money": "EUR"}'),
    record('"a": {"type": "number"}, "amount_of_items": {"type": "integer"}'),
    record('"a": {"enum": [1, 2]}, "amount": {"enum": [1, 2]}'),
    record('"a": {"type": "string", "format": "email", "x-pii": "email"}'),
    record('"a": {"type": "string"}, "email": {"anyOf": [{"type": "string", "x-pii": "email"}, {"type": "null"}]}'),
    record('"a": {"type": "string"}, "phone": {"type": "boolean"}'),
    record('"a": {"type": "string"}, "email": {"type": "string", "x-secret": true}'),
    '{"type": ["string", "null"], "enum": ["a", null], "default": null}',
    '{"type": "integer", "enum": [1, 2.0]}',
    '{"type": "string", "pattern": "^[0-9]{5}$"}',
    '{"type": "string", "pattern": "\\\\S"}',
    '{"type": ["string", "array"], "maxLength": 3, "maxItems": 3}',
    '{"type": "number", "minimum": 3, "maximum": 3}',
    '{"allOf": [{"properties": {"a": {"type": "string"}}}, {"required": ["b"]}], "unevaluatedProperties": false}',
    '{"type": "string", "default": "\\ud83d\\ude00"}',
]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_right_is_not_found(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize("file", sorted((ROOT / "schemas" / "records").glob("*/*.json")), ids=lambda f: f.parent.name)
def test_the_bundled_schemas_are_without_findings(file: Path) -> None:
    assert told(file.read_text(encoding="utf-8")) == []


FLOW = """flow: t
version: 1
owner: leads
input:
  type: object
  properties:
    a: {type: strin}
    email: {type: string, format: email}
  required: [a]
output: case@1
steps:
  - {id: x, ask: Hi, answer: {type: object, properties: {b: {type: string}}, required: [b]}}
"""


def inline(text: str) -> list[Diagnostic]:
    flow, problems = parse_flow(Source("t.flow.yaml", text))
    assert flow is not None, problems
    out = Findings()
    check_inline(flow, out)
    return out.found


def test_schemas_that_stand_in_a_flow_are_looked_at_and_repaired_in_their_own_layout() -> None:
    text = FLOW.replace("strin}", "string}")
    findings = inline(text)
    places = {d.rule: (d.span.line, d.span.column) for d in findings}
    assert places["unmarked-personal-data"] == (8, 5)
    assert [d.span.line for d in findings if d.rule == "open-schema"] == [6, 12]
    mended = apply(text, [d.changes for d in findings]).text
    assert "  additionalProperties: false\n  properties:\n" in mended
    assert "email: {x-pii: email, type: string" in mended
    assert "{type: object, additionalProperties: false, properties: {b:" in mended
    assert inline(mended) == []


@pytest.mark.parametrize(
    ("path", "yes"),
    [
        ("/a/schemas/records/case/v1.json", True),
        ("schemas\\records\\case.open\\v12.json", True),
        ("schemas/flow/v1.json", False),
        ("schemas/records/case/v1.json.bak", False),
        ("myschemas/records/case/v1.json", False),
    ],
)
def test_a_schema_file_is_known_by_its_path(path: str, yes: bool) -> None:
    assert is_schema_file(path) is yes


def test_a_broken_schema_is_a_finding_and_no_end_of_the_check(tmp_path: Path) -> None:
    from flowrun.app.checking import check_paths
    from flowrun.app.workspace import load_workspace

    flow: dict[str, Any] = {"flow": "t", "version": 1, "owner": "leads", "input": "case@1", "output": "case@1"}
    steps = [{"id": "a", "record": "case@1", "with": {"text": "${{ input.text }}"}}]
    (tmp_path / "t.flow.yaml").write_text(json.dumps({**flow, "steps": steps}), encoding="utf-8")
    schema = tmp_path / "schemas" / "records" / "case" / "v1.json"
    schema.parent.mkdir(parents=True)
    schema.write_text("{,}", encoding="utf-8")
    for paths in ([], [str(tmp_path / "t.flow.yaml")]):
        _, findings, texts, _ = check_paths(load_workspace(tmp_path), paths)
        assert [(d.rule, d.span.file) for d in findings] == [("schema-file", str(schema))]
        assert str(schema) in texts
