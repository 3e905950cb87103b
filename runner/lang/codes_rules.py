"""FR14xx: findings about tools, rules, budgets, people and the shape of a whole flow.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "unknown-tool": (
        "FR1401",
        "error",
        "A tool that does not exist",
        "No tool file of the workspace has this action.",
        """\
tools:
  crm.lookup_costumer: {}
steps:
  - {id: found, call: crm.lookup_costumer, with: {email: "${{ input.email }}"}}
""",
        """\
tools:
  crm.lookup_customer: {}
steps:
  - {id: found, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
""",
    ),
    "tool-not-listed": (
        "FR1402",
        "error",
        "A tool that the flow does not list",
        "A flow may use only what stands under its `tools`; absent means nothing.",
        'tools: {}\nsteps:\n  - {id: found, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}',
        """\
tools: {crm.lookup_customer: {}}
steps:
  - {id: found, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
""",
    ),
    "tool-unused": (
        "FR1403",
        "warning",
        "A tool that no step uses",
        "What is not needed should not be allowed.",
        """\
tools:
  crm.lookup_customer: {}
  mail.send: {}
steps:
  - {id: found, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
""",
        """\
tools:
  crm.lookup_customer: {}
steps:
  - {id: found, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
""",
    ),
    "unbound-order": (
        "FR1404",
        "error",
        "A bound value is not known yet",
        "Every step that may use the tool comes after the step that its `bind` reads.",
        """\
tools:
  crm.lookup_customer: {}
  crm.add_note: {bind: {customer_id: "${{ steps.customer.customer_id }}"}}
steps:
  - {id: note, ask: Note what we must know., tools: [crm.add_note], on_error: hand_off}
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
""",
        """\
tools:
  crm.lookup_customer: {}
  crm.add_note: {bind: {customer_id: "${{ steps.customer.customer_id }}"}}
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: note, ask: Note what we must know., tools: [crm.add_note], on_error: hand_off}
""",
    ),
    "bound-argument": (
        "FR1405",
        "error",
        "An argument that the flow has fixed",
        "A `call` step may not set an argument that `bind` fixes for the tool.",
        """\
tools:
  crm.lookup_customer: {}
  crm.add_note: {bind: {customer_id: "${{ steps.customer.customer_id }}"}}
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: Called back.}}
""",
        """\
tools:
  crm.lookup_customer: {}
  crm.add_note: {bind: {customer_id: "${{ steps.customer.customer_id }}"}}
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: note, call: crm.add_note, with: {text: Called back.}}
""",
    ),
    "record-count": (
        "FR1406",
        "error",
        "Not exactly one record of the output",
        "On every path to completion exactly one top-level `record` of the `output` schema is written.",
        """\
output: outcome@1
steps:
  - id: way
    choose:
      - {when: input.text == "STOP", steps: [{id: done, record: outcome@1, with: {text: Stopped.}}]}
      - {otherwise: [{id: other, set: true}]}
""",
        """\
output: outcome@1
steps:
  - id: way
    choose:
      - {when: input.text == "STOP", steps: [{id: stopped, set: Stopped.}]}
      - {otherwise: [{id: other, set: Answered.}]}
  - {id: done, record: outcome@1, with: {text: "${{ steps.way }}"}}
""",
    ),
    "missing-budget": (
        "FR1407",
        "error",
        "No budget",
        "A flow that asks a model or writes has a `budget`, so that the worst case is known.",
        "# without: budget\nsteps:\n  - {id: triage, ask: What is it about?, on_error: hand_off}",
        "budget: {model_calls: 2}\nsteps:\n  - {id: triage, ask: What is it about?, on_error: hand_off}",
    ),
    "unknown-price": (
        "FR1408",
        "error",
        "A cost limit without a price",
        "A `cost` can only be kept where the price of each model is known.",
        """\
budget: {cost: 0.05 USD, model_calls: 2}
steps:
  - {id: triage, ask: What is it about?, model: own, on_error: hand_off}
# file: flowrun.yaml
models:
  own: {provider: openai, model: own, base_url: "https://models.example.com"}
""",
        """\
budget: {cost: 0.05 USD, model_calls: 2}
steps:
  - {id: triage, ask: What is it about?, model: own, on_error: hand_off}
# file: flowrun.yaml
models:
  own: {provider: openai, model: own, price: {input: 0.15 USD, output: 0.60 USD}}
""",
    ),
    "missing-subject": (
        "FR1409",
        "error",
        "Who is the customer?",
        "A flow that speaks with the customer says in `subject` who that is.",
        """\
# without: subject
steps:
  - {id: more, ask: Ask for the order., to: customer, on_error: hand_off}
