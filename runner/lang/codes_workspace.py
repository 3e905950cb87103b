"""FR142x to FR144x: findings about facts, marks, names of files and what `flowrun.yaml` says.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "unused-fact": (
        "FR1420",
        "warning",
        "A fact that no rule uses",
        "Facts that nobody uses are never read.",
        """\
# file: notes.policy.yaml
facts: {who: {call: crm.lookup_customer, with: {email: ana@example.com}}}
rules:
  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}
""",
        """\
# file: notes.policy.yaml
rules:
  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}
""",
    ),
    "fact-not-read": (
        "FR1421",
        "error",
        "A fact that would write",
        "Facts are read with read tools, once for each decision.",
        """\
# file: refunds.policy.yaml
facts: {paid: {call: pay.refund, with: {order_id: "${{ args.order_id }}"}}}
rules:
  - {id: once, tools: pay.refund, only_when: facts.paid is none, reason: It was refunded already.}
""",
        """\
# file: refunds.policy.yaml
facts: {paid: {call: pay.find_refund, with: {order_id: "${{ args.order_id }}"}}}
rules:
  - {id: once, tools: pay.refund, only_when: facts.paid is none, reason: It was refunded already.}
""",
    ),
    "pii-to-model": (
        "FR1422",
        "warning",
        "A prompt names what no model may see",
        "Where `privacy` in flowrun.yaml says `deny` for a kind of mark, a model reads `[email]` in place of the value. With "
        "`token` it reads a word that stands for the value, and can hand it on.",
        """\
# file: flowrun.yaml
privacy: {email: {to_model: deny}}
# file: example.flow.yaml
steps:
  - {id: read, ask: "Write to ${{ input.email }}.", on_error: hand_off}
""",
        """\
# file: flowrun.yaml
privacy: {email: {to_model: token}}
# file: example.flow.yaml
steps:
  - {id: read, ask: "Write to ${{ input.email }}.", on_error: hand_off}
""",
    ),
    "secret-to-model": (
        "FR1423",
        "warning",
        "A prompt names a secret",
        "A model never sees a field marked `x-secret`: it reads `[secret]` in its place. Hand secrets to tools only.",
        """\
input:
  type: object
  properties: {message_id: {type: string}, token: {type: string, x-secret: true}}
  required: [message_id, token]
steps:
  - {id: login, ask: "Sign in with ${{ input.token }}", on_error: hand_off}
""",
        """\
input:
  type: object
  properties: {message_id: {type: string}, token: {type: string, x-secret: true}}
  required: [message_id, token]
steps:
  - {id: login, ask: Say that they can sign in now., on_error: hand_off}
""",
    ),
    "untrusted-to-write": (
        "FR1424",
        "warning",
        "Text from outside can choose a recipient, an amount or a record",
        "What a customer or an untrusted tool wrote reaches a model (or a `call`), and from there an argument that says who "
        "receives something, how much, or which record is meant. Fix the argument with `bind`, tie it with `only_when` to what "
        "the runner knows, or let a person see it with `approve_when`. A rule about another argument does not help.",
        """\
tools: {crm.lookup_customer: {}, mail.send: {}}
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: act, ask: "Answer: ${{ input.text }}", tools: [mail.send], on_error: hand_off}
""",
        """\
tools: {crm.lookup_customer: {}, mail.send: {bind: {to: "${{ steps.customer.email }}"}}}
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - {id: act, ask: "Answer: ${{ input.text }}", tools: [mail.send], on_error: hand_off}
""",
    ),
    "needs-before-order": (
        "FR1426",
        "error",
        "What is needed before can never have happened",
        "No earlier step of the flow may use the tool that `needs_before` names.",
        """\
tools: {pay.refund: {}}
steps:
  - {id: pay, ask: Pay the money back., tools: [pay.refund], on_error: hand_off}
# file: refunds.policy.yaml
rules:
  - {id: known, tools: pay.refund, needs_before: crm.lookup_customer, reason: Look the customer up first.}
""",
        """\
tools: {crm.lookup_customer: {}, pay.refund: {}}
steps:
  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}, on_error: hand_off}
  - {id: pay, ask: Pay the money back., tools: [pay.refund], on_error: hand_off}
# file: refunds.policy.yaml
rules:
  - {id: known, tools: pay.refund, needs_before: crm.lookup_customer, reason: Look the customer up first.}
""",
    ),
    "duplicate-name": (
        "FR1427",
        "error",
        "Two files define one name",
        "Flows and policies are found by their names, and the second of two would never be found.",
        "title: One flow\n# file: flows/other.flow.yaml\nflow: example\ntitle: Another flow of the same name",
        "title: One flow\n# file: flows/other.flow.yaml\nflow: other\ntitle: Another flow",
    ),
    "role-cycle": (
        "FR1429",
        "error",
        "Roles that hand on in a circle",
        "`then` must come to an end, at which a late answer counts as no.",
        """\
