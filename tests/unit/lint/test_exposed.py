"""Text from outside that can choose a recipient, an amount or a record is found, and what is guarded is not.

Each case is a small flow: its `tools:`, its steps, and perhaps a policy, with the arguments that lint must name.
"""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.errors import Diagnostic
from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ToolPlan

TEXT = {"type": "string"}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


SCHEMAS: dict[tuple[str, int], Any] = {
    ("in", 1): record(
        message_id=TEXT,
        email={"type": "string", "format": "email", "x-untrusted": True},
        order_id=TEXT,
        text={"type": "string", "x-untrusted": True},
        note=TEXT,
        kind={"enum": ["bug", "refund"]},
        code={"type": "string", "pattern": "^[A-Z]{3}$"},
        lines={"type": "array", "items": record(text=TEXT, kind={"enum": ["a", "b"]})},
    ),
    ("out", 1): record(n={"type": "integer"}),
    ("triage", 1): record(
        kind={"enum": ["bug", "refund"]}, order_id=TEXT, amount={"type": "number"}, urgent={"type": "boolean"}
    ),
    ("form", 1): record(to={"type": "string", "format": "email"}),
}
MONEY = {"type": "number", "x-money": "EUR"}


def tool(name: str, effect: str, input: dict[str, Any], output: dict[str, Any]) -> ToolPlan:
    return ToolPlan(name=name, title=name, effect=effect, input=input, output=output, once={"header": "Key"})


TOOLS = {
    t.name: t
    for t in (
        tool("crm.find", "read", record(email=TEXT), record(customer_id=TEXT, email=TEXT, max=MONEY)),
        tool(
            "crm.list",
            "read",
            record(),
            record(orders={"type": "array", "items": record(order_id=TEXT, amount=MONEY, status=TEXT)}),
        ),
        tool("web.read", "read", record(page=TEXT), record(body={"type": "string", "x-untrusted": True}, page_id=TEXT)),
        tool("pay.order", "read", record(order_id=TEXT), record(customer_id=TEXT, amount=MONEY, status=TEXT)),
        tool("mail.send", "write", record(to={"type": "string", "x-pii": "email"}, body=TEXT), record(id=TEXT)),
        tool(
            "pay.refund",
            "write",
            record(order_id=TEXT, amount=MONEY, reason={"enum": ["late", "broken"]}),
            record(refund_id=TEXT),
        ),
        tool("note.add", "write", record(text=TEXT, channel={"enum": ["mail", "chat"]}), record(id=TEXT)),
        tool("chat.post", "write", record(room={"type": "string", "x-role": "recipient"}, text=TEXT), record(id=TEXT)),
    )
}
FIND = '{id: customer, call: crm.find, with: {email: "${{ input.email }}"}}'
READS_TEXT = 'ask: "Help: ${{ input.text }}"'
SEND = f"{{id: act, {READS_TEXT}, tools: [mail.send]}}"
REFUND = f"{{id: act, {READS_TEXT}, tools: [pay.refund]}}"


def findings(tools: str, steps: list[str], policy: str = "") -> list[Diagnostic]:
    names = {"crm.find": "{}", "web.read": "{}", "crm.list": "{}"}
    lines = [f"  {name}: {rule}" for name, rule in names.items()] + [f"  {line}" for line in tools.split("\n")]
    last = "{id: end, record: out@1, with: {n: 1}}"
    text = "\n".join(
        [
            "flow: f",
            "version: 1",
            "owner: leads",
            "input: in@1",
            "output: out@1",
            "subject: input.email",
            "tools:",
            *lines,
            "budget: {model_calls: 5, writes: 5}",
            "steps:",
            *(f"  - {step}" for step in [*steps, last]),
        ]
    )
    flow, found = parse_file(Source("f.flow.yaml", text + "\n"), "flow")
    assert flow is not None, found
    policies = []
    if policy:
        parsed, found = parse_file(Source("p.policy.yaml", "policy: p\nversion: 1\n" + policy), "policy")
        assert parsed is not None, found
        policies = [parsed]
    known = Catalogue(tools=TOOLS, schema=lambda name, version: SCHEMAS.get((name, version)))
    all_found = check_flow(FlowSource(flow=flow, policies=policies), known).findings
    assert [d for d in all_found if d.severity == "error"] == []
    return list(all_found)