""",
        """\
subject: input.email
steps:
  - {id: more, ask: Ask for the order., to: customer, on_error: hand_off}
""",
    ),
    "unknown-role": (
        "FR1410",
        "error",
        "A role that does not exist",
        "Roles stand in flowrun.yaml under `roles`.",
        "tools:\n  mail.send:\n    approve_when: true\n    approver: suport_leads",
        "tools:\n  mail.send:\n    approve_when: true\n    approver: support_leads",
    ),
    "unknown-model": (
        "FR1411",
        "error",
        "A model that does not exist",
        "Models stand in flowrun.yaml under `models`.",
        "steps:\n  - {id: triage, ask: What is it about?, model: smal, on_error: hand_off}",
        "steps:\n  - {id: triage, ask: What is it about?, model: small, on_error: hand_off}",
    ),
    "unknown-flow": (
        "FR1412",
        "error",
        "A flow that does not exist",
        "`flows.NAME@N` is a flow of the workspace with that version.",
        """\
tools: {flows.inner@2: {}}
steps:
  - {id: inner, call: flows.inner@2, with: "${{ input }}"}
# file: inner.flow.yaml
version: 1
""",
        """\
tools: {flows.inner@1: {}}
steps:
  - {id: inner, call: flows.inner@1, with: "${{ input }}"}
# file: inner.flow.yaml
version: 1
""",
    ),
    "flow-cycle": (
        "FR1413",
        "error",
        "Flows that call each other in a circle",
        "Such a run would never end.",
        """\
tools: {flows.inner@1: {}}
steps:
  - {id: inner, call: flows.inner@1, with: "${{ input }}"}
# file: inner.flow.yaml
tools: {flows.example@1: {}}
steps:
  - {id: outer, call: flows.example@1, with: "${{ input }}"}
""",
        """\
tools: {flows.inner@1: {}}
steps:
  - {id: inner, call: flows.inner@1, with: "${{ input }}"}
# file: inner.flow.yaml
steps:
  - {id: one, set: 1}
""",
    ),
    "no-once": (
        "FR1414",
        "warning",
        "A write that may happen twice",
        "`once` says how a write is repeated when its answer was lost; without it the run stops in doubt. Where that is meant, "
        "`once: none` says so.",
        """\
# file: shop.tools.yaml
actions: {call_back: {title: Have somebody call the customer.}}
""",
        """\
# file: shop.tools.yaml
actions: {call_back: {title: Have somebody call the customer., once: {natural: [order_id]}}}
""",
    ),
    "model-chosen": (
        "FR1415",
        "warning",
        "The model can meet the rule by itself",
        "The condition compares an argument that the model alone chooses with a fixed value or with another such argument, so "
        "the model only has to say the right word. Compare with what the runner knows, `bind` it, or let a person see it.",
        """\
tools:
  pay.refund:
    only_when: args.reason == "damaged"
    reason: Only what arrived broken is paid back.
""",
        """\
tools:
  pay.refund:
    approve_when: true
    approver: billing_leads
    reason: A person looks whether it arrived broken.
""",
    ),
    "unreachable-step": (
        "FR1416",
        "warning",
        "A step that is never reached",
        "An earlier step always ends the run.",
        """\
steps:
  - {id: no, stop: failed, reason: We do not do this.}
  - {id: done, record: outcome@1, with: {text: Done.}}
""",
        "steps:\n  - {id: done, record: outcome@1, with: {text: Done.}}\n  - {id: ended, stop: completed}",
    ),
    "stop-in-for-each": (
        "FR1417",
        "error",
        "stop inside for_each",
        "Items run side by side, so one of them may not end the run. Decide after the loop.",
        """\
steps:
  - id: each
    for_each: "[1, 2, 3]"
    steps: [{id: enough, when: item == 2, stop: failed, reason: There is a two.}]
""",
        """\
steps:
  - id: each
    for_each: "[1, 2, 3]"
    steps: [{id: number, set: "${{ item }}"}]
  - {id: enough, when: 2 in steps.each, stop: failed, reason: There is a two.}
""",
    ),
    "record-in-for-each": (
        "FR1418",
        "error",
        "The output record inside for_each",
        "The record of the output schema is written once, outside loops.",
        """\
steps:
  - id: each
    for_each: "[1, 2, 3]"
    steps: [{id: done, record: outcome@1, with: {text: Done.}}]
""",
        """\
steps:
  - id: each
    for_each: "[1, 2, 3]"
    steps: [{id: number, set: "${{ item }}"}]
  - {id: done, record: outcome@1, with: {text: Done.}}
""",
    ),
}
