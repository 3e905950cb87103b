"""FR166x to FR168x: findings about what lies beside flows: examples, tests and tool files.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "example-of-no-step": (
        "FR1660",
        "warning",
        "An example of a step that does not exist",
        "Examples are bound to a step by its id. One of a step that asks no model is never used.",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: reed, label: bill, texts: [I was billed twice., Two charges for one month.]}
""",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [I was billed twice., Two charges for one month.]}
""",
    ),
    "example-tool": (
        "FR1661",
        "warning",
        "An example that proposes what its step may not use",
        "What an example proposes is proposed by the model. A tool that the step does not list is left out, so the example "
        "teaches half of what it shows.",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.], propose: [{crm.add_note: {text: Look.}}]}
""",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.]}
""",
    ),
    "example-text-twice": (
        "FR1662",
        "warning",
        "The same text twice among the examples",
        "Under two labels a text teaches that either is right. Under one label it counts double and hides how few texts there "
        "are.",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.]}
  - {step: read, label: refund, texts: [Money back., billed twice.]}
""",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.]}
  - {step: read, label: refund, texts: [Money back., Refund please.]}
""",
    ),
    "one-example": (
        "FR1663",
        "warning",
        "A label with one text",
        "From one text the `examples` model learns one wording. Five or more, in the words that customers use, make a label.",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.]}
  - {step: read, label: refund, texts: [Money back.]}
""",
        """\
# file: example.flow.yaml
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.]}
  - {step: read, label: refund, texts: [Money back., Refund please.]}
""",
    ),
    "choice-without-example": (
        "FR1664",
        "warning",
        "A choice that no example shows",
        "The `examples` model can only say what an example says. A choice of the schema that none shows is never answered, and "
        "such cases go under another.",
        """\
# file: example.flow.yaml
steps:
  - id: read
    ask: "What is it? ${{ input.text }}"
    answer: {type: object, properties: {topic: {enum: [bill, refund, other]}}, required: [topic], additionalProperties: false}
    on_error: hand_off
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.], answer: {topic: bill}}
  - {step: read, label: refund, texts: [Money back., Refund please.], answer: {topic: refund}}
""",
        """\
# file: example.flow.yaml
steps:
  - id: read
    ask: "What is it? ${{ input.text }}"
    answer: {type: object, properties: {topic: {enum: [bill, refund]}}, required: [topic], additionalProperties: false}
    on_error: hand_off
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [Billed twice., Two charges.], answer: {topic: bill}}
  - {step: read, label: refund, texts: [Money back., Refund please.], answer: {topic: refund}}
""",
    ),
    "write-as-read": (
        "FR1680",
        "warning",
        "A write that is called a read",
        "Reads are free: no budget of writes, no `once`, no approval by default, and the runner repeats them. An action whose "
        "name says that it changes something must be a write, or have another name.",
        """\
# file: shop.tools.yaml
actions: {send_offer: {}}
# file: shop.py
from flowrun import tool


@tool(effect="read")
def send_offer(order_id: str) -> str:
    \"\"\"Send an offer.\"\"\"
    return order_id
""",
        """\
# file: shop.tools.yaml
actions: {find_offer: {}}
# file: shop.py
from flowrun import tool


@tool(effect="read")
def find_offer(order_id: str) -> str:
    \"\"\"Find an offer.\"\"\"
    return order_id
""",
    ),
    "optional-natural": (
        "FR1681",
        "warning",
        "Two calls that nobody can tell apart",
        "`natural` says that two calls with the same arguments are one effect. An argument that may be left out makes calls the "
        "same that are not.",
        """\
# file: shop.tools.yaml
title: The tools of a shop
# file: shop.py
from flowrun import tool


@tool(effect="write", once={"natural": ["order_id", "line"]})
def cancel(order_id: str, line: str | None = None) -> str:
    \"\"\"Cancel a line of an order.\"\"\"
    return order_id
""",
        """\
# file: shop.tools.yaml
title: The tools of a shop
# file: shop.py
from flowrun import tool


@tool(effect="write", once={"natural": ["order_id", "line"]})
def cancel(order_id: str, line: str) -> str:
    \"\"\"Cancel a line of an order.\"\"\"
    return order_id
""",
    ),
}
