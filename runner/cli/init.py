"""`flowrun init`: a new workspace.

Owns: the command's options and output. What is written is `app.init`'s part.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from flowrun.cli.options import JSON
from flowrun.cli.output import print_json, say
from flowrun.words import t


@click.command("init")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--template", metavar="NAME", default="support_to_ticket", show_default=True, help="A bundled flow to start from."
)
@JSON
def command(folder: Path, template: str, as_json: bool) -> int:
    """Create a workspace in DIR (default: here). No file is ever overwritten.

    \b
    Example:
      flowrun init my-flows && cd my-flows && flowrun lint && flowrun test
    """
    from flowrun.app.init import create

    made = create(folder, template)
    if as_json:
        print_json({"root": str(made.root), "files": made.files, "flow": made.flow, "sample": made.sample})
        return 0
    say(
        t(
            "A workspace with the flow {flow} in {root} ({count} files).",
            flow=made.flow,
            root=made.root,
            count=len(made.files),
        ),
        style="bold green",
    )
    say(t("Members of roles stand in flowrun.yaml; for now made-up people are in them."))
    say(t("\nGo on:"))
    go = [] if folder == Path() else [f"cd {shlex.quote(str(folder))}"]
    run = [f"flowrun run {made.flow} --input {made.sample}"] if made.sample else []
    for line in [*go, "flowrun lint", "flowrun test", *run]:
        say(f"  {line}")
    return 0
