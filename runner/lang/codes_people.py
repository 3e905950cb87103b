"""FR151x and FR152x: findings about people who are asked, and about waiting.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "failure-after-write": (
        "FR1511",
        "warning",
        "A failure after a write that no person hears of",
        "Something was done already, and the rest is not. Without `on_error` the run simply ends `failed`; with `hand_off` a "
        "person sees what was done and goes on.",
        "tools:\n  crm.add_note: {}\nsteps:\n"
        "  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: We look into it.}}\n"
        '  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1}\n'
        '  - {id: told, call: crm.add_note, with: {customer_id: C-1, text: "${{ steps.triage.summary }}"}}',
        "tools:\n  crm.add_note: {}\nsteps:\n"
        "  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: We look into it.}}\n"
        '  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}\n'
        '  - {id: told, call: crm.add_note, with: {customer_id: C-1, text: "${{ steps.triage.summary }}"}}',
    ),
    "customer-left": (
        "FR1512",
        "warning",
        "A customer who is left waiting",
        "A model speaks with the customer here. If it fails, the customer gets no answer, and nobody of yours is told.",
        "subject: input.email\nsteps:\n  - {id: talk, ask: Find out what they need., to: customer}",
        "subject: input.email\nsteps:\n  - {id: talk, ask: Find out what they need., to: customer, on_error: hand_off}",
    ),
    "late-case-dropped": (
        "FR1513",
        "warning",
        "A late answer drops the case",
        "When the time is over, the step fails, and without `on_error` the run ends `failed`. Say who gets the case then.",
        "steps:\n  - id: check\n    ask_person: Is this urgent?\n    to: support_leads\n    show: [input.text]\n"
        "    answer: triage@1\n    within: 4h\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.check.summary }}"}}',
        "steps:\n  - id: check\n    ask_person: Is this urgent?\n    to: support_leads\n    show: [input.text]\n"
        "    answer: triage@1\n    within: 4h\n    on_error: hand_off\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.check.summary }}"}}',
    ),
    "waits-for-ever": (
        "FR1514",
        "warning",
        "A question that waits for ever",
        "Neither the step nor the role says until when there must be an answer. `within` does, and `on_error` says what "
        "happens then.",
        "subject: input.email\nsteps:\n  - id: check\n    ask_person: Which order is it about?\n    to: customer\n"
        "    answer: triage@1\n    on_error: hand_off\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.check.summary }}"}}',
        "subject: input.email\nsteps:\n  - id: check\n    ask_person: Which order is it about?\n    to: customer\n"
        "    answer: triage@1\n    within: 2d\n    on_error: hand_off\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.check.summary }}"}}',
    ),
    "event-may-never-come": (
        "FR1515",
        "warning",
        "An event that may never come",
        "Without `within` the run waits until the event comes, and it may never come.",
        "steps:\n  - {id: reply, wait_for: support_message@1, key: input.email}",
        "steps:\n  - {id: reply, wait_for: support_message@1, key: input.email, within: 3d, on_error: continue}",
    ),
    "wait-key-constant": (
        "FR1516",
        "warning",
        "A key that is the same in every run",
        "An event wakes the runs that wait for its key. A key that does not come from the case wakes all of them.",
        "steps:\n  - {id: reply, wait_for: support_message@1, key: '\"reply\"', within: 3d, on_error: continue}",
        "steps:\n  - {id: reply, wait_for: support_message@1, key: input.email, within: 3d, on_error: continue}",
    ),
    "hand-off-only-closes": (
        "FR1517",
        "warning",
        "A hand-off that can only be closed",
        "A person can answer in the place of a step that has an answer, or let it try again. A block of steps has no answer "
        "and cannot be begun again, so the person can only close the run.",
        'steps:\n  - id: sort\n    choose:\n      - when: input.text == ""\n        steps: [{id: empty, set: nothing}]\n'
        '      - otherwise: [{id: short, ask: "Sum this up: ${{ input.text }}"}]\n    on_error: hand_off\n'
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.sort }}"}}',
        'steps:\n  - id: sort\n    choose:\n      - when: input.text == ""\n        steps: [{id: empty, set: nothing}]\n'
        '      - otherwise: [{id: short, ask: "Sum this up: ${{ input.text }}", on_error: hand_off}]\n'
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.sort }}"}}',
    ),
    "cannot-fail": (
        "FR1518",
        "warning",
        "on_error at a step that cannot fail",
        "`set` only names a value, and `stop` only ends the run. What is missing gives null and no error.",
        "steps:\n  - id: lead\n    set: ${{ input.text | truncate(80) }}\n    on_error: hand_off\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.lead }}"}}',
        "steps:\n  - id: lead\n    set: ${{ input.text | truncate(80) }}\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.lead }}"}}',
    ),
    "blind-question": (
        "FR1519",
        "warning",
        "A person is asked without seeing the case",
        "The question is the same in every run, and nothing is shown beside it. Nobody can decide like that.",
        "steps:\n  - id: check\n    ask_person: Is this urgent?\n    to: support_leads\n    answer: triage@1\n"
        "    on_error: hand_off\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.check.summary }}"}}',
        "steps:\n  - id: check\n    ask_person: Is this urgent?\n    to: support_leads\n    show: [input.text]\n"
        "    answer: triage@1\n    on_error: hand_off\n"
        '  - {id: done, record: outcome@1, with: {text: "${{ steps.check.summary }}"}}',
    ),
    "wait-always-late": (
        "FR1520",
        "error",
        "A wait that is always too late",
        "The step waits longer than it, or the block around it, may take. So it fails in every run.",
        "steps:\n  - {id: pause, wait_for: 3d, within: 1d}",
        "steps:\n  - {id: pause, wait_for: 1d}",
    ),
    "deadline-cut-short": (
        "FR1521",
        "warning",
        "A deadline that never counts",
        "The block around the step ends earlier, and then the step ends, too.",
        "steps:\n  - id: both\n    within: 1h\n    on_error: continue\n    parallel:\n      ask:\n"
        "        - {id: reply, wait_for: support_message@1, key: input.email, within: 3d}\n"
        '      note:\n        - {id: lead, set: "${{ input.text | truncate(80) }}"}\n'
        "  - {id: done, record: outcome@1, with: {text: \"${{ steps.lead | default('-') }}\"}}",
        "steps:\n  - id: both\n    within: 4d\n    on_error: continue\n    parallel:\n      ask:\n"
        "        - {id: reply, wait_for: support_message@1, key: input.email, within: 3d}\n"
        '      note:\n        - {id: lead, set: "${{ input.text | truncate(80) }}"}\n'
        "  - {id: done, record: outcome@1, with: {text: \"${{ steps.lead | default('-') }}\"}}",
    ),
}
