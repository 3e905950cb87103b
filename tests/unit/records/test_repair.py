"""A repair changes the failing places and nothing else."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.records.repair import merge, repair_message, same_failure
from flowrun.records.validation import checker

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["issue", "confidence", "ticket"],
    "properties": {
        "issue": {"enum": ["billing", "other"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "notes": {"type": "array", "items": {"type": "string", "maxLength": 5}},
        "ticket": {
            "type": "object",
            "additionalProperties": False,
            "required": ["severity"],
            "properties": {"severity": {"enum": ["low", "high"]}, "queue": {"type": "string"}},
        },
    },
}
GOOD: dict[str, Any] = {"issue": "billing", "confidence": 0.9, "ticket": {"severity": "low", "queue": "q"}}


def mend(old: Any, new: Any) -> Any:
    before = copy.deepcopy((old, new))
    merged = merge(old, new, checker(SCHEMA).check(old))
    assert (old, new) == before
    return merged


def test_only_failing_places_are_taken() -> None:
    old = {**GOOD, "ticket": {"severity": "huge", "queue": "q"}}
    new = {"issue": "other", "confidence": 0.1, "ticket": {"severity": "high", "queue": "changed"}}
    assert mend(old, new) == {**GOOD, "ticket": {"severity": "high", "queue": "q"}}


def test_a_missing_field_is_taken_and_no_other_new_field() -> None:
    old = {"issue": "billing", "ticket": {}}
    new = {"issue": "other", "confidence": 0.4, "notes": ["x"], "ticket": {"severity": "low", "queue": "new"}}
    assert mend(old, new) == {"issue": "billing", "confidence": 0.4, "ticket": {"severity": "low"}}


def test_a_field_too_many_is_left_out_whatever_the_new_answer_says() -> None:
    assert mend({**GOOD, "extra": 1}, {**GOOD, "extra": 2}) == GOOD


def test_a_failing_field_that_the_new_answer_dropped_is_dropped() -> None:
    assert mend({**GOOD, "notes": 5}, GOOD) == GOOD


def test_entries_of_a_list_are_mended_one_by_one() -> None:
    old = {**GOOD, "notes": ["a", "too long", "c"]}
    assert mend(old, {**GOOD, "notes": ["x", "short", "z"]})["notes"] == ["a", "short", "c"]
    assert mend(old, {**GOOD, "notes": ["a", "c"]})["notes"] == ["a", "c"]
    assert mend(old, {**GOOD, "notes": "none"})["notes"] == ["a", "too long", "c"]


def test_an_answer_that_was_no_object_is_replaced() -> None:
    for old in (None, "text", [1]):
        assert mend(old, GOOD) == GOOD
    assert merge(GOOD, "text", [{"path": "/issue", "rule": "enum"}]) == GOOD


def test_a_problem_of_the_whole_value_takes_the_whole_new_value() -> None:
    assert merge({"a": 1}, {"b": 2}, [{"path": "", "rule": "only_when"}]) == {"b": 2}


def test_odd_field_names_are_places_like_others() -> None:
    problems = [{"path": path, "rule": "type"} for path in ("/a~1b", "/c~0d", "/")]
    old = {"a/b": 1, "c~d": 1, "": 1, "e": 1}
    assert merge(old, {"a/b": 2, "c~d": 2, "": 2, "e": 2}, problems) == {"a/b": 2, "c~d": 2, "": 2, "e": 1}


def test_the_message_names_place_rule_and_allowed_values_and_demands_everything_again() -> None:
    old = {**GOOD, "ticket": {"severity": "huge"}}
    text = repair_message(checker(SCHEMA).check(old), SCHEMA, old)
    assert "/ticket/severity" in text and "[rule: enum]" in text and 'Allowed: "low", "high".' in text
    assert "1 place must change" in text and "whole JSON answer" in text and "Only the places named" in text
    assert "not a JSON object" in repair_message(checker(SCHEMA).check("x"), SCHEMA, "x")


def test_the_same_failure_is_told_by_places_and_rules() -> None:
    huge = checker(SCHEMA).check({**GOOD, "issue": "huge"})
    assert same_failure(huge, checker(SCHEMA).check({**GOOD, "issue": "vast"}))
    assert not same_failure(huge, checker(SCHEMA).check({**GOOD, "issue": "vast", "confidence": 2}))


answers = st.fixed_dictionaries(
    {},
    optional={
        "issue": st.sampled_from(["billing", "other", "huge", 5]),
        "confidence": st.sampled_from([0, 0.5, 2, "high"]),
        "notes": st.lists(st.sampled_from(["ok", "far too long", 3]), max_size=3) | st.just(7),
        "ticket": st.fixed_dictionaries({}, optional={"severity": st.sampled_from(["low", "x"]), "more": st.just(1)}),
        "extra": st.just(1),
    },
)


@given(answers, answers)
@settings(max_examples=150)
def test_what_was_valid_stays_and_a_valid_repair_mends(old: Any, new: Any) -> None:
    problems = checker(SCHEMA).check(old)
    merged = mend(old, new)
    failing = {problem["path"].split("/")[1] for problem in problems}
    assert all(merged[name] == old[name] for name in old if name not in failing)
    if not problems:
        assert merged == old
    if not checker(SCHEMA).check(new):
        left = {p["path"] for p in checker(SCHEMA).check(merged)}
        assert all(path.startswith("/notes") for path in left), "only lists of another length may need one more turn"
