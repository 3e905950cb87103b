"""FR164x and FR165x: findings about prompts, and about personal data and secrets on their way.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "field-not-in-answer": (
        "FR1640",
        "warning",
        "A prompt asks for a field that the answer does not have",
        "The answer has the fields of its schema and no others. What a prompt asks for beyond that is refused, so the step "
        "fails or the model gives in and leaves it out.",
        """\
steps:
  - id: triage
    ask: |
      A customer wrote: ${{ input.text }}
      Answer with `summary` and `urgency`.
    answer:
      type: object
      properties: {summary: {type: string, x-pii: free_text}}
      required: [summary]
      additionalProperties: false
    on_error: hand_off
""",
        """\
steps:
  - id: triage
    ask: |
      A customer wrote: ${{ input.text }}
      Answer with `summary` and `urgency`.
    answer:
      type: object
      properties: {summary: {type: string, x-pii: free_text}, urgency: {enum: [low, high]}}
      required: [summary, urgency]
      additionalProperties: false
    on_error: hand_off
""",
    ),
    "json-by-hand": (
        "FR1641",
        "warning",
        "JSON is asked for in words",
        "`answer` with a schema makes the model answer in that form, checks what comes and has it mended. Words in the prompt do "
        "none of that.",
        """\
steps:
  - {id: read, ask: "Return JSON with the topic of: ${{ input.text }}", on_error: hand_off}
""",
        """\
steps:
  - id: read
    ask: "What is the topic of: ${{ input.text }}"
    answer: {type: object, properties: {topic: {enum: [bill, other]}}, required: [topic], additionalProperties: false}
    on_error: hand_off
""",
    ),
    "prompt-without-data": (
        "FR1642",
        "warning",
        "A prompt that says nothing of the case",
        "A prompt without `${{ … }}` is the same for every customer, and a step without tools cannot look anything up. The model "
        "can only guess.",
        "steps:\n  - {id: read, ask: What does this customer need?, on_error: hand_off}\n",
        'steps:\n  - {id: read, ask: "What does this customer need? ${{ input.text }}", on_error: hand_off}\n',
    ),
    "tool-not-offered": (
        "FR1643",
        "warning",
        "A prompt speaks of a tool that its step may not use",
        "The model sees only the tools of its step. Told to use another, it invents a result or gives up.",
        """\
steps:
  - {id: read, ask: "Look the orders up with crm.get_orders. They wrote: ${{ input.text }}", on_error: hand_off}
""",
        """\
tools: {crm.get_orders: {}}
steps:
  - id: read
    ask: "Look the orders up with crm.get_orders. They wrote: ${{ input.text }}"
    tools: [crm.get_orders]
    on_error: hand_off
""",
    ),
    "long-prompt": (
        "FR1644",
        "warning",
        "A prompt that nobody reads as a whole",
        "Of very long instructions a model follows the first and the last, and no person can tell whether they contradict each "
        "other. Facts belong into tables, rules into policies, cases into examples.",
        "a prompt of more than 8,000 characters",
        'steps:\n  - {id: read, ask: "What does this customer need? ${{ input.text }}", on_error: hand_off}\n',
    ),
    "secret-in-file": (
        "FR1645",
        "warning",
        "A key that stands in a file",
        "Files are copied, mailed and kept for ever. A key in one of them is known to everybody who ever had it; write its name, "
        "and have the key itself changed.",
        "title: The key is AKIAABCDEFGHIJKLMNOP\n",
        "title: The key is in the vault\n",
    ),
    "mark-lost": (
        "FR1650",
        "warning",
        "A mark that is lost on the way",
        "A marked value is hidden wherever its mark goes. Written into a field of a record, or into an argument, that has no "
        "mark, it is shown and handed on like any other text.",
        """\
# file: schemas/records/contact/v1.json
{"type": "object", "properties": {"who": {"type": "string"}}, "required": ["who"], "additionalProperties": false}
# file: example.flow.yaml
output: contact@1
steps:
  - {id: done, record: contact@1, with: {who: "${{ input.email }}"}, on_error: hand_off}
""",
        """\
# file: schemas/records/contact/v1.json
{"type": "object", "properties": {"who": {"type": "string", "x-pii": "email"}}, "required": ["who"],
 "additionalProperties": false}
# file: example.flow.yaml
output: contact@1
steps:
  - {id: done, record: contact@1, with: {who: "${{ input.email }}"}, on_error: hand_off}
""",
    ),
    "unmarked-answer": (
        "FR1651",
        "warning",
        "An answer that can repeat personal data without a mark",
        "A model that reads a customer's letter repeats names and addresses from it. A free text of its answer needs "
        "`x-pii: free_text`, as the letter has it.",
        """\
