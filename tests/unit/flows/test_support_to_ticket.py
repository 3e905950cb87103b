"""The files of the bundled flow support_to_ticket agree with its schemas, its tools and each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from flowrun.adapters.desk.contracts import CONTRACTS

ROOT = Path(__file__).resolve().parents[3]
FLOW = ROOT / "flows" / "support_to_ticket"
SAMPLES = sorted((FLOW / "samples").glob("*.json"))
TESTS = sorted((FLOW / "tests").glob("*.test.yaml"))
SLOT = re.compile(r"\$\{\{(.*?)\}\}")
ALLOWED = ("input.", "steps.", "calls.", "model.label", "model.confidence", "model.text")
EXPECTED = {  # what each sample is for
    "add_colleague": "feature_question",
    "all_down": "outage",
    "cancellation": "cancellation",
    "delete_my_data": "data_privacy",
    "double_billing": "double_billing_cancel",
    "duplicate_charge": "double_billing",
    "empty_export": "bug_report",
    "instructions_inside": "double_billing",
    "late_parcel": "delivery_problem",
    "locked_out": "login_problem",
    "press_request": "other",
    "refund": "refund_request",
    "unclear": None,
    "unknown_sender": "double_billing",
}


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "schemas" / "records" / name / "v1.json").read_text("utf-8"))
    return found


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def step(examples: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in examples if each["step"] == name]


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def filled(value: Any) -> Any:
    """The value with a plausible thing in every slot."""
    if isinstance(value, dict):
        return {name: filled(each) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each) for each in value]
    if value == "${{ model.confidence }}":
        return 0.8
    return SLOT.sub("something", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def examples() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(FLOW / "support_to_ticket.examples.yaml")["examples"]
    return found


@pytest.mark.parametrize("name", ["support_message", "triage", "case_record", "ticket"])
def test_record_schemas_are_valid_closed_and_explicit(name: str) -> None:
    made = schema(name)
    jsonschema_rs.meta.validate(made)
    assert made["additionalProperties"] is False
    assert set(made["required"]) <= set(made["properties"])


def test_both_records_speak_of_the_same_kinds() -> None:
    triage, case = schema("triage")["properties"], schema("case_record")["properties"]
    for name in ("primary_issue", "intent", "recommended_next_action"):
        assert triage[name]["enum"] == case[name]["enum"]
    ticket = CONTRACTS["desk.create_ticket"]
    for name in ("category", "severity"):
        assert ticket.input["properties"][name]["enum"] == schema("ticket")["properties"][name]["enum"]
    record = case["ticket"]["properties"]
    for name in ("queue", "severity"):
        assert record[name]["enum"] == [*ticket.output["properties"][name]["enum"], None]


def test_every_kind_of_message_has_enough_examples(examples: list[dict[str, Any]]) -> None:
    triage = step(examples, "triage")
    assert {each["answer"]["primary_issue"] for each in triage} == set(
        schema("triage")["properties"]["primary_issue"]["enum"]
    )
    texts = [text for each in triage for text in each["texts"]]
    assert len(texts) >= 100 and len(set(texts)) == len(texts)
    assert all(len(each["texts"]) >= 10 for each in triage)
    assert {each["label"] for each in step(examples, "act")} == {each["label"] for each in triage}


def test_examples_use_only_the_names_they_may(examples: list[dict[str, Any]]) -> None:
    slots = [
        slot.strip()
        for each in examples
        for text in leaves([each.get("answer"), each.get("propose")])
        if isinstance(text, str)
        for slot in SLOT.findall(text)
    ]
    assert slots and all(slot.startswith(ALLOWED) for slot in slots)


def test_answers_of_the_triage_are_valid(examples: list[dict[str, Any]]) -> None:
    check = jsonschema_rs.validator_for(schema("triage"))
    for each in step(examples, "triage"):
        check.validate(filled(each["answer"]))


def test_proposals_fit_the_tools_and_the_policy(examples: list[dict[str, Any]]) -> None:
    critical = {"billing_dispute", "cancellation", "outage", "privacy"}
    for each in step(examples, "act"):
        assert [tool for call in each["propose"] for tool in call] == ["desk.create_ticket", "crm.add_note"]
        for call in each["propose"]:
            for tool, args in call.items():
                jsonschema_rs.validate(CONTRACTS[tool].input, {"customer_id": "C-10492", **filled(args)})
                assert args.get("severity") != "critical" or args["category"] in critical
    threat = next(each for each in step(examples, "act") if each["label"] == "double_billing_cancel")
    assert threat["propose"][0]["desk.create_ticket"]["severity"] == "critical"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_valid_messages(path: Path) -> None:
    jsonschema_rs.validator_for(schema("support_message"), validate_formats=True).validate(
        json.loads(path.read_text(encoding="utf-8"))
    )


def test_the_line_file_holds_the_same_samples() -> None:
    lines = (FLOW / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    by_id = {each["message_id"]: each for each in map(json.loads, lines)}
    assert len(by_id) == len(lines) == len(SAMPLES) >= 10
    for path in SAMPLES:
        sample = json.loads(path.read_text(encoding="utf-8"))
        assert by_id[sample["message_id"]] == sample


def test_the_examples_model_understands_the_samples(examples: list[dict[str, Any]]) -> None:
    """Also that `act` follows the triage: the second classifier sees what the first one answered."""
    pytest.importorskip("sklearn")
    from flowrun.adapters.models.classifier import Classifier

    def trained(name: str) -> Classifier:
        pairs = [(text, each["label"]) for each in step(examples, name) for text in each["texts"]]
        return Classifier([text for text, _ in pairs], [label for _, label in pairs])

    triage, act = trained("triage"), trained("act")
    answers = {each["label"]: each["answer"] for each in step(examples, "triage")}
    assert {path.stem for path in SAMPLES} == set(EXPECTED)
    for path in SAMPLES:
        text = json.loads(path.read_text(encoding="utf-8"))["text"]
        label, confidence = triage.classify(f"{text}\npro")
        if EXPECTED[path.stem] is None:
            assert confidence < 0.6, path.stem
            continue
        assert (label, confidence >= 0.6) == (EXPECTED[path.stem], True), path.stem
        answer = answers[label]
        said = [answer["primary_issue"], answer["intent"], answer["recommended_next_action"], text[:160]]
        assert act.classify("\n".join([*said, *answer["notes"]]))[0] == label, path.stem


def cases_of(path: Path) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The name of each test of a file, what it gives with what it shares, and what it expects."""
    made = read(path)
    assert made["flow"] == "support_to_ticket"
    shared = made["given"]
    found = []
    for each in made.get("tests", [made]):
        own = each.get("given", {})
        given = {**shared, **own, "tools": {**shared.get("tools", {}), **own.get("tools", {})}}
        found.append((each["test"], given, each["expect"]))
    return found


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name.removesuffix(".test.yaml"))
def test_what_the_flow_s_tests_let_tools_answer_keeps_the_contracts(path: Path) -> None:
    for _, given, expect in cases_of(path):
        assert expect["outcome"]
        jsonschema_rs.validate(schema("support_message"), given["input"])
        for tool, answers in given["tools"].items():
            for answer in answers if isinstance(answers, list) else [answers]:
                if not (isinstance(answer, dict) and "error" in answer):
                    jsonschema_rs.validate(CONTRACTS[tool].output, answer)


def test_the_tests_cover_the_ways_a_case_can_go() -> None:
    found = [test for path in TESTS for test in cases_of(path)]
    assert len(found) >= 8
    assert {expect["outcome"] for _, _, expect in found} == {"completed", "handed_off"}
    assert len({name for name, _, _ in found}) == len(found)


def test_the_policy_states_what_each_rule_allows_and_denies() -> None:
    policy = read(FLOW / "support_to_ticket.policy.yaml")
    rules = {rule["id"] for rule in policy["rules"]}
    assert {case["by"] for case in policy["tests"] if case["expect"] == "deny"} == rules
    assert any(case["expect"] == "allow" for case in policy["tests"])
