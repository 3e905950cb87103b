"""Expressions over values that are not known.

Owns: what each node of an expression means here; it mirrors `values.evaluate`. What cannot be followed becomes an unknown
of its own, the same one wherever the same expression stands over the same values. Lists are `prove.lists`' part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flowrun.prove.compare import Answer, as_condition, as_value, compare
from flowrun.prove.domains import NULL, TRUE
from flowrun.prove.lists import list_function, part_of
from flowrun.prove.names import Place
from flowrun.prove.shapes import attribute, domain_of, item_schema
from flowrun.prove.spelling import spell
from flowrun.prove.terms import (
    NO,
    NONE,
    YES,
    Const,
    Fields,
    Formula,
    Items,
    Money,
    Unknown,
    Value,
    both,
    cases,
    either,
    every,
    is_null,
    key_of,
    negate,
    options,
    some,
    within,
)
from flowrun.values.compare import arithmetic, key_text, to_text
from flowrun.values.functions import FUNCTIONS
from flowrun.values.names import Names

Json = Any
Node = list[Any]
MOST_CASES = 120
"""More combinations of cases than this are not looked at one by one."""
_GIVES = {
    "integer": ("length", "count"),
    "boolean": ("any", "all", "contains"),
    "string": ("lower", "upper", "trim", "truncate", "join", "date", "time_of", "next"),
    "number": ("round", "age", "minutes", "hours", "days", "sum"),
    "array": ("map", "select", "sort", "unique"),
}
KINDS: dict[str, Json] = {
    "now": {"type": "string"},
    **{name: {"type": [kind, "null"]} for kind, names in _GIVES.items() for name in names},
    **{name: {"type": ["integer", "null"], "minimum": 0} for name in _GIVES["integer"]},
}
"""What functions give back, as far as it is known without looking at what they are given."""


class Evaluator:
    """Evaluates at one place. `few`: lists that are not known are taken to have at most so many items; 0: any number.

    With `few` not every way is looked at: it is for finding examples, never for excluding anything.
    """

    def __init__(self, place: Place, *, few: int = 0) -> None:
        self.place = place
        self.few = few

    def holds(self, node: Node | None) -> Formula:
        """Return when a condition is true; one that is not there is."""
        return YES if node is None else self.condition(node)[0]

    def condition(self, node: Node) -> Answer:
        """Return when a condition is true and when it is false."""
        kind = node[0]
        if kind == "not":
            holds, fails = self.condition(node[1])
            return fails, holds
        if kind in ("and", "or"):
            parts = [self.condition(part) for part in node[1]]
            if kind == "and":
                return every(part[0] for part in parts), some(part[1] for part in parts)
            return some(part[0] for part in parts), every(part[1] for part in parts)
        if kind == "cmp":
            return compare(node[1], self.value(node[2]), self.value(node[3]), spell(node))
        if kind == "none":
            nothing = is_null(self.value(node[1]))
            return nothing, negate(nothing)
        if kind == "if":
            when, otherwise = self.condition(node[1])
            one, two = self.condition(node[2]), self.condition(node[3])
            return (
                either(both(when, one[0]), both(otherwise, two[0])),
                either(both(when, one[1]), both(otherwise, two[1])),
            )
        if kind == "call" and node[1] == "contains" and len(node[2]) == 2 and not node[3]:
            return self.condition(["cmp", "in", node[2][1], node[2][0]])
        return as_condition(self.value(node), spell(node))

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""
        kind = node[0]
        made = getattr(self, f"_{kind}", None)
        if made is not None:
            found: Value = made(node)
            return found
        if kind in ("not", "and", "or", "cmp", "none"):
            return as_value(self.condition(node))
        return self.not_followed(node, [self.value(part) for part in node[2:] if isinstance(part, list)])

    def not_followed(self, node: Node, parts: Sequence[Value], schema: Json = True) -> Unknown:
        """Return an unknown that stands for an expression."""
        given = tuple(key_of(part) for part in parts)
        where = (self.place.moment,) if _reads_clock(node) else ()
        words = tuple(repr(part) for part in node[1:] if not isinstance(part, list))
        key = ("~", node[0], *words, *where, *given, *_plain_parts(node))
        return Unknown(
            key, domain_of(schema, schema), schema=schema, origin=("made", ""), parts=parts, text=spell(node)
        )

    def _lit(self, node: Node) -> Value:
        return Const(node[1])

    def _list(self, node: Node) -> Value:
        return Items([(YES, self.value(part)) for part in node[1]])

    def _dict(self, node: Node) -> Value:
        return Fields({key: self.value(part) for key, part in node[1]})

    def _text(self, node: Node) -> Value:
        parts = [self.value(part) for part in node[1]]
        if all(isinstance(part, Const) for part in parts):
            return Const("".join(to_text(part.value) for part in parts if isinstance(part, Const)))
        return self.not_followed(["text", []], parts, {"type": ["string", "null"]})

    def _name(self, node: Node) -> Value:
        place = self.place
        known: dict[str, Value] = {
            "input": place.input,
            "item": place.item,
            "run": place.run,
            "args": place.args,
            "facts": Fields(place.facts),
            "tables": Const(place.tables),
        }
        return known.get(node[1], NONE)

    def _var(self, node: Node) -> Value:
        return self.not_followed(node, [])

    def _for(self, node: Node) -> Value:
        return self.not_followed(["text", []], [self.value(node[2]), self.value(node[3])], {"type": ["string", "null"]})

    def _step(self, node: Node) -> Value:
        return self.place.steps.get(node[1], NONE)

    def _calls(self, node: Node) -> Value:
        if node[2] == "last":
            return self.place.last(node[1])
        found = self.place.all(node[1])
        made = [entry.entry for entry in self.place.made(node[1])]
        return self.not_followed(node, made, {"type": "array"}) if found is None else found

    def _attr(self, node: Node) -> Value:
        return attribute(self.value(node[1]), node[2])

    def _index(self, node: Node) -> Value:
        found = [
            (both(a, b), self._at(node, whole, place))
            for a, whole in options(self.value(node[1]))
            for b, place in options(self.value(node[2]))
        ]
        return cases(found)

    def _at(self, node: Node, whole: Value, place: Value) -> Value:
        if isinstance(whole, Const) and isinstance(whole.value, dict):
            if isinstance(place, Unknown):
                chosen = [(compare("==", place, Const(key), "")[0], Const(inner)) for key, inner in whole.value.items()]
                return cases(chosen) if all(not key[:1].isdigit() for key in whole.value) else self._lost(whole, place)
            key = key_text(place.value) if isinstance(place, Const) else None
            return NONE if key is None else attribute(whole, key)
        if isinstance(place, Const) and isinstance(place.value, str):
            return attribute(whole, place.value)
        if isinstance(place, Const) and isinstance(whole, Const):
            number = place.value
            fits = (
                isinstance(whole.value, list) and type(number) is int and -len(whole.value) <= number < len(whole.value)
            )
            return Const(whole.value[number]) if fits else NONE
        if isinstance(whole, Const) and whole.value is None:
            return NONE
        return self.not_followed(node, [whole, place])

    def _lost(self, whole: Value, place: Value) -> Value:
        return self.not_followed(["index", ["lit", 0], ["lit", 0]], [whole, place])

    def _if(self, node: Node) -> Value:
        when, otherwise = self.condition(node[1])
        return cases([(when, self.value(node[2])), (otherwise, self.value(node[3]))])

    def _money(self, node: Node) -> Value:
        return Money(self.value(node[1]), self.value(node[2]))

    def _neg(self, node: Node) -> Value:
        return self._math(["math", "-", ["lit", 0], node[1]])

    def _math(self, node: Node) -> Value:
        sides = [self.value(node[2]), self.value(node[3])]
        return self.over(node, sides, lambda left, right: Const(arithmetic(node[1], left, right)), True)

    def _call(self, node: Node) -> Value:
        name, args, where = node[1], node[2], node[3]
        given = [self.value(part) for part in args]
        if name == "default":
            nothing = is_null(given[0])
            return cases([(negate(nothing), given[0]), (nothing, given[1])])
        if name == "now":
            return self.not_followed(node, [], KINDS["now"])
        fields = [(field_name, self.value(part)) for field_name, part in where]
        if fields or name not in ("age", "date", "time_of", "next"):
            listed = list_function(name, given, fields, few=self.few)
            if listed is not None:
                return listed
        function = FUNCTIONS[name].run
        names = Names()
        size = len(given)

        def known(*values: Json) -> Value:
            chosen = {where[place][0]: value for place, value in enumerate(values[size:])}
            return Const(function(names, list(values[:size]), chosen))

        return self.over(node, [*given, *(value for _, value in fields)], known, None)

    def _kind(self, name: str, given: Sequence[Value]) -> Json:
        schema = KINDS.get(name, True)
        source = given[0] if given else NONE
        if (
            isinstance(source, Unknown)
            and isinstance(source.schema, dict)
            and isinstance(source.schema.get("items"), dict)
        ):
            items = source.schema["items"]
            if name in ("select", "sort", "unique"):
                return {**schema, "items": items}
            if name in ("first", "last"):
                return {"anyOf": [items, {"type": "null"}]} if "$ref" not in repr(items) else True
        return schema

    def over(self, node: Node, given: Sequence[Value], known: Callable[..., Value], schema: Json) -> Value:
        """Return a function of values: worked out where they are known, in each of their cases.

        `schema`: what it gives where it is not worked out; None for a function, which says it itself.
        """
        ways: list[tuple[Formula, list[Value]]] = [(YES, [])]
        for part in given:
            ways = [(both(w, when), [*values, value]) for w, values in ways for when, value in options(part)]
            ways = [(when, values) for when, values in ways if when != NO]
            if len(ways) > MOST_CASES:
                return self.lost(node, given, schema)
        found: list[tuple[Formula, Value]] = []
        for when, values in ways:
            plain = [part.value for part in values if isinstance(part, Const)]
            if len(plain) == len(values) and not _reads_clock(node):
                found.append((when, known(*plain)))
            else:
                found.append((when, self.lost(node, values, schema)))
        return cases(found)

    def lost(self, node: Node, given: Sequence[Value], schema: Json) -> Value:
        """Return an unknown for an expression of values, with what is known of it all the same."""
        if schema is not None or node[0] != "call":
            return self.not_followed(node, given, True if schema is None else schema)
        size = len(node[2])
        where = [(name, given[size + place]) for place, (name, _) in enumerate(node[3])]
        source = given[0] if given else NONE
        if isinstance(source, Const) and source.value is None:
            return NONE  # nothing comes of nothing; `default` is told elsewhere
        listed = list_function(node[1], given[:size], where, few=self.few)
        if listed is not None:
            return listed
        found = self.not_followed(node, given, self._kind(node[1], given))
        if node[1] == "any" and where and size == 1 and isinstance(source, Unknown):
            # Where some item has these values, there is such an item.
            schema = item_schema(source)
            item = Unknown(
                (*found.key, "some item"), domain_of(schema, source.root), schema=schema, root=source.root,
                origin=source.origin if not source.made else ("made", ""), parts=(source,),
            )  # fmt: skip
            found.follows = either(negate(within(found, TRUE)), self._fits(item, where))
        elif node[1] == "select" and where and size == 1:
            found.where = tuple(where)
        elif node[1] in ("first", "last") and isinstance(source, Unknown) and source.where:
            found.follows = either(within(found, NULL), self._fits(found, source.where))
        return found

    def _fits(self, item: Unknown, where: Sequence[tuple[str, Value]]) -> Formula:
        return every(compare("==", part_of(item, name), value, f"{name} = …")[0] for name, value in where)


def _reads_clock(node: Node) -> bool:
    return node[0] == "call" and node[1] in ("now", "age", "date", "time_of", "next")


def _plain_parts(node: Node) -> tuple[str, ...]:
    """Return what tells two nodes apart besides the values in them."""
    if node[0] != "call":
        return ()
    return tuple(name for name, _ in node[3])
