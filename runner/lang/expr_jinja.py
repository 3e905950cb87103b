"""From Jinja2's syntax tree to JSON nodes.

Owns: the only use of Jinja2: its parser, loaded on first use. The walker knows a closed list of tree nodes
with their exact fields, and turns everything else into a finding, so a new Jinja2 cannot let anything new in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flowrun.lang.expr_paths import Part, make_path
from flowrun.lang.expr_problem import Problem, suggestion
from flowrun.lang.expr_scan import MAX_DEPTH, too_deep
from flowrun.values.functions import FUNCTIONS, Function
from flowrun.values.nodes import Node
from flowrun.words import mark, t

NOTHING: Node = ["lit", None]
_MATH = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "FloorDiv": "//", "Mod": "%"}
_COMPARE = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in", "notin": "not in",
}  # fmt: skip
_CALL = ("args", "kwargs", "dyn_args", "dyn_kwargs")
_FIELDS: dict[str, tuple[str, ...]] = {
    "Const": ("value",), "Name": ("name", "ctx"), "Getattr": ("node", "attr", "ctx"),
    "Getitem": ("node", "arg", "ctx"), "List": ("items",), "Dict": ("items",), "Pair": ("key", "value"),
    "Filter": ("node", "name", *_CALL), "Test": ("node", "name", *_CALL), "Call": ("node", *_CALL),
    "Keyword": ("key", "value"), "Compare": ("expr", "ops"), "Operand": ("op", "expr"),
    "And": ("left", "right"),
    "Or": ("left", "right"), "Not": ("node",), "CondExpr": ("test", "expr1", "expr2"), "Concat": ("nodes",),
    "Neg": ("node",), **dict.fromkeys(_MATH, ("left", "right")),
}  # fmt: skip
_REFUSED = {
    "Tuple": (
        mark("Several values in `( )` or with commas are no list."),
        mark('Write a list in brackets: `["a", "b"]`.'),
    ),
    "Slice": (mark("A part of a list cannot be cut out with `:`."), mark("Use `first`, `last` or `select`.")),
    "Pow": (mark("Powers cannot be computed here."), mark("Multiply with `*`.")),
    "Pos": (mark("A `+` before a value does nothing."), mark("Remove it.")),
}


class _Deep(Exception):
    """The expression is nested too deeply."""


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment

    return Environment(autoescape=False)


def parse(text: str, variables: frozenset[str]) -> tuple[Node | None, list[Problem]]:
    """Return the node of an expression, or what is wrong with it."""
    from jinja2.exceptions import TemplateSyntaxError
    from jinja2.parser import Parser

    rest = ""
    try:
        parser = Parser(_environment(), text, state="variable")
        try:
            tree = parser.parse_expression()
        finally:
            current = parser.stream.current
            rest = "" if parser.stream.eos else str(current.value)
        if rest:
            return None, [_left_over(rest)]
        walker = _Walker(variables)
        node = walker.node(tree, 0)
    except TemplateSyntaxError:
        return None, [_unreadable(rest)]
    except (_Deep, RecursionError):
        return None, [too_deep()]
    except (ValueError, OverflowError):
        # Python refuses numbers of thousands of digits, and some escapes in quoted texts.
        return None, [_unreadable("")]
    return (None, walker.problems) if walker.problems else (node, [])


def _left_over(rest: str) -> Problem:
    return Problem(
        "syntax",
        t("`{rest}` stands where the expression should have ended.", rest=rest),
        t("Between two values there must be a sign or a word, like `and`, `==` or `~`; texts are in quotes."),
        rest,
    )


def _unreadable(rest: str) -> Problem:
    if rest:
        return Problem(
            "syntax",
            t("`{rest}` cannot stand here.", rest=rest),
            t("Look for a missing value, comma or sign before it."),
            rest,
        )
    return Problem(
        "syntax",
        t("The expression ends too early, or something in it cannot be read."),
        t("Complete it, as in `input.amount > 10`."),
        "",
    )


class _Walker:
    """Converts one tree; findings gather in `problems`, a wrong part becomes null."""

    def __init__(self, variables: frozenset[str]) -> None:
        self.variables = variables
        self.problems: list[Problem] = []

    def refuse(self, rule: str, message: str, help_: str, needle: str) -> Node:
        self.problems.append(Problem(rule, message, help_, needle))
        return NOTHING

    def node(self, tree: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _Deep
        name = type(tree).__name__
        if name in _REFUSED:
            message, help_ = _REFUSED[name]
            return self.refuse("unsupported", t(message), t(help_), "")
        if _FIELDS.get(name) != getattr(tree, "fields", None):
            return self.refuse(
                "unsupported",
                t("This kind of expression does not exist here."),
                t("See the reference of expressions."),
                "",
            )
        if name in _MATH:
            return ["math", _MATH[name], self.node(tree.left, depth + 1), self.node(tree.right, depth + 1)]
        make = _MAKERS.get(name)
        if make is None:
            return self.refuse(
                "unsupported",
                t("This kind of expression does not exist here."),
                t("See the reference of expressions."),
                "",
            )
        return make(self, tree, depth)

    def const(self, tree: Any, depth: int) -> Node:
        value = tree.value
        if value is None or type(value) is bool:
            return ["lit", value]
        if type(value) is str and not any("\ud800" <= char <= "\udfff" for char in value):
            return ["lit", value]
        if type(value) in (int, float) and abs(value) < 1e30:
            return ["lit", value]
        return self.refuse(
            "syntax", t("This value is too large or cannot be written in JSON."), t("Use a smaller one."), ""
        )

    def path(self, tree: Any, depth: int) -> Node:
        parts: list[Part] = []
        while type(tree).__name__ in ("Getattr", "Getitem"):
            if _FIELDS[type(tree).__name__] != tree.fields or len(parts) > MAX_DEPTH:
                raise _Deep
            parts.append(tree.attr if type(tree).__name__ == "Getattr" else self.key(tree.arg, depth))
            tree = tree.node
        parts.reverse()
        if type(tree).__name__ == "Name":
            made = make_path(tree.name, parts, self.variables)
            if isinstance(made, Problem):
                self.problems.append(made)
                return NOTHING
            return made
        node = self.node(tree, depth + 1)
        for part in parts:
            node = ["attr", node, part] if isinstance(part, str) else ["index", node, part]
        return node

    def key(self, tree: Any, depth: int) -> Part:
        node = self.node(tree, depth + 1)
        return node[1] if node[0] == "lit" and type(node[1]) is str else node

    def list_(self, tree: Any, depth: int) -> Node:
        return ["list", [self.node(item, depth + 1) for item in tree.items]]

    def dict_(self, tree: Any, depth: int) -> Node:
        pairs = []
        for pair in tree.items:
            key = self.node(pair.key, depth + 1)
            if key[0] != "lit" or type(key[1]) is not str:
                return self.refuse(
                    "unsupported", t("The keys of a map are texts in quotes."), t('Write `{"key": value}`.'), ""
                )
            pairs.append([key[1], self.node(pair.value, depth + 1)])
        return ["dict", pairs]

    def negative(self, tree: Any, depth: int) -> Node:
        inner = self.node(tree.node, depth + 1)
        if inner[0] == "lit" and type(inner[1]) in (int, float):
            return ["lit", -inner[1]]
        return ["neg", inner]

    def negation(self, tree: Any, depth: int) -> Node:
        return ["not", self.node(tree.node, depth + 1)]

    def joined(self, tree: Any, depth: int) -> Node:
        """`a and b and c`, which Jinja2 nests to the left, is one node."""
        kind, parts = type(tree), []
        while type(tree) is kind:
            parts.append(self.node(tree.right, depth + 1))
            tree = tree.left
        parts.append(self.node(tree, depth + 1))
        return [kind.__name__.lower(), parts[::-1]]

    def concat(self, tree: Any, depth: int) -> Node:
        return ["text", [self.node(part, depth + 1) for part in tree.nodes]]

    def condition(self, tree: Any, depth: int) -> Node:
        if tree.expr2 is None:
            return self.refuse(
                "missing-else", t("`A if CONDITION` needs an `else`."), t("Write `A if CONDITION else B`."), "if"
            )
        return ["if", *(self.node(part, depth + 1) for part in (tree.test, tree.expr1, tree.expr2))]

    def compare(self, tree: Any, depth: int) -> Node:
        left = self.node(tree.expr, depth + 1)
        made: list[Node] = []
        for operand in tree.ops:
            right = self.node(operand.expr, depth + 1)
            op = _COMPARE.get(operand.op)
            if op is None:
                return self.refuse(
                    "operator", t("`{op}` cannot compare.", op=operand.op), t("Use `==`, `!=`, `<`, `>` or `in`."), ""
                )
            if op in ("==", "!=") and NOTHING in (left, right) and not self.problems:
                word = "is none" if op == "==" else "is not none"
                return self.refuse(
                    "compare-none",
                    t("`{op}` cannot ask whether there is nothing.", op=op),
                    t("Write `{word}`.", word=word),
                    op,
                )
            made.append(["cmp", op, left, right])
            left = right
        return made[0] if len(made) == 1 else ["and", made]

    def test(self, tree: Any, depth: int) -> Node:
        if tree.name not in ("none", "null") or tree.args or tree.kwargs or tree.dyn_args or tree.dyn_kwargs:
            return self.refuse(
                "unknown-test",
                t("`is {name}` does not exist.", name=tree.name),
                t("Write `is none` or `is not none`."),
                f"is {tree.name}",
            )
        return ["none", self.node(tree.node, depth + 1)]

    def filter_(self, tree: Any, depth: int) -> Node:
        function = FUNCTIONS.get(tree.name)
        if function is None or tree.node is None:
            names = [name for name, known in FUNCTIONS.items() if known.kind == "filter"]
            return self.refuse(
                "unknown-function",
                t("There is no filter `{name}`.", name=tree.name),
                suggestion(tree.name, names),
                tree.name,
            )
        if function.kind != "filter":
            return self.refuse(
                "unknown-function",
                t("`{name}` is a function.", name=tree.name),
                t("Write `{signature}`.", signature=function.signature),
                tree.name,
            )
        return self.bind(function, [self.node(tree.node, depth + 1)], tree, depth)

    def call(self, tree: Any, depth: int) -> Node:
        if type(tree.node).__name__ != "Name":
            name = str(getattr(tree.node, "attr", "this"))
            known = FUNCTIONS.get(name)
            help_ = (
                t("Write `{signature}`.", signature=known.signature)
                if known
                else t("Use a filter, as in `value | length`.")
            )
            return self.refuse("no-methods", t("`{name}` is data and cannot be called.", name=name), help_, name)
        name = tree.node.name
        function = FUNCTIONS.get(name)
        if function is None:
            names = [known.name for known in FUNCTIONS.values() if known.kind == "function"]
            return self.refuse(
                "unknown-function", t("There is no function `{name}`.", name=name), suggestion(name, names), name
            )
        if function.kind != "function":
            return self.refuse(
                "unknown-function",
                t("`{name}` is a filter.", name=name),
                t("Write `{signature}`.", signature=function.signature),
                name,
            )
        return self.bind(function, [], tree, depth)

    def bind(self, function: Function, args: list[Node], tree: Any, depth: int) -> Node:
        """Put the arguments in order and check their number."""
        wrong = t("Write `{signature}`.", signature=function.signature)
        if tree.dyn_args or tree.dyn_kwargs:
            return self.refuse(
                "arguments", t("`{name}` takes no values with `*`.", name=function.name), wrong, function.name
            )
        args = args + [self.node(arg, depth + 1) for arg in tree.args]
        where: list[Any] = []
        for keyword in tree.kwargs:
            value = self.node(keyword.value, depth + 1)
            if function.where:
                where.append([keyword.key, value])
            elif keyword.key in function.params and function.params.index(keyword.key) >= len(args):
                args += [NOTHING] * (function.params.index(keyword.key) - len(args)) + [value]
            else:
                return self.refuse(
                    "arguments",
                    t("`{function}` takes no `{keyword}=`.", function=function.name, keyword=keyword.key),
                    wrong,
                    keyword.key,
                )
        if not function.required <= len(args) <= len(function.params):
            if len(args) < function.required:
                message = t("`{name}` got too few values.", name=function.name)
            else:
                message = t("`{name}` got too many values.", name=function.name)
            return self.refuse("arguments", message, wrong, function.name)
        return ["call", function.name, args, where]


_MAKERS: dict[str, Callable[[_Walker, Any, int], Node]] = {
    "Const": _Walker.const, "Name": _Walker.path, "Getattr": _Walker.path, "Getitem": _Walker.path,
    "List": _Walker.list_, "Dict": _Walker.dict_, "Neg": _Walker.negative, "Not": _Walker.negation,
    "And": _Walker.joined, "Or": _Walker.joined, "Concat": _Walker.concat, "CondExpr": _Walker.condition,
    "Compare": _Walker.compare, "Test": _Walker.test, "Filter": _Walker.filter_, "Call": _Walker.call,
}  # fmt: skip
