"""FR10xx: findings about files and about YAML itself.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "file-too-large": (
        "FR1001", "error", "The file is too large",
        "A file of the flow language has at most 1 MB. What is longer is data, and belongs into inputs or tools.",
        "a YAML file of 50 MB", "flow: small\nversion: 1",
    ),
    "binary-file": (
        "FR1002", "error", "The file is not text",
        "The file holds zero bytes, as pictures, archives and files in UTF-16 do. Save it as UTF-8 text.",
        "a picture named x.flow.yaml", "flow: support_to_ticket",
    ),
    "not-utf8": (
        "FR1003", "error", "The file is not UTF-8",
        "Some letters are stored in an old encoding, so nobody can tell which letters are meant.",
        "title: R\\xe9clamation (saved as Latin-1)", "title: Réclamation (saved as UTF-8)",
    ),
    "control-character": (
        "FR1004", "error", "An invisible character",
        "Characters that cannot be seen can hide what a text really says; YAML forbids them.",
        "title: A\\x08B", "title: AB",
    ),
    "empty-file": (
        "FR1005", "error", "The file is empty",
        "There is nothing to run here. `flowrun init` writes a flow to start from.",
        "# only a comment", "flow: hello\nversion: 1",
    ),
    "several-documents": (
        "FR1006", "error", "More than one document in a file",
        "`---` starts another document. One file holds one flow, policy, tool file or test.",
        "flow: a\n---\nflow: b", "two files: a.flow.yaml and b.flow.yaml",
    ),
    "wrong-kind": (
        "FR1007", "error", "Another kind of file",
        "The name of the file and its first key must say the same: a flow starts with `flow:`, a policy with `policy:`.",
        "policy: refunds      # in refunds.flow.yaml", "flow: refunds",
    ),
    "yaml-syntax": (
        "FR1010", "error", "YAML cannot be read",
        "The lines do not form lists and maps. Check indentation, quotes and brackets of the line and the one above.",
        "steps:\n - id: a\n  call: x.y", "steps:\n  - id: a\n    call: x.y",
    ),
    "tab-indentation": (
        "FR1011", "error", "A tab in the indentation",
        "YAML allows only spaces before a key, because a tab has no fixed width.",
        "budget:\n\twrites: 1", "budget:\n  writes: 1",
    ),
    "wrong-indentation": (
        "FR1012", "error", "Wrong indentation",
        "Keys of one map start in the same column. A line that is indented further belongs to the line above it.",
        "flow: a\n  version: 1", "flow: a\nversion: 1",
    ),
    "unclosed-quote": (
        "FR1013", "error", "A quote is not closed",
        "A text that starts with a quote ends with the same one. Inside '…' an apostrophe is written twice.",
        "title: 'Don't wake people", "title: Don't wake people",
    ),
    "unclosed-bracket": (
        "FR1014", "error", "A bracket is not closed",
        "Each [ needs its ] and each { its }. Texts with brackets, commas or colons need quotes inside them.",
        "tools: [crm.find, desk.open", "tools: [crm.find, desk.open]",
    ),
    "needs-quotes": (
        "FR1015", "error", "A text that needs quotes",
        "YAML gives @, ` and % a meaning of their own at the start of a text.",
        "title: @support", 'title: "@support"',
    ),
    "colon-in-text": (
        "FR1016", "error", "A colon in a text",
        "A colon with a space after it makes a key. Put quotes around a text that has one.",
        "reason: Careful: this costs money.", 'reason: "Careful: this costs money."',
    ),
    "unquoted-expression": (
        "FR1020", "error", "An expression in braces without quotes",
        "Inside { } or [ ] YAML reads the braces of ${{ … }} as its own. In a line of its own no quotes are needed.",
        "with: {email: ${{ input.email }}}", 'with: {email: "${{ input.email }}"}',
    ),
    "text-after-quote": (
        "FR1021", "error", "Text after a quoted text",
        "YAML stops reading a value at its closing quote. Put quotes of the other kind around the whole.",
        'when: "vip" in input.tags', "when: '\"vip\" in input.tags'",
    ),
    "text-cut": (
        "FR1022", "error", "A text is silently cut",
        "A space and # start a comment, so what follows is lost without any error.",
        "reason: See rule #12", 'reason: "See rule #12"',
    ),
    "grouped-number": (
        "FR1023", "error", "A number with underscores",
        "In YAML 1.2 this is a text, in older readers a number.",
        "limit: 20_000", "limit: 20000",
    ),
    "leading-zero": (
        "FR1024", "warning", "A number with leading zeros",
        "Codes such as postcodes lose their zero when they are read as numbers. Quotes keep it.",
        "postcode: 01067", 'postcode: "01067"',
    ),
    "bad-number": (
        "FR1025", "error", "Not a number that can be stored",
        "JSON knows no infinity, and programs disagree about numbers of more than 18 digits. Quote long ids.",
        "account: 12345678901234567890", 'account: "12345678901234567890"',
    ),
    "duplicate-key": (
        "FR1030", "error", "A key stands twice",
        "Only one of the two could count, and YAML readers disagree which.",
        "title: A\ntitle: B", "title: B",
    ),
    "key-not-text": (
        "FR1031", "error", "A key is not a text",
        "Keys are names. A list or map cannot be one.",
        "[a, b]: 1", "a: 1\nb: 1",
    ),
    "yaml-tag": (
        "FR1032", "error", "A tag of YAML",
        "A word that starts with ! tells YAML to build something special. Flows hold plain data only.",
        "when: !input.urgent", "when: not input.urgent",
    ),
    "merge-key": (
        "FR1033", "error", "A merge key",
        "`<<` is not part of YAML 1.2. Whoever reads the flow must see what it does.",
        "<<: *defaults", "within: 10s",
    ),
    "unknown-anchor": (
        "FR1034", "error", "An alias without its anchor",
        "`*name` repeats what `&name` marked further up.",
        "title: *important*", 'title: "*important*"',
    ),
    "too-many-aliases": (
        "FR1035", "error", "Too much behind aliases",
        "Aliases of aliases make a small file stand for millions of values. Reading stops before that.",
        "b: [*a, *a, *a, *a]\nc: [*b, *b, *b, *b]", "a: [1, 2]",
    ),
    "too-deep": (
        "FR1036", "error", "Nested too deep",
        "Files nest at most 60 levels, expressions at most 50. Move the inner part out: a flow of its own, or a `set`.",
        "[[[[[[…]]]]]]", "call: flows.inner@1",
    ),
}
