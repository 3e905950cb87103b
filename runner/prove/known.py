"""Whether what a question names is there: a name that is not would be answered with a safe-looking no.

Owns: the look-up of roles, arguments, fields, facts and steps in a plan. How a question is read is `prove.questions`' part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import InputError
from flowrun.lang.expr_problem import suggestion
from flowrun.plan.compile import steps_in
from flowrun.plan.model import AskPersonStep, AskStep, CallStep, FlowPlan, RecordStep, WaitStep
from flowrun.prove.domains import LIST, MAP
from flowrun.prove.questions import Question
from flowrun.prove.shapes import domain_of, kinds_of
from flowrun.words import t

Json = Any
Node = list[Any]
CUSTOMER = "customer"
"""Whom a rule may ask without a role of the workspace."""


def check_names(compiled: CompiledPlan, question: Question) -> None:
    """Look up all that a question names. Raises `InputError` (FR3202) where something of it is not there."""
    for role in question.roles:
        # Where no workspace says which roles there are, every name may be one.
        known = compiled.plan.roles
        if role is not None and role not in known and role != CUSTOMER and known:
            raise _missing(t("There is no role {name}.", name=role), role, known)
    if question.kind == "reaches":
        _path(compiled, question)
        return
    contract = _taken(compiled, question.tool)
    for name in [question.chosen[0] if question.chosen else None, question.per]:
        if name is not None:
            _field(contract, (name,), question.tool)
    if question.node is not None:
        _condition(compiled, question, contract)


def _flows(compiled: CompiledPlan) -> list[FlowPlan]:
    return [compiled.plan.flow, *compiled.plan.flows.values()]


def _flow(compiled: CompiledPlan, tool: str) -> FlowPlan | None:
    name = tool.removeprefix("flows.")
    return next((flow for flow in compiled.plan.flows.values() if flow.name == name), None)


def _taken(compiled: CompiledPlan, tool: str) -> Json:
    """Return the schema of what a tool or a flow takes."""
    flow = _flow(compiled, tool)
    if tool in compiled.plan.tools:
        return compiled.plan.tools[tool].input
    return True if flow is None else compiled.plan.schemas[flow.input]


def _given(compiled: CompiledPlan, tool: str) -> Json:
    """Return the schema of what a tool or a flow gives back."""
    flow = _flow(compiled, tool)
    if tool in compiled.plan.tools:
        return compiled.plan.tools[tool].output
    return True if flow is None else compiled.plan.schemas[flow.output]


def _path(compiled: CompiledPlan, question: Question) -> None:
    first, names = question.path[0], question.path[1:]
    if question.tool:
        _field(_given(compiled, question.tool), names, t("What {name} gives", name=question.tool))
    elif first == "input":
        _field(compiled.plan.schemas[compiled.plan.flow.input], names, "`input`")
    else:
        _step(compiled, names[0], names[1:])


def _step(compiled: CompiledPlan, id: str, names: Sequence[str]) -> None:
    steps = [step for flow in _flows(compiled) for step in steps_in(flow.steps)]
    if id not in {step.id for step in steps}:
        raise _missing(t("This flow has no step {step}.", step=id), id, sorted(step.id for step in steps))
    _any_field([_value_of(compiled, step) for step in steps if step.id == id], names, f"`steps.{id}`")


def _value_of(compiled: CompiledPlan, step: Any) -> Json:
    """Return the schema of a step's value; True where none says it."""
    name: str | None = None
    match step:
        case CallStep():
            return _given(compiled, step.tool)
        case AskStep() | AskPersonStep():
            name = step.answer
        case WaitStep():
            name = step.event
        case RecordStep():
            name = step.schema
    return True if name is None else compiled.plan.schemas[name]


def _condition(compiled: CompiledPlan, question: Question, contract: Json) -> None:
    plan = compiled.plan
    facts = {name: plan.tools[fact.call].output for p in plan.policies.values() for name, fact in p.facts.items()}
    tools = sorted({tool for flow in _flows(compiled) for tool in flow.tools})
    for node, names in _ways(question.node or []):
        if node == ["name", "args"]:
            _field(contract, names, "`args`")
        elif node == ["name", "input"]:
            _any_field([plan.schemas[flow.input] for flow in _flows(compiled)], names, "`input`")
        elif node == ["name", "facts"] and names:
            if names[0] not in facts:
                raise _missing(t("There is no fact {name}.", name=names[0]), names[0], facts)
            _field(facts[names[0]], names[1:], f"`facts.{names[0]}`")
        elif node[0] == "step":
            _step(compiled, node[1], names)
        elif node[0] == "calls":
            if node[1] not in tools:
                raise _missing(t("This flow does not use {tool}.", tool=node[1]), node[1], tools)
            if node[2] == "last" and names and names[0] in ("args", "output"):
                shape = (_taken if names[0] == "args" else _given)(compiled, node[1])
                _field(shape, names[1:], f"`calls.{node[1]}.last.{names[0]}`")


def _ways(node: Any) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Yield each thing that an expression begins with, and the fields that are read of it."""
    if not isinstance(node, list):
        return
    names: list[str] = []
    first: Any = node
    while isinstance(first, list) and first and first[0] == "attr":
        names.insert(0, first[2])
        first = first[1]
    if isinstance(first, list) and first and first[0] in ("name", "step", "calls"):
        yield first, tuple(names)
        return
    if first is not node:
        yield from _ways(first)
        return
    for part in node:
        yield from _ways(list(part) if isinstance(part, tuple) else part)


def _any_field(schemas: Sequence[Json], names: Sequence[str], what: str) -> None:
    """Look fields up where one of several schemas may hold. Raises `InputError` (FR3202) where none of them does."""
    problem: InputError | None = None
    for schema in schemas:
        try:
            _field(schema, names, what)
        except InputError as error:
            problem = error
        else:
            return
    if problem is not None:
        raise problem


def _field(schema: Json, names: Sequence[str], what: str) -> None:
    """Look fields up in a schema, through lists. Raises `InputError` (FR3202) where there is none of that name."""
    whole = schema
    for place, name in enumerate(names):
        while not domain_of(schema, whole).meet(LIST).empty and domain_of(schema, whole).meet(MAP).empty:
            items = kinds_of(schema, whole, "items")
            schema = items[0].get("items", True) if len(items) == 1 and "prefixItems" not in items[0] else True
        found = kinds_of(schema, whole, "properties")
        known = found[0].get("properties") if len(found) == 1 else None
        if domain_of(schema, whole).meet(MAP).empty:
            known = {}
        if known is None or (name not in known and found and _open(found[0])):
            return
        if name not in known:
            where = what if place == 0 else f"`{'.'.join(names[:place])}`"
            raise _missing(t("{where} has no field {name}.", where=where, name=name), name, known)
        schema = known[name]


def _open(part: dict[str, Json]) -> bool:
    return bool(part.get("additionalProperties", False)) or "patternProperties" in part


def _missing(text: str, name: str, known: Collection[str]) -> InputError:
    return InputError(text, help=suggestion(name, list(known)), code="FR3202")
