"""FR12xx: findings about how expressions are written.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "syntax": (
        "FR1201",
        "error",
        "An expression cannot be read",
        "Between two values stands a sign or a word such as `==` or `and`; texts are in quotes.",
        "steps:\n  - id: big\n    when: input.text is longer than 10\n    set: true",
        "steps:\n  - id: big\n    when: (input.text | length) > 10\n    set: true",
    ),
    "empty": (
        "FR1202",
        "error",
        "An expression is missing",
        "Write what should be worked out, or take the key out.",
        'steps:\n  - id: big\n    when: ""\n    set: true',
        'steps:\n  - id: big\n    when: input.text == "STOP"\n    set: true',
    ),
    "single-equals": (
        "FR1203",
        "error",
        "One = does not compare",
        "`==` asks whether two values are the same.",
        'steps:\n  - id: big\n    when: input.text = "STOP"\n    set: true',
        'steps:\n  - id: big\n    when: input.text == "STOP"\n    set: true',
    ),
    "and-or-not": (
        "FR1204",
        "error",
        "and, or and not are words",
        "The signs of other languages (&&, ||, !) and capital letters are not used.",
        'steps:\n  - id: big\n    when: input.text == "STOP" && input.email != ""\n    set: true',
        'steps:\n  - id: big\n    when: input.text == "STOP" and input.email != ""\n    set: true',
    ),
    "operator": (
        "FR1205",
        "error",
        "A sign of another language",
        "The signs and words are == != < <= > >= in, not in, is none, + - * / // % ~.",
        'steps:\n  - id: big\n    when: input.text <> "STOP"\n    set: true',
        'steps:\n  - id: big\n    when: input.text != "STOP"\n    set: true',
    ),
    "unbalanced": (
        "FR1206",
        "error",
        "A bracket or quote is not closed",
        "Each opening sign in an expression needs its closing one.",
        'steps:\n  - id: big\n    when: (input.text == "STOP" or input.text == "HELP"\n    set: true',
        'steps:\n  - id: big\n    when: input.text == "STOP" or input.text == "HELP"\n    set: true',
    ),
    "curly-quotes": (
        "FR1207",
        "error",
        "Curly quotation marks",
        "Word processors replace straight quotes. Expressions need straight ones.",
        "steps:\n  - id: big\n    when: input.text == “STOP”\n    set: true",
        'steps:\n  - id: big\n    when: input.text == "STOP"\n    set: true',
    ),
    "dollar-braces": (
        "FR1208",
        "error",
        "${{ }} where an expression stands alone",
        "`when`, `key`, `for_each` and the like always hold an expression; ${{ … }} is for texts.",
        'steps:\n  - id: big\n    when: ${{ input.text == "STOP" }}\n    set: true',
        'steps:\n  - id: big\n    when: input.text == "STOP"\n    set: true',
    ),
    "missing-dollar": (
        "FR1209",
        "error",
        "{{ }} without $",
        "An expression in a text starts with ${{.",
        """\
steps:
  - id: triage
    ask: "What does this customer need? {{ input.text }}"
    on_error: hand_off
""",
        """\
steps:
  - id: triage
    ask: "What does this customer need? ${{ input.text }}"
    on_error: hand_off
""",
    ),
    "tags-in-text": (
        "FR1210",
        "error",
        "{% %} outside a prompt",
        "Only prompts (`ask`, `ask_person`) may hold {% if %} and {% for %}. Elsewhere use `x if c else y`.",
        "steps:\n  - id: kind\n    set: \"{% if input.text == 'STOP' %}stop{% endif %}\"",
        'steps:\n  - id: kind\n    set: ${{ "stop" if input.text == "STOP" else "other" }}',
    ),
    "unknown-tag": (
        "FR1211",
        "error",
        "A tag that does not exist",
        "Prompts know {% if %}, {% elif %}, {% else %}, {% endif %}, {% for %} and {% endfor %}.",
        """\
steps:
  - id: triage
    ask: |
      {% include "house_style" %}
      What does this customer need?
    on_error: hand_off
""",
        """\
steps:
  - id: triage
    ask: |
      {% if input.text == "STOP" %}Be short.{% endif %}
      What does this customer need?
    on_error: hand_off
