"""FR156x: findings about who may say yes, and whether an answer makes a difference.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "role-empty": (
        "FR1561",
        "warning",
        "A role that nobody has",
        "Approvals, questions and hand-offs go to the people of a role. Where there are none, and no other role is next, they "
        "wait for nobody.",
        """\
owner: night_shift
# file: flowrun.yaml
roles:
  night_shift: {members: []}
""",
        """\
owner: night_shift
# file: flowrun.yaml
roles:
  night_shift: {members: [Sam]}
""",
    ),
    "approver-twice": (
        "FR1562",
        "error",
        "One role for two yeses",
        "`approver` needs one yes from each role that it names. The same role twice is asked once, so one person is enough, "
        "although two were meant.",
        """\
tools:
  crm.add_note: {approve_when: true, approver: [support_leads, support_leads], reason: Two people look.}
""",
        """\
tools:
  crm.add_note: {approve_when: true, approver: [support_leads, finance], reason: Two people look.}
""",
    ),
    "too-few-people": (
        "FR1563",
        "warning",
        "An approval that nobody can complete",
        "Each role must say yes by another person. Where two roles have only the same person, the second yes never comes.",
        """\
tools:
  crm.add_note: {approve_when: true, approver: [leads, money], reason: Two people look.}
owner: leads
# file: flowrun.yaml
roles:
  leads: {members: [Sam], within: 1d}
  money: {members: [Sam], within: 1d}
""",
        """\
tools:
  crm.add_note: {approve_when: true, approver: [leads, money], reason: Two people look.}
owner: leads
# file: flowrun.yaml
roles:
  leads: {members: [Sam], within: 1d}
  money: {members: [Sam, Kim], within: 1d}
""",
    ),
    "tool-never-allowed": (
        "FR1564",
        "warning",
        "A tool that is listed and never allowed",
        "What stands under `tools:` may be used. A rule that refuses every call, or a budget of 0, says the opposite.",
        """\
tools:
  crm.add_note: {at_most: 0}
""",
        """\
tools:
  crm.add_note: {at_most: 1}
""",
    ),
    "answer-ignored": (
        "FR1565",
        "warning",
        "An answer that nobody uses",
        "A person chooses between answers, and no step reads what they chose. Whatever they say, the same happens.",
        """\
tools:
  crm.add_note: {}
steps:
  - id: agreed
    ask_person: Shall we write this down?
    to: support_leads
    show: [input.text]
    answer: {type: object, properties: {urgent: {type: boolean}}, required: [urgent], additionalProperties: false}
    on_error: hand_off
  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: Seen.}, on_error: hand_off}
""",
        """\
tools:
  crm.add_note: {}
steps:
  - id: agreed
    ask_person: Shall we write this down?
    to: support_leads
    show: [input.text]
    answer: {type: object, properties: {urgent: {type: boolean}}, required: [urgent], additionalProperties: false}
    on_error: hand_off
  - id: note
    when: steps.agreed.urgent
    call: crm.add_note
    with: {customer_id: C-1, text: Urgent.}
    on_error: hand_off
""",
    ),
    "no-not-heeded": (
        "FR1566",
        "warning",
        "A no that stops nothing",
        "A person is asked for a yes, and a later write is made in any case: it neither depends on the answer, nor ends the run "
        "before when they say no.",
        """\
tools:
  crm.add_note: {}
steps:
  - id: agreed
    ask_person: Shall we write this down?
    to: support_leads
    show: [input.text]
    answer: {type: object, properties: {approved: {type: boolean}}, required: [approved], additionalProperties: false}
    on_error: hand_off
  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: Seen.}, on_error: hand_off}
  - {id: done, record: outcome@1, with: {text: "${{ 'yes' if steps.agreed.approved else 'no' }}"}}
""",
        """\
tools:
  crm.add_note: {}
steps:
  - id: agreed
    ask_person: Shall we write this down?
    to: support_leads
    show: [input.text]
    answer: {type: object, properties: {approved: {type: boolean}}, required: [approved], additionalProperties: false}
    on_error: hand_off
  - id: note
    when: steps.agreed.approved
    call: crm.add_note
    with: {customer_id: C-1, text: Seen.}
    on_error: hand_off
  - {id: done, record: outcome@1, with: {text: "${{ 'yes' if steps.agreed.approved else 'no' }}"}}
""",
    ),
    "approval-bypassed": (
        "FR1567",
        "warning",
        "A way around the yes",
        "On one way a person's yes comes before the tool, on another the same tool is used in every run without one. Ask at "
        "the tool (`approve_when`), and the yes is needed on every way.",
        """\
tools:
  crm.add_note: {bind: {customer_id: C-1}}
steps:
  - {id: act, ask: "Note what matters: ${{ input.text }}", tools: [crm.add_note], on_error: hand_off}
  - id: agreed
    ask_person: Shall we write this down?
    to: support_leads
    show: [input.text]
    answer: {type: object, properties: {approved: {type: boolean}}, required: [approved], additionalProperties: false}
    on_error: hand_off
  - {id: note, when: steps.agreed.approved, call: crm.add_note, with: {text: Seen.}, on_error: hand_off}
""",
        """\
tools:
  crm.add_note: {bind: {customer_id: C-1}, approve_when: true, approver: support_leads, reason: Notes are read first.}
steps:
  - {id: act, ask: "Note what matters: ${{ input.text }}", tools: [crm.add_note], on_error: hand_off}
  - {id: note, call: crm.add_note, with: {text: Seen.}, on_error: hand_off}
""",
    ),
    "model-judges-itself": (
        "FR1568",
        "warning",
        "A condition that the model can meet by itself",
        "When `only_when` fails, the model is told and answers again. A condition on how sure it says it is, or on its own yes, "
        "only teaches it to say so. What is doubtful belongs before a person.",
        """\
steps:
  - id: triage
    ask: "What is this? ${{ input.text }}"
    answer: triage@1
    only_when: steps.triage.confidence > 0.8
    reason: Too unsure.
    on_error: hand_off
  - {id: done, record: outcome@1, with: {text: "${{ steps.triage.summary }}"}}
""",
        """\
steps:
  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, on_error: hand_off}
  - id: checked
    choose:
      - when: steps.triage.confidence <= 0.8
        steps:
          - id: person
            ask_person: Please check this triage.
            to: support_leads
            with: ${{ steps.triage }}
            answer: triage@1
            on_error: hand_off
      - otherwise: [{id: as_is, set: "${{ steps.triage }}"}]
  - {id: done, record: outcome@1, with: {text: "${{ steps.checked.summary }}"}}
""",
    ),
    "only-when-not-own": (
        "FR1569",
        "warning",
        "A condition that no answer can meet",
        "`only_when` of an `ask` or `ask_person` says which answers are accepted. One that does not look at the answer refuses "
        "all of them, or none.",
        """\
steps:
  - id: short
    ask: "Sum this up: ${{ input.text }}"
    only_when: input.text != ""
    reason: There is nothing to sum up.
    on_error: hand_off
  - {id: done, record: outcome@1, with: {text: "${{ steps.short }}"}}
""",
        """\
steps:
  - id: short
    ask: "Sum this up: ${{ input.text }}"
    only_when: steps.short | length <= 200
    reason: At most 200 characters.
    on_error: hand_off
  - {id: done, record: outcome@1, with: {text: "${{ steps.short }}"}}
""",
    ),
}