# file: flowrun.yaml
roles:
  support_leads: {members: [Sam], within: 1d, then: finance}
  finance: {members: [Jo], within: 1d, then: support_leads}
""",
        """\
# file: flowrun.yaml
roles:
  support_leads: {members: [Sam], within: 1d, then: finance}
  finance: {members: [Jo], within: 1d}
""",
    ),
    "unknown-event": (
        "FR1430",
        "error",
        "An event that does not exist",
        "Events have a schema NAME@N too.",
        """\
steps:
  - {id: reply, wait_for: contact.replyed@1, key: input.email, within: 3d, on_error: continue}
""",
        """\
steps:
  - {id: reply, wait_for: contact.replied@1, key: input.email, within: 3d, on_error: continue}
# file: schemas/records/contact.replied/v1.json
{"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": false}
""",
    ),
    "not-yet": (
        "FR1431",
        "error",
        "A key that does not work in this version",
        "Nothing that is written is skipped silently: what this version cannot do is refused when it is read.",
        "# file: flowrun.yaml\ntriggers:\n  - {webhook: helpdesk, flow: example}",
        "# file: flowrun.yaml\ntime_zone: Europe/Berlin",
    ),
    "no-examples": (
        "FR1432",
        "warning",
        "No examples to learn from",
        "The `examples` model answers only what stands beside the flow; without examples the step goes to a person.",
        """\
steps:
  - {id: triage, ask: What is it about?, answer: triage@1, model: examples, on_error: hand_off}
""",
        """\
steps:
  - {id: triage, ask: What is it about?, model: examples, on_error: hand_off}
# file: example.examples.yaml
examples:
  - {step: triage, label: billing, texts: [I was billed twice.], answer: It is about a bill.}
""",
    ),
    "no-file-matches": (
        "FR1433",
        "error",
        "A path or pattern that names no file",
        "What stands under `policies` and `tools` of flowrun.yaml must be there: a policy that is not found would deny nothing.",
        """\
# file: flowrun.yaml
policies: [polices/*.policy.yaml]
# file: policies/mail.policy.yaml
rules:
  - {id: one_mail, tools: mail.send, at_most: 1, reason: One mail for a case.}
""",
        """\
# file: flowrun.yaml
policies: [policies/*.policy.yaml]
# file: policies/mail.policy.yaml
rules:
  - {id: one_mail, tools: mail.send, at_most: 1, reason: One mail for a case.}
""",
    ),
    "unknown-mark": (
        "FR1434",
        "warning",
        "A mark that no schema has",
        "`privacy` names kinds of marks (`x-pii: KIND`). One that nothing is marked with hides nothing.",
        "# file: flowrun.yaml\nprivacy:\n  emial: {to_model: token}",
        "# file: flowrun.yaml\nprivacy:\n  email: {to_model: token}",
    ),
    "above-ceiling": (
        "FR1441",
        "warning",
        "A budget above what the workspace allows",
        "`limits` in flowrun.yaml hold for every run; the lower of the two counts, so the flow would stop earlier than it says.",
        "budget: {writes: 10, model_calls: 4}\n# file: flowrun.yaml\nlimits: {writes: 5}",
        "budget: {writes: 5, model_calls: 4}\n# file: flowrun.yaml\nlimits: {writes: 5}",
    ),
    "price-currency": (
        "FR1442",
        "error",
        "A price in another currency than its limit",
        "Costs are added up in one currency, and nothing is converted.",
        """\
budget: {cost: 0.05 EUR, model_calls: 4}
steps:
  - {id: triage, ask: What is it about?, on_error: hand_off}
# file: flowrun.yaml
models:
  small: {provider: openai, model: small, price: {input: 0.15 USD, output: 0.60 USD}}
""",
        """\
budget: {cost: 0.05 USD, model_calls: 4}
steps:
  - {id: triage, ask: What is it about?, on_error: hand_off}
# file: flowrun.yaml
models:
  small: {provider: openai, model: small, price: {input: 0.15 USD, output: 0.60 USD}}
""",
    ),
    "old-price": (
        "FR1443",
        "warning",
        "A price of long ago",
        "Prices change; a `cost` is kept with the price that is written.",
        """\
# file: flowrun.yaml
models:
  small:
    provider: openai
    price: {input: 0.15 USD, output: 0.60 USD, dated: "2020-01-01"}
""",
        """\
# file: flowrun.yaml
models:
  small:
    provider: openai
    price: {input: 0.15 USD, output: 0.60 USD, dated: "2099-01-01"}
""",
    ),
}
