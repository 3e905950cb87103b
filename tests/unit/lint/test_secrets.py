"""A prompt that names a secret is found, directly or inside something larger, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ToolPlan

TEXT = {"type": "string"}
PIN = {"type": "string", "x-secret": True}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


LOGIN = {"$defs": {"P": PIN}, **record(user=TEXT, pin={"$ref": "#/$defs/P"}, keys={"type": "array", "items": PIN})}
SCHEMAS = {
    ("in", 1): record(name=TEXT, pin=PIN, inner=record(pin=PIN, n=TEXT), all=record(a=TEXT) | {"x-secret": True}),
    ("out", 1): record(n=TEXT),
}
TOOLS = {
    "crm.login": ToolPlan(name="crm.login", title="Log in", effect="read", input=record(user=TEXT), output=LOGIN),
}
FLOW = """flow: t
version: 1
owner: leads
input: in@1
output: out@1
tools: {{crm.login: {{}}}}
budget: {{model_calls: 1}}
steps:
  - {{id: login, call: crm.login, with: {{user: "${{{{ input.name }}}}"}}}}
  - id: asked
    ask: |
      Words: ${{{{ {expr} }}}}
  - {{id: done, record: out@1, with: {{n: "${{{{ steps.asked }}}}"}}}}
"""


def found(expr: str) -> list[str]:
    flow, problems = parse_file(Source("t.flow.yaml", FLOW.format(expr=expr)), "flow")
    assert flow is not None, problems
    catalogue = Catalogue(tools=TOOLS, schema=lambda name, version: SCHEMAS.get((name, version)))
    return [d.message for d in check_flow(FlowSource(flow=flow), catalogue).findings if d.rule == "secret-to-model"]


@pytest.mark.parametrize(
    ("expr", "named"),
    [
        ("input.pin", "input.pin"),
        ("input", "input"),
        ("input.inner", "input.inner"),
        ("input.all.a", "input.all.a"),
        ("steps.login.pin", "steps.login.pin"),
        ("steps.login", "steps.login"),
        ("steps.login.keys[0]", "steps.login.keys.0"),
        ("steps.login.pin | upper", "steps.login.pin"),
        ("calls.crm.login.last.output.pin", "calls.crm.login.last.output.pin"),
        ("calls.crm.login.all", "calls.crm.login.all"),
        ('"Pin " ~ input.pin', "input.pin"),
    ],
)
def test_a_secret_in_a_prompt_is_found(expr: str, named: str) -> None:
    (message,) = found(expr)
    assert f"names {named}," in message


@pytest.mark.parametrize(
    "expr", ["input.name", "input.inner.n", "steps.login.user", 'input.pin == "1"', "calls.crm.login.last.output.user"]
)
def test_what_is_no_secret_is_not(expr: str) -> None:
    assert found(expr) == []
