"""FR12xx and FR13xx: findings about expressions, and about the names and types in them.

Owns: the texts of these families as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "syntax": (
        "FR1201", "error", "An expression cannot be read",
        "Values stand with an operator between them; texts are in quotes.",
        "when: input.amount is bigger than 10", "when: input.amount > 10",
    ),
    "empty": (
        "FR1202", "error", "An expression is missing",
        "Write what should be worked out, or take the key out.",
        "when: ''", "when: input.amount > 10",
    ),
    "single-equals": (
        "FR1203", "error", "One = does not compare",
        "`==` asks whether two values are the same.",
        'when: input.plan = "pro"', 'when: input.plan == "pro"',
    ),
    "and-or-not": (
        "FR1204", "error", "and, or and not are words",
        "The signs of other languages (&&, ||, !) and capital letters are not used.",
        "when: input.a && !input.b", "when: input.a and not input.b",
    ),
    "operator": (
        "FR1205", "error", "An operator of another language",
        "The operators are == != < <= > >= in, not in, is none, + - * / // % ~.",
        "when: input.a <> 1", "when: input.a != 1",
    ),
    "unbalanced": (
        "FR1206", "error", "A bracket or quote is not closed",
        "Each opening sign in an expression needs its closing one.",
        "when: (input.a or input.b", "when: (input.a or input.b)",
    ),
    "curly-quotes": (
        "FR1207", "error", "Typographic quotation marks",
        "Word processors replace straight quotes. Expressions need straight ones.",
        "when: input.plan == “pro”", 'when: input.plan == "pro"',
    ),
    "dollar-braces": (
        "FR1208", "error", "${{ }} where an expression stands alone",
        "`when`, `key`, `for_each` and the like always hold an expression; ${{ … }} is for texts.",
        "when: ${{ input.urgent }}", "when: input.urgent",
    ),
    "missing-dollar": (
        "FR1209", "error", "{{ }} without $",
        "An expression in a text starts with ${{.",
        "ask: 'Hello {{ input.name }}'", "ask: Hello ${{ input.name }}",
    ),
    "tags-in-text": (
        "FR1210", "error", "{% %} outside a prompt",
        "Only prompts (`ask`, `ask_person`) may hold {% if %} and {% for %}. Elsewhere use `x if c else y`.",
        "set: '{% if input.a %}x{% endif %}'", 'set: ${{ "x" if input.a else none }}',
    ),
    "unknown-tag": (
        "FR1211", "error", "A tag that does not exist",
        "Prompts know {% if %}, {% elif %}, {% else %}, {% endif %}, {% for %} and {% endfor %}.",
        "{% include 'x' %}", "{% if input.a %}…{% endif %}",
    ),
    "unsupported": (
        "FR1212", "error", "Not part of the expressions",
        "Expressions read data and compare it; nothing in them may run for long or change anything.",
        "when: (lambda x: x)(1)", "when: input.x == 1",
    ),
    "not-supported": (
        "FR1213", "error", "Not supported here",
        "The place does not allow what is written, although it would be right elsewhere.",
        "x", "y",
    ),
    "no-methods": (
        "FR1214", "error", "A method of a value",
        "`a.b` is always the data's field. Use a filter in place of a method.",
        "input.name.lower()", "input.name | lower",
    ),
    "unknown-function": (
        "FR1215", "error", "A function or filter that does not exist",
        "The list is closed; the reference has them all.",
        "input.name | uppercase", "input.name | upper",
    ),
    "unknown-test": (
        "FR1217", "error", "An `is` that does not exist",
        "Only `is none` and `is not none` exist.",
        "input.a is defined", "input.a is not none",
    ),
    "arguments": (
        "FR1218", "error", "Wrong arguments",
        "The function is called with too many, too few or unknown arguments.",
        "input.items | join", 'input.items | join(", ")',
    ),
    "missing-else": (
        "FR1219", "error", "if without else",
        "Without `else` nobody can see what the value is otherwise.",
        "'x' if input.a", "'x' if input.a else none",
    ),
    "compare-none": (
        "FR1220", "error", "Comparing with none",
        "Null is asked for with `is none`.",
        "input.a == none", "input.a is none",
    ),
    "calls-which": (
        "FR1221", "error", "Which call is meant?",
        "`calls.TOOL` are all succeeded calls of this run: say `.last` or `.all`.",
        "calls.desk.create_ticket.output", "calls.desk.create_ticket.last.output",
    ),
    "name-taken": (
        "FR1222", "error", "A name that is taken",
        "A variable of {% for %} may not hide `input`, `steps` and the like.",
        "{% for input in steps.a %}", "{% for line in steps.a %}",
    ),
    "too-long": (
        "FR1223", "error", "An expression is too long",
        "Name parts of it with `set` steps.",
        "an expression of 20,000 characters", "when: steps.allowed",
    ),
    "unknown-name": (
        "FR1301", "error", "A name that does not exist",
        "Names start with input, steps, calls, item, run or tables; in rules also args and facts. Texts need quotes.",
        "when: plan == pro", 'when: input.plan == "pro"',
    ),
    "name-not-here": (
        "FR1302", "error", "A name that is not known in this place",
        "`item` is known inside for_each, `args` and `facts` in rules, `env` and `secret` in tool and model files.",
        "when: args.amount > 1   # in a step", "deny_when: args.amount > 1   # in a rule",
    ),
    "unknown-step": (
        "FR1303", "error", "A step that does not exist",
        "`steps.ID` names a step of this flow that stands earlier.",
        "${{ steps.costumer.plan }}", "${{ steps.customer.plan }}",
    ),
    "step-not-visible": (
        "FR1304", "error", "A step that cannot be seen from here",
        "A step sees earlier steps; steps inside `for_each` are not seen outside, those of another branch not inside.",
        "${{ steps.later.value }}", "${{ steps.earlier.value }}",
    ),
    "unknown-field": (
        "FR1305", "error", "A field that does not exist",
        "The schema of the value has no such field.",
        "${{ input.emial }}", "${{ input.email }}",
    ),
    "type-mismatch": (
        "FR1306", "error", "Two kinds of value",
        "Both sides of a comparison, and a value and the place it goes to, must be of one kind.",
        'when: input.count > "3"', "when: input.count > 3",
    ),
    "unknown-enum-value": (
        "FR1307", "error", "A value that can never occur",
        "The schema lists all possible values, and this is none of them.",
        'when: steps.t.intent == "cancle"', 'when: steps.t.intent == "cancel"',
    ),
    "unhandled-enum": (
        "FR1308", "error", "A value that no branch handles",
        "`choose` needs `otherwise`, or a branch for every possible value.",
        'choose: [{when: input.a == "x", steps: […]}]', "choose: [{when: …, steps: […]}, {otherwise: […]}]",
    ),
    "maybe-null": (
        "FR1309", "error", "The value may be null",
        "Say what holds then: `is none`, `default(…)`, or a guard with `and`.",
        "when: steps.c.score > 3", "when: (steps.c.score | default(0)) > 3",
    ),
    "not-a-condition": (
        "FR1310", "error", "A condition that is no truth value",
        "A condition is true or false. Numbers, texts and lists are neither.",
        "when: input.items", "when: (input.items | length) > 0",
    ),
    "unknown-schema": (
        "FR1311", "error", "A schema that does not exist",
        "NAME@N is schemas/records/NAME/vN.json of the workspace, or one of the bundled schemas.",
        "input: suport_message@1", "input: support_message@1",
    ),
    "unknown-table": (
        "FR1312", "error", "A table that does not exist",
        "Tables stand in the policy or in flowrun.yaml.",
        "tables.free_bag[…]", "tables.free_bags[…]",
    ),
    "unknown-fact": (
        "FR1313", "error", "A fact that does not exist",
        "Facts stand in the same policy, under `facts`.",
        "facts.reservation.cabin", "facts.r.cabin",
    ),
    "missing-field": (
        "FR1314", "error", "A required field is missing",
        "The schema of the tool, record or form requires it.",
        "with: {}", "with: {email: …}",
    ),
    "extra-field": (
        "FR1315", "error", "A field that the schema does not know",
        "Schemas are closed, so that a slip of the pen is found.",
        "with: {emial: …}", "with: {email: …}",
    ),
    "constant-condition": (
        "FR1316", "warning", "A condition that never changes",
        "The condition is always true or always false, so the branch or rule is not what it seems.",
        'when: "a" == "a"', "when: input.a == \"a\"",
    ),
    "invalid-schema": (
        "FR1317", "error", "Not a valid JSON Schema",
        "The schema breaks the rules of JSON Schema 2020-12.",
        "input: {type: strng}", "input: {type: string}",
    ),
    "bad-table-keys": (
        "FR1318", "error", "A table does not fit its enum",
        "The keys of a table are exactly the values of the enum that looks it up.",
        "free_bags: {gold: 3}", "free_bags: {gold: 3, silver: 2, regular: 1}",
    ),
    "wrong-comparison": (
        "FR1319",
        "error",
        "Two values that cannot be compared",
        "Only values of one kind can be compared, and only numbers, money and moments have an order.",
        'when: input.count > "3"',
        "when: input.count > 3",
    ),
    "bad-literal": (
        "FR1320",
        "error",
        "A written value that cannot be read",
        "money, date and next read the text that stands in them, and this one has another form.",
        'money("50 euros")',
        'money("50 EUR")',
    ),
}
