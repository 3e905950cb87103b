"""FR154x: findings about branches, conditions and blocks that change nothing.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "branch-never": (
        "FR1541",
        "warning",
        "A branch that is never reached",
        "`choose` takes the first branch whose `when` holds. Whenever this one holds, a branch before it does, too.",
        """\
steps:
  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}
  - id: sure
    choose:
      - when: steps.triage.confidence > 0.5
        steps: [{id: fair, set: fair}]
      - when: steps.triage.confidence > 0.9
        steps: [{id: high, set: high}]
      - otherwise: [{id: low, set: low}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.sure }}"}}
""",
        """\
steps:
  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}
  - id: sure
    choose:
      - when: steps.triage.confidence > 0.9
        steps: [{id: high, set: high}]
      - when: steps.triage.confidence > 0.5
        steps: [{id: fair, set: fair}]
      - otherwise: [{id: low, set: low}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.sure }}"}}
""",
    ),
    "otherwise-never": (
        "FR1542",
        "warning",
        "An otherwise that never runs",
        "The branches handle every value that the schema has. Without `otherwise`, lint asks for a branch as soon as there is "
        "a new value; with it, the new value would go there unseen.",
        """\
input:
  type: object
  properties: {plan: {enum: [free, paid]}}
  required: [plan]
# without: key
steps:
  - id: greeting
    choose:
      - when: input.plan == "free"
        steps: [{id: free, set: Hello.}]
      - when: input.plan == "paid"
        steps: [{id: paid, set: Welcome.}]
      - otherwise: [{id: other, set: Good day.}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.greeting }}"}}
""",
        """\
input:
  type: object
  properties: {plan: {enum: [free, paid]}}
  required: [plan]
# without: key
steps:
  - id: greeting
    choose:
      - when: input.plan == "free"
        steps: [{id: free, set: Hello.}]
      - when: input.plan == "paid"
        steps: [{id: paid, set: Welcome.}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.greeting }}"}}
""",
    ),
    "no-choice": (
        "FR1543",
        "warning",
        "A choice with one way only",
        "With `otherwise` alone, the same steps run in every case. Perhaps the branch that was meant is missing.",
        """\
steps:
  - id: lead
    choose:
      - otherwise: [{id: short, set: "${{ input.text | truncate(80) }}"}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.lead }}"}}
""",
        """\
steps:
  - id: lead
    choose:
      - when: input.text == ""
        steps: [{id: empty, set: Nothing was written.}]
      - otherwise: [{id: short, set: "${{ input.text | truncate(80) }}"}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.lead }}"}}
""",
    ),
    "condition-repeated": (
        "FR1544",
        "warning",
        "A condition that holds anyway",
        "A branch or a step around has asked this already, so it is always true here. Perhaps another condition is meant.",
        """\
tools:
  crm.add_note: {}
steps:
  - id: sort
    choose:
      - when: input.text == "stop"
        steps:
          - {id: note, when: input.text == "stop", call: crm.add_note, with: {customer_id: C-1, text: Stop.}}
      - otherwise: [{id: nothing, set: true}]
""",
        """\
tools:
  crm.add_note: {}
steps:
  - id: sort
    choose:
      - when: input.text == "stop"
        steps:
          - {id: note, call: crm.add_note, with: {customer_id: C-1, text: Stop.}}
      - otherwise: [{id: nothing, set: true}]
""",
    ),
    "condition-contradicts": (
        "FR1545",
        "warning",
        "A condition that cannot hold here",
        "What has been decided before rules it out: a branch around says the opposite, or an earlier step ended the run in "
        "this case. So the step never runs.",
        """\
tools:
  crm.add_note: {}
steps:
  - id: sort
    choose:
      - when: input.text == "stop"
        steps:
          - {id: note, when: input.text == "go", call: crm.add_note, with: {customer_id: C-1, text: Go.}}
      - otherwise: [{id: nothing, set: true}]
""",
        """\
tools:
  crm.add_note: {}
steps:
  - id: sort
    choose:
      - when: input.text == "go"
        steps:
          - {id: note, call: crm.add_note, with: {customer_id: C-1, text: Go.}}
      - otherwise: [{id: nothing, set: true}]
""",
    ),
    "same-branches": (
        "FR1546",
        "warning",
        "Branches that all do the same",
        "Whichever branch runs, the same happens. Perhaps one of them was copied and never changed.",
        """\
tools:
  crm.add_note: {}
steps:
  - id: sort
    choose:
      - when: input.text == "stop"
        steps: [{id: one, call: crm.add_note, with: {customer_id: C-1, text: Seen.}}]
      - otherwise: [{id: two, call: crm.add_note, with: {customer_id: C-1, text: Seen.}}]
""",
        """\
tools:
  crm.add_note: {}
steps:
  - id: sort
    choose:
      - when: input.text == "stop"
        steps: [{id: one, call: crm.add_note, with: {customer_id: C-1, text: Stop.}}]
      - otherwise: [{id: two, call: crm.add_note, with: {customer_id: C-1, text: Seen.}}]
""",
    ),
    "one-branch": (
        "FR1547",
        "warning",
        "Side by side with nothing",
        "`parallel` with one branch runs its steps like any others.",
        """\
steps:
  - id: both
    parallel:
      lead: [{id: short, set: "${{ input.text | truncate(80) }}"}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.short | default('-') }}"}}
""",
        """\
steps:
  - {id: short, set: "${{ input.text | truncate(80) }}"}
  - {id: done, record: outcome@1, with: {text: "${{ steps.short }}"}}
""",
    ),
    "item-unused": (
        "FR1548",
        "warning",
        "A loop that does the same again and again",
        "Inside `for_each`, `item` is what differs. If no step reads it, each turn repeats the one before.",
        """\
tools:
  crm.add_note: {}
steps:
  - id: each
    for_each: '["C-1", "C-2"]'
    steps: [{id: note, call: crm.add_note, with: {customer_id: C-1, text: Seen.}}]
""",
        """\
tools:
  crm.add_note: {}
steps:
  - id: each
    for_each: '["C-1", "C-2"]'
    steps: [{id: note, call: crm.add_note, with: {customer_id: "${{ item }}", text: Seen.}}]
""",
    ),
}
