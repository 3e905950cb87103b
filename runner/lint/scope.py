"""The types of a flow's world: its input, tools, schemas and what each step leaves behind.

Owns: the reading of types from the catalogue, each once, and the walk over all steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowrun.lang import spec
from flowrun.lang.types import ANY, Type, TypeScope, from_schema, from_value
from flowrun.plan.catalogue import Catalogue
from flowrun.plan.model import ToolPlan

Json = Any


class World:
    """The types that a flow's names have."""

    def __init__(self, flow: spec.Flow, catalogue: Catalogue) -> None:
        self.flow = flow
        self.catalogue = catalogue
        self.every: list[spec.Step] = list(every_step(flow.steps))
        """All steps, each before what it holds."""
        self._types: dict[str, Type] = {}
        self.input = self.schema_type(flow.input)
        self.tables = from_value(dict(catalogue.tables))
        self.bound = {name: set(rule.bind) for name, rule in flow.tools.items()}
        self.calls: dict[str, tuple[Type, Type]] = {}
        for name in flow.tools:
            self.calls[name.split("@")[0]] = self.signature(name)

    def schema_of(self, use: spec.SchemaUse) -> dict[str, Json] | None:
        """Return the JSON Schema of a use, or None where it does not exist."""
        return use.inline if use.inline is not None else self.catalogue.schema(use.name, use.version)

    def schema_type(self, use: spec.SchemaUse) -> Type:
        """Return the type of a schema; `any` where it does not exist (which is a finding of its own)."""
        if use.inline is not None:
            return from_schema(use.inline)
        key = str(use)
        if key not in self._types:
            schema = self.catalogue.schema(use.name, use.version)
            self._types[key] = ANY if schema is None else from_schema(schema)
        return self._types[key]

    def value_schema(self, step: spec.Step) -> dict[str, Json] | None:
        """Return the JSON Schema of a step's value, or None where no schema describes it."""
        match step:
            case spec.Ask() | spec.AskPerson():
                return None if step.answer is None else self.schema_of(step.answer)
            case spec.Call():
                tool = self.tool(step.call.split("@")[0])
                return None if tool is None else tool.output
            case spec.WaitFor():
                return None if step.event is None else self.schema_of(step.event)
            case spec.Record():
                return self.schema_of(step.record)
        return None

    def tool(self, name: str) -> ToolPlan | None:
        """Return a tool's contract."""
        return self.catalogue.tools.get(name)

    def signature(self, name: str) -> tuple[Type, Type]:
        """Return the types of a tool's arguments (the bound ones included) and output."""
        if name.startswith("flows."):
            found = self.catalogue.flows.get(name.removeprefix("flows."))
            if found is None:
                return ANY, ANY
            return self.schema_type(found.flow.input), self.schema_type(found.flow.output)
        tool = self.tool(name)
        if tool is None:
            return ANY, ANY
        return from_schema(tool.input), from_schema(tool.output)

    def scope(self, steps: Mapping[str, Type], **more: Any) -> TypeScope:
        """Return the scope of a place in the flow."""
        return TypeScope(input=self.input, steps=steps, calls=self.calls, tables=self.tables, **more)


def every_step(steps: Sequence[spec.Step]) -> Iterator[spec.Step]:
    """Yield steps and the steps inside them, each before what it holds."""
    for step in steps:
        yield step
        match step:
            case spec.Choose():
                for branch in step.choose:
                    yield from every_step(branch.steps)
            case spec.ForEach():
                yield from every_step(step.steps)
            case spec.Parallel():
                for inner in step.parallel.values():
                    yield from every_step(inner)


def without(expected: Type, names: set[str]) -> Type:
    """Return an object's type without some fields."""
    if not names or expected.fields is None:
        return expected
    fields = {name: value for name, value in expected.fields.items() if name not in names}
    return Type(
        kind=expected.kind,
        fields=fields,
        required=expected.required - names,
        nullable=expected.nullable,
        open=expected.open,
    )
