"""Files broken at random: bytes, lines, YAML trees, JSON trees and expressions of real ones.

Owns: the mutations. A seed gives always the same one; nothing is checked here, and no Python file is ever changed.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import yaml

SIGNS = (
    *(
        "${{",
        "}}",
        "{{",
        "{%",
        "%}",
        "\t",
        "\x00",
        "\x08",
        "&a ",
        "*a",
        "!!python/object:x ",
        "<<: *a",
        "\n---\n",
        "\n...\n",
    ),
    *(
        "'",
        '"',
        "“",
        "[",
        "{",
        "}",
        "]",
        ": ",
        " #",
        "|\n",
        ">\n",
        "? ",
        "- ",
        "\ufeff",
        "\u2028",
        "\x85",
        "\r",
        "\r\n",
    ),
    *(
        "😀",
        "é",
        "%",
        "@",
        "`",
        "=",
        "&&",
        "!",
        "not ",
        "~",
        "1e999",
        "0x",
        "12345678901234567890",
        "-",
        ".inf",
        "null",
    ),
    *("[" * 70, "{a: " * 70, "(" * 60, "a" * 11_000, "${{ x }} " * 50),
)
"""What is put into a text somewhere."""

ATOMS = (
    *(
        "input.text",
        "steps.customer",
        "steps.x.y",
        "calls.pay.refund.last",
        "calls.pay",
        "args.amount",
        "item",
        "none",
        "true",
    ),
    *(
        '"text"',
        "3",
        "0.5",
        'money("5 EUR")',
        "now()",
        "age(input.at)",
        "hours(4)",
        "tables.t[x]",
        "facts.order.amount",
        "[1, 2]",
    ),
    *(
        "(1)",
        "not x",
        "a if b else c",
        'x | default("y")',
        "x | map('y')",
        "x.y()",
        "x[0]",
        "x == none",
        "1 / 0",
        "{'a': 1}",
    ),
    *(
        "-1",
        "~ 'a'",
        "x is none",
        "run.id",
        "input",
        "steps",
        "calls",
        "lambda: 1",
        "x | length",
        "'a' in x",
        "9" * 400,
    ),
)
"""Parts of expressions that take the place of others."""

VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**30,
        "",
        " ",
        "x",
        "${{ input.text }}",
        "${{ steps.",
        "yes",
        "1 EUR",
        "4h",
        "a@1",
        "a.b",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        {"": None},
        {"a": {"b": {"c": 1}}},
        ["x", 1],
        {"type": "object"},
        {"$ref": "#"},
        "2026-01-01",
    ),
    *(
        {"call": "crm.lookup_customer"},
        {"when": True, "steps": []},
        [{"id": "a", "set": 1}],
        {"1": 2},
        "#/$defs/x",
        "é" * 300,
    ),
)
"""Values that take the place of others in a tree."""

NAMES = ("when", "steps", "id", "x", "call", "ask", "tools", "type", "properties")
"""Keys that take the place of others in a tree."""

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}|\b(?:when|only_when|deny_when|approve_when|key|for_each): ([^\n]+)")
_TOKEN = re.compile(r"[\w.]+(?:\[[^\]]*\])?|\"[^\"]*\"|[=<>!|+*/~-]+")


def mutated(seed: int, data: bytes, others: list[bytes], *, is_json: bool = False) -> bytes:
    """Return a broken copy of a file; `others` are files whose parts may be put into it."""
    pick = random.Random(seed)
    kinds: list[Callable[[random.Random, bytes, list[bytes]], bytes]] = [_bytes, _lines, _signs, _splice]
    kinds += [_json_tree, _json_tree] if is_json else [_tree, _tree, _expression, _expression]
    for _ in range(pick.choice([1, 1, 1, 2, 4])):
        data = pick.choice(kinds)(pick, data, others)
    return data


def _stretch(pick: random.Random, length: int, most: int = 60) -> tuple[int, int]:
    start = pick.randint(0, max(0, length - 1))
    return start, min(length, start + pick.randint(0, most))


def _bytes(pick: random.Random, data: bytes, others: list[bytes]) -> bytes:
    start, end = _stretch(pick, len(data))
    way = pick.randint(0, 4)
    if way == 0:
        return data[:start] + data[end:]
    if way == 1:
        return data[:start] + pick.randbytes(pick.randint(1, 6)) + data[start:]
    if way == 2:
        return data[:start]
    if way == 3:
        return data[:end] + data[start:end] * pick.choice([1, 2, 30]) + data[end:]
    flipped = bytearray(data or b"x")
    for _ in range(pick.randint(1, 4)):
        flipped[pick.randrange(len(flipped))] ^= 1 << pick.randint(0, 7)
    return bytes(flipped)


def _lines(pick: random.Random, data: bytes, others: list[bytes]) -> bytes:
    lines = data.split(b"\n")
    at, other = pick.randrange(len(lines)), pick.randrange(len(lines))
    way = pick.randint(0, 4)
    if way == 0:
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 1:
        del lines[at]
    elif way == 2:
        lines.insert(other, lines[at])
    elif way == 3:
        lines[at] = b" " * pick.randint(1, 5) + lines[at]
    else:
        lines[at] = lines[at][pick.randint(1, 4) :]
    return b"\n".join(lines)


def _signs(pick: random.Random, data: bytes, others: list[bytes]) -> bytes:
    at = pick.randint(0, len(data))
    encoding = pick.choice(["utf-8", "utf-8", "utf-8", "utf-8", "utf-16"])
    return data[:at] + pick.choice(SIGNS).encode(encoding) + data[at:]


def _splice(pick: random.Random, data: bytes, others: list[bytes]) -> bytes:
    other = pick.choice(others)
    start, end = _stretch(pick, len(other), 400)
    at = pick.randint(0, len(data))
    return data[:at] + other[start:end] + data[at:]


def _expression(pick: random.Random, data: bytes, others: list[bytes]) -> bytes:
    text = data.decode(errors="replace")
    places = [match.span(1) if match.group(1) is not None else match.span(2) for match in _EXPRESSION.finditer(text)]
    if not places:
        return _signs(pick, data, others)
    start, end = pick.choice(places)
    tokens = list(_TOKEN.finditer(text, start, end))
    if tokens and pick.random() < 0.8:
        start, end = pick.choice(tokens).span()
    return (text[:start] + pick.choice(ATOMS) + text[end:]).encode(errors="replace")


def _tree(pick: random.Random, data: bytes, others: list[bytes]) -> bytes:
    try:
        tree = yaml.load(data, yaml.CBaseLoader)  # noqa: S506  # it makes texts, lists and maps only
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError):
        return _signs(pick, data, others)
    try:
        return yaml.dump(_changed(pick, tree), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True).encode()
    except (yaml.YAMLError, UnicodeError, RecursionError):
        return data


def _json_tree(pick: random.Random, data: bytes, others: list[bytes]) -> bytes:
    try:
        return json.dumps(_changed(pick, json.loads(data))).encode()
    except (ValueError, RecursionError):
        return _signs(pick, data, others)


def _changed(pick: random.Random, tree: Any) -> Any:
    """Return a tree with one part taken out, replaced, repeated, renamed or moved."""
    places: list[tuple[Any, Any]] = []
    _places(tree, places)
    if not places:
        return pick.choice(VALUES)
    holder, key = pick.choice(places)
    way = pick.randint(0, 5)
    if way == 0:
        del holder[key]
    elif way <= 2:
        holder[key] = pick.choice(VALUES)
    elif way == 3:
        other_holder, other_key = pick.choice(places)
        holder[key] = json.loads(json.dumps(other_holder[other_key]))
    elif way == 4 and isinstance(holder, dict):
        holder[
            pick.choice(["when", "steps", "id", "x", "call", "ask", "tools", "type", "properties", str(key) + "s"])
        ] = holder.pop(key)
    else:
        holder[key] = [holder[key]] if pick.random() < 0.5 else {"x": holder[key]}
    return tree


def _places(tree: Any, places: list[tuple[Any, Any]]) -> None:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        places.append((tree, key))
        _places(value, places)
