"""Small flows over the bundled desk, and what lint says about them with the text that it underlines.

Owns: the words around the steps of a case. What must be found is in the tests.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.adapters.desk.contracts import CONTRACTS
from flowrun.errors import Diagnostic
from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ModelPlan, RolePlan

TEXT = {"type": "string"}
TRIAGE = {"enum": ["bug", "refund", "other"]}


def record(*optional: str, **fields: Any) -> dict[str, Any]:
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


SCHEMAS: dict[tuple[str, int], dict[str, Any]] = {
    ("message", 1): record(
        "nickname",
        message_id=TEXT,
        email={**TEXT, "format": "email"},
        text=TEXT,
        nickname=TEXT,
        kind=TRIAGE,
        urgent={"type": "boolean"},
        amount={"type": "number", "x-money": "EUR"},
        ids={"type": "array", "items": TEXT},
        few={"type": "array", "items": TEXT, "maxItems": 5},
        anything={},
    ),
    ("triage", 1): record(
        kind=TRIAGE, summary=TEXT, confidence={"type": "number"}, fine={"type": "boolean"}, order_id=TEXT
    ),
    ("yes", 1): record(approved={"type": "boolean"}),
    ("outcome", 1): record(text=TEXT),
}
ROLES = {
    "support_leads": RolePlan(members=["Sam", "Kim"], within=86_400.0),
    "billing_leads": RolePlan(members=["Robin", "Alex"], within=86_400.0),
    "patient": RolePlan(members=["Jo", "Uma"]),
    "sams": RolePlan(members=["Sam"], within=3_600.0),
    "nobody": RolePlan(members=[]),
    "later": RolePlan(members=[], within=3_600.0, then="support_leads"),
}
DONE = "{id: done, record: outcome@1, with: {text: Done.}, on_error: hand_off}"


class Shown(msgspec.Struct, frozen=True):
    """A finding as a reader sees it."""

    rule: str
    severity: str
    message: str
    help: str | None
    underlined: str
    fixed: bool


def lint(
    steps: list[str],
    *,
    tools: str = "",
    budget: str = "{model_calls: 9, tool_calls: 9, writes: 9}",
    policy: str = "",
    more: str = "key: input.message_id",
    end: bool = True,
    flows: dict[str, FlowSource] | None = None,
) -> tuple[list[Diagnostic], dict[str, str]]:
    """Return the findings of a flow, and the texts of its files. `end`: the flow ends with its record."""
    lines = ["flow: f", "version: 1", "owner: support_leads", "input: message@1", "output: outcome@1"]
    lines += more.splitlines()
    lines += ["tools:", *(f"  {line}" for line in tools.splitlines())] if tools else []
    lines += [f"budget: {budget}", "steps:", *(f"  - {step}" for step in steps), *([f"  - {DONE}"] if end else [])]
    texts = {"f.flow.yaml": "\n".join(lines) + "\n"}
    if policy:
        texts["p.policy.yaml"] = f"policy: p\nversion: 1\nrules:\n{policy}"
    parsed: dict[str, Any] = {}
    for file, text in texts.items():
        parsed[file], wrong = parse_file(Source(file, text), "flow" if file.startswith("f") else "policy")
        assert parsed[file] is not None, wrong
    catalogue = Catalogue(
        tools=CONTRACTS,
        schema=lambda name, version: SCHEMAS.get((name, version)),
        models={"small": ModelPlan(name="small", provider="scripted", model="small")},
        roles=ROLES,
        flows=flows or {},
    )
    policies = [parsed["p.policy.yaml"]] if policy else []
    return list(check_flow(FlowSource(flow=parsed["f.flow.yaml"], policies=policies), catalogue).findings), texts


def rules(steps: list[str], **more: Any) -> list[str]:
    """Return the rules that a flow breaks."""
    return [item.rule for item in lint(steps, **more)[0]]


def found(rule: str, steps: list[str], **more: Any) -> list[Shown]:
    """Return the findings of one rule, with the text that each underlines in its first line."""
    findings, texts = lint(steps, **more)
    shown = []
    for item in findings:
        if item.rule != rule:
            continue
        line = texts[item.span.file].splitlines()[item.span.line - 1]
        end = item.span.end_column - 1 if item.span.end_line == item.span.line else None
        underlined = line[item.span.column - 1 : end]
        shown.append(Shown(item.rule, item.severity, item.message, item.help, underlined, bool(item.changes)))
    return shown
