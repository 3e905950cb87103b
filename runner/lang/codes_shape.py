"""FR11xx: findings about keys and the shape of values.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "unknown-key": (
        "FR1101",
        "error",
        "An unknown key",
        "Keys are a closed list, so that a slip of the pen is an error and never a rule that silently does nothing.",
        "tools:\n  mail.send:\n    aprove_when: true\n    approver: support_leads",
        "tools:\n  mail.send:\n    approve_when: true\n    approver: support_leads",
    ),
    "missing-key": (
        "FR1102",
        "error",
        "A key is missing",
        "Without it, it is not clear what should happen.",
        "# without: owner\nflow: example\nversion: 1",
        "flow: example\nversion: 1\nowner: support_leads",
    ),
    "empty-value": (
        "FR1103",
        "error",
        "A value is missing",
        "The key stands there without a value. Write one, or take the key out.",
        "title:\nowner: support_leads",
        "title: Turn a message into a ticket\nowner: support_leads",
    ),
    "wrong-type": (
        "FR1104",
        "error",
        "Another kind of value is expected",
        "A text, a number, a list (`- …`) and a map (`name: value`) are different things.",
        "version: one",
        "version: 1",
    ),
    "bad-name": (
        "FR1105",
        "error",
        "A name that cannot be used",
        "Names have small letters, digits and _, and start with a letter. So they can stand in expressions.",
        """\
steps:
  - id: Find-Customer
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
""",
        """\
steps:
  - id: find_customer
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
""",
    ),
    "bad-choice": (
        "FR1106",
        "error",
        "Not one of the possible values",
        "Only the listed words have a meaning here.",
        "steps:\n  - id: triage\n    ask: What does this customer need?\n    on_error: retry",
        "steps:\n  - id: triage\n    ask: What does this customer need?\n    on_error: hand_off",
    ),
    "bad-duration": (
        "FR1107",
        "error",
        "A duration that cannot be read",
        "A duration is a whole number and one unit: s, m, h or d.",
        "budget: {writes: 1, model_calls: 4, within: 90 minutes}",
        "budget: {writes: 1, model_calls: 4, within: 90m}",
    ),
    "bad-money": (
        "FR1108",
        "error",
        "An amount of money that cannot be read",
        "Money is a number, a space and a currency of three capital letters.",
        "budget: {cost: $0.05, model_calls: 4}",
        "budget: {cost: 0.05 USD, model_calls: 4}",
    ),
    "bad-schema": (
        "FR1109",
        "error",
        "Neither a schema's name nor a schema",
        "Write NAME@VERSION of a schema in schemas/records/, or a JSON Schema in place.",
        """\
steps:
  - id: triage
    ask: What does this customer need?
    answer: triage
    on_error: hand_off
""",
        """\
steps:
  - id: triage
    ask: What does this customer need?
    answer: triage@1
    on_error: hand_off
""",
    ),
    "bad-tool": (
        "FR1110",
        "error",
        "Not the name of a tool",
        "A tool is called by the name of its tool file and its action; a flow as `flows.NAME@VERSION`.",
        'steps:\n  - id: found\n    call: lookup_customer\n    with: {email: "${{ input.email }}"}',
        'steps:\n  - id: found\n    call: crm.lookup_customer\n    with: {email: "${{ input.email }}"}',
    ),
    "bad-number-value": (
        "FR1111",
        "error",
        "A number out of bounds",
        "The number is too small, too large, or not whole.",
        "version: 0",
        "version: 1",
    ),
    "yes-no": (
        "FR1112",
        "error",
        "yes, no, on and off are texts",
        "Only true and false mean true or false; yes, no, on and off are ordinary words.",
        "tools:\n  mail.send:\n    approve_when: yes\n    approver: support_leads",
        "tools:\n  mail.send:\n    approve_when: true\n    approver: support_leads",
    ),
    "not-evaluated": (
        "FR1113",
        "warning",
        "An expression that is not worked out",
        "This text is shown as it stands; ${{ … }} has no meaning in it.",
        "title: Answer the message ${{ input.message_id }}",
        "title: Answer a message",
    ),
    "bad-moment": (
        "FR1114",
        "error",
        "A moment that cannot be read",
        "A moment has a date, a time and a zone, so that it means the same everywhere.",
        """\
# file: example.test.yaml
given:
  now: 2026-03-02
  input: {message_id: m-1, email: ana@example.com, text: Hello}
""",
        """\
