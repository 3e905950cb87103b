"""The rules of types: from an expression and the names of its place to its type and what is wrong.

Owns: inference over nodes, guards against null (`x is not none and …`), and the rules of comparisons and
arithmetic. The rules of filters and functions are in `types_calls`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from flowrun.lang.expr_problem import Path, Problem, meant, suggestion
from flowrun.lang.types_compare import check_comparison
from flowrun.lang.types_guards import key_of, known_if
from flowrun.lang.types_model import ANY, BOOLEAN, MOMENT, NUMBER, STRING, Type, TypeScope, from_value, union
from flowrun.values.nodes import Node, dotted
from flowrun.words import mark, t

CALL_FIELDS = {
    "rules": Type(kind="list", item=STRING),
    "approved_by": Type(kind="list", item=STRING),
    "at": MOMENT,
}


def infer(node: Node, scope: TypeScope) -> tuple[Type, list[Problem]]:
    """Return the type of an expression and every problem in it; a wrong part is `any`, so it is reported
    once.
    """
    inference = Inference(scope)
    return inference.of(node), inference.problems


class Inference:
    """One walk over an expression; `known` are the paths that are guarded where the walk stands."""

    def __init__(self, scope: TypeScope, known: Iterable[str] = ()) -> None:
        self.scope = scope
        self.known: frozenset[str] = scope.known | frozenset(known)
        self.variables = dict(scope.variables)
        self.path: Path = ()
        self.problems: list[Problem] = []

    def note(
        self, rule: str, message: str, help_: str, needle: str, *, on_key: bool = False, fix: str | None = None
    ) -> Type:
        problem = Problem(rule, message, help_, needle, self.path, on_key, fix)
        if problem not in self.problems:
            self.problems.append(problem)
        return ANY

    @contextmanager
    def inside(self, part: str | int) -> Iterator[None]:
        """Problems are in this item or field of the value."""
        before = self.path
        self.path = (*before, part)
        yield
        self.path = before

    def within(self, part: str | int, node: Node) -> Type:
        """The type of an item or field of the value."""
        with self.inside(part):
            return self.of(node)

    def of(self, node: Node) -> Type:
        found = _RULES[node[0]](self, node)
        if found.nullable and self.known and key_of(node) in self.known:
            return found.not_null()
        return found

    def knowing(self, node: Node, more: set[str]) -> Type:
        """The type of a node where more paths are guarded."""
        before = self.known
        self.known = before | more
        found = self.of(node)
        self.known = before
        return found

    def need(self, node: Node) -> Type:
        """The type of a node that is used here; null must have been guarded."""
        return self.guard(node, self.of(node))

    def guard(self, node: Node, found: Type) -> Type:
        if found.nullable and found.kind != "any" and not self.scope.rules:
            name = dotted(node)
            if key_of(node):
                message = t("`{name}` may be null (nothing) here.", name=name)
                help_ = t(
                    "Ask first: `{name} is not none and …`, or give another value: `{name} | default(…)`.", name=name
                )
            else:
                message = t("This value may be null (nothing) here.")
                help_ = t("Say after it what holds instead: `… | default(…)`.")
            self.note("maybe-null", message, help_, name)
        return found.not_null() if not self.scope.rules else found

    def condition(self, node: Node) -> Type:
        """The type of a node that stands where true or false is asked."""
        found = self.of(node)
        if found.kind not in ("any", "boolean"):
            name = dotted(node)
            help_ = t("Compare it, as in `… == …`, or ask `is not none`.")
            self.note(
                "not-a-condition",
                t("A condition is true or false, but this is {found}.", found=found.words()),
                help_,
                name,
            )
            return BOOLEAN
        return self.guard(node, found)

    # Names and paths

    def name(self, node: Node) -> Type:
        name = node[1]
        found = self.scope.root(name)
        if found is None:
            names = ", ".join(f"`{known}`" for known in self.scope.roots())
            return self.note(
                "name-not-here",
                t("`{name}` does not exist here.", name=name),
                t("Here there are {names}.", names=names),
                name,
            )
        return found

    def variable(self, node: Node) -> Type:
        return self.variables.get(node[1], ANY)

    def step(self, node: Node) -> Type:
        step, steps = node[1], self.scope.steps
        if steps is not None and step in steps:
            return steps[step]
        needle = f"steps.{step}"
        if steps is None:
            names = ", ".join(f"`{known}`" for known in self.scope.roots())
            return self.note(
                "name-not-here", t("`steps` cannot be used here."), t("Here there are {names}.", names=names), needle
            )
        if step in self.scope.hidden:
            message = t(
                "The step `{step}` cannot be seen here: it {hidden}.", step=step, hidden=self.scope.hidden[step]
            )
            help_ = t("Use a step that stands earlier, or move this one up.")
            return self.note("step-not-visible", message, help_, needle)
        message = t("There is no step `{step}` before this place.", step=step)
        fix = f"steps.{sure}" if (sure := meant(step, steps)) else None
        return self.note("unknown-step", message, suggestion(step, steps, prefix="steps."), needle, fix=fix)

    def calls(self, node: Node) -> Type:
        tool, which, tools = node[1], node[2], self.scope.calls
        if tools is None or tool not in tools:
            help_ = suggestion(tool, tools or (), prefix="calls.")
            return self.note(
                "unknown-tool", t("There are no calls of `{tool}` here.", tool=tool), help_, f"calls.{tool}"
            )
        args, output = tools[tool]
        fields = {"output": output, "args": args, **CALL_FIELDS}
        call = Type(kind="object", fields=fields, required=frozenset(fields))
        if which == "all":
            return Type(kind="list", item=call)
        return call.or_null(tool not in self.scope.call_certain)

    def attr(self, node: Node) -> Type:
        base, field = self.of(node[1]), node[2]
        return self.field(base, field, node)

    def field(self, base: Type, field: str, node: Node) -> Type:
        """The type of a field; `node` is what to point at."""
        if base.kind == "any":
            return ANY
        if base.kind == "map":
            return (base.item or ANY).or_null()
        if base.kind == "money" and field in ("amount", "currency"):
            return (NUMBER if field == "amount" else STRING).or_null(base.nullable)
        if base.kind != "object" or base.fields is None:
            if base.kind == "list":
                help_ = t('Take one item first (`| first`), or one field of each: `| map("{field}")`.', field=field)
            else:
                help_ = t("Only records and maps have fields.")
            return self.note(
                "unknown-field",
                t("There is no `{field}` in {base}.", field=field, base=base.words()),
                help_,
                dotted(node),
            )
        found = base.fields.get(field)
        if found is None:
            if base.open:
                return ANY
            help_ = suggestion(field, base.fields)
            rule, message = _KINDS_OF_FIELD.get(
                _root(node), ("unknown-field", mark("There is no field `{name}` here."))
            )
            needle, sure = dotted(node), meant(field, base.fields)
            fix = needle.removesuffix(field) + sure if sure and needle.endswith(f".{field}") else None
            return self.note(rule, t(message, name=field), help_, needle, fix=fix)
        return found.or_null(base.nullable or field not in base.required)

    def index(self, node: Node) -> Type:
        base, at = self.of(node[1]), self.need(node[2])
        if base.kind in ("any", "map"):
            return (base.item or ANY).or_null() if base.kind == "map" else ANY
        if base.kind == "list":
            if at.kind not in ("any", "integer"):
                self.note(
                    "wrong-type",
                    t("Items of a list have numbers, from 0."),
                    t("Write `[0]`, or use `first`."),
                    dotted(node[2]),
                )
            return (base.item or ANY).or_null()
        if base.kind != "object" or base.fields is None:
            return self.note(
                "wrong-type",
                t("`[…]` picks an item, but this is {base}.", base=base.words()),
                t("Only lists and maps have it."),
                dotted(node[1]),
            )
        keys = (
            None
            if at.enum is None
            else [str(value).lower() if type(value) is bool else str(value) for value in at.enum]
        )
        if keys is None:
            return union(base.fields.values()).or_null() if base.fields else ANY
        missing = [key for key in keys if key not in base.fields]
        if missing and not base.open:
            message = t("There is no `{missing}` in `{node}`.", missing=missing[0], node=dotted(node[1]))
            return self.note("missing-key", message, suggestion(missing[0], base.fields), dotted(node[2]))
        found = union(base.fields[key] for key in keys if key in base.fields) if len(missing) < len(keys) else ANY
        return found.or_null(base.nullable or at.nullable or bool(missing))

    # Structures

    def literal(self, node: Node) -> Type:
        return from_value(node[1])

    def list_(self, node: Node) -> Type:
        items = [self.within(index, item) for index, item in enumerate(node[1])]
        return Type(kind="list", item=union(items) if items else ANY)

    def dict_(self, node: Node) -> Type:
        fields = {key: self.within(key, value) for key, value in node[1]}
        return Type(kind="object", fields=fields, required=frozenset(fields))

    def text(self, node: Node) -> Type:
        for part in node[1]:
            self.of(part)
        return STRING

    def loop(self, node: Node) -> Type:
        name, listed = node[1], self.need(node[2])
        if listed.kind not in ("any", "list"):
            self.note(
                "wrong-type",
                t("A loop needs a list, but this is {listed}.", listed=listed.words()),
                t("Use a list."),
                dotted(node[2]),
            )
        before = self.variables
        self.variables = {**before, name: listed.item or ANY}
        self.of(node[3])
        self.variables = before
        return STRING

    # Operators

    def negation(self, node: Node) -> Type:
        return BOOLEAN.or_null(self.condition(node[1]).nullable)

    def both(self, node: Node) -> Type:
        before, nullable = self.known, False
        for part in node[1]:
            nullable = self.condition(part).nullable or nullable
            self.known = self.known | known_if(part, node[0] == "and")
        self.known = before
        return BOOLEAN.or_null(nullable)

    def none(self, node: Node) -> Type:
        self.of(node[1])
        return BOOLEAN

    def branch(self, node: Node) -> Type:
        nullable = self.condition(node[1]).nullable
        then = self.knowing(node[2], known_if(node[1], True))
        return union((then, self.knowing(node[3], known_if(node[1], False)))).or_null(nullable)

    def compare(self, node: Node) -> Type:
        left, right = self.need(node[2]), self.need(node[3])
        problem = check_comparison(node, left, right)
        if problem is not None:
            self.note(problem.rule, problem.message, problem.help, problem.needle, fix=problem.fix)
        return BOOLEAN.or_null(left.nullable or right.nullable)

    def math(self, node: Node) -> Type:
        op, left, right = node[1], self.need(node[2]), self.need(node[3])
        nullable = left.nullable or right.nullable
        kinds = (left.kind, right.kind)
        if "any" in kinds:
            return ANY
        if set(kinds) <= {"integer", "number"}:
            whole = kinds == ("integer", "integer") and op != "/"
            currency = _currency(op, left, right)
            return Type(kind="integer" if whole else "number", currency=currency).or_null(nullable)
        found = _OTHER_MATH.get((op, *(("number" if kind == "integer" else kind) for kind in kinds)))
        if found is not None:
            return replace(found, currency=left.currency or right.currency).or_null(nullable)
        wrong = node[2] if left.kind not in ("integer", "number") else node[3]
        help_ = (
            t("Join texts with `~`.")
            if op == "+" and "string" in kinds
            else t("Use numbers, or durations like `hours(2)`.")
        )
        message = t("`{op}` cannot be used with {left} and {right}.", op=op, left=left.words(), right=right.words())
        return self.note("wrong-type", message, help_, dotted(wrong))

    def negative(self, node: Node) -> Type:
        found = self.need(node[1])
        if found.kind not in ("any", "integer", "number", "duration"):
            return self.note(
                "wrong-type",
                t("`-` needs a number, but this is {found}.", found=found.words()),
                t("Use a number."),
                dotted(node[1]),
            )
        return replace(found, enum=None)

    def money(self, node: Node) -> Type:
        return Type(kind="money", currency="?").or_null(self.of(node[1]).nullable)

    def call(self, node: Node) -> Type:
        # Imported here because the rules of calls use this class.
        from flowrun.lang.types_calls import type_of_call

        return type_of_call(self, node)


def _currency(op: str, left: Type, right: Type) -> str | None:
    if left.currency and right.currency:
        return (left.currency if left.currency == right.currency else "?") if op in "+-%" else None
    return left.currency or right.currency


_DURATION = Type(kind="duration")
_MONEY = Type(kind="money")
_OTHER_MATH: dict[tuple[str, str, str], Type] = {
    ("+", "moment", "duration"): MOMENT,
    ("+", "duration", "moment"): MOMENT,
    ("-", "moment", "duration"): MOMENT,
    ("-", "moment", "moment"): _DURATION,
    ("+", "duration", "duration"): _DURATION,
    ("-", "duration", "duration"): _DURATION,
    ("*", "duration", "number"): _DURATION,
    ("*", "number", "duration"): _DURATION,
    ("/", "duration", "number"): _DURATION,
    ("/", "duration", "duration"): NUMBER,
    ("+", "money", "money"): _MONEY,
    ("-", "money", "money"): _MONEY,
    ("*", "money", "number"): _MONEY,
    ("*", "number", "money"): _MONEY,
    ("/", "money", "number"): _MONEY,
}

_KINDS_OF_FIELD = {
    "facts": ("unknown-fact", mark("There is no fact `{name}` here.")),
    "tables": ("unknown-table", mark("There is no table `{name}` here.")),
}


def _root(node: Node) -> str:
    """Return the name that a node is a field of, else nothing."""
    return node[1][1] if node[0] in ("attr", "index") and node[1][0] == "name" else ""


_RULES: dict[str, Callable[[Inference, Node], Type]] = {
    "lit": Inference.literal,
    "list": Inference.list_,
    "dict": Inference.dict_,
    "text": Inference.text,
    "name": Inference.name,
    "var": Inference.variable,
    "step": Inference.step,
    "calls": Inference.calls,
    "attr": Inference.attr,
    "index": Inference.index,
    "not": Inference.negation,
    "and": Inference.both,
    "or": Inference.both,
    "none": Inference.none,
    "if": Inference.branch,
    "for": Inference.loop,
    "cmp": Inference.compare,
    "math": Inference.math,
    "neg": Inference.negative,
    "money": Inference.money,
    "call": Inference.call,
}