def exposed(tools: str, steps: list[str], policy: str = "") -> list[str]:
    """Return `TOOL ARGUMENT` of each finding."""
    found = [d for d in findings(tools, steps, policy) if d.rule == "untrusted-to-write"]
    return sorted(d.message.rstrip(".").rpartition(" → ")[2] for d in found)


BOTH = ["pay.refund amount", "pay.refund order_id"]
ORDER = "facts: {o: {call: pay.order, with: {order_id: '${{ args.order_id }}'}}}\nrules:\n"
OWN = "  - {id: own, tools: pay.refund, only_when: 'facts.o.customer_id == calls.crm.find.last.output.customer_id', reason: r}\n"

ASKS = "rules:\n  - {id: a, tools: pay.refund, approve_when: true, approver: leads, reason: r}\n"

CASES: dict[str, tuple[str, list[str], str, list[str]]] = {
    "the prompt holds the customer's text": ("mail.send: {}", [SEND], "", ["mail.send to"]),
    "a number and an id": ("pay.refund: {}", [REFUND], "", BOTH),
    "a field without marks into which anything can be written": (
        "mail.send: {}", ['{id: act, ask: "${{ input.note }}", tools: [mail.send]}'], "", ["mail.send to"],
    ),
    "the whole input": ("mail.send: {}", ['{id: act, ask: "${{ input }}", tools: [mail.send]}'], "", ["mail.send to"]),
    "by way of another model's answer": (
        "mail.send: {}",
        [f"{{id: sum, {READS_TEXT}}}", '{id: act, ask: "Act on ${{ steps.sum }}", tools: [mail.send]}'],
        "",
        ["mail.send to"],
    ),
    "by way of `set` and `choose`": (
        "mail.send: {}",
        [
            '{id: a, set: {x: "${{ input.text | upper }}", y: 1}}',
            "{id: c, choose: [{when: 'input.kind == \"bug\"', steps: [{id: b, set: '${{ steps.a }}'}]}, "
            "{otherwise: [{id: d, set: {x: none}}]}]}",
            '{id: act, ask: "${{ steps.c.x }}", tools: [mail.send]}',
        ],
        "",
        ["mail.send to"],
    ),
    "by way of an item of a list": (
        "mail.send: {}",
        ["{id: l, for_each: input.lines, steps: [{id: act, ask: 'Do ${{ item.text }}', tools: [mail.send]}]}"],
        "",
        ["mail.send to"],
    ),
    "a tool whose results somebody outside wrote": (
        "mail.send: {}", ['{id: act, ask: "Read the page", tools: [web.read, mail.send]}'], "", ["mail.send to"],
    ),
    "a page that the flow reads": (
        "mail.send: {}",
        ['{id: page, call: web.read, with: {page: a}}', '{id: act, ask: "${{ steps.page.body }}", tools: [mail.send]}'],
        "",
        ["mail.send to"],
    ),
    "a talk with the customer": (
        "mail.send: {}", ["{id: act, ask: Help., to: customer, tools: [mail.send]}"], "", ["mail.send to"],
    ),
    "what the customer fills in": (
        "mail.send: {}",
        [
            "{id: q, ask_person: Where to?, to: customer, answer: {type: object, properties: {where: {type: string}}}}",
            '{id: act, ask: "${{ steps.q.where }}", tools: [mail.send]}',
        ],
        "",
        ["mail.send to"],
    ),
    "a mark that says recipient": (
        "chat.post: {}", [f"{{id: act, {READS_TEXT}, tools: [chat.post]}}"], "", ["chat.post room"],
    ),
    "a call that hands on what a model answered": (
        "pay.refund: {}",
        [
            f"{{id: t, {READS_TEXT}, answer: triage@1}}",
            "{id: r, call: pay.refund, with: {order_id: '${{ steps.t.order_id }}', amount: '${{ steps.t.amount }}', "
            "reason: late}}",
        ],
        "",
        BOTH,
    ),
    "a bind that hands on what a model answered": (
        "pay.refund: {bind: {order_id: '${{ steps.t.order_id }}', amount: '${{ input.lines | length }}'}}",
        [f"{{id: t, {READS_TEXT}, answer: triage@1}}", REFUND],
        "",
        ["pay.refund order_id"],
    ),
    "a rule about another argument": (
        "pay.refund: {only_when: args.amount <= calls.crm.find.last.output.max}", [FIND, REFUND], "", ["pay.refund order_id"],
    ),
    "an approval that looks at another argument": (
        "pay.refund: {approve_when: 'args.reason == \"late\"', approver: leads}", [REFUND], "", BOTH,
    ),
    "a comparison with what the model says": (
        "mail.send: {only_when: args.to == args.body}", [SEND], "", ["mail.send to"],
    ),
    "a comparison with a model's answer": (
        "pay.refund: {only_when: 'args.order_id == steps.t.order_id and args.amount < money(\"50 EUR\")'}",
        [f"{{id: t, {READS_TEXT}, answer: triage@1}}", REFUND],
        "",
        ["pay.refund order_id"],
    ),
    "one of two ways is open": (
        "mail.send: {only_when: 'args.to == calls.crm.find.last.output.email or input.kind == \"bug\"'}",
        [FIND, SEND],
        "",
        ["mail.send to"],
    ),
    "one value is left out": ("mail.send: {only_when: 'args.to != \"boss@example.com\"'}", [SEND], "", ["mail.send to"]),
    "a lower bound": ("pay.refund: {only_when: args.amount > 0}", [REFUND], "", BOTH),
    "only denied together with something else": (
        "pay.refund: {deny_when: 'args.amount > money(\"50 EUR\") and args.reason == \"late\"'}", [REFUND], "", BOTH,
    ),
    "a policy for another tool": (
        "mail.send: {}", [SEND], ASKS, ["mail.send to"],
    ),
    "in a parallel branch": (
        "mail.send: {}",
        [f"{{id: p, parallel: {{a: [{SEND}], b: [{{id: z, set: 1}}]}}}}"],
        "",
        ["mail.send to"],
    ),
    # Guarded, or nothing to guard.
    "bound": (
        "mail.send: {bind: {to: '${{ steps.customer.email }}'}}", [FIND, SEND], "", [],
    ),
    "bound to the run's own customer": ("mail.send: {bind: {to: '${{ input.email }}'}}", [SEND], "", []),
    "tied to a call": (
        "mail.send: {only_when: args.to == calls.crm.find.last.output.email}", [FIND, SEND], "", [],
    ),
    "tied to a fact that is read with the argument": ("pay.refund: {}", [FIND, REFUND], ORDER + OWN, ["pay.refund amount"]),
    "tied to facts, id and amount": (
        "pay.refund: {}",
        [FIND, REFUND],
        ORDER + OWN + "  - {id: most, tools: pay.refund, only_when: args.amount <= facts.o.amount, reason: r}\n",
        [],
    ),
    "only among known values": ("mail.send: {only_when: 'args.to in [\"a@x.org\", \"b@x.org\"]'}", [SEND], "", []),
    "denied unless known": ("mail.send: {deny_when: 'args.to not in [\"a@x.org\"] or input.kind == \"bug\"'}", [SEND], "", []),
    "tied to an id of the input": (
        "pay.refund: {only_when: args.order_id == input.order_id, at_most: {limit: 50 EUR, sum: args.amount}}", [REFUND], "", [],
    ),
    "both ways are tied": (
        "mail.send: {only_when: 'args.to == calls.crm.find.last.output.email or args.to in [\"a@x.org\"]'}", [FIND, SEND], "", [],
    ),
    "a person always sees it": ("pay.refund: {approve_when: true, approver: leads}", [REFUND], "", []),
    "a person sees it above an amount": (
        "pay.refund: {bind: {order_id: '${{ input.order_id }}'}, approve_when: 'args.amount > money(\"50 EUR\")', approver: leads}",
        [REFUND],
        "",
        [],
    ),
    "a policy asks": (
        "pay.refund: {}", [REFUND], ASKS, [],
    ),
    "the customer agrees": (
        "pay.refund: {approve_when: true, approver: customer}", [REFUND], "", [],
    ),
    "only a choice reaches the model": (
        "mail.send: {}", ['{id: act, ask: "It is a ${{ input.kind }}, ${{ input.code }}.", tools: [mail.send]}'], "", [],
    ),
    "only a choice of a model's answer": (
        "mail.send: {}",
        [
            f"{{id: t, {READS_TEXT}, answer: triage@1}}",
            '{id: act, ask: "${{ steps.t.kind }} ${{ steps.t.urgent }} ${{ steps.t.amount > 5 }}", tools: [mail.send]}',
        ],
        "",
        [],
    ),
    "ids and the customer's own address": (
        "mail.send: {}", ['{id: act, ask: "${{ input.order_id }} ${{ input.email }}", tools: [mail.send]}'], "", [],
    ),
    "a colleague's words": (
        "mail.send: {}",
        [
            "{id: q, ask_person: Whom?, to: leads, answer: form@1, show: [input.text]}",
            '{id: m, call: mail.send, with: {to: "${{ steps.q.to }}", body: "${{ input.text }}"}}',
        ],
        "",
        [],
    ),
    "no argument that matters": ("note.add: {}", [f"{{id: act, {READS_TEXT}, tools: [note.add]}}"], "", []),
    "the length of a text": (
        "mail.send: {}", ['{id: act, ask: "${{ input.text | length }}", tools: [mail.send]}'], "", [],
    ),
    "a step without tools": ("mail.send: {}", [f"{{id: t, {READS_TEXT}}}", '{id: m, call: mail.send, with: {to: a, body: b}}'],
                             "", []),
}  # fmt: skip


