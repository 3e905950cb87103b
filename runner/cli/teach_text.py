"""What one rule of lint means, on a terminal.

Owns: the text of `flowrun lint --explain`. The lesson itself is `app.teach`'s part.
"""

from __future__ import annotations

import click

from flowrun.app.teach import lesson
from flowrun.cli.output import print_json, say
from flowrun.lang.codes import catalogue, entry
from flowrun.lang.expr_problem import suggestion
from flowrun.words import t


def teach(name: str, form: str) -> int:
    """Print what one rule means: its reason, an example that breaks it, what lint prints for that, and a right one."""
    found = entry(name)
    if found is None:
        message = t("There is no finding {name}.", name=repr(name))
        raise click.UsageError(f"{message} {suggestion(name, catalogue())}".rstrip())
    if form == "json":
        print_json(found)
        return 0
    taught = lesson(found)
    say(f"{found.code} {found.rule} ({found.severity}): {t(found.title)}", style="bold")
    say(f"\n{t(found.teaching)}")
    for label, files in (
        (t("Not this:"), taught.bad),
        (t("What lint prints for it:"), {"": taught.printed} if taught.printed else {}),
        (t("What `flowrun lint --fix` makes of it:"), taught.mended),
        (t("But this:"), taught.good),
    ):
        if files:
            say(f"\n{label}", style="bold")
        for file, text in files.items():
            shown = text.rstrip("\n").split("\n")
            for line in [*([f"# file: {file}"] if len(files) > 1 else []), *shown]:
                say(f"  {line}".rstrip())
    return 0