steps:
  - id: read
    ask: "Sum this up: ${{ input.text }}"
    answer: {type: object, properties: {summary: {type: string}}, required: [summary], additionalProperties: false}
    on_error: hand_off
""",
        """\
steps:
  - id: read
    ask: "Sum this up: ${{ input.text }}"
    answer:
      type: object
      properties: {summary: {type: string, x-pii: free_text}}
      required: [summary]
      additionalProperties: false
    on_error: hand_off
""",
    ),
    "secret-shown": (
        "FR1652",
        "warning",
        "A secret is to be shown to a person",
        "Fields marked `x-secret` are shown to nobody: people read [secret] in their place, and cannot decide by it.",
        """\
input:
  type: object
  properties: {message_id: {type: string}, text: {type: string}, pin: {type: string, x-secret: true}}
  required: [message_id, text, pin]
  additionalProperties: false
tools: {}
steps:
  - id: check
    ask_person: Is this fine?
    to: support_leads
    answer: {type: object, properties: {ok: {type: boolean, title: Fine?}}, required: [ok], additionalProperties: false}
    show: [input.pin]
    within: 4h
    on_error: hand_off
""",
        """\
input:
  type: object
  properties: {message_id: {type: string}, text: {type: string}, pin: {type: string, x-secret: true}}
  required: [message_id, text, pin]
  additionalProperties: false
tools: {}
steps:
  - id: check
    ask_person: Is this fine?
    to: support_leads
    answer: {type: object, properties: {ok: {type: boolean, title: Fine?}}, required: [ok], additionalProperties: false}
    show: [input.text]
    within: 4h
    on_error: hand_off
""",
    ),
    "made-up-confidence": (
        "FR1653",
        "warning",
        "A confidence that nobody had",
        "Figures about a flow compare what the model was sure of with what was right. A number that is written out spoils them.",
        """\
# file: schemas/records/sure/v1.json
{"type": "object", "properties": {"confidence": {"type": ["number", "null"]}}, "required": ["confidence"],
 "additionalProperties": false}
# file: example.flow.yaml
output: sure@1
steps:
  - {id: done, record: sure@1, with: {confidence: 0.9}, on_error: hand_off}
""",
        """\
# file: schemas/records/sure/v1.json
{"type": "object", "properties": {"confidence": {"type": ["number", "null"]}}, "required": ["confidence"],
 "additionalProperties": false}
# file: example.flow.yaml
output: sure@1
steps:
  - {id: done, record: sure@1, with: {confidence: null}, on_error: hand_off}
""",
    ),
    "id-from-model": (
        "FR1654",
        "warning",
        "An id that a model repeats",
        "A model can mistake a digit of an id that it was told, or be talked into another one. Where a tool has read the same "
        "field, the tool's is sure.",
        """\
# file: schemas/records/seen/v1.json
{"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"],
 "additionalProperties": false}
# file: shop.tools.yaml
title: The tools of a shop
# file: example.flow.yaml
output: seen@1
tools: {shop.find_order: {}}
steps:
  - {id: order, call: shop.find_order, with: {order_id: W-1}, on_error: hand_off}
  - {id: read, ask: "Which order is it? ${{ input.text }}", answer: seen@1, on_error: hand_off}
  - {id: done, record: seen@1, with: {order_id: "${{ steps.read.order_id }}"}, on_error: hand_off}
""",
        """\
# file: schemas/records/seen/v1.json
{"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"],
 "additionalProperties": false}
# file: shop.tools.yaml
title: The tools of a shop
# file: example.flow.yaml
output: seen@1
tools: {shop.find_order: {}}
steps:
  - {id: order, call: shop.find_order, with: {order_id: W-1}, on_error: hand_off}
  - {id: done, record: seen@1, with: {order_id: "${{ steps.order.order_id }}"}, on_error: hand_off}
""",
    ),
    "condition-on-constant": (
        "FR1655",
        "warning",
        "A condition on what the record itself has written out",
        "`only_when` of a record compares what it is about to write with what the run knows. A condition on fixed values alone is "
        "always true or always false.",
        """\
# file: schemas/records/seen/v1.json
{"type": "object", "properties": {"state": {"enum": ["open", "closed"]}}, "required": ["state"], "additionalProperties": false}
# file: example.flow.yaml
output: seen@1
steps:
  - {id: done, record: seen@1, with: {state: open}, only_when: steps.done.state == "open", reason: Closed., on_error: hand_off}
""",
        """\
# file: schemas/records/seen/v1.json
{"type": "object", "properties": {"state": {"enum": ["open", "closed"]}}, "required": ["state"], "additionalProperties": false}
# file: example.flow.yaml
output: seen@1
steps:
  - {id: done, record: seen@1, with: {state: open}, on_error: hand_off}
""",
    ),
}
