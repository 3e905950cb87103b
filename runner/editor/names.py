"""The names that an expression may use at a place, each with its type, its schema and where it comes from.

Owns: what `input`, `steps`, `calls`, `item`, `args`, `facts` and `tables` are there, read from a file that may be wrong
elsewhere. The types of right files are `lint`'s part; here a part that cannot be read is simply left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowrun.editor.known import Known, Schema, about, descend, resolved
from flowrun.editor.outline import Part, Step
from flowrun.lang.expressions import parse_expression
from flowrun.lang.grammar_steps import VERBS
from flowrun.lang.types import ANY, NULL, RUN, STRING, Type, TypeScope, from_schema, from_value, infer, union
from flowrun.lang.types_infer import CALL_FIELDS
from flowrun.words import t

_FLOAT = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What a name stands for. `schema` is None where only the type is known; `root` holds the schema's `$defs`."""

    type: Type = ANY
    schema: Schema | None = None
    root: Schema = field(default_factory=dict)
    source: str = ""

    @classmethod
    def of(cls, schema: Schema, source: str) -> Value:
        """Return the value that a schema describes."""
        return cls(type=from_schema(schema), schema=schema, root=schema, source=source)

    def field(self, name: str) -> Value | None:
        """Return a field of the value, or None where there is none."""
        inner = (self.type.fields or {}).get(name) or (self.type.item if self.type.kind == "map" else None)
        if inner is None:
            return Value(source=self.source) if self.type.kind == "any" or self.type.open else None
        return Value(type=inner, schema=self._inner(name), root=self.root, source=self.source)

    def item(self) -> Value:
        """Return what each item of a list is."""
        return Value(type=self.type.item or ANY, schema=self._inner(0), root=self.root, source=self.source)

    def fields(self) -> dict[str, Value]:
        """Return every field that is known."""
        found = {name: self.field(name) for name in self.type.fields or {}}
        return {name: value for name, value in found.items() if value is not None}

    def about(self) -> str:
        """Return what the schema says about itself."""
        return about(self.schema) if self.schema else ""

    def _inner(self, key: str | int) -> Schema | None:
        return None if self.schema is None else descend(self.schema, (key,), self.root) or None


@dataclass(slots=True, kw_only=True)
class Names:
    """The names of one place."""

    input: Value | None = None
    steps: dict[str, Value] | None = None
    calls: dict[str, tuple[Value, Value]] | None = None
    item: Value | None = None
    args: Value | None = None
    facts: dict[str, Value] | None = None
    tables: Value | None = None

    def roots(self) -> dict[str, Value]:
        """Return the first names, with what each is."""
        found: dict[str, Value | None] = {
            "input": self.input,
            "steps": None if self.steps is None else Value(source=t("What earlier steps came to.")),
            "calls": None if self.calls is None else Value(source=t("Calls of this run that succeeded.")),
            "item": self.item,
            "args": self.args,
            "facts": None if self.facts is None else Value(source=t("What the policy reads itself.")),
            "tables": self.tables,
            "run": Value(type=RUN, source=t("This run.")),
        }
        return {name: value for name, value in found.items() if value is not None}

    def resolve(self, parts: Sequence[str]) -> Value | None:
        """Return what a dotted name stands for, or None where nothing is known of it."""
        if not parts:
            return None
        root, *rest = parts
        if root == "calls" and self.calls is not None:
            return self._call(rest)
        table = {"steps": self.steps, "facts": self.facts}.get(root)
        if table is not None:
            found = table.get(rest[0]) if rest else None
            rest = rest[1:]
        else:
            found = self.roots().get(root)
        for name in rest:
            found = None if found is None else found.field(name)
        return found

    def _call(self, parts: list[str]) -> Value | None:
        at = next((i for i, part in enumerate(parts) if part in ("last", "all") and i), None)
        found = None if at is None else (self.calls or {}).get(".".join(parts[:at]))
        if found is None or at is None:
            return None
        value: Value | None = call_value(*found)
        if parts[at] == "all":
            value = Value(type=Type(kind="list", item=call_value(*found).type), source=found[1].source)
        rest = parts[at + 1 :]
        if rest and rest[0] in ("output", "args") and parts[at] == "last":
            value, rest = (found[1] if rest[0] == "output" else found[0]), rest[1:]
        for name in rest:
            value = None if value is None else value.field(name)
        return value

    def type_of(self, text: str) -> Value | None:
        """Return what an expression comes to, or None where it cannot be read."""
        node, problems = parse_expression(text)
        if node is None or problems:
            return None
        kind, _ = infer(node, self.scope())
        return None if kind.kind == "any" else Value(type=kind)

    def scope(self) -> TypeScope:
        """Return the names as types."""
        calls = None
        if self.calls is not None:
            calls = {name: (given.type, made.type) for name, (given, made) in self.calls.items()}
        return TypeScope(
            input=_type(self.input),
            steps=None if self.steps is None else {name: value.type for name, value in self.steps.items()},
            calls=calls,
            item=_type(self.item),
            args=_type(self.args),
            facts=None if self.facts is None else {name: value.type for name, value in self.facts.items()},
            tables=_type(self.tables),
            rules=True,
        )


