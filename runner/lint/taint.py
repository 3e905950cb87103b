"""How text from outside moves through a flow: from input and tools into prompts, answers and arguments.

Owns: for each step, whether its value holds text that somebody outside chose, and the way by which it came. A model's
answer is as good as what the model read. What a person of the organisation writes ends a way; a choice from a list does
not carry text. Which arguments matter, and what guards them, is `lint.exposed`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flowrun.lang import spec
from flowrun.lint.scope import World
from flowrun.plan import marks
from flowrun.values.nodes import children
from flowrun.words import t

Node = list[Any]
Path = tuple[str, ...]
Way = str | None
"""How text from outside came here (`input.text → prompt of triage`), or None."""
Source = Callable[[Path], Way]
"""The way of what stands at a path of a value."""

ARROW = " → "
_SAYS_NOTHING = frozenset({"cmp", "not", "and", "or", "none", "lit", "var"})
_COUNTS = frozenset({"length", "count", "any", "all", "contains", "now", "age"})


def clean(path: Path) -> Way:
    """Nothing from outside."""
    return None


def of_schema(label: str, schema: dict[str, Any] | None, *, free_text: bool) -> Source:
    """What a schema marks as untrusted; with `free_text` also every field into which anything can be written."""
    known = list(marks.leaves(schema)) if schema else []
    outside = {
        path for path, leaf, marked in known if not marks.is_choice(leaf)
        and (marked or (free_text and marks.is_free_text(path, leaf)))
    }  # fmt: skip

    def at(path: Path) -> Way:
        if not outside or schema is None:
            return None
        for found, _, _ in marks.under(schema, path):
            if found in outside:
                return ".".join([label, *(part for part in found if part != marks.ITEM)])
        return None

    return at


def of_answer(step: str, way: Way, schema: dict[str, Any] | None) -> Source:
    """What a model answers after it has read what came by `way`: all but choices from lists."""

    def at(path: Path) -> Way:
        if way is None:
            return None
        leaves = marks.under(schema, path) if schema else [((), {}, False)]
        return (
            f"{way}{ARROW}{t('answer of {step}', step=step)}"
            if any(not marks.is_choice(leaf) for _, leaf, _ in leaves)
            else None
        )

    return at


@dataclass(frozen=True, slots=True)
class Origins:
    """Where what is followed comes from: what stands in schemas, in a model's answer, in a person's.

    `subject`: whether the run's subject is known, and nothing comes with it.
    """

    schema: Callable[..., Source]
    """Takes a label, a schema, and `free_text`: whether anything could be written into it from outside."""
    answer: Callable[[spec.Ask, Reading], Source]
    person: Callable[[spec.AskPerson, Reading], Source]
    subject: bool


def _answer(step: spec.Ask, here: Reading) -> Source:
    schema = None if step.answer is None else here.world.schema_of(step.answer)
    return of_answer(step.id, here.prompts[step.id], schema)


def _person(step: spec.AskPerson, here: Reading) -> Source:
    if step.to != "customer":
        return clean
    return of_schema(f"steps.{step.id}", here.world.schema_of(step.answer), free_text=True)


OUTSIDE = Origins(schema=of_schema, answer=_answer, person=_person, subject=True)
"""Text from outside."""


@dataclass
class Reading:
    """What is known at a place of the flow."""

    world: World
    input: Source
    steps: dict[str, Source] = field(default_factory=dict)
    item: Source = clean
    prompts: dict[str, Way] = field(default_factory=dict)
    """Of each `ask` so far, how text from outside came into its conversation."""
    trusted: Node | None = None
    """The run's subject: that the customer gave it is known, and it is theirs."""
    origins: Origins = OUTSIDE

    def way(self, node: Node, path: Path = ()) -> Way:
        """Return how text from outside came into what stands at `path` of a node's value."""
        kind = node[0]
        if node == self.trusted:
            return None
        if kind == "attr":
            return self.way(node[1], (node[2], *path))
        if kind == "index":
            key = node[2][1] if node[2][0] == "lit" else marks.ITEM
            return self.way(node[1], (str(key), *path))
        if kind == "name":
            return self.input(path) if node[1] == "input" else self.item(path) if node[1] == "item" else None
        if kind == "step":
            return self.steps.get(node[1], clean)(path)
        if kind == "calls":
            return self.tool(node[1], path[1:]) if path[:1] == ("output",) or not path else None
        if kind == "dict":
            return _first(self.way(v, path[1:]) for k, v in node[1] if not path or k == path[0])
        if kind == "list":
            return _first(self.way(item, path[1:]) for item in node[1])
        if kind == "if":
            return self.way(node[2], path) or self.way(node[3], path)
        if kind in _SAYS_NOTHING or (kind == "call" and node[1] in _COUNTS):
            return None
        return _first(self.way(inner, path if kind == "call" else ()) for inner in children(node))

    def tool(self, name: str, path: Path = ()) -> Way:
        """Return the way of what a tool returns."""
        tool = self.world.tool(name.split("@")[0])
        return None if tool is None else self.origins.schema(name, tool.output, free_text=False)(path)

    def fork(self, item: Source | None = None) -> Reading:
        """Return what is known here, with an `item` inside a loop; later steps add nothing to it."""
        steps = dict(self.steps)
        return Reading(self.world, self.input, steps, item or self.item, self.prompts, self.trusted, self.origins)


