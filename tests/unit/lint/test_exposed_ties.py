"""A condition ties an argument only where it compares the argument itself with something that nobody outside chose, in each way.

The cases are conditions of `only_when`; the rest of the flow is that of `test_exposed`.
"""

from __future__ import annotations

import pytest

from tests.unit.lint.test_exposed import FIND, REFUND, SEND, exposed

LIST = "{id: o, call: crm.list}"

CASES: dict[str, tuple[str, list[str], str, list[str]]] = {
    **{
        f"no tie: {condition}": (f"mail.send: {{only_when: '{condition}'}}", [FIND, SEND], "", ["mail.send to"])
        for condition in (
            "(args.to | length) < 100",
            'args.to | contains("@")',
            '"@" in args.to',
            'args.to in [args.to, "a@b.c"]',
            'args.to in [input.text, "a@b.c"]',
            'true if args.body == "x" else args.to == input.email',
            'args.to == input.email if args.body == "x" else true',
            "args.to == args.to",
            "args.to == (args.to | lower)",
            'args.to != ""',
            'args.to != "x"',
            "args.to is not none",
            'not (args.to == "x")',
            '(args.to | truncate(1)) == "a"',
            "args.to == input.text",
            'args.to == (args.body if input.kind == "bug" else input.email)',
            'args.to == input.email or args.body == "x"',
            "(args.to | length) == (input.email | length)",
        )
    },
    **{
        f"tie: {condition}": (f"mail.send: {{only_when: '{condition}'}}", [FIND, SEND], "", [])
        for condition in (
            "(args.to | lower) == (input.email | lower)",
            "input.email == args.to",
            'args.to == input.email if args.body == "x" else args.to in ["a@b.c"]',
            'args.to == input.email if args.body == "x" else false',
            "not (args.to != input.email)",
            '[input.email, "a@b.c"] | contains(args.to)',
            'args.to in [input.email, "a@b.c"] and (args.to | length) < 100',
        )
    },
    **{
        f"the order is tied: {condition}": (
            f"pay.refund: {{only_when: '{condition}', bind: {{amount: 5}}}}",
            [LIST, REFUND],
            "",
            [],
        )
        for condition in (
            "calls.crm.list.last.output.orders | any(order_id=args.order_id)",
            "(calls.crm.list.last.output.orders | select(order_id=args.order_id) | length) > 0",
            "(calls.crm.list.last.output.orders | count(order_id=args.order_id)) > 0",
        )
    },
    **{
        f"the order is open: {condition}": (
            f"pay.refund: {{only_when: '{condition}', bind: {{amount: 5}}}}",
            [LIST, REFUND],
            "",
            ["pay.refund order_id"],
        )
        for condition in (
            "not (calls.crm.list.last.output.orders | any(order_id=args.order_id))",
            "calls.crm.list.last.output.orders | any(status=args.reason)",
            "(calls.crm.list.last.output.orders | count(order_id=args.order_id)) >= 0",
            '[{"order_id": args.order_id}] | any(order_id=args.order_id)',
        )
    },
}


@pytest.mark.parametrize(("tools", "steps", "policy", "named"), CASES.values(), ids=CASES)
def test_what_ties_an_argument(tools: str, steps: list[str], policy: str, named: list[str]) -> None:
    assert exposed(tools, steps, policy) == named
