"""`flowrun lint`: findings in flows, policies, tools and tests, with their places.

Owns: the command's options and its exit code. It must stay light: nothing that runs a flow may be imported here.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import say
from flowrun.errors import Diagnostic, FlowError, InputError

UNREADABLE = {"file-too-large", "binary-file", "not-utf8"}


@click.command("lint")
@click.argument("paths", nargs=-1)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--explain", metavar="CODE", help="Teach one finding, such as FR1101 or unknown-key.")
@options.WORKSPACE
def command(paths: tuple[str, ...], form: str, explain: str | None, workspace: Path | None) -> int:
    """Check PATHS (files, folders or names of flows), else the whole workspace. Nothing is run.

    Ends with 1 where there are errors, with 0 where there are at most warnings.

    \b
    Examples:
      flowrun lint
      flowrun lint flows/refund.flow.yaml --format json
      flowrun lint --explain FR1101
    """
    if explain is not None:
        from flowrun.cli.teach_text import teach

        return teach(explain, form)
    from flowrun.app.flows import check_paths

    # Nothing that is read is thrown away before the end, so looking for rubbish would only cost: a third of the time.
    gc.disable()
    try:
        files, findings, sources = check_paths(options.workspace_of(workspace), paths)
    except FlowError as error:  # flowrun.yaml itself, or a file that is too large to read
        findings = list(error.diagnostics)
        files, sources = [Path(file) for file in dict.fromkeys(d.span.file for d in findings)], {}
    finally:
        gc.enable()
    if not files:
        raise InputError("There is no flow here to check.", help="flowrun lint PATH, or flowrun init", code="FR3017")
    report([str(file) for file in files], findings, sources, form)
    errors = [found for found in findings if found.severity == "error"]
    if any(found.rule in UNREADABLE for found in errors):
        return 3
    return 1 if errors else 0


def report(files: Sequence[str], findings: Sequence[Diagnostic], sources: Mapping[str, str], form: str) -> None:
    """Print the findings."""
    from flowrun.lint.reporter import render_json, render_text

    if form == "json":
        click.echo(render_json(findings, files), nl=False)
        return
    if findings:
        say(render_text(findings, sources))
    errors = sum(found.severity == "error" for found in findings)
    parts = [(errors, "error"), (len(findings) - errors, "warning")]
    counts = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in parts if count)
    checked = f"{len(files)} file{'' if len(files) == 1 else 's'} checked"
    say(f"{checked}: {counts or 'nothing found'}.", style="red" if errors else "yellow" if findings else "green")