@pytest.mark.parametrize(("tools", "steps", "policy", "named"), CASES.values(), ids=CASES)
def test_what_text_from_outside_can_choose(tools: str, steps: list[str], policy: str, named: list[str]) -> None:
    assert exposed(tools, steps, policy) == named


def test_the_finding_tells_the_way_and_what_to_write() -> None:
    steps = [f"{{id: t, {READS_TEXT}, answer: triage@1}}", '{id: act, ask: "${{ steps.t }}", tools: [mail.send]}']
    found = next(d for d in findings("mail.send: {}", steps) if d.rule == "untrusted-to-write")
    assert found.message == (
        "Text from outside can choose who receives mail.send: "
        "input.text → prompt of t → answer of t → prompt of act → mail.send to."
    )
    assert (found.code, found.severity, found.span.line) == ("FR1424", "warning", 15)
    assert found.help is not None and "bind: {to: …}" in found.help and "approve_when: true" in found.help


ALONE = {
    'args.reason == "late"': True,
    'args.reason in ["late"]': True,
    'args.reason in ["late", "broken"]': False,
    'args.reason in ["late", "broken"] and args.reason == "late"': True,
    'facts.o.status == "paid" or args.reason in ["late", "broken"]': True,
    'args.reason == "late" or facts.o.status == "paid"': True,
    "args.reason == args.reason": True,
    'facts.o.status == "paid" and args.reason == "late"': False,
    'facts.o.status == "paid" or (facts.o.amount > money("5 EUR") and args.reason == "late")': False,
    'args.amount <= money("50 EUR")': False,
    'args.reason != "late"': False,
    'args.order_id in ["o-1"]': False,
    "args.order_id == calls.crm.find.last.output.customer_id": False,
}


