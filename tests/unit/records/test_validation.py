"""An invalid value gives problems that name the place, the rule, what is allowed, and say it in plain
words.
"""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.errors import ConfigError
from flowrun.records.validation import MAX_DEPTH, Checker, checker

TICKET: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "severity", "summary"],
    "properties": {
        "id": {"type": "string", "pattern": "^T-[0-9]+$"},
        "severity": {"enum": ["low", "critical"]},
        "summary": {"type": "string", "minLength": 1, "maxLength": 200},
        "opened": {"type": "string", "format": "date-time"},
        "lines": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/line"}},
        "a/b~c": {"type": "integer", "minimum": 1},
        "owner": {"anyOf": [{"type": "null"}, {"type": "object", "required": ["name"]}]},
    },
    "$defs": {
        "line": {
            "type": "object",
            "required": ["text"],
            "additionalProperties": False,
            "properties": {"text": {"type": "string"}, "note": {"type": "string"}},
        }
    },
}
GOOD: dict[str, Any] = {"id": "T-1", "severity": "low", "summary": "Billed twice."}


def found(value: Any) -> set[tuple[str, str]]:
    return {(problem["path"], problem["rule"]) for problem in checker(TICKET).check(value)}


def test_a_valid_value_has_no_problem() -> None:
    assert checker(TICKET).check(GOOD) == [] and checker(TICKET).is_valid(GOOD)


@pytest.mark.parametrize(
    ("change", "path", "rule"),
    [
        ({"severity": "high"}, "/severity", "enum"),
        ({"id": "1"}, "/id", "pattern"),
        ({"summary": ""}, "/summary", "minLength"),
        ({"summary": 5}, "/summary", "type"),
        ({"opened": "yesterday"}, "/opened", "format"),
        ({"opened": "2026-03-02T09:00:00"}, "/opened", "format"),
        ({"lines": [{"text": "a"}] * 3}, "/lines", "maxItems"),
        ({"lines": [{"text": "a"}, {"note": "b"}]}, "/lines/1/text", "required"),
        ({"lines": [{"text": "a", "x": 1}]}, "/lines/0/x", "additionalProperties"),
        ({"a/b~c": 0}, "/a~1b~0c", "minimum"),
        ({"extra": 1}, "/extra", "additionalProperties"),
        ({"owner": {}}, "/owner/name", "required"),
        ({"owner": 5}, "/owner", "anyOf"),
    ],
)
def test_each_problem_names_its_place_and_rule(change: dict[str, Any], path: str, rule: str) -> None:
    assert found(GOOD | change) == {(path, rule)}


def test_every_problem_is_named_at_once() -> None:
    assert found({"severity": "high", "extra": 1, "more": 2}) == {
        ("/severity", "enum"),
        ("/id", "required"),
        ("/summary", "required"),
        ("/extra", "additionalProperties"),
        ("/more", "additionalProperties"),
    }


def test_allowed_values_are_listed_and_the_words_are_plain() -> None:
    problem = checker(TICKET).check(GOOD | {"severity": "high"})[0]
    assert problem["allowed"] == ["low", "critical"]
    assert problem["message"] == '"high" is not one of "low", "critical"'
    assert checker(TICKET).check({"id": "T-1", "severity": "low"})[0] == {
        "path": "/summary",
        "rule": "required",
        "message": "'summary' is missing",
        "allowed": None,
    }


def test_a_choice_of_constants_lists_them_all() -> None:
    check = Checker({"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}]})
    assert check.check("z")[0]["allowed"] == ["a", "b", "c"]
    assert Checker({"oneOf": [{"minimum": 1}, {"maximum": 5}]}).check(3)[0]["rule"] == "oneOf"


def test_names_of_fields_and_forbidden_fields_are_checked() -> None:
    names = Checker({"propertyNames": {"pattern": "^[a-z]+$"}, "properties": {"no": False}})
    assert {(p["path"], p["rule"]) for p in names.check({"A1": 1, "no": 2})} == {
        ("/A1", "propertyNames"),
        ("/no", "falseSchema"),
    }


# Placeholders


@pytest.mark.parametrize(
    "text", ["n/a", " N/A ", "None", "string", "TODO", "tbd", "unknown", "...", "-", "<summary>", "Lorem Ipsum"]
)
def test_a_required_free_text_must_say_something(text: str) -> None:
    assert found(GOOD | {"summary": text}) == {("/summary", "placeholder")}
    assert found(GOOD | {"lines": [{"text": text}]}) == {("/lines/0/text", "placeholder")}


@pytest.mark.parametrize("text", ["No invoice is unknown to them", "a < b", "example of a refund", "<b>hi</b>"])
def test_a_text_that_merely_holds_such_a_word_is_fine(text: str) -> None:
    assert found(GOOD | {"summary": text}) == set()


def test_optional_and_closed_texts_may_hold_any_word() -> None:
    assert found(GOOD | {"lines": [{"text": "a", "note": "n/a"}]}) == set()
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "enum": ["unknown"]}}}
    assert checker(schema).check({"a": "unknown"}) == []


