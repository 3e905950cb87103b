"""FR10xx: findings about files and about YAML itself.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "file-too-large": (
        "FR1001",
        "error",
        "The file is too large",
        "A file of the flow language has at most 1 MB. What is longer is data, and belongs into inputs or tools.",
        "# a flow of 1.1 MB, most of it pasted data",
        "title: A flow is short; data comes in as input",
    ),
    "binary-file": (
        "FR1002",
        "error",
        "The file is not text",
        "The file holds what no text has, as pictures and archives do. Save it as UTF-8 text.",
        "# a picture that was named example.flow.yaml",
        "title: A flow is text",
    ),
    "not-utf8": (
        "FR1003",
        "error",
        "The file is not UTF-8",
        "Some letters are stored in an old encoding, so nobody can tell which letters are meant.",
        "title: Réclamation   # saved in the old encoding Latin-1",
        "title: Réclamation   # saved as UTF-8",
    ),
    "control-character": (
        "FR1004",
        "error",
        "An invisible character",
        "Characters that cannot be seen can hide what a text really says; YAML forbids them.",
        "title: AB   # with a backspace, which cannot be seen, between A and B",
        "title: AB",
    ),
    "empty-file": (
        "FR1005",
        "error",
        "The file is empty",
        "There is nothing to run here. `flowrun init` writes a flow to start from.",
        "# whole file: nothing but this comment",
        "title: Answer a message",
    ),
    "several-documents": (
        "FR1006",
        "error",
        "More than one document in a file",
        "`---` starts another document. One file holds one flow, policy, tool file or test.",
        "title: First flow\n---\nflow: second",
        "# file: first.flow.yaml\ntitle: First flow\n# file: second.flow.yaml\ntitle: Second flow",
    ),
    "wrong-kind": (
        "FR1007",
        "error",
        "Another kind of file",
        "The name of the file and its first key say the same: a flow starts with `flow:`, a policy with `policy:`.",
        "# file: refunds.flow.yaml\n# whole file\npolicy: refunds\nversion: 1\nrules: []",
        """\
# file: refunds.policy.yaml
policy: refunds
version: 1
rules:
  - {id: one_mail, tools: mail.send, at_most: 1, reason: One mail for a case.}
""",
    ),
    "too-many-findings": (
        "FR1008",
        "error",
        "Too many findings",
        "After 200 findings reading stops. Many of them often have one cause, such as one wrong indentation.",
        "# a file of 300 lines whose keys are all unknown, since everything stands two spaces too far left",
        "title: A file with a few findings",
    ),
    "yaml-syntax": (
        "FR1010",
        "error",
        "YAML cannot be read",
        "The lines do not form lists and maps. Check indentation, quotes and brackets of the line and the one above.",
        "steps:\n  - id: found\n   call: crm.lookup_customer",
        'steps:\n  - id: found\n    call: crm.lookup_customer\n    with: {email: "${{ input.email }}"}',
    ),
    "tab-indentation": (
        "FR1011",
        "error",
        "A tab in the indentation",
        "YAML allows only spaces before a key, because a tab has no fixed width.",
        "budget:\n\twrites: 1\n\tmodel_calls: 4",
        "budget:\n  writes: 1\n  model_calls: 4",
    ),
    "wrong-indentation": (
        "FR1012",
        "error",
        "Wrong indentation",
        "Keys of one map start in the same column. A line that is indented further belongs to the line above it.",
        "title: Answer a message\n  owner: support_leads",
        "title: Answer a message\nowner: support_leads",
    ),
    "unclosed-quote": (
        "FR1013",
        "error",
        "A quote is not closed",
        "A text that starts with a quote ends with the same one. Inside '…' an apostrophe is written twice.",
        "title: 'Don't wake people'",
        "title: Don't wake people",
    ),
    "unclosed-bracket": (
        "FR1014",
        "error",
        "A bracket is not closed",
        "Each [ needs its ] and each { its }. Texts with brackets, commas or colons need quotes inside them.",
        """\
