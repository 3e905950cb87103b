"""Rule names and their stable codes, and the one way to make a finding.

Owns: `Entry`, the catalogue over all families, and `diagnostic`. The texts are in `codes_files` (FR10xx), `codes_shape`
(FR11xx), `codes_expressions` (FR12xx), `codes_types` (FR13xx), `codes_rules` and `codes_workspace` (FR14xx),
`codes_budgets`, `codes_people`, `codes_branches`, `codes_approvals` and `codes_values` (FR15xx, what a flow means),
`codes_schemas` and `codes_policies` (FR16xx), `codes_allowances` (FR17xx) and `codes_records` (FR18xx); a code is never
given to another rule.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module

import msgspec

from flowrun.errors import Diagnostic, Edit, Span

FAMILIES = (
    "files",
    "shape",
    "expressions",
    "types",
    "rules",
    "workspace",
    "budgets",
    "people",
    "branches",
    "values",
    "approvals",
    "schemas",
    "policies",
    "prompts",
    "beside",
    "allowances",
    "records",
)
"""The modules `codes_NAME`. They are read when there is a finding: a file without one needs no texts."""

UNLISTED = "FR1000"
"""Code of a finding whose rule is not in the catalogue; tests see to it that there is none."""

RETIRED = ("FR1315", "FR1316", "FR1318", "FR1419", "FR1425", "FR1428")
"""Codes of rules that nothing found any more; none of them is given again."""

MAX_FINDINGS = 200
"""Most findings of one file; whoever reads more than that mends the first ones and looks again."""


class Entry(msgspec.Struct, frozen=True):
    """One rule: what it is called, and what `lint --explain` teaches about it.

    `bad` and `good` run: `lint.fragments` completes them to a workspace.
    """

    rule: str
    code: str
    severity: str
    title: str
    teaching: str
    bad: str
    good: str


@cache
def catalogue() -> dict[str, Entry]:
    """Return every rule by its name, in the order of the codes."""
    entries: dict[str, Entry] = {}
    for family in FAMILIES:
        rules = import_module(f"flowrun.lang.codes_{family}").RULES
        for rule, (code, severity, title, teaching, bad, good) in rules.items():
            entries[rule] = Entry(rule, code, severity, title, teaching, bad.rstrip("\n"), good.rstrip("\n"))
    return dict(sorted(entries.items(), key=lambda item: item[1].code))


def entry(name: str) -> Entry | None:
    """Return a rule by its name (`unknown-key`) or its code (`FR1101`, in any case), or None."""
    found = catalogue().get(name.lower())
    if found is not None:
        return found
    return next((item for item in catalogue().values() if item.code == name.upper()), None)


def diagnostic(
    rule: str,
    message: str,
    span: Span,
    *,
    help: str | None = None,
    fix: str | None = None,
    edits: tuple[Edit, ...] = (),
    related: tuple[tuple[Span, str], ...] = (),
    severity: str | None = None,
) -> Diagnostic:
    """Return a finding with the code of its rule; `severity` (`error`, `warning`) is the rule's unless given."""
    known = catalogue().get(rule)
    return Diagnostic(
        code=known.code if known else UNLISTED,
        rule=rule,
        message=message,
        span=span,
        severity=severity or (known.severity if known else "error"),
        help=help,
        fix=fix,
        edits=edits,
        related=related,
    )


def allowable(code: str, severity: str) -> bool:
    """Return whether a comment may allow a finding: advice, and the families about what a flow does (FR15 and up).

    Errors of files, keys, expressions and names stay: no plan can be made of what they are about. Findings about the
    comments themselves stay, too.
    """
    return not code.startswith("FR17") and (severity == "warning" or code[:4] >= "FR15")
