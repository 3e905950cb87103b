"""Arguments of writes that text from outside can choose, and conditions that the model alone can meet.

Owns: what guards an argument, and these two findings. How text moves is `lint.taint`'s part; what an argument decides is
said by `plan.marks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.scope import World
from flowrun.lint.taint import ARROW, Reading, follow
from flowrun.plan import marks
from flowrun.plan.model import ToolPlan
from flowrun.values.nodes import walk
from flowrun.words import mark, t

Node = list[Any]
ARGS: Node = ["name", "args"]
FACTS: Node = ["name", "facts"]
WORDS = {
    marks.RECIPIENT: mark("Text from outside can choose who receives {tool}: {way}."),
    marks.AMOUNT: mark("Text from outside can choose the amount of {tool}: {way}."),
    marks.RECORD_ID: mark("Text from outside can choose which record is meant in {tool}: {way}."),
}
INSTEAD = {
    marks.RECIPIENT: "only_when: args.{name} == calls.TOOL.last.output.FIELD",
    marks.AMOUNT: "only_when: args.{name} <= facts.NAME.FIELD",
    marks.RECORD_ID: "only_when: args.{name} == calls.TOOL.last.output.FIELD",
}


class Guard:
    """One rule that holds for a tool in this flow, with the policy's facts."""

    def __init__(self, rule: spec.Rule, facts: Mapping[str, spec.Fact]) -> None:
        self.rule = rule
        self._through = {name: _arguments(fact.with_.node) for name, fact in facts.items() if fact.with_ is not None}

    def about(self, node: Node) -> set[str]:
        """Return the arguments that a condition looks at, also through a fact that is read with them."""
        found = _arguments(node)
        for inner in walk(node):
            if inner[0] == "attr" and inner[1] == FACTS:
                found |= self._through.get(inner[2], set())
        return found

    def known(self, node: Node) -> set[str]:
        """Return the arguments with which what stands here was read; none where the model says a part of it itself."""
        return set() if _arguments(node) else self.about(node)

    def is_it(self, node: Node, name: str) -> bool:
        """Whether a value is the argument itself, or a part or another spelling of it that can be compared as it can."""
        if node[0] == "attr":
            return (node[1] == ARGS and node[2] == name) or self.is_it(node[1], name)
        if node[0] == "index":
            return self.is_it(node[1], name)
        if node[0] == "call":
            return node[1] in _KEEPS and bool(node[2]) and self.is_it(node[2][0], name)
        if node[0] == "money":
            return self.is_it(node[1], name)
        if node[0] == "math" and node[1] in ("+", "-"):
            # A sum with what is known limits the argument, too.
            left, right = node[2], node[3]
            turned = node[1] == "+" and self.is_it(right, name) and not _arguments(left)
            return turned or (self.is_it(left, name) and not _arguments(right))
        return False


def check_exposed(world: World, out: Findings, policies: Sequence[spec.Policy]) -> None:
    """Find arguments of writes that text from outside can choose with nothing on the way."""
    if not any(_is_write(world, name) for name in world.flow.tools):
        return
    check = _Check(world, out, policies)
    follow(world, check.step)


def _is_write(world: World, name: str) -> bool:
    tool = world.tool(name)
    return tool is not None and tool.effect != "read"


def is_guarded(world: World, policies: Sequence[spec.Policy], tool: str, name: str, here: Reading) -> bool:
    """Whether a rule ties an argument of a tool to something that neither model nor stranger chooses, or a person sees it."""
    return _Check(world, Findings(), policies).guarded(tool, name, here)