def _first(ways: Any) -> Way:
    return next((way for way in ways if way is not None), None)


Visit = Callable[[spec.Step, Reading], None]


def follow(world: World, visit: Visit, origins: Origins = OUTSIDE) -> None:
    """Walk the flow's steps in order; `visit` sees each step with what is known when it runs."""
    flow = world.flow
    source = origins.schema("input", world.schema_of(flow.input), free_text=True)
    trusted = flow.subject.node if flow.subject is not None and origins.subject else None
    here = Reading(world, source, trusted=trusted, origins=origins)
    _steps(flow.steps, here, visit)


def _steps(steps: Sequence[spec.Step], here: Reading, visit: Visit) -> Source:
    last: Source = clean
    for step in steps:
        last = here.steps[step.id] = _remembered(_step(step, here, visit))
    return last


def _remembered(source: Source) -> Source:
    """Ask each path once: values that are put together from each other would be followed again and again."""
    known: dict[Path, Way] = {}

    def at(path: Path) -> Way:
        if path not in known:
            known[path] = source(path)
        return known[path]

    return at


def _step(step: spec.Step, here: Reading, visit: Visit) -> Source:
    match step:
        case spec.Ask():
            way = _conversation(step, here)
            here.prompts[step.id] = None if way is None else f"{way}{ARROW}{t('prompt of {step}', step=step.id)}"
            visit(step, here)
            return here.origins.answer(step, here)
        case spec.AskPerson():
            visit(step, here)
            return here.origins.person(step, here)
        case spec.Call():
            visit(step, here)
            tool = here.world.tool(step.call.split("@")[0])
            return clean if tool is None else here.origins.schema(f"steps.{step.id}", tool.output, free_text=False)
        case spec.WaitFor():
            event = None if step.event is None else here.world.schema_of(step.event)
            return here.origins.schema(f"steps.{step.id}", event, free_text=False)
        case spec.Set():
            return partial(here.fork().way, step.set.node)
        case spec.Record():
            visit(step, here)
            return partial(here.fork().way, step.with_.node)
        case spec.Choose():
            ends = [_steps(branch.steps, here, visit) for branch in step.choose]
            return lambda path: _first(end(path) for end in ends)
        case spec.ForEach():
            items, before = step.for_each.node, here.fork()
            inner = here.fork(lambda path: before.way(items, (marks.ITEM, *path)))
            last = _steps(step.steps, inner, visit)
            return lambda path: last(path[1:])
        case spec.Parallel():
            return _branches({name: _steps(steps, here, visit) for name, steps in step.parallel.items()})
    return clean


def _branches(ends: Mapping[str, Source]) -> Source:
    def at(path: Path) -> Way:
        return ends.get(path[0], clean)(path[1:]) if path else _first(end(()) for end in ends.values())

    return at


def _conversation(step: spec.Ask, here: Reading) -> Way:
    """Return how text from outside comes before the model: the prompt, the customer, or what its tools return."""
    way = here.way(step.ask.node)
    if way is None and step.to == "customer":
        way = t("the customer's words")
    return way or _first(here.tool(name) for name in step.tools)
