"""`flowrun tools`: the tools of a workspace.

Owns: the commands' options and output.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from flowrun import wiring
from flowrun.cli import options
from flowrun.cli.output import print_json, say, table
from flowrun.errors import InputError
from flowrun.journal.encoding import as_dict
from flowrun.lang.expr_problem import suggestion
from flowrun.plan.model import ToolPlan
from flowrun.words import t


@click.group("tools")
def command() -> None:
    """Show what tools there are and what they may do.

    \b
    Examples:
      flowrun tools list
      flowrun tools show desk.create_ticket
    """


@command.command("list")
@options.JSON
@options.WORKSPACE
def list_tools(as_json: bool, workspace: Path | None) -> int:
    """List every tool: whether it writes, and how a repeat is made harmless.

    \b
    Example:
      flowrun tools list
    """
    tools = contracts(workspace)
    if as_json:
        print_json([as_dict(tool) for tool in tools.values()])
    else:
        table(["tool", "effect", "once", "does"], [[t.name, t.effect, once(t), t.title] for t in tools.values()])
    return 0


@command.command("show")
@click.argument("name")
@options.JSON
@options.WORKSPACE
def show_tool(name: str, as_json: bool, workspace: Path | None) -> int:
    """Show one tool: its arguments, its output, its limits.

    \b
    Example:
      flowrun tools show desk.create_ticket
    """
    tools = contracts(workspace)
    tool = tools.get(name)
    if tool is None:
        raise InputError(
            t("There is no tool {name}.", name=name),
            help=suggestion(name, tools) or "flowrun tools list",
            code="FR3014",
        )
    if as_json:
        print_json(as_dict(tool))
        return 0
    say(f"{tool.name} ({tool.effect}): {tool.title}", style="bold")
    say(
        t(
            "A repeat: {once}; one attempt takes at most {within} s.",
            once=once(tool) or "is harmless, since it only reads",
            within=f"{tool.within:g}",
        )
    )
    for label, schema in (("Arguments", tool.input), ("Output", tool.output)):
        say(f"\n{label}", style="bold")
        print_json(schema)
    return 0


def contracts(workspace: Path | None) -> Mapping[str, ToolPlan]:
    """Return the tools by name, sorted."""
    ws = options.workspace_of(workspace)
    return dict(sorted(wiring.tool_contracts(ws.root, ws.config).items()))


def once(tool: ToolPlan) -> str:
    """Return in words how a repeat of a write is made harmless."""
    if tool.effect == "read":
        return ""
    if not tool.once:
        return t("may do it twice: never repeated")
    kind, what = next(iter(tool.once.items()))
    shown = ", ".join(what) if isinstance(what, list) else str(what)
    words = {
        "header": t("key in the header"),
        "argument": t("key in the argument"),
        "natural": "same",
        "confirm_with": t("looked up with"),
    }
    return f"{words.get(kind, kind)} {shown}"
