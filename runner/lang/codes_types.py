"""FR13xx: findings about the names and types in expressions and values.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "unknown-name": (
        "FR1301",
        "error",
        "A name that does not exist",
        "Names start with input, steps, calls, item, run or tables; in rules also args and facts. Texts need quotes.",
        "steps:\n  - id: big\n    when: text == STOP\n    set: true",
        'steps:\n  - id: big\n    when: input.text == "STOP"\n    set: true',
    ),
    "name-not-here": (
        "FR1302",
        "error",
        "A name that is not known in this place",
        "`item` is known inside for_each, `args` and `facts` in rules, `env` and `secret` in tool and model files.",
        "steps:\n  - id: big\n    when: args.amount > 50\n    set: true",
        """\
# file: refunds.policy.yaml
rules:
  - {id: small, tools: pay.refund, deny_when: 'args.amount > money("50 EUR")', reason: Only small refunds.}
""",
    ),
    "unknown-step": (
        "FR1303",
        "error",
        "A step that does not exist",
        "`steps.ID` names a step of this flow that stands earlier.",
        """\
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: plan, set: "${{ steps.costumer.plan }}"}
""",
        """\
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: plan, set: "${{ steps.customer.plan }}"}
""",
    ),
    "step-not-visible": (
        "FR1304",
        "error",
        "A step that cannot be seen from here",
        "A step sees earlier steps; steps inside `for_each` are not seen outside, those of another branch not inside.",
        """\
steps:
  - {id: plan, set: "${{ steps.customer.plan }}"}
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
""",
        """\
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: plan, set: "${{ steps.customer.plan }}"}
""",
    ),
    "unknown-field": (
        "FR1305",
        "error",
        "A field that does not exist",
        "The schema of the value has no such field.",
        'steps:\n  - id: found\n    call: crm.lookup_customer\n    with: {email: "${{ input.emial }}"}',
        'steps:\n  - id: found\n    call: crm.lookup_customer\n    with: {email: "${{ input.email }}"}',
    ),
    "type-mismatch": (
        "FR1306",
        "error",
        "Two kinds of value",
        "Both sides of a comparison, and a value and the place it goes to, must be of one kind.",
        'steps:\n  - id: each\n    for_each: input.text\n    steps: [{id: line, set: "${{ item }}"}]',
        'steps:\n  - id: each\n    for_each: "[input.text]"\n    steps: [{id: line, set: "${{ item }}"}]',
    ),
    "unknown-enum-value": (
        "FR1307",
        "error",
        "A value that can never occur",
        "The schema lists all possible values, and this is none of them.",
        """\
steps:
  - {id: triage, ask: What is it about?, answer: triage@1, on_error: hand_off}
  - {id: leaves, when: steps.triage.intent == "leeve", set: true}
""",
        """\
steps:
  - {id: triage, ask: What is it about?, answer: triage@1, on_error: hand_off}
  - {id: leaves, when: steps.triage.intent == "leave", set: true}
""",
    ),
    "unhandled-enum": (
        "FR1308",
        "error",
        "A value that no branch handles",
        "`choose` needs `otherwise`, or a branch for every possible value.",
        """\
steps:
  - {id: triage, ask: What is it about?, answer: triage@1, on_error: hand_off}
  - id: way
    choose:
      - {when: steps.triage.intent == "leave", steps: [{id: leaves, set: true}]}
      - {when: steps.triage.intent == "complain", steps: [{id: complains, set: true}]}
""",
        """\
steps:
  - {id: triage, ask: What is it about?, answer: triage@1, on_error: hand_off}
  - id: way
    choose:
      - {when: steps.triage.intent == "leave", steps: [{id: leaves, set: true}]}
      - {otherwise: [{id: stays, set: true}]}
""",
    ),
    "maybe-null": (
        "FR1309",
        "error",
        "The value may be null",
        "Say what holds then: `is none`, `default(…)`, or ask first: `… is not none and …`.",
        """\
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - id: owes
    when: steps.customer.open_invoices > 0
    set: true
""",
        """\
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - id: owes
    when: (steps.customer.open_invoices | default(0)) > 0
    set: true
""",
    ),
    "not-a-condition": (
        "FR1310",
        "error",
        "A condition that is not true or false",
        "A condition is true or false. Numbers, texts and lists are neither.",
        "steps:\n  - id: big\n    when: input.text\n    set: true",
        "steps:\n  - id: big\n    when: (input.text | length) > 0\n    set: true",
    ),
    "unknown-schema": (
        "FR1311",
        "error",
        "A schema that does not exist",
        "NAME@N is schemas/records/NAME/vN.json of the workspace, or one of the bundled schemas.",
        "input: suport_message@1",
        "input: support_message@1",
    ),
    "unknown-table": (
        "FR1312",
        "error",
        "A table that does not exist",
        "Tables stand in the policy or in flowrun.yaml.",
        """\
# file: refunds.policy.yaml
tables: {most: {damaged: 60, late: 14}}
rules:
  - {id: few, tools: pay.refund, deny_when: 'tables.mots["late"] > 20', reason: Too much.}
""",
        """\
# file: refunds.policy.yaml
tables: {most: {damaged: 60, late: 14}}
rules:
  - {id: few, tools: pay.refund, deny_when: 'tables.most["late"] > 20', reason: Too much.}
""",
    ),
    "unknown-fact": (
        "FR1313",
        "error",
        "A fact that does not exist",
        "Facts stand in the same policy, under `facts`.",
        """\
# file: refunds.policy.yaml
facts: {earlier: {call: pay.find_refund, with: {order_id: "${{ args.order_id }}"}}}
rules:
  - {id: once, tools: pay.refund, only_when: facts.erlier is none, reason: It was refunded already.}
""",
        """\
# file: refunds.policy.yaml
facts: {earlier: {call: pay.find_refund, with: {order_id: "${{ args.order_id }}"}}}
rules:
  - {id: once, tools: pay.refund, only_when: facts.earlier is none, reason: It was refunded already.}
""",
    ),
    "missing-field": (
        "FR1314",
        "error",
        "A required field is missing",
        "The schema of the tool, record or form requires it.",
        "steps:\n  - {id: found, call: crm.lookup_customer}",
        'steps:\n  - {id: found, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}',
    ),
    "invalid-schema": (
        "FR1317",
        "error",
        "Not a valid JSON Schema",
        "The schema breaks the rules of JSON Schema 2020-12.",
        """\
input:
  type: object
  properties: {message_id: {type: string}, email: {type: sting}}
  required: [message_id, email]
""",
        """\
input:
  type: object
  properties: {message_id: {type: string}, email: {type: string}}
  required: [message_id, email]
""",
    ),
    "wrong-comparison": (
        "FR1319",
        "error",
        "Two values that cannot be compared",
        "Only values of one kind can be compared, and only numbers, money and moments have an order.",
        'steps:\n  - id: big\n    when: (input.text | length) > "10"\n    set: true',
        "steps:\n  - id: big\n    when: (input.text | length) > 10\n    set: true",
    ),
    "bad-literal": (
        "FR1320",
        "error",
        "A written value that cannot be read",
        "`money`, `date` and `next` read the text that stands in them, and this one has another form.",
        """\
# file: refunds.policy.yaml
rules:
  - {id: small, tools: pay.refund, deny_when: 'args.amount > money("50 euros")', reason: Only small refunds.}
""",
        """\
# file: refunds.policy.yaml
rules:
  - {id: small, tools: pay.refund, deny_when: 'args.amount > money("50 EUR")', reason: Only small refunds.}
""",
    ),
}
