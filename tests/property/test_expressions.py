"""Promises of expressions over random ones: total, typed, repeatable, and closed to Python."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.lang import expr_jinja
from flowrun.lang.expr_paths import KEYWORDS, plain_node
from flowrun.lang.expressions import _parsed, parse_expression, parse_text
from flowrun.lang.types import TypeScope, check_value, from_schema, infer, with_currencies
from flowrun.values.compare import to_text
from flowrun.values.evaluate import compile_condition, compile_node
from flowrun.values.functions import FUNCTIONS
from flowrun.values.names import Names
from flowrun.values.nodes import ROOTS, walk

FIELDS = ["a", "items", "status", "amount", "currency", "at", "keys", "__class__", "append"]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "open", "2026-01-05T09:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
                     "2026-01-05",                     "09:00", "EUR", "UTC", "50 EUR", "monday", "ß", "\U0001f600"]),
    st.text(max_size=8),
)  # fmt: skip
data = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)

paths = st.builds(
    lambda root, fields: ".".join([root, *fields]),
    st.sampled_from(["input", "steps.x", "calls.d.c.last", "item", "args", "facts", "tables", "run", "env"]),
    st.lists(st.sampled_from(FIELDS), max_size=3),
)
literals = st.sampled_from(
    ["1", "0", "0.1", "-3", "1e29", "true", "false", "null", '"open"', '"a"', '"amount"', '"50 EUR"',
     '"2026-01-05"',     '"2026-01-05T09:00:00Z"', '"09:00"', "[]", '["open", 1]', '{"a": 1}', "calls.d.c.all"]
)  # fmt: skip


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(
        ["==", "!=", "<", "<=", ">", ">=", "in", "not in", "+", "-", "*", "/", "//", "%", "~", "and", "or"]
    )
    names = st.sampled_from(sorted(FUNCTIONS))
    return st.one_of(
        st.builds(lambda a, op, b: f"({a} {op} {b})", inner, operators, inner),
        st.builds(lambda a: f"(not {a})", inner),
        st.builds(lambda a: f"({a} is not none)", inner),
        st.builds(lambda a, b, c: f"({a} if {b} else {c})", inner, inner, inner),
        st.builds(lambda a, b: f"({a})[{b}]", inner, inner),
        st.builds(lambda a: f"({a}).items", inner),
        st.builds(_call, names, st.lists(inner, min_size=4, max_size=4), st.booleans()),
    )


def _call(name: str, args: list[str], full: bool) -> str:
    function = FUNCTIONS[name]
    given_ = args[: len(function.params) if full else function.required]
    pairs = [f"status={args[3]}"] if function.where and not full else []
    if function.kind == "function":
        return f"{name}({', '.join(given_)})"
    rest = ", ".join([*given_[1:], *pairs])
    return f"({given_[0]} | {name}({rest}))"


expressions = st.recursive(paths | literals, _larger, max_leaves=8)


def names_of(value: Any) -> Names:
    return Names(
        input=value, item=value, args=value, facts=value, tables={"a": value}, run={"a": value},
        steps={"x": value}, calls={"d.c": ({"output": value}, {"output": None})}, now="2026-01-05T12:00:00Z",
        time_zone="Europe/Berlin", more={"env": value},
    )  # fmt: skip


def is_json(value: Any) -> bool:
    if isinstance(value, list):
        return all(is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    return value is None or type(value) in (bool, int, float, str)


@settings(max_examples=300)
@given(expressions, data)
def test_no_expression_raises_and_every_value_is_json(text: str, value: Any) -> None:
    node, problems = parse_expression(text)
    if node is None:
        assert problems
        return
    names = names_of(value)
    assert is_json(compile_node(node)(names))
    assert compile_condition(node)(names) in (True, False, None)
    for kind in (TypeScope(), TypeScope(rules=True)):
        infer(node, kind)
        with_currencies(node, kind)


SCHEMA = {
    "type": "object",
    "required": ["a", "status", "amount", "currency", "at", "items"],
    "properties": {
        "a": {"type": ["integer", "null"]},
        "status": {"enum": ["open", "closed"]},
        "amount": {"type": "number", "x-money": "currency"},
        "currency": {"enum": ["EUR", "USD"]},
        "at": {"type": "string", "format": "date-time"},
        "keys": {"type": "boolean"},
        "items": {"type": "array", "items": {"type": "object", "properties": {
            "status": {"enum": ["open", "flown"]}, "amount": {"type": "number"}}}},
    },
}  # fmt: skip
items = st.fixed_dictionaries(
    {}, optional={"status": st.sampled_from(["open", "flown"]), "amount": st.floats(-1e6, 1e6)}
)
documents = st.fixed_dictionaries(
    {
        "a": st.none() | st.integers(-5, 5),
        "status": st.sampled_from(["open", "closed"]),
        "amount": st.floats(0, 1e6),
        "currency": st.sampled_from(["EUR", "USD"]),
        "at": st.sampled_from(["2026-01-05T09:00:00Z", "2026-01-05T10:00:00+01:00"]),
        "items": st.lists(items, max_size=3),
    },
    optional={"keys": st.booleans()},
)
TYPE = from_schema(SCHEMA)
SCOPE = TypeScope(
    input=TYPE,
    item=TYPE,
    args=TYPE,
    facts=TYPE,
    steps={"x": TYPE},
    calls={"d.c": (TYPE, TYPE)},
    more={"env": TYPE},
)
CLASSES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,), "integer": (int,), "number": (int, float), "string": (str,), "moment": (str,),
    "time": (str,),    "duration": (int, float), "money": (dict,), "list": (list,), "object": (dict,), "map": (dict,),
    "null": (),
}  # fmt: skip


def _typed() -> tuple[st.SearchStrategy[str], ...]:
    """Mostly well typed expressions: booleans, numbers, texts, moments, durations and lists of one another."""
    booleans: st.SearchStrategy[str] = st.deferred(lambda: boolean)
    numbers: st.SearchStrategy[str] = st.deferred(lambda: number)
    texts: st.SearchStrategy[str] = st.deferred(lambda: text)
    moments: st.SearchStrategy[str] = st.deferred(lambda: moment)
    spans: st.SearchStrategy[str] = st.deferred(lambda: span)
    lists: st.SearchStrategy[str] = st.deferred(lambda: listed)

    def form(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda found: pattern.format(*found))

    order, sums = (
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.sampled_from(["+", "-", "*", "/", "//", "%"]),
    )
    field = st.sampled_from(['"status"', '"amount"'])
    boolean = st.one_of(
        st.sampled_from(["true", 'input.status == "open"', "(input.keys | default(false))", "(input.a is not none)"]),
        form("({} {} {})", numbers, order, numbers),
        form("({} {} {})", moments, order, moments),
        form("({} {} {})", spans, order, spans),
        form("({} and {})", booleans, booleans),
        form("({} or not {})", booleans, booleans),
        form("({} in [{}, {}])", texts, texts, texts),
        form('(steps.x.amount {} money("50 EUR"))', order),
        form('({} | any(status="flown"))', lists),
        form('({} | all(status="open"))', lists),
        form("({} | contains({}))", texts, texts),
        form('(time_of({}) {} "09:00")', moments, order),
    )
    number = st.one_of(
        st.sampled_from(["1", "0", "2.5", "(input.a | default(0))", "(input.a if input.a is not none else -1)"]),
        form("({} {} {})", numbers, sums, numbers),
        form("(-{})", numbers),
        form("({} | round(1))", numbers),
        form("({} | length)", texts),
        form('(({} | count(status="open")) | default(0))', lists),
        form('(({} | sum("amount")) | default(0))', lists),
        form('(({} | max("amount")) | default(0))', lists),
        form("({} if {} else {})", numbers, booleans, numbers),
    )
    text = st.one_of(
        st.sampled_from(['"a"', "input.status", "input.currency"]),
        form("({} ~ {})", texts, numbers),
        form("({} | upper | trim)", texts),
        form("({} | truncate(3))", texts),
        form("({} | map({}) | join({}))", lists, field, texts),
        form("({} | map({}) | first | default({}))", lists, st.just('"status"'), texts),
    )
    moment = st.one_of(
        st.sampled_from(["now()", "input.at", 'date("2026-01-31")', 'next("monday 09:00")']),
        form("({} + {})", moments, spans),
    )
    span = st.one_of(
        form("hours({})", numbers),
        form("days({})", numbers),
        form("age({})", moments),
        form("({} - {})", moments, moments),
    )
    listed = st.one_of(
        st.just("input.items"),
        form('({} | select(status="open"))', lists),
        form("({} | sort({}, reverse=true))", lists, field),
        form("({} | unique({}))", lists, field),
    )
    return boolean, number, text, moment, span, listed


@settings(max_examples=300)
@given(expressions | st.one_of(*_typed()), documents)
def test_what_inference_says_is_what_evaluation_gives(text: str, document: Any) -> None:
    node, _ = parse_expression(text)
    if node is None:
        return
    found, problems = infer(node, SCOPE)
    names = names_of(document)
    names.calls = {
        "d.c": ({"output": document, "args": document, "rules": [], "approved_by": [], "at": document["at"]},)
    }
    value = compile_node(node)(names)
    if problems or found.kind == "any" or value is None:
        return
    assert type(value) in CLASSES[found.kind]
    if found.enum is not None:
        assert value in found.enum
    assert check_value(node, SCOPE, found.or_null()) == []


@settings(max_examples=200)
@given(st.text(max_size=40) | expressions)
def test_reading_is_repeatable_and_never_raises(text: str) -> None:
    first = parse_expression(text)
    _parsed.cache_clear()
    assert parse_expression(text) == first
    assert (first[0] is None) == bool(first[1])


pieces = st.sampled_from(
    [
        "${{",
        "}}",
        "{%",
        "%}",
        " if item ",
        " endif ",
        " for x in item ",
        " endfor ",
        "-",
        " else ",
        "x",
        "{{",
        '"',
        "\n",
        " input.a ",
        "{",
        "}",
    ]
)


@settings(max_examples=200)
@given(st.lists(pieces, max_size=14), st.booleans(), data)
def test_any_text_can_be_read_or_is_refused(parts: list[str], prompt: bool, value: Any) -> None:
    text = "".join(parts)
    node, embedded, problems = parse_text(text, prompt=prompt)
    assert (node is None) == bool(problems)
    for source, offset, _ in embedded:
        assert text[offset : offset + len(source)] == source
    assert all(0 <= offset <= len(text) for offset, _ in problems)
    if node is not None:
        found = compile_node(node)(names_of(value))
        assert is_json(found)
        assert not prompt or found is None or isinstance(found, str)


words = st.sampled_from([*ROOTS, *sorted(KEYWORDS), "a", "last", "all", "x1", "_y", "open", "length", "1", "007"])


@settings(max_examples=200)
@given(st.lists(words, min_size=1, max_size=5))
def test_the_short_way_for_dotted_names_is_the_way_through_jinja2(parts: list[str]) -> None:
    text = ".".join(parts)
    short = plain_node(text, frozenset())
    if short is None:
        return
    node, problems = expr_jinja.parse(text, frozenset())
    assert [short] == ([node] if node is not None else problems)


@settings(max_examples=100)
@given(st.sampled_from([name for kind in (str, dict, list, int, object) for name in dir(kind)]), data)
def test_no_attribute_or_method_of_python_can_be_reached(name: str, value: Any) -> None:
    for text in (f"input.{name}", f'input["{name}"]', f'([input] | map("{name}") | first)'):
        node, _ = parse_expression(text)
        assert node is not None
        expected = value.get(name) if isinstance(value, dict) else None
        assert compile_node(node)(names_of(value)) == expected
    assert parse_expression(f"input.{name}()")[0] is None


@given(expressions)
def test_nodes_are_plain_json_of_known_kinds(text: str) -> None:
    node, _ = parse_expression(text)
    if node is not None:
        assert is_json(node)
        assert all(isinstance(part[0], str) for part in walk(node))


@given(data)
def test_every_value_has_a_text(value: Any) -> None:
    assert isinstance(to_text(value), str)