class _Check:
    def __init__(self, world: World, out: Findings, policies: Sequence[spec.Policy]) -> None:
        self.world = world
        self.out = out
        self.policies = policies
        self.told: set[tuple[Span, str]] = set()

    def guards(self, tool: str) -> Iterator[Guard]:
        own = self.world.flow.tools.get(tool)
        if own is not None:
            yield Guard(own, {})
        for policy in self.policies:
            for rule in policy.rules:
                if tool in rule.tools:
                    yield Guard(rule, policy.facts)

    def step(self, step: spec.Step, here: Reading) -> None:
        if isinstance(step, spec.Ask):
            for index, name in enumerate(step.tools):
                if _is_write(self.world, name):
                    self.proposed(step, name, spec.place_of(step, "tools", index), here)
        elif isinstance(step, spec.Call) and _is_write(self.world, step.call):
            self.made(step, here)

    def proposed(self, step: spec.Ask, name: str, at: Span, here: Reading) -> None:
        tool = self.world.tool(name)
        assert tool is not None
        self.bound(name, tool, here)
        bound = self.world.bound.get(name, set())
        self.claims(name, tool, bound)
        way = here.prompts.get(step.id)
        if way is None:
            return
        for path, schema, _ in marks.leaves(tool.input):
            role = marks.role_of(path, schema)
            if role is not None and path[0] not in bound and not self.guarded(name, path[0], here):
                self.tell(way, name, path, role, at)

    def made(self, step: spec.Call, here: Reading) -> None:
        tool = self.world.tool(step.call)
        assert tool is not None
        self.bound(step.call, tool, here)
        if step.with_ is None:
            return
        bound = self.world.bound.get(step.call, set())
        for path, schema, _ in marks.leaves(tool.input):
            role = marks.role_of(path, schema)
            way = None if role is None or path[0] in bound else here.way(step.with_.node, path)
            if way is not None and role is not None and not self.guarded(step.call, path[0], here):
                at = step.with_.keys.get((path[0],), spec.place_of(step, "call"))
                self.tell(way, step.call, path, role, at)

    def bound(self, name: str, tool: ToolPlan, here: Reading) -> None:
        """A `bind` fixes nothing where it only hands on what a model or a stranger wrote."""
        rule = self.world.flow.tools.get(name)
        if rule is None:
            return
        for path, schema, _ in marks.leaves(tool.input):
            template = rule.bind.get(path[0]) if path else None
            role = marks.role_of(path, schema)
            way = None if template is None or role is None else here.way(template.node, path[1:])
            if template is not None and way is not None and role and not self.guarded(name, path[0], here):
                self.tell(way, name, path, role, template.span)

    def tell(self, way: str, tool: str, path: marks.Path, role: str, at: Span) -> None:
        name = ".".join(part for part in path if part != marks.ITEM)
        if (at, name) in self.told:
            return
        self.told.add((at, name))
        instead = INSTEAD[role].format(name=path[0])
        self.out.add(
            "untrusted-to-write",
            t(WORDS[role], tool=tool, way=f"{way}{ARROW}{tool} {name}"),
            at,
            help=t(
                "Fix it with `bind: {{argument}: …}`, or add a rule (`{rule}`), or ask a person "
                "(`approve_when: true` with an `approver`).",
                argument=path[0],
                rule=instead,
            ),
        )

    def guarded(self, tool: str, name: str, here: Reading) -> bool:
        """Whether a rule ties the argument to something that neither model nor stranger chooses, or a person sees it."""
        for guard in self.guards(tool):
            rule = guard.rule
            if rule.approve_when is not None:
                node = rule.approve_when.node
                if node == ["lit", True] or name in guard.about(node):
                    return True
            if rule.only_when is not None and self.ties(guard, rule.only_when.node, name, here, holds=True):
                return True
            if rule.deny_when is not None and self.ties(guard, rule.deny_when.node, name, here, holds=False):
                return True
            if any(limit.sum is not None and name in guard.about(limit.sum.node) for limit in rule.at_most):
                return True
        return False

    def ties(self, guard: Guard, node: Node, name: str, here: Reading, *, holds: bool) -> bool:
        """Whether a condition that must hold (or must not) limits the argument in each of its ways to be met."""
        if node[0] == "not":
            return self.ties(guard, node[1], name, here, holds=not holds)
        if node[0] in ("and", "or"):
            parts = (self.ties(guard, part, name, here, holds=holds) for part in node[1])
            return any(parts) if (node[0] == "and") is holds else all(parts)
        if node[0] == "if":
            ways = ((node[1], node[2], True), (node[1], node[3], False))
            return all(
                self.ties(guard, condition, name, here, holds=met) or self.ties(guard, then, name, here, holds=holds)
                for condition, then, met in ways
            )
        if node[0] == "lit":
            return node[1] is not holds  # it cannot come to that
        if node[0] == "none":
            return holds and guard.is_it(node[1], name)
        if node[0] == "call" and node[1] == "contains" and len(node[2]) == 2:
            return self.ties(guard, ["cmp", "in", node[2][1], node[2][0]], name, here, holds=holds)
        if node[0] == "call" and node[1] in ("any", "select", "count"):
            # An item of a known list that has the argument in one of its fields.
            listed = bool(node[2]) and self.solid(node[2][0], here)
            return holds and listed and any(guard.is_it(value, name) for _, value in node[3])
        if node[0] == "cmp":
            return self.compared(guard, node, name, here, holds=holds)
        # A boolean that the runner knows, such as a fact that is read with the argument.
        return name in guard.about(node) and not _arguments(node) and self.solid(node, here)

    def compared(self, guard: Guard, node: Node, name: str, here: Reading, *, holds: bool) -> bool:
        """Whether a comparison sets the argument itself against something that nobody outside chose."""
        op = node[1] if holds else _OPPOSITE.get(node[1], node[1])
        _, _, left, right = node
        if op in ("!=", "not in"):
            return False
        if op in (">", ">="):
            op, left, right = _TURNED[op], right, left
        if guard.is_it(left, name) and self.solid(right, here):
            return True
        if op == "==" and guard.is_it(right, name) and self.solid(left, here):
            return True
        if op == "in":
            return False
        if op == "<" and left == ["lit", 0] and right[0] == "call":
            counted = right[2][0] if right[1] == "length" and right[2] else right
            if counted[0] == "call" and counted[1] != "any" and self.ties(guard, counted, name, here, holds=True):
                return True
        # What is known of the argument, such as a field of a fact that is read with it, may be limited in any way.
        sides = ((left, right), (right, left))
        return any(name in guard.known(side) and self.solid(other, here) for side, other in sides)

    def solid(self, node: Node, here: Reading) -> bool:
        """Whether a side of a comparison holds something that neither model nor stranger chose."""
        if node[0] == "lit":
            return node[1] is not None
        if node[0] == "list" and not node[1]:
            return True
        node = _unfiltered(node)
        if _arguments(node):
            return False
        roots = [inner for inner in walk(node) if inner[0] in ("name", "step", "calls")]
        return here.way(node) is None if roots else True

    def claims(self, name: str, tool: ToolPlan, bound: set[str]) -> None:
        """Find conditions that are met by what the model alone says."""
        roles = {path[0] for path, schema, _ in marks.leaves(tool.input) if path and marks.role_of(path, schema)}
        for guard in self.guards(name):
            expr = guard.rule.only_when
            if expr is None or (expr.span, "") in self.told:
                continue
            parts = [part for part in _conjuncts(expr.node) if not _allows_several(part)]
            if parts and all(_alone(part, roles | bound) for part in parts):
                self.told.add((expr.span, ""))
                said = ", ".join(f"`{arg}`" for arg in sorted(_arguments(expr.node) - roles - bound))
                self.out.add(
                    "model-chosen",
                    t(
                        "The model alone can meet this condition of {name}: it chooses {said} itself.",
                        name=name,
                        said=said,
                    ),
                    expr.span,
                    help=t(
                        "Compare with something that the runner knows (facts, calls, tables), `bind` the "
                        "argument, or let a person see it (`approve_when: true` with an `approver`)."
                    ),
                )


