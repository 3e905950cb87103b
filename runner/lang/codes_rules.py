"""FR14xx: findings about tools, rules, budgets, people and the shape of a whole flow.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "unknown-tool": (
        "FR1401", "error", "A tool that does not exist",
        "No tool file of the workspace has this action.",
        "call: crm.lookup", "call: crm.lookup_customer",
    ),
    "tool-not-listed": (
        "FR1402", "error", "A tool that the flow does not list",
        "A flow may use only what stands under its `tools`; absent means nothing.",
        "tools: {}\nsteps: [{id: a, call: crm.find}]", "tools: {crm.find: {}}\nsteps: [{id: a, call: crm.find}]",
    ),
    "tool-unused": (
        "FR1403", "warning", "A tool that no step uses",
        "What is not needed should not be allowed.",
        "tools: {mail.send: {}}   # and no step uses it", "tools: {}",
    ),
    "unbound-order": (
        "FR1404", "error", "A bound value is not known yet",
        "Every step that may use the tool comes after the step that its `bind` reads.",
        "bind: {id: ${{ steps.later.id }}}", "bind: {id: \"${{ steps.earlier.id }}\"}",
    ),
    "bound-argument": (
        "FR1405", "error", "An argument that the flow has fixed",
        "A `call` step may not set an argument that `bind` fixes for the tool.",
        "bind: {id: x}   # and with: {id: y}", "with: {}",
    ),
    "record-count": (
        "FR1406", "error", "Not exactly one record of the output",
        "On every path to completion exactly one top-level `record` of the `output` schema is written.",
        "a branch that ends without a record", "a `record` step after the branches",
    ),
    "missing-budget": (
        "FR1407", "error", "No budget",
        "A flow that asks a model or writes has a `budget`, so that the worst case is known.",
        "steps: [{id: a, ask: …}]", "budget: {cost: 0.05 USD, model_calls: 6, writes: 4, within: 2m}",
    ),
    "unknown-price": (
        "FR1408", "error", "A cost limit without a price",
        "A `cost` can only be kept where the price of each model is known.",
        "budget: {cost: 0.05 USD}   # with a model without price", "price: {input: 0.15 USD, output: 0.60 USD}",
    ),
    "missing-subject": (
        "FR1409", "error", "Who is the customer?",
        "A flow that speaks with the customer says in `subject` who that is.",
        "to: customer   # without subject", "subject: input.email",
    ),
    "unknown-role": (
        "FR1410", "error", "A role that does not exist",
        "Roles stand in flowrun.yaml under `roles`.",
        "approver: billing_leeds", "approver: billing_leads",
    ),
    "unknown-model": (
        "FR1411", "error", "A model that does not exist",
        "Models stand in flowrun.yaml under `models`.",
        "model: gtp-mini", "model: small",
    ),
    "unknown-flow": (
        "FR1412", "error", "A flow that does not exist",
        "`flows.NAME@N` is a flow of the workspace with that version.",
        "call: flows.refund@9", "call: flows.refund@1",
    ),
    "flow-cycle": (
        "FR1413", "error", "Flows that call each other in a circle",
        "Such a run would never end.",
        "a calls b, b calls a", "a calls b",
    ),
    "no-once": (
        "FR1414", "warning", "A write that may happen twice",
        "When the answer of a write is lost, `once` says how a repeat is made harmless; without it the run stops in doubt.",
        "effect: write", "effect: write\nonce: {header: Idempotency-Key}",
    ),
    "model-chosen": (
        "FR1415", "warning", "The model can meet the rule by itself",
        "The condition looks only at an argument that the model alone chooses. Bind it, or let the customer say it.",
        'only_when: args.reason == "health"', "approve_when: true\napprover: customer",
    ),
    "unreachable-step": (
        "FR1416", "warning", "A step that is never reached",
        "An earlier step always ends the run.",
        "- {id: a, stop: completed}\n- {id: b, set: 1}", "- {id: a, set: 1}\n- {id: b, stop: completed}",
    ),
    "stop-in-for-each": (
        "FR1417", "error", "stop inside for_each",
        "Items run side by side, so one of them may not end the run. Decide after the loop.",
        "for_each: input.a\nsteps: [{id: x, stop: rejected}]", "a `choose` with `stop` after the loop",
    ),
    "record-in-for-each": (
        "FR1418", "error", "The output record inside for_each",
        "The record of the output schema is written once, outside loops.",
        "for_each: …\nsteps: [{id: r, record: case@1}]", "- {id: r, record: case@1}",
    ),
    "unproved": (
        "FR1419", "warning", "Not proved",
        "The check could not follow every path of this flow.",
        "forty nested branches", "a flow of its own for the inner part",
    ),
    "unused-fact": (
        "FR1420", "warning", "A fact that no rule uses",
        "Facts that nobody uses are never read.",
        "facts: {r: …}   # and no rule uses it", "facts: {}",
    ),
    "fact-not-read": (
        "FR1421", "error", "A fact that would write",
        "Facts are read with read tools, once for each decision.",
        "facts: {r: {call: pay.refund}}", "facts: {r: {call: pay.get_payment}}",
    ),
    "pii-to-model": (
        "FR1422", "warning", "Personal data reach a model",
        "Marked fields (`x-pii`) go to a model only where `privacy` of the workspace allows it.",
        "ask: Write to ${{ input.email }}", "ask: Write to the customer",
    ),
    "secret-to-model": (
        "FR1423", "error", "A secret reaches a model or a text",
        "Fields marked `x-secret` may only go to tools.",
        "ask: Use ${{ steps.login.token }}", "with: {token: \"${{ steps.login.token }}\"}",
    ),
    "untrusted-to-write": (
        "FR1424", "warning", "A stranger's text decides about a write",
        "The step reads text from outside and may propose writes that no rule checks.",
        "ask: ${{ input.mail }}\ntools: [mail.send]", "approve_when: true\napprover: support_leads",
    ),
    "policy-test": (
        "FR1425", "error", "A test of the policy fails",
        "The policy says something other than its test expects.",
        "expect: allow", "expect: deny",
    ),
    "needs-before-order": (
        "FR1426", "error", "What is needed before can never have happened",
        "No earlier step of the flow may use the tool that `needs_before` names.",
        "needs_before: [crm.find]   # and no step calls it", "a step `call: crm.find` before",
    ),
    "duplicate-name": (
        "FR1427", "error", "Two files define one name",
        "Flows, policies and tool files are found by their names.",
        "tools: crm   # in two files", "tools: crm\ntools: crm_test",
    ),
    "tool-changed": (
        "FR1428", "error", "A tool is not what was pinned",
        "The contract of the tool differs from the one in the lock file.",
        "a changed OpenAPI description", "flowrun tools lock",
    ),
    "role-cycle": (
        "FR1429", "error", "Roles that hand on in a circle",
        "`then` must come to an end, at which a late answer counts as no.",
        "a: {then: b}, b: {then: a}", "a: {then: b}, b: {}",
    ),
    "unknown-event": (
        "FR1430", "error", "An event that does not exist",
        "Events have a schema NAME@N too.",
        "wait_for: contact.replyed@1", "wait_for: contact.replied@1",
    ),
}
