"""Tool files beside the tools that they name: actions whose name says another thing than their effect, and repeats.

Owns: these findings. That a file can be carried out at all is `supported`'s part; the contracts come from the adapters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lang.reading import short
from flowrun.lint.findings import Findings
from flowrun.plan.model import ToolPlan
from flowrun.words import t

_CHANGES = re.compile(r"(?:create|delete|remove|send|cancel|refund|transfer|insert|submit|assign|pay|publish)(?:_|\Z)")


def check_tool_file(file: spec.ToolFile, tools: Mapping[str, ToolPlan], out: Findings) -> None:
    """Note what is wrong with a tool file; `tools` are all contracts of the workspace."""
    places = dict(zip(file.actions, file.places.get("actions", ()), strict=False))
    for name, tool in tools.items():
        namespace, _, short_name = name.partition(".")
        if namespace != file.tools:
            continue
        said = file.actions[short_name].at if short_name in file.actions else {}
        place = places.get(short_name, file.at.get("tools", file.span))
        if tool.effect == "read" and _CHANGES.match(short_name):
            out.add(
                "write-as-read",
                t("{tool} sounds as if it changed something, and it is called a read: no budget, no approval and no `once` "
                  "holds it.", tool=tool.name),
                said.get("effect", place),
                help=t("Write `effect: write`, here or in the module; if it only reads, name it so, like `get_…` or `find_…`."),
            )  # fmt: skip
        elif tool.effect == "write":
            _once(tool, said, place, out)
    _secrets(file, out)


def _once(tool: ToolPlan, said: Mapping[str, Span], place: Span, out: Findings) -> None:
    if tool.once is None:
        if "once" not in said:
            out.add(
                "no-once",
                t("Nothing says how {tool} is repeated when its answer is lost; such a run stops in doubt.", tool=tool.name),
                place,
                help=t("Add `once:` with one of {header: NAME}, {argument: NAME}, {natural: [ARGS]}, {confirm_with: ACTION}, "
                       "or `once: none` where a person shall look."),
            )  # fmt: skip
        return
    fields, required = tool.input.get("properties", {}), tool.input.get("required", [])
    for name in tool.once.get("natural", ()):
        if name in fields and name not in required:
            out.add(
                "optional-natural",
                t("`{name}` tells the calls of {tool} apart, and a call may leave it out.", name=name, tool=tool.name),
                said.get("once", place),
                help=t("Make the argument required, or take it out of `natural`."),
            )


def _secrets(file: spec.ToolFile, out: Findings) -> None:
    for name, template in file.auth.items():
        if not template.exprs:
            out.add(
                "secret-in-file",
                t("`{name}` stands in the file, where everybody with the files can read it.", name=name),
                short(template.span),
                help=t("Write ${{ secret.NAME }}, and change what was written here: it is known now."),
            )