def _type(value: Value | None) -> Type | None:
    return None if value is None else value.type


def call_value(given: Value, made: Value) -> Value:
    """Return what `calls.TOOL.last` is."""
    fields = {"output": made.type, "args": given.type, **CALL_FIELDS}
    return Value(type=Type(kind="object", fields=fields, required=frozenset(fields)), source=made.source)


def names_at(tree: Part, way: Sequence[Step], kind: str, known: Known) -> Names | None:
    """Return the names of a place in a flow or policy; None in other files, which have none."""
    keys = [key for _, key in way]
    if kind == "policy":
        return _policy(tree, way, known)
    if kind != "flow" or not keys:
        return None
    flow = _Flow(tree, known)
    if keys[0] == "key":
        return Names(input=flow.input)
    names = Names(input=flow.input, calls=flow.calls, tables=flow.tables, steps={})
    if keys[0] == "steps":
        flow.walk(tree.get("steps"), list(way[1:]), names)
        return names
    flow.walk(tree.get("steps"), [], names)
    if keys[0] == "tools" and len(keys) > 1:
        names.args = Value.of(known.signature(str(keys[1]))[0], str(keys[1]))
    return names


def schema_of(part: Part | None, known: Known) -> tuple[Schema, str]:
    """Return the schema that `NAME@N`, or a schema in place, says, and how it is called."""
    if part is None:
        return {}, ""
    if part.kind == "text":
        return known.schemas.get(part.text, {}), part.text
    return (plain(part), t("a schema in this file")) if part.kind == "map" else ({}, "")


def plain(part: Part, depth: int = 0) -> Any:
    """Return the data that a part says, near enough for a schema."""
    if depth > 40:
        return None
    if part.kind == "map":
        return {entry.key: plain(entry.value, depth + 1) for entry in part.entries}
    if part.kind == "list":
        return [plain(item, depth + 1) for item in part.items]
    if part.kind == "none" or (part.style == "plain" and part.text in ("null", "~")):
        return None
    if part.style == "plain" and part.text in ("true", "false"):
        return part.text == "true"
    if part.style == "plain" and part.text.lstrip("-").isdecimal() and len(part.text) < 19:
        return int(part.text)
    if part.style == "plain" and _FLOAT.fullmatch(part.text):
        return float(part.text)
    return part.text


