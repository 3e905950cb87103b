"""FR162x and FR163x: findings about policies and the rules in them.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "rule-never-applies": (
        "FR1620",
        "warning",
        "A rule about tools that no flow may use",
        "A rule of a policy does something only where a flow lists one of its tools. Most often the name of the tool was "
        "meant otherwise, and what should be ruled is not.",
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        '  - {id: small, tools: pay.find_refund, only_when: args.refund_id != "", reason: Needs an id.}\n'
        "# file: example.flow.yaml\n"
        "tools: {crm.lookup_customer: {}}\n",
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        '  - {id: known, tools: crm.lookup_customer, only_when: args.email != "", reason: Needs an address.}\n'
        "# file: example.flow.yaml\n"
        "tools: {crm.lookup_customer: {}}\n",
    ),
    "said-already": (
        "FR1621",
        "warning",
        "A rule that another has made already",
        "The same condition for the same tools stands in a rule that holds anyway. Rules only ever tighten, so saying it twice "
        "does nothing, until one of the two is changed and the other is forgotten.",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: short, tools: crm.add_note, only_when: args.text | length < 500, reason: Notes are short.}\n"
        "# file: example.flow.yaml\n"
        "tools: {crm.add_note: {only_when: args.text | length < 500, reason: Not a novel.}}\n"
        "steps:\n"
        '  - {id: act, ask: "Note this: ${{ input.text }}", tools: [crm.add_note], on_error: hand_off}\n',
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: short, tools: crm.add_note, only_when: args.text | length < 500, reason: Notes are short.}\n"
        "# file: example.flow.yaml\n"
        "tools: {crm.add_note: {}}\n"
        "steps:\n"
        '  - {id: act, ask: "Note this: ${{ input.text }}", tools: [crm.add_note], on_error: hand_off}\n',
    ),
    "looser-limit": (
        "FR1622",
        "warning",
        "A limit that a smaller one makes useless",
        "All limits hold at once, so of two that count the same the smaller one decides. The larger one reads as if more were "
        "allowed than is.",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n"
        "  - {id: more, tools: crm.add_note, at_most: 5, reason: Five notes are enough.}\n",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n",
    ),
    "contradicting-rules": (
        "FR1623",
        "error",
        "Rules that can never both be met",
        "A call is allowed only when every rule is met. Two that exclude each other refuse every call. To forbid a tool, take "
        "it out of the flows.",
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        '  - {id: small, tools: pay.refund, only_when: args.amount <= money("50 EUR"), reason: At most 50.}\n'
        '  - {id: large, tools: pay.refund, deny_when: args.amount < money("100 EUR"), reason: Not under 100.}\n',
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        '  - {id: small, tools: pay.refund, only_when: args.amount <= money("50 EUR"), reason: At most 50.}\n'
        '  - {id: large, tools: pay.refund, deny_when: args.amount < money("1 EUR"), reason: Not under 1.}\n',
    ),
    "never-asked": (
        "FR1624",
        "warning",
        "A question that nobody is ever asked",
        "A call that a rule refuses is not put before people. An approval that begins where the refusal begins, or later, asks "
        "for nothing.",
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        '  - {id: small, tools: pay.refund, only_when: args.amount <= money("50 EUR"), reason: At most 50.}\n'
        '  - {id: lead, tools: pay.refund, approve_when: args.amount > money("80 EUR"), approver: finance, reason: Above 80.}\n',
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        '  - {id: small, tools: pay.refund, only_when: args.amount <= money("500 EUR"), reason: At most 500.}\n'
        '  - {id: lead, tools: pay.refund, approve_when: args.amount > money("80 EUR"), approver: finance, reason: Above 80.}\n',
    ),
    "same-reason": (
        "FR1625",
        "warning",
        "Two rules with one reason",
        "The reason is all that a model and most people see of a rule. Where two give the same one for a tool, nobody knows "
        "which of them was not met.",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: short, tools: crm.add_note, only_when: args.text | length < 500, reason: Not allowed.}\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Not allowed.}\n",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: short, tools: crm.add_note, only_when: args.text | length < 500, reason: Notes are short.}\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n",
    ),
    "no-reason": (
        "FR1626",
        "warning",
        "A rule without a reason",
        "The model reads the reason and can do better; the person in the inbox reads it and knows what to look at.",
        "# file: notes.policy.yaml\nrules:\n  - {id: few, tools: crm.add_note, at_most: 2}\n",
        "# file: notes.policy.yaml\nrules:\n  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n",
    ),
    "policy-without-tests": (
        "FR1627",
        "warning",
        "A policy that nothing tests",
        "A sign turned around refuses what was allowed, or the other way. Two tests, a call that is allowed and one that is "
        "refused, show it before anybody is harmed.",
        "# file: notes.policy.yaml\nrules:\n  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n"
        "tests:\n"
        "  - {call: crm.add_note, args: {customer_id: C-1, text: Hello}, expect: allow}\n",
    ),
    "test-of-no-rule": (
        "FR1628",
        "warning",
        "A test of a call that no rule is about",
        "Such a test passes whatever the policy says. Most often the tool of the rule or of the test has the wrong name.",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n"
        "tests:\n"
        "  - {call: crm.lookup_customer, args: {email: ana@example.com}, expect: allow}\n",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n"
        "tests:\n"
        "  - {call: crm.add_note, args: {customer_id: C-1, text: Hello}, expect: allow}\n",
    ),
    "test-without-by": (
        "FR1629",
        "warning",
        "A test that any rule can pass",
        "Where several rules can refuse a call (or ask for it), a test without `by` also passes when the wrong one does.",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: short, tools: crm.add_note, only_when: args.text | length < 9, reason: Notes are short.}\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n"
        "tests:\n"
        "  - {call: crm.add_note, args: {customer_id: C-1, text: Hello again}, expect: deny}\n",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: short, tools: crm.add_note, only_when: args.text | length < 9, reason: Notes are short.}\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n"
        "tests:\n"
        "  - {call: crm.add_note, args: {customer_id: C-1, text: Hello again}, expect: deny, by: short}\n",
    ),
    "unused-table": (
        "FR1630",
        "warning",
        "A table that no rule looks into",
        "A table that is read nowhere decides nothing: the rule that should use it is missing, or has its numbers written out.",
        "# file: notes.policy.yaml\n"
        "tables: {most: {pro: 5}}\n"
        "rules:\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n",
        "# file: notes.policy.yaml\n"
        "rules:\n"
        "  - {id: few, tools: crm.add_note, at_most: 2, reason: Two notes are enough.}\n",
    ),
    "limit-currency": (
        "FR1631",
        "error",
        "A limit in another currency than the amount",
        "Nothing is converted. A call whose amount is in another currency than the limit is refused, always.",
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        "  - {id: daily, tools: pay.refund, at_most: {limit: 500 USD, sum: args.amount, window: today}, reason: 500 a day.}\n",
        "# file: refunds.policy.yaml\n"
        "rules:\n"
        "  - {id: daily, tools: pay.refund, at_most: {limit: 500 EUR, sum: args.amount, window: today}, reason: 500 a day.}\n",
    ),
}