def _arguments(node: Node) -> set[str]:
    """Return the arguments that an expression names."""
    return {inner[2] for inner in walk(node) if inner[0] == "attr" and inner[1] == ARGS}


def _unfiltered(node: Node) -> Node:
    """Return a value as if nothing was selected from its lists: what stays is known, whoever says which of it counts."""
    if node[0] == "attr":
        return ["attr", _unfiltered(node[1]), node[2]]
    if node[0] == "call" and node[2]:
        named = [] if node[1] in ("select", "count") else node[3]
        return ["call", node[1], [_unfiltered(node[2][0]), *node[2][1:]], named]
    return node


_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in"}
_TURNED = {">": "<", ">=": "<="}
_KEEPS = frozenset({"lower", "upper", "trim", "round", "default"})
"""Functions after which a comparison still speaks of the value itself."""


def _conjuncts(node: Node) -> list[Node]:
    return [part for inner in node[1] for part in _conjuncts(inner)] if node[0] == "and" else [node]


def _allows_several(node: Node) -> bool:
    """Whether a condition is a list of allowed values: it narrows what the call can do, whoever chooses among them."""
    return node[0] == "cmp" and node[1] == "in" and node[3][0] == "list" and len(node[3][1]) > 1


def _alone(node: Node, known: set[str]) -> bool:
    """Whether there is a way to meet a condition with nothing but what the model says of arguments not `known`."""
    if node[0] == "and":
        return all(_alone(part, known) for part in node[1])
    if node[0] == "or":
        return any(_alone(part, known) for part in node[1])
    if node[0] == "cmp" and node[1] not in ("==", "in"):
        return False  # a limit, or an exception: it narrows what the call can do
    said = _arguments(node)
    roots = [inner for inner in walk(node) if inner[0] in ("name", "step", "calls") and inner != ARGS]
    return bool(said) and not roots and not said & known