""",
    ),
    "unsupported": (
        "FR1212",
        "error",
        "Not part of the expressions",
        "Expressions read data and compare it; nothing in them may run for long or change anything.",
        'steps:\n  - id: big\n    when: input.text[0:3] == "RE:"\n    set: true',
        'steps:\n  - id: big\n    when: input.text | contains("RE:")\n    set: true',
    ),
    "not-supported": (
        "FR1213",
        "error",
        "Not supported here",
        "The place does not allow what is written, although it would be right elsewhere.",
        "# file: shop.tools.yaml\nsource: ${{ env.SHOP }}.py\nactions: {find_order: {}}",
        "# file: shop.tools.yaml\nsource: shop.py\nactions: {find_order: {}}",
    ),
    "no-methods": (
        "FR1214",
        "error",
        "A value is called like a function",
        "`a.b` is always the data's field. Use a filter instead, as in `value | length`.",
        'steps:\n  - id: big\n    when: input.text.lower() == "stop"\n    set: true',
        'steps:\n  - id: big\n    when: (input.text | lower) == "stop"\n    set: true',
    ),
    "unknown-function": (
        "FR1215",
        "error",
        "A function or filter that does not exist",
        "The list is closed; the reference has them all.",
        'steps:\n  - id: big\n    when: (input.text | lowercase) == "stop"\n    set: true',
        'steps:\n  - id: big\n    when: (input.text | lower) == "stop"\n    set: true',
    ),
    "unknown-test": (
        "FR1217",
        "error",
        "An `is` that does not exist",
        "Only `is none` and `is not none` exist.",
        "steps:\n  - id: big\n    when: input.channel is defined\n    set: true",
        "steps:\n  - id: big\n    when: input.channel is not none\n    set: true",
    ),
    "arguments": (
        "FR1218",
        "error",
        "Wrong values for a function",
        "The function got too many or too few values, or one that it does not know.",
        'steps:\n  - id: big\n    when: (input.text | truncate) == "stop"\n    set: true',
        'steps:\n  - id: big\n    when: (input.text | truncate(4)) == "stop"\n    set: true',
    ),
    "missing-else": (
        "FR1219",
        "error",
        "if without else",
        "Without `else` nobody can see what the value is otherwise.",
        'steps:\n  - id: kind\n    set: ${{ "stop" if input.text == "STOP" }}',
        'steps:\n  - id: kind\n    set: ${{ "stop" if input.text == "STOP" else "other" }}',
    ),
    "compare-none": (
        "FR1220",
        "error",
        "Comparing with none",
        "Whether there is nothing is asked with `is none`.",
        "steps:\n  - id: big\n    when: input.channel == none\n    set: true",
        "steps:\n  - id: big\n    when: input.channel is none\n    set: true",
    ),
    "calls-which": (
        "FR1221",
        "error",
        "Which call is meant?",
        "`calls.TOOL` are all succeeded calls of this run: say `.last` or `.all`.",
        """\
steps:
  - id: act
    ask: Open a ticket.
    tools: [desk.create_ticket]
    on_error: hand_off
  - {id: number, set: "${{ calls.desk.create_ticket.output.ticket_id }}"}
""",
        """\
steps:
  - id: act
    ask: Open a ticket.
    tools: [desk.create_ticket]
    on_error: hand_off
  - {id: number, set: "${{ calls.desk.create_ticket.last.output.ticket_id }}"}
""",
    ),
    "name-taken": (
        "FR1222",
        "error",
        "A name that is taken",
        "A variable of {% for %} may not hide `input`, `steps` and the like.",
        """\
steps:
  - id: listed
    set: [a, b]
  - id: triage
    ask: "Which one? {% for input in steps.listed %}${{ input }} {% endfor %}"
    on_error: hand_off
""",
        """\
steps:
  - id: listed
    set: [a, b]
  - id: triage
    ask: "Which one? {% for line in steps.listed %}${{ line }} {% endfor %}"
    on_error: hand_off
""",
    ),
    "too-long": (
        "FR1223",
        "error",
        "An expression is too long",
        "Name parts of it with `set` steps.",
        "key: input.text ~ input.text ~ input.text   # and so on, 1,600 times",
        "key: input.message_id",
    ),
}