class _Flow:
    def __init__(self, tree: Part, known: Known) -> None:
        self.known = known
        self.input = Value.of(*schema_of(tree.get("input"), known))
        self.tables = Value(type=from_value(dict(known.tables)), source="flowrun.yaml")
        tools = tree.get("tools")
        self.calls = {key.split("@")[0]: signature(key, known) for key in (tools.names() if tools is not None else ())}

    def walk(self, steps: Part | None, way: list[Step], names: Names) -> Value:
        """Take the steps in order into `names`, until the one on the way; return what the last comes to."""
        last = Value(type=NULL)
        if steps is None or steps.kind != "list" or names.steps is None:
            return last
        aim = next((key for part, key in way[:1] if part is steps), None)
        for number, step in enumerate(steps.items):
            if step.kind != "map":
                continue
            if number == aim:
                self.inside(step, way[1:], names)
                return last
            last = self.value(step, names)
            if step.word("id"):
                names.steps[step.word("id")] = last
        return last

    def inside(self, step: Part, way: list[Step], names: Names) -> None:
        """Go on into the step that the place is in."""
        key = way[0][1] if way else ""
        if key == "only_when" and names.steps is not None and step.word("id"):
            names.steps[step.word("id")] = self.value(step, names)
        if key == "for_each" or not way:
            return
        if key == "steps" and step.get("for_each") is not None:
            names.item = self.item(step, names)
        for number, (part, _) in enumerate(way):
            if part.kind == "list" and part.items and number and _is_steps(way, number):
                self.walk(part, way[number:], names)
                return

    def item(self, step: Part, names: Names) -> Value:
        listed = _resolve(step.word("for_each"), names)
        return listed.item() if listed is not None else Value()

    def value(self, step: Part, names: Names) -> Value:
        """Return what a step comes to."""
        verb = next((key for key in step.names() if key in VERBS), "")
        inner = step.get(verb)
        if verb == "call":
            return signature(step.word("call"), self.known)[1]
        if verb in ("ask", "ask_person"):
            answer = step.get("answer")
            return Value(type=STRING) if answer is None else Value.of(*schema_of(answer, self.known))
        if verb == "record":
            return Value.of(*schema_of(inner, self.known))
        if verb == "wait_for":
            return Value.of(*schema_of(inner, self.known)) if "@" in step.word(verb) else Value(type=NULL)
        if verb == "set" and inner is not None:
            return self.assigned(inner, names)
        if verb == "choose" and inner is not None:
            branches = [branch.get("steps") or branch.get("otherwise") for branch in inner.items]
            return _either([self.walk(branch, [], names) for branch in branches])
        if verb == "parallel" and inner is not None:
            fields = {entry.key: self.walk(entry.value, [], names) for entry in inner.entries}
            types = {name: value.type for name, value in fields.items()}
            return Value(type=Type(kind="object", fields=types, required=frozenset(types)))
        if verb == "for_each":
            scope = Names(input=self.input, steps=dict(names.steps or {}), calls=self.calls, tables=self.tables)
            scope.item = self.item(step, names)
            last = self.walk(step.get("steps"), [], scope)
            return Value(type=Type(kind="list", item=last.type), schema=None, source=last.source)
        return Value(type=NULL)

    def assigned(self, part: Part, names: Names, depth: int = 0) -> Value:
        """Return what is written: a value with expressions in it, or plain data."""
        if part.kind == "map" and depth < 20:
            fields = {entry.key: self.assigned(entry.value, names, depth + 1).type for entry in part.entries}
            return Value(type=Type(kind="object", fields=fields, required=frozenset(fields)))
        if part.kind == "list" and depth < 20:
            inner = [self.assigned(item, names, depth + 1).type for item in part.items]
            return Value(type=Type(kind="list", item=union(inner) if inner else ANY))
        text = part.text.strip()
        if part.kind != "text" or "${{" not in text:
            return Value(type=from_value(plain(part)))
        if text.startswith("${{") and text.endswith("}}") and text.count("${{") == 1:
            return _resolve(text[3:-2], names) or Value()
        return Value(type=STRING)


def _is_steps(way: Sequence[Step], number: int) -> bool:
    """Whether a list on the way is one of steps: under `steps`, `otherwise` or the name of a parallel branch."""
    before = way[number - 1][1]
    return before in ("steps", "otherwise") or (number > 1 and way[number - 2][1] == "parallel")


def _either(values: Sequence[Value]) -> Value:
    real = [value for value in values if value.type.kind != "null"]
    if len(real) == 1 or (real and all(value.schema is not None and value.schema == real[0].schema for value in real)):
        return real[0]
    return Value(type=union(value.type for value in values)) if values else Value(type=NULL)


def _resolve(text: str, names: Names) -> Value | None:
    parts = text.strip().split(".")
    if all(part.isidentifier() for part in parts):
        return names.resolve(parts)
    return names.type_of(text)


def signature(name: str, known: Known) -> tuple[Value, Value]:
    """Return what a tool's arguments and its output are."""
    given, made = known.signature(name)
    return Value.of(given, name), Value.of(resolved(made, made) if made else {}, name)


def _policy(tree: Part, way: Sequence[Step], known: Known) -> Names:
    names = Names(calls={name: signature(name, known) for name in known.callable()})
    names.tables = Value(type=from_value({**known.tables, **_tables(tree)}), source=t("tables"))
    facts = tree.get("facts")
    if facts is not None and [key for _, key in way[:1]] != ["facts"]:
        names.facts = {e.key: signature(e.value.word("call"), known)[1] for e in facts.entries}
    tools = _ruled(tree, way)
    given = [signature(name, known)[0] for name in tools]
    names.args = given[0] if len(given) == 1 else _shared(given)
    return names


def _tables(tree: Part) -> Mapping[str, Any]:
    found = tree.get("tables")
    data = plain(found) if found is not None else {}
    return data if isinstance(data, dict) else {}


def _ruled(tree: Part, way: Sequence[Step]) -> list[str]:
    """Return the tools of the rule at a place; for a fact, those of the rules that exist."""
    rules = tree.get("rules")
    if len(way) > 1 and way[0][1] == "rules" and isinstance(way[1][1], int) and way[1][0].kind == "list":
        listed = [way[1][0].items[way[1][1]]]
    else:
        listed = rules.items if rules is not None else []
    found = [tools for rule in listed if (tools := rule.get("tools")) is not None]
    return list(dict.fromkeys(n.text for part in found for n in (part.items or [part]) if n.kind == "text"))


def _shared(given: Sequence[Value]) -> Value:
    """Return the arguments of several tools together."""
    fields: dict[str, Type] = {}
    for value in given:
        fields |= value.type.fields or {}
    return Value(type=Type(kind="object", fields=fields)) if fields else Value()
