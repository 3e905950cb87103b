"""Pieces of files to start from: one for each verb, for the usual rules, and for a whole file.

Owns: the pieces, made from the tables of the language, and their form for schemas. Places to fill in are numbered from 1.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.editor.known import Known
from flowrun.lang.grammar_steps import VERBS
from flowrun.words import mark, t

Json = Any


class Snippet(msgspec.Struct, frozen=True, kw_only=True):
    """One piece: its name, what it is for, and its value; `Hole`s in the value are to be filled in."""

    label: str
    about: str
    value: Json


class Hole(msgspec.Struct, frozen=True):
    """A place to fill in. `text` is what stands there first; `expression` is one inside `${{ }}`."""

    number: int
    text: str = ""
    expression: bool = False


_BODIES: dict[str, Json] = {
    "call": {"call": Hole(2, "tools.action"), "with": {Hole(3, "argument"): Hole(4, "input.field", True)}},
    "ask": {"ask": Hole(2, "What is asked"), "answer": Hole(3, "schema@1")},
    "ask_person": {"ask_person": Hole(2, "What is asked"), "to": Hole(3, "role"), "answer": Hole(4, "schema@1"),
                   "within": Hole(5, "4h")},
    "choose": {"choose": [{"when": Hole(2, "input.field == 1"), "steps": [{"id": Hole(3, "yes"), "set": True}]},
                          {"otherwise": [{"id": Hole(4, "no"), "set": False}]}]},
    "for_each": {"for_each": Hole(2, "input.items"), "steps": [{"id": Hole(3, "each"), "set": Hole(4, "item", True)}]},
    "parallel": {"parallel": {Hole(2, "one"): [{"id": Hole(3, "first"), "set": True}],
                              Hole(4, "other"): [{"id": Hole(5, "second"), "set": True}]}},
    "wait_for": {"wait_for": Hole(2, "3d")},
    "record": {"record": Hole(2, "schema@1"), "with": {Hole(3, "field"): Hole(4, "input.field", True)}},
    "set": {"set": Hole(2, "input.field", True)},
    "stop": {"stop": Hole(2, "rejected"), "reason": Hole(3, "Why")},
}  # fmt: skip
_HAND_OFF = ("call", "ask", "ask_person", "record")
_ROOTS: dict[str, Snippet] = {
    "flow": Snippet(
        label="flow",
        about=mark("A new flow: its head, a budget and one record."),
        value={
            "flow": Hole(1, "name"), "version": 1, "title": Hole(2, "What it does"), "owner": Hole(3, "role"),
            "input": Hole(4, "message@1"), "output": Hole(5, "record@1"), "key": Hole(6, "input.id"),
            "tools": {Hole(7, "tools.action"): {}},
            "budget": {"cost": "0.05 USD", "model_calls": 6, "tool_calls": 10, "writes": 2, "within": "2m"},
            "steps": [{"id": "result", "record": Hole(8, "record@1"),
                       "with": {Hole(9, "field"): Hole(10, "input.field", True)}, "on_error": "hand_off"}],
        },
    ),
    "policy": Snippet(
        label="policy",
        about=mark("A new policy with one rule and one test."),
        value={
            "policy": Hole(1, "name"), "version": 1,
            "rules": [{"id": Hole(2, "rule"), "tools": Hole(3, "tools.action"), "only_when": Hole(4, "args.amount < 100"),
                       "reason": Hole(5, "Why")}],
            "tests": [{"call": Hole(6, "tools.action"), "args": {}, "expect": "deny", "by": Hole(7, "rule")}],
        },
    ),
    "test": Snippet(
        label="test",
        about=mark("A new test of a flow."),
        value={
            "test": Hole(1, "what is promised"), "flow": Hole(2, "name"),
            "given": {"input": {Hole(3, "field"): Hole(4, "value")}},
            "expect": {"outcome": "completed"},
        },
    ),
}  # fmt: skip


def step_snippets(known: Known) -> list[Snippet]:
    """Return a piece for each verb, and one for a call of each tool with the arguments that it needs."""
    return [*verb_snippets(), *(tool_snippet(name, known) for name in known.callable())]


def verb_snippets() -> list[Snippet]:
    """Return a piece for each verb."""
    return [Snippet(label=verb, about=_about(verb), value=_step(verb, body)) for verb, body in _BODIES.items()]


def tool_snippet(name: str, known: Known) -> Snippet:
    """Return the piece for a call of a tool."""
    given = known.signature(name)[0]
    needed = given.get("required") or list(given.get("properties") or ())[:1]
    fields = {field: Hole(at, f"input.{field}", True) for at, field in enumerate(needed, 2)}
    body = {"call": name, **({"with": fields} if fields else {})}
    return Snippet(label=f"call {name}", about=known.about_tool(name), value=_step("call", body))


def root_snippets(kind: str) -> list[Snippet]:
    """Return the piece for a new file of a kind, where there is one."""
    found = _ROOTS.get(kind)
    return [] if found is None else [msgspec.structs.replace(found, about=t(found.about))]


def _step(verb: str, body: Json) -> Json:
    return {"id": Hole(1, "name"), **body, **({"on_error": "hand_off"} if verb in _HAND_OFF else {})}


def _about(verb: str) -> str:
    return next(t(key.about) for key in VERBS[verb].keys if key.name == verb)


def yaml_form(snippet: Snippet) -> Json:
    """Return the piece as `defaultSnippets` of a schema holds it."""
    return {"label": snippet.label, "description": snippet.about, "body": _filled(snippet.value)}


def _filled(value: Json) -> Json:
    if isinstance(value, Hole):
        return hole(value)
    if isinstance(value, dict):
        return {hole(key) if isinstance(key, Hole) else key: _filled(inner) for key, inner in value.items()}
    return [_filled(item) for item in value] if isinstance(value, list) else value


def hole(place: Hole) -> str:
    """Return a place to fill in, in the form of snippets."""
    filled = f"${{{place.number}:{place.text}}}"
    return f"\\${{{{ {filled} \\}}\\}}" if place.expression else filled


def lines(value: Json, indent: str = "") -> list[str]:
    """Return a piece as lines of YAML in the form of snippets; `indent` stands before every line but the first."""
    made: list[str] = []
    if isinstance(value, dict):
        for key, inner in value.items():
            name = hole(key) if isinstance(key, Hole) else str(key)
            made += _under(f"{name}:", inner, "  ")
    elif isinstance(value, list):
        for item in value:
            inner = lines(item)
            made += [f"- {inner[0]}", *(f"  {line}" for line in inner[1:])]
    else:
        made = [_word(value)]
    return [made[0], *(indent + line for line in made[1:])] if made else ["{\\}"]


def _under(name: str, value: Json, indent: str) -> list[str]:
    if isinstance(value, dict | list) and value:
        return [name, *(indent + line for line in lines(value))]
    return [f"{name} {lines(value)[0]}"]


def _word(value: Json) -> str:
    if isinstance(value, Hole):
        return hole(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
