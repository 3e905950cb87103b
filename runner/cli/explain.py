"""`flowrun explain`: what a flow may do, on one page for the person who signs it off.

Owns: the command's options and where the page goes. What stands on it is `flowrun.contract`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.errors import InputError
from flowrun.words import t

FORMATS = ("text", "markdown", "json", "mermaid", "svg")


@click.command("explain")
@click.argument("flow")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there, not to the screen.")
@options.WORKSPACE
def command(flow: str, form: str, as_json: bool, output: Path | None, workspace: Path | None) -> int:
    """Say what FLOW may do at worst: reads, writes, money, mail, models, people, cost. Nothing is run.

    \b
    Examples:
      flowrun explain support_to_ticket
      flowrun explain flows/refund.flow.yaml --format markdown --output refund.md
      flowrun explain flows/refund.flow.yaml --format svg --output refund.svg
    """
    from flowrun.app.explain import explain
    from flowrun.contract.forms import as_form

    contract = explain(options.workspace_of(workspace), flow)
    put(as_form(contract, "json" if as_json else form), output)
    return 0


def put(text: str, output: Path | None) -> None:
    """Write a page to a file, else to stdout. Raises `InputError` (FR3601) where the file cannot be written."""
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(
            t("{file} cannot be written: {reason}.", file=output, reason=reason),
            help=t("Name a file in a folder that exists."),
            code="FR3601",
        ) from None
