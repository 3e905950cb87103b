"""Does a value fit where it is put?

Owns: `check_condition`, `check_value` (a template against the type that a tool argument or a record field
expects), and the rewriting of amounts whose currency stands in a sibling field.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from flowrun.lang.expr_problem import TRUTH, Problem, closest, meant, suggestion, yaml_word
from flowrun.lang.types_guards import known_if
from flowrun.lang.types_infer import Inference
from flowrun.lang.types_model import Type, TypeScope
from flowrun.values.compare import to_text
from flowrun.values.moments import is_clock, is_date, parse_moment
from flowrun.values.money import is_currency
from flowrun.values.nodes import Node, dotted
from flowrun.words import sentences, t

_SPELLED = {"moment": parse_moment, "date": is_date, "time": is_clock}
_FITS = {
    "number": {"integer", "duration"},
    "string": {"moment", "date", "time"},
    "map": {"object"},
    "object": {"map"},
    "duration": {"integer", "number"},
}
_DEEPEST = 20
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def check_condition(node: Node, scope: TypeScope) -> list[Problem]:
    """Return what is wrong with an expression that must be true or false."""
    inference = Inference(scope)
    inference.condition(node)
    return inference.problems


def check_value(node: Node, scope: TypeScope, expected: Type) -> list[Problem]:
    """Return what is wrong with a template value where a value of `expected` is wanted; what is unknown
    passes.
    """
    inference = Inference(scope)
    _check(inference, node, expected)
    return inference.problems


def _check(inference: Inference, node: Node, expected: Type) -> None:
    kind = node[0]
    if kind == "dict" and expected.kind in ("object", "map"):
        _check_dict(inference, node, expected)
    elif kind == "list" and expected.kind == "list" and expected.item is not None:
        for index, item in enumerate(node[1]):
            with inference.inside(index):
                _check(inference, item, expected.item)
    elif kind == "if":
        inference.condition(node[1])
        before = inference.known
        for branch, truth in ((node[2], True), (node[3], False)):
            inference.known = before | known_if(node[1], truth)
            _check(inference, branch, expected)
        inference.known = before
    else:
        found = inference.of(node)
        # A text with expressions inside can be any text, so it fits wherever texts do.
        if not (kind == "text" and expected.kind in ("moment", "date", "time")):
            _fits(inference, found, expected, dotted(node), 0)


def _check_dict(inference: Inference, node: Node, expected: Type) -> None:
    if expected.kind == "map" or expected.fields is None:
        for key, value in node[1]:
            with inference.inside(key):
                _check(inference, value, expected.item or Type())
        return
    given = {key for key, _ in node[1]}
    misspelt = set()
    for key, value in node[1]:
        wanted = expected.fields.get(key)
        with inference.inside(key):
            if wanted is not None:
                _check(inference, value, wanted)
            elif expected.open:
                inference.of(value)
            else:
                free = [name for name in expected.fields if name not in given]
                help_ = suggestion(key, free or expected.fields)
                misspelt.add(closest(key, free))
                message = t("There is no field `{key}` here.", key=key)
                inference.note("unknown-field", message, help_, key, on_key=True, fix=meant(key, free))
    for name in expected.fields:
        # What a wrong name meant is there, only misspelt.
        if name in expected.required and name not in given and name not in misspelt:
            inference.note(
                "missing-field",
                t("The field `{name}` is missing.", name=name),
                t("Add `{name}: …`.", name=name),
                "",
                on_key=True,
            )


def _fits(inference: Inference, found: Type, expected: Type, name: str, depth: int) -> None:
    if "any" in (found.kind, expected.kind) or depth > _DEEPEST:
        return
    if found.nullable and not expected.nullable:
        help_ = t("Give another value: `{name} | default(…)`, or let the field be null in its schema.", name=name)
        message = (
            t("`{name}` may be null (nothing), which is not allowed here.", name=name)
            if name
            else t("This value may be null (nothing), which is not allowed here.")
        )
        inference.note("maybe-null", message, help_, name)
        return
    if found.kind == "null":
        return
    if not _kind_fits(found, expected):
        words = {"found": found.words(), "expected": expected.words()}
        message = (
            t("`{name}` is {found}, but {expected} is wanted here.", name=name, **words)
            if name
            else t("This is {found}, but {expected} is wanted here.", **words)
        )
        truth = TRUTH.get(name.lower()) if expected.kind == "boolean" and found.enum == (name,) else None
        inference.note("wrong-type", message, _repair(found, expected, name), name, fix=truth)
    elif expected.enum is not None and found.enum is not None:
        strange = [value for value in found.enum if value not in expected.enum]
        if strange:
            known = [to_text(value) for value in expected.enum]
            value = to_text(strange[0])
            message = t("`{value}` is not one of the values that are allowed here.", value=value)
            help_ = sentences(suggestion(value, known), yaml_word(value))
            fix = meant(value, known) if name == value else None
            inference.note("unknown-enum-value", message, help_, name, fix=fix)
    elif found.kind == "list" and found.item is not None and expected.item is not None:
        _fits(inference, found.item, expected.item, name, depth + 1)
    elif found.kind == expected.kind == "object":
        _object_fits(inference, found, expected, name, depth)


def _kind_fits(found: Type, expected: Type) -> bool:
    if found.kind == expected.kind or found.kind in _FITS.get(expected.kind, ()):
        return not (found.currency and expected.currency and _other_code(found.currency, expected.currency))
    if expected.kind == "integer" and found.kind == "number" and found.enum:
        return all(value == int(value) for value in found.enum)
    spelled: Any = _SPELLED.get(expected.kind)
    return bool(spelled and found.kind == "string" and found.enum and all(spelled(text) for text in found.enum))


def _other_code(one: str, two: str) -> bool:
    return is_currency(one) and is_currency(two) and one != two


def _repair(found: Type, expected: Type, name: str) -> str:
    if expected.kind == "string" and expected.enum and found.enum:
        return suggestion(to_text(found.enum[0]), [to_text(value) for value in expected.enum])
    if expected.kind == "string":
        return t("Put quotes around it.") if found.enum else t('Make it a text: `{name} ~ ""`.', name=name)
    if expected.kind == "moment" and found.kind in ("string", "date"):
        return t("Write `{text}`.", text=f"date({name})")
    if expected.kind == "integer" and found.kind == "number":
        return t("Write `{text}`.", text=f"{name} | round")
    if expected.kind in ("integer", "number", "boolean") and found.kind == "string" and found.enum:
        word = str(found.enum[0])
        if (note := yaml_word(word)) and expected.kind == "boolean":
            meant = TRUTH[word.lower()]
            return sentences(t("Write `{text}`.", text=meant), note)
        if expected.kind == "boolean":
            return t("Write it without quotes.") if word in ("true", "false") else t("Write `true` or `false`.")
        return t("Write it without quotes.") if _NUMBER.fullmatch(word) else t("Write a number.")
    if found.kind == "money":
        return t("Give the number alone.")
    return t("Use a value of that kind.")


def _object_fits(inference: Inference, found: Type, expected: Type, name: str, depth: int) -> None:
    fields, wanted = found.fields or {}, expected.fields or {}
    for key, kind in wanted.items():
        path = f"{name}.{key}" if name else key
        if key in fields:
            given = fields[key].or_null(key not in found.required and key in expected.required)
            before = len(inference.problems)
            _fits(inference, given, kind, path, depth + 1)
            # The text holds only the name of the whole, so that is what can be pointed at.
            inference.problems[before:] = [replace(each, needle=name) for each in inference.problems[before:]]
        elif key in expected.required and not found.open:
            message = t("`{name}` has no field `{key}`, which is needed here.", name=name, key=key)
            inference.note("missing-field", message, t("Write the fields one by one, with `{key}`.", key=key), name)
    strange = [] if expected.open else [key for key in fields if key not in wanted]
    if strange:
        message = t("`{name}` has a field `{strange}`, which is not allowed here.", name=name, strange=strange[0])
        inference.note("unknown-field", message, t("Write the fields one by one."), name)


def with_currencies(node: Node, scope: TypeScope) -> Node:
    """Return the expression with each compared amount whose currency is a sibling field joined with that
    field.

    Then another currency, or none, makes the comparison null. Nodes that need no change are returned as they
    are.
    """
    kind = node[0]
    if kind == "cmp" and node[1] not in ("in", "not in"):
        inference = Inference(scope)
        sides = [with_currencies(side, scope) for side in node[2:]]
        types = [inference.of(side) for side in node[2:]]
        if any(found.currency or found.kind == "money" for found in types):
            sides = [
                _with_currency(side, found, other) for side, found, other in zip(sides, types, types[::-1], strict=True)
            ]
        return node if sides == node[2:] else ["cmp", node[1], *sides]
    if kind == "call":
        args = [with_currencies(arg, scope) for arg in node[2]]
        return node if args == node[2] else ["call", node[1], args, node[3]]
    if kind in ("and", "or", "list", "text"):
        parts = [with_currencies(part, scope) for part in node[1]]
        return node if parts == node[1] else [kind, parts]
    if kind == "dict":
        return [kind, [[key, with_currencies(value, scope)] for key, value in node[1]]]
    if kind in ("not", "none", "neg", "if", "index"):
        return [kind, *(with_currencies(part, scope) for part in node[1:])]
    return node


def _with_currency(side: Node, found: Type, other: Type) -> Node:
    if found.kind not in ("integer", "number") or not found.currency or found.currency == "?":
        return side
    if is_currency(found.currency):
        return ["money", side, ["lit", found.currency]] if other.currency or other.kind == "money" else side
    if side[0] != "attr" or not (other.currency or other.kind == "money"):
        return side
    return ["money", side, ["attr", side[1], found.currency]]
