"""`flowrun lint`: findings in flows, policies, tools and tests, with their places; mending them.

Owns: the command's options, where its output goes and its exit code. It must stay light: nothing that runs a flow may be
imported here.
"""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli import options
from flowrun.cli.output import is_terminal, note, say
from flowrun.errors import InputError
from flowrun.lint.reporters import FORMATS
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.lint.report import Report

UNREADABLE = {"file-too-large", "binary-file", "not-utf8"}


@click.command("lint")
@click.argument("paths", nargs=-1)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="text for people, json for programs, github for annotations, sarif, junit and gitlab for CI.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the findings there instead.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    show_default=True,
    help="What ends with 1: errors, or warnings too.",
)
@click.option("--fix", is_flag=True, help="Mend what has one right repair, and show what remains.")
@click.option("--diff", "as_diff", is_flag=True, help="Show what --fix would change; write nothing.")
@click.option("--dry-run", is_flag=True, help="With --fix: the same as --diff.")
@click.option("--show-allowed", is_flag=True, help="Show the findings that comments allow, too.")
@click.option("--explain", metavar="CODE", help="Teach one finding, such as FR1101 or unknown-key.")
@options.WORKSPACE
def command(
    paths: tuple[str, ...],
    form: str,
    output: Path | None,
    fail_on: str,
    fix: bool,
    as_diff: bool,
    dry_run: bool,
    show_allowed: bool,
    explain: str | None,
    workspace: Path | None,
) -> int:
    """Check PATHS (files, folders or names of flows), else the whole workspace. Nothing is run.

    Ends with 1 where there are errors, with 3 where a file cannot be read, with 0 where there are at most warnings. With
    --fix what remains counts; --diff mends nothing, so everything counts.

    \b
    Examples:
      flowrun lint
      flowrun lint --fix
      flowrun lint flows/refund.flow.yaml --format json
      flowrun lint --format sarif --output flowrun.sarif --fail-on warning
      flowrun lint --explain FR1101
    """
    if explain is not None:
        from flowrun.cli.teach_text import teach

        return teach(explain, form)
    if dry_run and not fix:
        raise click.UsageError(t("--dry-run belongs to --fix; --diff alone does the same"))
    if (as_diff or dry_run) and form != "text":
        raise click.UsageError(t("--diff prints a diff, so it takes no --format"))
    from flowrun.app.lint import look

    if fix or as_diff:
        from flowrun.app import mend

        mending = mend.mended(workspace, paths)
        if as_diff or dry_run:
            put(mend.diff(mending), output)
            found = replace(look(workspace, paths), fail_on=fail_on)
            note(summary(found))
            return code_of(found)
        mend.write(mending)
        found = mending.report
    else:
        # Nothing that is read is thrown away before the end, so looking for rubbish would only cost: a third of the time.
        gc.disable()
        try:
            found = look(workspace, paths)
        finally:
            gc.enable()
    found = replace(found, show_allowed=show_allowed, fail_on=fail_on)
    show(found, form, output)
    return code_of(found)


def show(found: Report, form: str, output: Path | None) -> None:
    """Print the findings on stdout, or into a file."""
    from flowrun.lint.reporters import render

    written = render(form, found)
    if form != "text" or output is not None:
        put(written, output)
        if output is not None:
            note(summary(found))
        return
    listed, _, counts = written.rstrip("\n").rpartition("\n")
    if listed:
        say(listed)
    style = "red" if found.errors() else "yellow" if found.findings else "green"
    say(counts, style=style)


def put(text: str, output: Path | None) -> None:
    """Write text as it is: into a file, or on stdout; a terminal gets no signs that steer it."""
    if output is None:
        if is_terminal(sys.stdout):
            say(text.rstrip("\n"))
        else:
            click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        message = t("{file} cannot be written: {reason}.", file=output, reason=reason)
        raise InputError(message, help=t("Name another file."), code="FR3052") from None


def summary(found: Report) -> str:
    """Return the line that counts files and findings."""
    from flowrun.lint.reporters.text import summary

    return summary(found)


def code_of(found: Report) -> int:
    """Return the exit code of a report."""
    if any(item.rule in UNREADABLE and item.severity == "error" for item in found.findings):
        return 3
    return 1 if any(found.fails(item) for item in found.findings) else 0
