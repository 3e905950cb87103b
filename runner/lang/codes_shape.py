"""FR11xx: findings about keys and the shape of values.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "unknown-key": (
        "FR1101", "error", "An unknown key",
        "Keys are a closed list, so that a slip of the pen is an error and never a rule that silently does nothing.",
        "aproval_when: true", "approve_when: true",
    ),
    "missing-key": (
        "FR1102", "error", "A key is missing",
        "Without it, it is not clear what should happen.",
        "flow: refunds\nversion: 1", "flow: refunds\nversion: 1\nowner: support_leads\n…",
    ),
    "empty-value": (
        "FR1103", "error", "A value is missing",
        "The key stands there without a value. Write one, or take the key out.",
        "title:", "title: Turn a message into a ticket",
    ),
    "wrong-type": (
        "FR1104", "error", "Another kind of value is expected",
        "A text, a number, a list (`- …`) and a map (`name: value`) are different things.",
        "version: one", "version: 1",
    ),
    "bad-name": (
        "FR1105", "error", "A name that cannot be used",
        "Names have small letters, digits and _, and start with a letter. So they can stand in expressions.",
        "id: Check-Customer", "id: check_customer",
    ),
    "bad-choice": (
        "FR1106", "error", "Not one of the possible values",
        "Only the listed words have a meaning here.",
        "on_error: retry", "on_error: hand_off",
    ),
    "bad-duration": (
        "FR1107", "error", "A duration that cannot be read",
        "A duration is a whole number and one unit: s, m, h or d.",
        "within: 90 minutes", "within: 90m",
    ),
    "bad-money": (
        "FR1108", "error", "An amount of money that cannot be read",
        "Money is a number, a space and a currency of three capital letters.",
        "cost: $0.05", "cost: 0.05 USD",
    ),
    "bad-schema": (
        "FR1109", "error", "Neither a schema's name nor a schema",
        "Write NAME@VERSION of a schema in schemas/records/, or a JSON Schema in place.",
        "answer: triage", "answer: triage@1",
    ),
    "bad-tool": (
        "FR1110", "error", "Not the name of a tool",
        "A tool is called by the name of its tool file and its action; a flow as `flows.NAME@VERSION`.",
        "call: create_ticket", "call: desk.create_ticket",
    ),
    "bad-number-value": (
        "FR1111", "error", "A number out of bounds",
        "The number is too small, too large, or not whole.",
        "version: 0", "version: 1",
    ),
    "yes-no": (
        "FR1112", "error", "yes, no, on and off are texts",
        "In YAML 1.2 only true and false are truth values; yes, no, on and off are ordinary words.",
        "approve_when: yes", "approve_when: true",
    ),
    "not-evaluated": (
        "FR1113", "warning", "An expression that is not worked out",
        "This text is shown as it stands; ${{ … }} has no meaning in it.",
        "title: Ticket for ${{ input.name }}", "title: Ticket for a customer",
    ),
    "bad-moment": (
        "FR1114", "error", "A moment that cannot be read",
        "A moment has a date, a time and a zone, so that it means the same everywhere.",
        "now: 2026-03-02", 'now: "2026-03-02T09:00:00Z"',
    ),
    "missing-verb": (
        "FR1120", "error", "A step that does nothing",
        "A step has exactly one verb: call, ask, ask_person, choose, for_each, parallel, wait_for, record, set or stop.",
        "- id: customer\n  with: {email: x}", "- id: customer\n  call: crm.lookup_customer\n  with: {email: x}",
    ),
    "several-verbs": (
        "FR1121", "error", "A step with several verbs",
        "A step does one thing, so that its value and its errors are clear. Make two steps of it.",
        "- id: a\n  ask: What?\n  call: crm.find", "- id: a\n  ask: What?\n- id: b\n  call: crm.find",
    ),
    "duplicate-step": (
        "FR1122", "error", "Two steps with one id",
        "`steps.ID` must mean one step, in the whole flow, also across branches.",
        "- id: a\n  set: 1\n- id: a\n  set: 2", "- id: a\n  set: 1\n- id: b\n  set: 2",
    ),
    "bad-branches": (
        "FR1123", "error", "Branches of choose in a wrong shape",
        "Each branch is `when` with `steps`; the last one may be `otherwise` with its steps.",
        "choose:\n  - otherwise: []\n  - when: input.a\n    steps: []", "choose:\n  - when: input.a\n    steps: […]\n  - otherwise: […]",
    ),
    "no-steps": (
        "FR1124", "error", "An empty list of steps",
        "A flow or branch without steps does nothing.",
        "steps: []", "steps:\n  - {id: a, set: 1}",
    ),
    "duplicate-rule": (
        "FR1125", "error", "Two rules with one id",
        "The trail and the tests name a rule by its id.",
        "- {id: a, …}\n- {id: a, …}", "- {id: a, …}\n- {id: b, …}",
    ),
    "empty-rule": (
        "FR1126", "error", "A rule that rules nothing",
        "A rule of a policy needs at least one of needs_before, only_when, deny_when, approve_when and at_most.",
        "- {id: a, tools: pay.refund}", "- {id: a, tools: pay.refund, at_most: 1}",
    ),
    "missing-approver": (
        "FR1127", "error", "Nobody is asked",
        "`approve_when` says when people are asked, `approver` says whom. One without the other does nothing.",
        "approve_when: true", "approve_when: true\napprover: support_leads",
    ),
    "bad-limit": (
        "FR1128", "error", "A limit that cannot be counted",
        "A limit in money adds up an argument, so it needs `sum`.",
        "at_most: {limit: 500 EUR}", "at_most: {limit: 500 EUR, sum: args.amount, window: today}",
    ),
    "reserved-name": (
        "FR1129", "error", "A reserved name",
        "`last` and `all` mean calls, `customer` is the run's subject, and `flows` are sub-flows.",
        "actions:\n  last: {…}", "actions:\n  latest: {…}",
    ),
}
