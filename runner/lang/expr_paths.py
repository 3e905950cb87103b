"""Dotted names: from their parts to nodes.

Owns: what `steps.x`, `calls.desk.create_ticket.last`, `input.a.b` and the variables of `{% for %}` are as
nodes, and the messages about first names that do not exist.
"""

from __future__ import annotations

from flowrun.lang.expr_problem import Problem, closest
from flowrun.values.functions import FUNCTIONS
from flowrun.values.nodes import ROOTS, Node
from flowrun.words import sentences, t

CONSTANTS: dict[str, object] = {
    "true": True, "false": False, "none": None, "null": None, "True": True, "False": False, "None": None,
}  # fmt: skip
KEYWORDS = frozenset(CONSTANTS) | {"and", "or", "not", "if", "else", "elif", "in", "is", "for"}

Part = str | Node
"""One step of a path: a field's name, or the node of an index."""


def make_path(root: str, parts: list[Part], variables: frozenset[str]) -> Node | Problem:
    """Return the node of a path, or what is wrong with its beginning."""
    rest = parts
    if root in variables:
        node: Node = ["var", root]
    elif root == "steps":
        if not parts or not isinstance(parts[0], str):
            return Problem(
                "unknown-step",
                t("`steps` alone is no value."),
                t("Write `steps.ID`, with the id of a step."),
                "steps",
            )
        node, rest = ["step", parts[0]], parts[1:]
    elif root == "calls":
        found = _calls(parts)
        if isinstance(found, Problem):
            return found
        node, rest = found
    elif root in ROOTS:
        node = ["name", root]
    elif root in CONSTANTS and not parts:
        return ["lit", CONSTANTS[root]]
    else:
        return unknown_name(root, variables)
    for part in rest:
        node = ["attr", node, part] if isinstance(part, str) else ["index", node, part]
    return node


def _calls(parts: list[Part]) -> tuple[Node, list[Part]] | Problem:
    names: list[str] = []
    for place, part in enumerate(parts):
        if not isinstance(part, str):
            break
        if part in ("last", "all") and names:
            return ["calls", ".".join(names), part], parts[place + 1 :]
        names.append(part)
    written = ".".join(["calls", *names])
    return Problem(
        "calls-which",
        t("`{written}` does not say which call is meant.", written=written),
        t("Write `{call}.last` or `.all`.", call=".".join(["calls", *names[:2]]) if names else "calls.TOOL"),
        written,
    )


def unknown_name(name: str, variables: frozenset[str]) -> Problem:
    """Return the finding about a first name that no expression knows."""
    function = FUNCTIONS.get(name)
    if function is not None:
        return Problem(
            "unknown-name",
            t("`{name}` is a filter, not a value.", name=name)
            if function.kind == "filter"
            else t("`{name}` is a function, not a value.", name=name),
            t("Write `{signature}`.", signature=function.signature),
            name,
        )
    guess = closest(name, [*ROOTS, *sorted(variables)])
    return Problem(
        "unknown-name",
        t("There is no `{name}`.", name=name),
        sentences(
            t("Did you mean `{name}`?", name=guess) if guess else None,
            t(
                'A text is written in quotes: "{name}". Names start with `input`, `steps.ID` or `calls.TOOL`.',
                name=name,
            ),
        ),
        name,
    )


def plain_node(text: str, variables: frozenset[str]) -> Node | Problem | None:
    """Return the node of a text that is a dotted name or a simple literal, without a parser; None for all
    else.
    """
    if text.isascii():
        parts = text.split(".")
        if all(part.isidentifier() for part in parts):
            if parts[0] in KEYWORDS and (len(parts) > 1 or parts[0] not in CONSTANTS):
                return None
            return make_path(parts[0], list(parts[1:]), variables)
        if text.isdigit() and len(text) <= 18 and (text[0] != "0" or len(text) == 1):
            return ["lit", int(text)]
    quote = text[0]
    if quote in "\"'" and len(text) > 1 and text[-1] == quote and quote not in text[1:-1] and "\\" not in text:
        return None if _has_surrogate(text) else ["lit", text[1:-1].replace("\r\n", "\n").replace("\r", "\n")]
    return None


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)