# file: example.test.yaml
given:
  now: "2026-03-02T09:00:00Z"
  input: {message_id: m-1, email: ana@example.com, text: Hello}
""",
    ),
    "missing-verb": (
        "FR1120",
        "error",
        "A step that does nothing",
        "One of call, ask, ask_person, choose, for_each, parallel, wait_for, record, set and stop.",
        'steps:\n  - id: found\n    with: {email: "${{ input.email }}"}',
        'steps:\n  - id: found\n    call: crm.lookup_customer\n    with: {email: "${{ input.email }}"}',
    ),
    "several-verbs": (
        "FR1121",
        "error",
        "A step with several verbs",
        "A step does one thing, so that its value and its errors are clear. Make two steps of it.",
        """\
steps:
  - id: found
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
    ask: What does this customer need?
    on_error: hand_off
""",
        """\
steps:
  - id: found
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
  - id: triage
    ask: What does this customer need?
    on_error: hand_off
""",
    ),
    "duplicate-step": (
        "FR1122",
        "error",
        "Two steps with one id",
        "`steps.ID` must mean one step, in the whole flow, also across branches.",
        "steps:\n  - {id: answer, set: 1}\n  - {id: answer, set: 2}",
        "steps:\n  - {id: first_answer, set: 1}\n  - {id: answer, set: 2}",
    ),
    "bad-branches": (
        "FR1123",
        "error",
        "Branches of choose in a wrong shape",
        "Each branch is `when` with `steps`; the last one may be `otherwise` with its steps.",
        """\
steps:
  - id: way
    choose:
      - otherwise: [{id: other, set: false}]
      - when: input.text == "STOP"
        steps: [{id: stopped, set: true}]
""",
        """\
steps:
  - id: way
    choose:
      - when: input.text == "STOP"
        steps: [{id: stopped, set: true}]
      - otherwise: [{id: other, set: false}]
""",
    ),
    "no-steps": (
        "FR1124",
        "error",
        "An empty list of steps",
        "A flow or branch without steps does nothing.",
        "steps: []",
        "steps:\n  - {id: one, set: 1}",
    ),
    "duplicate-rule": (
        "FR1125",
        "error",
        "Two rules with one id",
        "The trail and the tests name a rule by its id.",
        """\
# file: mail.policy.yaml
rules:
  - {id: few, tools: mail.send, at_most: 1, reason: One mail for a case.}
  - {id: few, tools: mail.draft, at_most: 2, reason: Two drafts for a case.}
""",
        """\
# file: mail.policy.yaml
rules:
  - {id: one_mail, tools: mail.send, at_most: 1, reason: One mail for a case.}
  - {id: two_drafts, tools: mail.draft, at_most: 2, reason: Two drafts for a case.}
""",
    ),
    "empty-rule": (
        "FR1126",
        "error",
        "A rule that rules nothing",
        "A rule of a policy needs at least one of needs_before, only_when, deny_when, approve_when and at_most.",
        """\
# file: refunds.policy.yaml
rules:
  - {id: small, tools: pay.refund, reason: Only small refunds.}
""",
        """\
# file: refunds.policy.yaml
rules:
  - {id: small, tools: pay.refund, deny_when: 'args.amount > money("50 EUR")', reason: Only small refunds.}
""",
    ),
    "missing-approver": (
        "FR1127",
        "error",
        "Nobody is asked",
        "`approve_when` says when people are asked, `approver` says whom. One without the other does nothing.",
        "tools:\n  mail.send:\n    approve_when: true",
        "tools:\n  mail.send:\n    approve_when: true\n    approver: support_leads",
    ),
    "bad-limit": (
        "FR1128",
        "error",
        "A limit that cannot be counted",
        "A limit in money adds up an argument, so it needs `sum`.",
        """\
# file: refunds.policy.yaml
rules:
  - {id: daily, tools: pay.refund, at_most: {limit: 500 EUR, window: today}, reason: 500 a day.}
""",
        """\
# file: refunds.policy.yaml
rules:
  - {id: daily, tools: pay.refund, at_most: {limit: 500 EUR, sum: args.amount, window: today}, reason: 500 a day.}
""",
    ),
    "reserved-name": (
        "FR1129",
        "error",
        "A reserved name",
        "`last` and `all` mean calls, `customer` is the run's subject, and `flows` are sub-flows.",
        "# file: shop.tools.yaml\nactions:\n  last: {}",
        "# file: shop.tools.yaml\nactions:\n  find_order: {}",
    ),
}
