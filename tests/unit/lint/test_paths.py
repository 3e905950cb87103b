"""Every path of a flow ends in one record, and a choice covers every case."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource

INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["bug", "refund", "other"]},
        "n": {"type": "integer"},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["kind", "n", "lines"],
    "additionalProperties": False,
}
OUTPUT: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
SCHEMAS = {("in", 1): INPUT, ("out", 1): OUTPUT}
HEAD = "flow: f\nversion: 1\nowner: leads\ninput: in@1\noutput: out@1\nsteps:\n"
WRITE = '{{id: {0}, record: out@1, with: {{n: "${{{{ input.n }}}}"}}}}'


def rules(*steps: str) -> list[str]:
    """Return the rules that the steps of a flow break."""
    source = Source("f.flow.yaml", HEAD + "".join(f"  - {step}\n" for step in steps))
    flow, found = parse_file(source, "flow")
    assert flow is not None, found
    known = Catalogue(tools={}, schema=lambda name, version: SCHEMAS.get((name, version)))
    return [d.rule for d in check_flow(FlowSource(flow=flow), known).findings]


def choose(*branches: str) -> str:
    return "{id: c, choose: [" + ", ".join(branches) + "]}"


def branch(when: str, *steps: str) -> str:
    return f"{{when: '{when}', steps: [{', '.join(steps)}]}}"


def test_one_record_at_the_end_is_right() -> None:
    assert rules(WRITE.format("r")) == []


def test_a_flow_without_its_record_is_found() -> None:
    assert rules("{id: a, set: 1}") == ["record-count"]


def test_two_records_are_found() -> None:
    assert rules(WRITE.format("r"), WRITE.format("s")) == ["record-count"]


def test_a_record_in_every_branch_is_one_record() -> None:
    others = "{otherwise: [{id: b, record: out@1, with: {n: 7}}]}"
    assert rules(choose(branch('input.kind == "bug"', WRITE.format("a")), others)) == []


def test_a_record_in_one_branch_only_is_found() -> None:
    assert rules(choose(branch('input.kind == "bug"', WRITE.format("a")), "{otherwise: [{id: b, set: 1}]}")) == [
        "record-count"
    ]


@pytest.mark.parametrize("outcome", ["completed", "rejected"])
def test_a_good_end_needs_its_record_before(outcome: str) -> None:
    assert rules(f"{{id: s, stop: {outcome}}}") == ["record-count"]
    assert rules(WRITE.format("r"), f"{{id: s, stop: {outcome}}}") == []


def test_a_failed_end_needs_none() -> None:
    assert rules("{id: s, stop: failed}") == []


def test_a_step_after_the_end_is_never_reached() -> None:
    assert rules("{id: s, stop: failed}", "{id: t, set: 1}") == ["unreachable-step"]


def test_neither_record_nor_stop_stands_in_a_loop() -> None:
    loop = "{id: e, for_each: input.lines, steps: [" + WRITE.format("r") + ", {id: s, stop: failed}]}"
    assert {"record-in-for-each", "stop-in-for-each"} <= set(rules(loop, WRITE.format("z")))


def test_every_value_of_an_enum_is_handled_or_named() -> None:
    two = [branch('input.kind == "bug"', "{id: a, set: 1}"), branch('input.kind in ["refund"]', "{id: b, set: 2}")]
    assert rules(choose(*two), WRITE.format("r")) == ["unhandled-enum"]
    third = branch('input.kind == "other"', "{id: d, set: 3}")
    assert rules(choose(*two, third), WRITE.format("r")) == []


def test_an_or_of_values_handles_each_of_them() -> None:
    both = branch('input.kind == "refund" or input.kind == "other"', "{id: b, set: 2}")
    assert rules(choose(branch('input.kind == "bug"', "{id: a, set: 1}"), both), WRITE.format("r")) == []


@pytest.mark.parametrize(
    "when", ["input.n > 1", 'input.n > 1 or input.kind == "bug"', 'input.kind == "bug" or input.n > 1']
)
def test_a_condition_that_proves_nothing_needs_otherwise(when: str) -> None:
    assert rules(choose(branch(when, "{id: a, set: 1}")), WRITE.format("r")) == ["unhandled-enum"]


def test_a_flow_that_calls_itself_is_found() -> None:
    text = HEAD.replace("steps:", "tools: {flows.f@1: {}}\nsteps:")
    flow, _ = parse_file(Source("f.flow.yaml", text + "  - {id: a, call: flows.f@1, with: {n: 1}}\n"), "flow")
    assert flow is not None
    known = Catalogue(tools={}, schema=lambda name, version: SCHEMAS.get((name, version)))
    assert "flow-cycle" in [d.rule for d in check_flow(FlowSource(flow=flow), known).findings]
