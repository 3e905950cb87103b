"""What is hidden of a run outside its own fields: values that mean the same everywhere, and no words of the plan."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.app.redaction import Redaction
from flowrun.core import events as ev
from flowrun.plan.model import FlowPlan, Plan, RulePlan

INPUT = {
    "properties": {
        "why": {"type": "string", "x-pii": "free_text"},
        "name": {"type": "string", "x-pii": "name"},
        "pin": {"type": "string", "x-secret": True},
    }
}
OUTPUT = {
    "properties": {"reason_code": {"enum": ["not_delivered", "Pending", "hold-4711"]}, "note": {"type": "string"}}
}
RULE = RulePlan(id="not_delivered_yet", source="p@1", tools=["pay.refund"])
FLOW = FlowPlan(name="f", version=1, title="", owner="lead", input="in@1", output="out@1", steps=[], rules=[RULE])
PLAN = Plan(flow=FLOW, schemas={"in@1": INPUT, "out@1": OUTPUT})


def hidden(**input: Any) -> Redaction:
    return Redaction(PLAN, [ev.RunStarted(at="", run="r", flow="f", version=1, plan="p", input=input, key="k")])


@pytest.mark.parametrize(
    ("input", "text"),
    [
        ({"why": "not_delivered"}, "not_delivered; not_delivered_yet"),
        ({"why": "late"}, "It is late."),
        ({"name": "pending"}, "Pending"),
        ({"name": "not_delivered_yet"}, "not_delivered_yet"),
        ({"name": "reason_code"}, "reason_code"),
    ],
)
def test_words_of_the_plan_and_single_words_are_hidden_in_their_own_field_alone(input: Any, text: str) -> None:
    redaction = hidden(**input)
    assert redaction.text(text) == text
    (started,) = redaction.events()
    assert isinstance(started, ev.RunStarted) and all(value.startswith("[") for value in started.input.values())


def test_what_means_the_same_everywhere_is_hidden_everywhere() -> None:
    redaction = hidden(why="My cat died.", name="Mallory", pin="hold-4711")
    assert redaction.text("Mallory says: my cat died. hold-4711") == "[name] says: [free_text] [secret]"
    long = "Donaudampfschifffahrtsgesellschaft"
    assert hidden(why=long).text(f"about {long}") == "about [free_text]"
