"""FR155x: findings about values that nobody reads, and about what tells runs, persons and steps apart.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "step-unused": (
        "FR1551",
        "warning",
        "A step whose value nobody uses",
        "To read, to ask a model or to name a value changes nothing by itself. If no later step uses the value, the step only "
        "costs time, or a later step uses the wrong one.",
        """\
steps:
  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: Done.}}
""",
        """\
steps:
  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: "${{ steps.triage.summary }}"}}
""",
    ),
    "set-renames": (
        "FR1552",
        "warning",
        "A second name for a value",
        "Two names for one value make readers look for the difference. In a branch of `choose` it is right: there it gives "
        "the branch its value.",
        """\
steps:
  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}
  - {id: result, set: "${{ steps.triage }}"}
  - {id: done, record: outcome@1, with: {text: "${{ steps.result.summary }}"}}
""",
        """\
steps:
  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: "${{ steps.triage.summary }}"}}
""",
    ),
    "ids-alike": (
        "FR1553",
        "warning",
        "Two ids that are easily mixed up",
        "They differ in one letter. Who writes `steps.ID` gets the wrong one without noticing.",
        """\
steps:
  - {id: summary, ask: "Sum this up: ${{ input.text }}", on_error: hand_off}
  - {id: sumary, set: "${{ steps.summary | truncate(100) }}"}
  - {id: done, record: outcome@1, with: {text: "${{ steps.sumary }}"}}
""",
        """\
steps:
  - {id: summary, ask: "Sum this up: ${{ input.text }}", on_error: hand_off}
  - {id: lead, set: "${{ steps.summary | truncate(100) }}"}
  - {id: done, record: outcome@1, with: {text: "${{ steps.lead }}"}}
""",
    ),
    "id-is-a-word": (
        "FR1554",
        "warning",
        "An id that means something else",
        "`input`, `item`, `run` and a few others are names of expressions. `steps.input` and `input` are two different things.",
        """\
steps:
  - {id: input, ask: "Sum this up: ${{ input.text }}", on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: "${{ steps.input }}"}}
""",
        """\
steps:
  - {id: summary, ask: "Sum this up: ${{ input.text }}", on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: "${{ steps.summary }}"}}
""",
    ),
    "tool-listed-twice": (
        "FR1555",
        "warning",
        "A tool that stands twice in a list",
        "A tool that is named twice may not be used twice as often; `at_most` says how often. Perhaps another tool is meant.",
        """\
tools:
  crm.add_note: {at_most: 2, bind: {customer_id: C-1}}
steps:
  - {id: act, ask: "Note this: ${{ input.text }}", tools: [crm.add_note, crm.add_note], on_error: hand_off}
""",
        """\
tools:
  crm.add_note: {at_most: 2, bind: {customer_id: C-1}}
steps:
  - {id: act, ask: "Note this: ${{ input.text }}", tools: [crm.add_note], on_error: hand_off}
""",
    ),
    "key-missing": (
        "FR1556",
        "warning",
        "The same message twice acts twice",
        "Messages are delivered twice now and then. With `key`, the second is the same run and does nothing; the input has a "
        "field that names the message.",
        """\
# without: key
tools:
  crm.add_note: {}
steps:
  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: "${{ input.text }}"}, on_error: hand_off}
""",
        """\
key: input.message_id
tools:
  crm.add_note: {}
steps:
  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: "${{ input.text }}"}, on_error: hand_off}
""",
    ),
    "key-too-coarse": (
        "FR1557",
        "error",
        "A key that many messages share",
        "Two messages with the same key are the same run: the second one is not worked on. So the key must differ from message "
        "to message.",
        """\
key: '"support"'
""",
        """\
key: input.message_id
""",
    ),
    "key-may-be-null": (
        "FR1558",
        "warning",
        "A key that may be missing",
        "A message without a key is refused. Take a field that is always there.",
        """\
input:
  type: object
  properties: {ticket: {type: string}, text: {type: string}}
  required: [text]
key: input.ticket
steps:
  - {id: done, record: outcome@1, with: {text: "${{ input.text }}"}}
""",
        """\
input:
  type: object
  properties: {ticket: {type: string}, text: {type: string}}
  required: [ticket, text]
key: input.ticket
steps:
  - {id: done, record: outcome@1, with: {text: "${{ input.text }}"}}
""",
    ),
    "subject-missing": (
        "FR1559",
        "warning",
        "Whose data is this?",
        "The input says who a person is. With `subject`, all runs about this person can be found, stopped and erased "
        "(`flowrun forget`).",
        """\
# without: subject
title: Answer a message
""",
        """\
title: Answer a message
subject: input.email
""",
    ),
}