@pytest.mark.parametrize(("condition", "alone"), ALONE.items(), ids=ALONE)
def test_a_condition_that_the_model_alone_can_meet_is_found(condition: str, alone: bool) -> None:
    policy = ORDER + f"  - {{id: a, tools: pay.refund, only_when: '{condition}', reason: r}}\n"
    found = [d for d in findings("pay.refund: {}", [FIND, REFUND], policy) if d.rule == "model-chosen"]
    assert len(found) == alone
    assert all(d.span.file == "p.policy.yaml" and "reason" in d.message for d in found)


def test_a_bound_argument_is_not_the_models() -> None:
    tools = "pay.refund: {bind: {reason: late}, only_when: 'args.reason == \"late\"'}"
    assert [d for d in findings(tools, [REFUND]) if d.rule == "model-chosen"] == []


def test_values_put_together_from_each_other_are_followed_quickly() -> None:
    chain = ['{id: s0, set: {a: "${{ input.kind }}"}}']
    chain += [
        f'{{id: s{n}, set: {{a: "${{{{ steps.s{n - 1} }}}}", b: "${{{{ steps.s{n - 1} }}}}"}}}}' for n in range(1, 40)
    ]
    assert exposed("mail.send: {}", [*chain, '{id: act, ask: "${{ steps.s39 }}", tools: [mail.send]}']) == []
