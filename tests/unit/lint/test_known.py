"""What a `when`, a branch or a `stop` has asked for null before need not be asked again; anything else must."""

from __future__ import annotations

import pytest

from tests.unit.lint.flows import rules

FOUND = '{id: found, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}'
NOTE = '{id: note%s, call: crm.add_note, with: {customer_id: "${{ steps.found.customer_id }}", text: Called.}}'
TOOLS = "crm.lookup_customer: {}\ncrm.add_note: {}"
THERE = "steps.found is not none"


def asked_again(*steps: str) -> bool:
    return "maybe-null" in rules([FOUND, *steps], tools=TOOLS)


def choose(*branches: tuple[str, str], more: str = "") -> str:
    ways = ", ".join(f"{{{f'when: {when!r}, steps' if when else 'otherwise'}: [{step}]}}" for when, step in branches)
    return f"{{id: way{more}, choose: [{ways}]}}"


STOP = "{id: ended, stop: failed, reason: Nobody.}"
SET = "{id: other, set: true}"


@pytest.mark.parametrize(
    "steps",
    [
        [NOTE % f", when: {THERE}"],
        [choose((THERE, NOTE % ""), ("", SET))],
        [choose(("steps.found is none", SET), ("", NOTE % ""))],
        [choose(("steps.found is none", STOP), ("", SET)), NOTE % ""],
        ["{id: ended, when: steps.found is none, stop: failed, reason: Nobody.}", NOTE % ""],
        ["{id: all, when: " + THERE + ", for_each: '[1, 2]', steps: [" + NOTE % "" + "]}"],
        [f"{{id: all, when: {THERE}, parallel: {{one: [{NOTE % ''}], two: [{SET}]}}}}"],
    ],
)
def test_a_guard_around_a_step_counts_in_it(steps: list[str]) -> None:
    assert not asked_again(*steps)


@pytest.mark.parametrize(
    "steps",
    [
        [NOTE % ""],
        [NOTE % ", when: steps.found is none"],
        [NOTE % f', when: {THERE} or input.email == "a@example.com"'],
        [f"{{id: one, when: {THERE}, set: 1}}", NOTE % ""],
        [choose((THERE, SET), ("", NOTE % ""))],
        [choose((THERE, SET), ("", "{id: c, set: 1}")), NOTE % ""],
        [
            choose(('input.email == "a@example.com"', SET), ("steps.found is none", STOP), ("", "{id: c, set: 1}")),
            NOTE % "",
        ],
        [choose(("steps.found is none", STOP), ("", SET), more=", on_error: continue"), NOTE % ""],
        [choose(("steps.found is none", STOP), ("", SET), more=", when: input.urgent"), NOTE % ""],
        [choose(("steps.found is none", STOP.replace("stop", "when: input.urgent, stop")), ("", SET)), NOTE % ""],
    ],
)
def test_what_is_not_sure_must_be_asked(steps: list[str]) -> None:
    assert asked_again(*steps)


def test_an_item_is_another_one_in_the_loop_inside() -> None:
    note = NOTE.replace("steps.found", "item") % ""
    inner = f"{{id: in, for_each: '[steps.found]', steps: [{note}]}}"
    sure = f"{{id: sure, when: item is not none, parallel: {{a: [{inner}], b: [{SET}]}}}}"
    assert asked_again(f"{{id: out, for_each: '[steps.found]', steps: [{sure}]}}")
    assert not asked_again(f"{{id: out, for_each: '[steps.found]', steps: [{sure.replace(inner, note)}]}}")