def test_what_people_wrote_themselves_is_not_judged() -> None:
    assert checker(TICKET).check(GOOD | {"summary": "none"}, placeholders=False) == []


def test_placeholders_are_found_in_lists_nullable_and_recursive_schemas() -> None:
    schema = {
        "type": "object",
        "required": ["notes", "why"],
        "properties": {
            "notes": {"type": "array", "items": {"type": "string"}},
            "why": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "child": {"$ref": "#"},
        },
    }
    value = {"notes": ["fine", "none"], "why": "tbd", "child": {"notes": [], "why": "n/a"}}
    assert [p["path"] for p in checker(schema).check(value)] == ["/notes/1", "/why", "/child/why"]
    assert checker(schema).check({"notes": [], "why": None}) == []


# Values that no schema should see


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_deep_and_large_values_are_refused_without_harm() -> None:
    anything = Checker({})
    assert anything.check(nested(MAX_DEPTH)) == []
    assert anything.check(nested(MAX_DEPTH + 1))[0]["rule"] == "depth"
    assert anything.check(nested(100_000))[0]["rule"] == "depth"
    assert anything.check("x" * 1_000_001)[0]["rule"] == "size"
    assert anything.check([0] * 1_000_001)[0]["rule"] == "size"
    assert anything.check(10**3_000_000)[0]["rule"] == "size"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\ud800": 1}, {1: 2}, (1,), object(), {1}])
def test_what_is_not_json_is_refused(value: Any) -> None:
    assert Checker({}).check([value])[0]["rule"] == "json"


def test_large_whole_numbers_do_no_harm() -> None:
    assert Checker({"type": "integer"}).check(10**400) == []


# Schemas


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "strin"},
        {"pattern": "("},
        {"$ref": "#/$defs/gone"},
        {"$ref": "https://example.com/other.json"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
    ],
)
def test_a_broken_schema_is_refused_and_nothing_is_fetched(schema: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as error:
        Checker(schema)
    assert error.value.code == "FR2010"


def test_a_schema_is_compiled_once() -> None:
    assert checker(TICKET) is checker({**TICKET})


MARKED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "pin": {"type": "string", "x-secret": True},
        "email": {"type": "string", "format": "email", "x-pii": "email"},
        "plan": {"enum": ["free", "pro"]},
        "code": {"type": "string", "pattern": "^[A-Z]+$", "x-pii": "code"},
        "phone": {"anyOf": [{"type": "string", "format": "uuid"}, {"enum": [1, 2]}], "x-pii": "phone"},
        "who": {"$ref": "#/$defs/person"},
    },
    "$defs": {"person": {"type": "object", "properties": {"name": {"const": "Ana", "x-pii": "name"}}}},
}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"pin": 918273645}, "/pin: [secret] must be a text"),
        ({"email": "canary"}, "/email: [email] must be an email address"),
        ({"code": "canary"}, "/code: [code] does not match the pattern ^[A-Z]+$"),
        ({"who": {"name": "canary"}}, '/who/name: [name] must be exactly "Ana"'),
        ({"who": "canary"}, "/who: [name] must be an object with fields"),
        ({"who": ["canary"]}, "/who: [name] must be an object with fields"),
        ({"phone": "canary"}, "/phone: the value fits none of the 2 forms"),
        ("canary", ": [code] must be an object with fields"),
        ({"plan": "canary"}, '/plan: "canary" is not one of "free", "pro"'),
    ],
)
def test_a_message_names_place_and_rule_and_never_a_marked_value(value: Any, message: str) -> None:
    problems = [f"{p['path']}: {p['message']}" for p in Checker(MARKED).check(value)]
    assert problems and problems[0].startswith(message)
    assert "canary" in message or not any("canary" in told or "918273645" in told for told in problems)
