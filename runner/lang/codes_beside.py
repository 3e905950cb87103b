"""FR166x to FR169x: findings about what lies beside flows (examples, tests, tool files), and about style.

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
    "test-expects-nothing": (
        "FR1670",
        "warning",
        "A test that expects nothing",
        "Such a test is green as long as nothing breaks, and nobody notices when the flow does the wrong thing.",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {}
""",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {outcome: completed}
""",
    ),
    "test-name-twice": (
        "FR1671",
        "warning",
        "Two tests with one name",
        "The name is what is promised. Where two tests of a flow have the same one, a failure does not say which promise "
        "was broken.",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
test: a message is answered
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {outcome: completed}
# file: again.test.yaml
test: a message is answered
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {outcome: completed}
""",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
test: a message is answered
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {outcome: completed}
# file: again.test.yaml
test: a message of a stranger is answered
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {outcome: completed}
""",
    ),
    "test-unknown-name": (
        "FR1672",
        "error",
        "A test names what its flow does not have",
        "What a test gives to a step or tool that the flow does not have is never used; what it expects of one never comes.",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {calls: {crm.find_customer: 1}}
""",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {calls: {crm.lookup_customer: 1}}
""",
    ),
    "test-outside-schema": (
        "FR1673",
        "error",
        "A test gives what cannot come",
        "An input that the flow does not take, or a result that the tool cannot give, tests a world that does not exist.",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana, text: Billed twice.}}
expect: {outcome: completed}
""",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {outcome: completed}
""",
    ),
    "expects-unknown-field": (
        "FR1674",
        "error",
        "A test expects a field that the record does not have",
        "The record has the fields of its schema and no others, so such a test can never pass.",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {record: {txt: Done.}}
""",
        """\
# file: example.flow.yaml
tools: {crm.lookup_customer: {}}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: I was billed twice.}, tools: {crm.lookup_customer: null}}
expect: {record: {text: Done.}}
""",
    ),
    "test-is-example": (
        "FR1675",
        "warning",
        "A test asks what was learnt by heart",
        "An example is training data. A test with the same text shows that the flow remembers, not that it understands.",
        """\
# file: example.flow.yaml
tools: {}
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: Done.}}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [You have billed me twice., Two charges for one month.]}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: You have billed me twice.}, model: {read: {text: bill}}}
expect: {outcome: completed}
""",
        """\
# file: example.flow.yaml
tools: {}
steps:
  - {id: read, ask: "What is it? ${{ input.text }}", on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: Done.}}
# file: example.examples.yaml
examples:
  - {step: read, label: bill, texts: [You have billed me twice., Two charges for one month.]}
# file: example.test.yaml
given: {input: {message_id: m-1, email: ana@example.com, text: My card was charged again.}, model: {read: {text: bill}}}
expect: {outcome: completed}
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
    "undescribed-field": (
        "FR1690",
        "warning",
        "A form that does not say what its fields mean",
        "Whoever is asked sees the title or the description of each field. Without one they see its bare name and guess. A form "
        "with one field needs none: the question says it.",
        """\
tools: {}
steps:
  - id: check
    ask_person: Is this fine?
    to: support_leads
    answer:
      type: object
      properties: {ok: {type: boolean}, code: {enum: [a, b, c]}}
      required: [ok, code]
      additionalProperties: false
    within: 4h
    on_error: hand_off
""",
        """\
tools: {}
steps:
  - id: check
    ask_person: Is this fine?
    to: support_leads
    answer:
      type: object
      properties:
        ok: {type: boolean, description: Whether the customer may have what they ask for.}
        code: {enum: [a, b, c], description: "a: by mail, b: by phone, c: not at all."}
      required: [ok, code]
      additionalProperties: false
    within: 4h
    on_error: hand_off
""",
    ),
    "flow-file-name": (
        "FR1691",
        "warning",
        "A flow that is called otherwise than its file",
        "Tests, other flows (`flows.NAME@N`) and the command line find a flow by the name of its file.",
        "flow: another\n",
        "flow: example\n",
    ),
}