steps:
  - id: act
    ask: Help this customer.
    tools: [crm.add_note, mail.draft
    on_error: hand_off
""",
        """\
steps:
  - id: act
    ask: Help this customer.
    tools: [crm.add_note, mail.draft]
    on_error: hand_off
""",
    ),
    "needs-quotes": (
        "FR1015",
        "error",
        "A text that needs quotes",
        "YAML gives @, ` and % a meaning of their own at the start of a text.",
        "title: @support, please read",
        'title: "@support, please read"',
    ),
    "colon-in-text": (
        "FR1016",
        "error",
        "A colon in a text",
        "A colon with a space after it makes a key. Put quotes around a text that has one.",
        """\
tools:
  crm.add_note:
    approve_when: true
    approver: support_leads
    reason: Careful: customers see this.
""",
        """\
tools:
  crm.add_note:
    approve_when: true
    approver: support_leads
    reason: "Careful: customers see this."
""",
    ),
    "unquoted-expression": (
        "FR1020",
        "error",
        "An expression in braces without quotes",
        "Inside { } or [ ] YAML reads the braces of ${{ … }} as its own. In a line of its own no quotes are needed.",
        "steps:\n  - id: found\n    call: crm.lookup_customer\n    with: {email: ${{ input.email }}}",
        'steps:\n  - id: found\n    call: crm.lookup_customer\n    with: {email: "${{ input.email }}"}',
    ),
    "text-after-quote": (
        "FR1021",
        "error",
        "Text after a quoted text",
        "YAML stops reading a value at its closing quote. Put quotes of the other kind around the whole.",
        'steps:\n  - id: urgent\n    when: "refund" in input.text\n    set: true',
        "steps:\n  - id: urgent\n    when: '\"refund\" in input.text'\n    set: true",
    ),
    "text-cut": (
        "FR1022",
        "error",
        "A text is silently cut",
        "A space and # start a comment, so what follows is lost without any error.",
        "tools:\n  crm.add_note:\n    at_most: 1\n    reason: See rule #12 of the handbook.",
        'tools:\n  crm.add_note:\n    at_most: 1\n    reason: "See rule #12 of the handbook."',
    ),
    "grouped-number": (
        "FR1023",
        "error",
        "A number with underscores",
        "In YAML 1.2 this is a text, in older readers a number.",
        "# file: flowrun.yaml\nlimits:\n  tokens: 20_000",
        "# file: flowrun.yaml\nlimits:\n  tokens: 20000",
    ),
    "leading-zero": (
        "FR1024",
        "warning",
        "A number with leading zeros",
        "Codes such as postcodes lose their zero when they are read as numbers. Quotes keep it.",
        "steps:\n  - id: shop\n    set: {city: Dresden, postcode: 01067}",
        'steps:\n  - id: shop\n    set: {city: Dresden, postcode: "01067"}',
    ),
    "bad-number": (
        "FR1025",
        "error",
        "Not a number that can be stored",
        "JSON knows no infinity, and programs disagree about numbers of more than 18 digits. Put quotes around long ids.",
        "steps:\n  - id: shop\n    set: {account: 12345678901234567890}",
        'steps:\n  - id: shop\n    set: {account: "12345678901234567890"}',
    ),
    "duplicate-key": (
        "FR1030",
        "error",
        "A key stands twice",
        "Only one of the two could count, and YAML readers disagree which.",
        "title: Answer a message\nowner: support_leads\ntitle: Answer a message of a customer",
        "title: Answer a message of a customer\nowner: support_leads",
    ),
    "key-not-text": (
        "FR1031",
        "error",
        "A key is not a text",
        "Keys are names. A list or map cannot be one.",
        "budget:\n  [writes, tool_calls]: 4",
        "budget:\n  writes: 4\n  tool_calls: 4",
    ),
    "yaml-tag": (
        "FR1032",
        "error",
        "A tag of YAML",
        "A word that starts with ! tells YAML to build something special. Flows hold plain data only.",
        "steps:\n  - id: quiet\n    when: !input.channel\n    set: true",
        "steps:\n  - id: quiet\n    when: input.channel is none\n    set: true",
    ),
    "merge-key": (
        "FR1033",
        "error",
        "A merge key",
        "`<<` is not part of YAML 1.2. Whoever reads the flow must see what it does.",
        "tools:\n  crm.add_note: &careful {at_most: 1}\n  mail.draft:\n    <<: *careful",
        "tools:\n  crm.add_note: {at_most: 1}\n  mail.draft: {at_most: 1}",
    ),
    "unknown-anchor": (
        "FR1034",
        "error",
        "An alias without its anchor",
        "`*name` repeats what `&name` marked further up.",
        "title: *important",
        'title: "*important"',
    ),
    "too-many-aliases": (
        "FR1035",
        "error",
        "Too much behind aliases",
        "Aliases of aliases make a small file stand for millions of values. Reading stops before that.",
        """\
# whole file
a: &a [x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
""",
        "tools:\n  crm.add_note: &once {at_most: 1}\n  mail.draft: *once",
    ),
    "too-deep": (
        "FR1036",
        "error",
        "Too many levels inside each other",
        "A file may have 60 levels inside each other, an expression 50. Move the inner part out: a flow of its own, or a `set`.",
        """\
steps:
  - id: deep
    set: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
""",
        "steps:\n  - id: flat\n    set: [1]",
    ),
}
