"""How text from outside gets into the arguments of a flow's tools, and which arguments are guarded.

Owns: asking `lint.taint` and `lint.exposed` for every place that uses a tool, so that a contract says what a lint says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flowrun.lang import spec
from flowrun.lint.exposed import is_guarded
from flowrun.lint.scope import World
from flowrun.lint.taint import Reading, follow
from flowrun.plan import marks
from flowrun.plan.catalogue import Catalogue, FlowSource


@dataclass
class Ways:
    """What is known of the arguments in one flow. A way is how text from outside came there, empty for none."""

    made: dict[tuple[str, str], str] = field(default_factory=dict)
    """By step and argument: of what a `call` step hands in."""
    prompts: dict[str, str] = field(default_factory=dict)
    """By step: of what a model reads before it proposes."""
    bound: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By step, tool and argument: of what `bind` fixes there."""
    guarded: dict[tuple[str, str], bool] = field(default_factory=dict)
    """By tool and argument: whether a rule ties it, wherever the tool is used."""


def ways_of(source: FlowSource, catalogue: Catalogue, policies: Sequence[spec.Policy]) -> Ways:
    """Walk a flow once; return how text from outside moves into the arguments of its tools."""
    world = World(source.flow, catalogue)
    found = Ways()

    def visit(step: spec.Step, here: Reading) -> None:
        if isinstance(step, spec.Call):
            _made(found, world, step, here)
        elif isinstance(step, spec.Ask):
            found.prompts[step.id] = here.prompts.get(step.id) or ""
        names = step.tools if isinstance(step, spec.Ask) else [step.call] if isinstance(step, spec.Call) else []
        for name in names:
            _bound(found, world, step.id, name, here)
            _guarded(found, world, policies, name, here)

    follow(world, visit)
    return found


def _made(found: Ways, world: World, step: spec.Call, here: Reading) -> None:
    if step.with_ is None:
        return
    node = step.with_.node
    if node[0] == "dict":
        for name, value in node[1]:
            found.made[step.id, name] = here.way(value) or ""
        return
    # A whole value is handed in: each argument is its field of that name.
    for name in dict.fromkeys(path[0] for path, *_ in marks.leaves(_takes(world, step.call)) if path):
        found.made[step.id, name] = here.way(["attr", node, name]) or ""


def _takes(world: World, name: str) -> dict[str, Any]:
    """Return the schema of what a tool or a flow is called with."""
    if name.startswith("flows."):
        called = world.catalogue.flows.get(name.removeprefix("flows."))
        return (None if called is None else world.schema_of(called.flow.input)) or {}
    tool = world.tool(name.split("@")[0])
    return {} if tool is None else tool.input


def _bound(found: Ways, world: World, step: str, name: str, here: Reading) -> None:
    rule = world.flow.tools.get(name)
    for argument, template in ({} if rule is None else rule.bind).items():
        found.bound[step, name.split("@")[0], argument] = here.way(template.node) or ""


def _guarded(found: Ways, world: World, policies: Sequence[spec.Policy], name: str, here: Reading) -> None:
    tool = world.tool(name)
    for argument in [] if tool is None else dict.fromkeys(path[0] for path, _, _ in marks.leaves(tool.input) if path):
        before = found.guarded.get((name, argument), True)
        found.guarded[name, argument] = before and is_guarded(world, policies, name, argument, here)
