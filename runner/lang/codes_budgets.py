"""FR150x: findings about budgets and limits against what the steps do.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "write-unbounded": (
        "FR1501",
        "warning",
        "A write that nothing bounds",
        "A model decides how often it uses a tool. Where the tool writes, `at_most` at the tool, or `writes` in the budget, "
        "says where that ends. A limit for each value that the model chooses does not count.",
        "budget: {model_calls: 6, within: 2m}\ntools:\n  desk.create_ticket: {}\nsteps:\n"
        "  - {id: act, ask: Help with this message., tools: [desk.create_ticket], on_error: hand_off}",
        "budget: {model_calls: 6, writes: 1, within: 2m}\ntools:\n  desk.create_ticket: {}\nsteps:\n"
        "  - {id: act, ask: Help with this message., tools: [desk.create_ticket], on_error: hand_off}",
    ),
    "write-in-loop": (
        "FR1502",
        "warning",
        "A write for each item of a list of any length",
        "Two items make two writes, and ten thousand make ten thousand. Say in the budget how many there may be, or in the "
        "schema how long the list may be.",
        "input:\n  type: object\n  properties: {ids: {type: array, items: {type: string}}}\n  required: [ids]\n"
        "# without: key\nbudget: {within: 2m}\ntools:\n  crm.add_note: {}\nsteps:\n  - id: each\n    for_each: input.ids\n"
        '    steps:\n      - {id: note, call: crm.add_note, with: {customer_id: "${{ item }}", text: Moved.}}',
        "input:\n  type: object\n  properties: {ids: {type: array, maxItems: 20, items: {type: string}}}\n"
        "  required: [ids]\n# without: key\nbudget: {within: 2m}\ntools:\n  crm.add_note: {}\nsteps:\n  - id: each\n"
        "    for_each: input.ids\n"
        '    steps:\n      - {id: note, call: crm.add_note, with: {customer_id: "${{ item }}", text: Moved.}}',
    ),
    "ask-in-loop": (
        "FR1503",
        "warning",
        "A model asked for each item of a list of any length",
        "Every item costs a call of the model. Say in the budget how many there may be, or in the schema how long the list "
        "may be.",
        "input:\n  type: object\n  properties: {texts: {type: array, items: {type: string}}}\n  required: [texts]\n"
        "# without: key\nbudget: {tool_calls: 5}\nsteps:\n  - id: each\n    for_each: input.texts\n"
        '    steps:\n      - {id: short, ask: "Sum this up: ${{ item }}"}',
        "input:\n  type: object\n  properties: {texts: {type: array, items: {type: string}}}\n  required: [texts]\n"
        "# without: key\nbudget: {model_calls: 20}\nsteps:\n  - id: each\n    for_each: input.texts\n"
        '    steps:\n      - {id: short, ask: "Sum this up: ${{ item }}"}',
    ),
    "budget-too-small": (
        "FR1504",
        "error",
        "A budget that every run breaks",
        "The shortest way through the flow needs more than the budget allows, so no run can come to its end.",
        "budget: {writes: 1, within: 2m}\ntools:\n  crm.add_note: {}\nsteps:\n"
        "  - {id: first, call: crm.add_note, with: {customer_id: C-1, text: Called.}}\n"
        "  - {id: second, call: crm.add_note, with: {customer_id: C-1, text: Called again.}}",
        "budget: {writes: 2, within: 2m}\ntools:\n  crm.add_note: {}\nsteps:\n"
        "  - {id: first, call: crm.add_note, with: {customer_id: C-1, text: Called.}}\n"
        "  - {id: second, call: crm.add_note, with: {customer_id: C-1, text: Called again.}}",
    ),
    "step-outlasts-budget": (
        "FR1505",
        "warning",
        "A step that may take longer than the run",
        "`within` of a `call`, an `ask` or a `record` counts work, and so does the budget's. The shorter of the two counts.",
        "budget: {model_calls: 2, within: 2m}\nsteps:\n"
        '  - {id: short, ask: "Sum this up: ${{ input.text }}", within: 10m, on_error: hand_off}',
        "budget: {model_calls: 2, within: 2m}\nsteps:\n"
        '  - {id: short, ask: "Sum this up: ${{ input.text }}", within: 1m, on_error: hand_off}',
    ),
    "repair-unpaid": (
        "FR1506",
        "warning",
        "The budget cannot pay the repairs",
        "To have an answer mended is a call of the model, too. An answer that is still wrong when the budget is spent is "
        "stopped by the budget, before `repair` is used up.",
        "budget: {model_calls: 3}\nsteps:\n"
        '  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, repair: 5, on_error: hand_off}',
        "budget: {model_calls: 6}\nsteps:\n"
        '  - {id: triage, ask: "What is this? ${{ input.text }}", answer: triage@1, repair: 5, on_error: hand_off}',
    ),
    "limit-above-budget": (
        "FR1507",
        "warning",
        "A limit that is never reached",
        "`at_most` says more than the budget allows for all tools together, so who reads it expects too much.",
        "budget: {model_calls: 6, writes: 2}\ntools:\n  crm.add_note: {at_most: 10}\nsteps:\n"
        "  - {id: act, ask: Note what matters., tools: [crm.add_note], on_error: hand_off}",
        "budget: {model_calls: 6, writes: 2}\ntools:\n  crm.add_note: {at_most: 2}\nsteps:\n"
        "  - {id: act, ask: Note what matters., tools: [crm.add_note], on_error: hand_off}",
    ),
}
