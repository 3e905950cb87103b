"""The texts of the source, read out of its syntax tree.

Owns: which calls hold a text (`t`, `tn`, `mark`, and the tables `RULES` of `lang/codes_*.py`), the code of the finding
or error that shows it, and what is wrong with how a text is written. Nothing is imported and nothing is run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flowrun.words import PLACE

ROOMS = ("runner", "adapters")
"""The folders whose texts are in the catalogue."""

_CODE = re.compile(r"FR\d{4}")
_TITLE, _TEACHING = 2, 3
"""Where the two texts of a rule stand in its row."""


@dataclass(slots=True)
class Message:
    """A text of the catalogue: `many` is its plural, `files` and `codes` say where it is shown."""

    text: str
    many: str | None = None
    files: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """What the source holds: its messages in order, and what is wrong, as `file:line: what`."""

    messages: dict[str, Message] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def extract(root: Path) -> Found:
    """Return every text below a checkout's folders."""
    files = sorted(path for room in ROOMS for path in (root / room).rglob("*.py") if "__pycache__" not in path.parts)
    trees = {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}
    codes = {rule: code for tree in trees.values() for rule, code, _ in _rules(tree)}
    found = Found()
    for file, tree in trees.items():
        _read(found, file, tree, codes)
    return found


def _read(found: Found, file: str, tree: ast.Module, codes: dict[str, str]) -> None:
    if "/codes_" in file:
        for _, code, shown in _rules(tree):
            for text in shown:
                _note(found, file, text, None, code)
    early = set(_early(tree))
    for call, code in _calls(tree, codes, ""):
        name = _name(call)
        if name not in ("t", "tn", "mark"):
            continue
        texts = [_constant(arg) for arg in call.args[: 2 if name == "tn" else 1]]
        at = f"{file}:{call.lineno}"
        if name != "mark" and call in early:
            found.wrong.append(
                f"{at}: {name}() runs before the language is known; write mark(), and t() where it is shown"
            )
        if name == "t" and call.args and isinstance(call.args[0], ast.Name | ast.Attribute | ast.Subscript | ast.Call):
            continue  # a constant, noted where it is marked
        if None in texts or not texts:
            found.wrong.append(f"{at}: {name}() takes a plain text, with the values by name")
            continue
        found.wrong += [f"{at}: {problem}" for problem in _places(name, call, [text or "" for text in texts])]
        _note(found, file, texts[0] or "", texts[1] if name == "tn" else None, code)


def _note(found: Found, file: str, text: str, many: str | None, code: str) -> None:
    message = found.messages.setdefault(text, Message(text))
    if many is not None:
        if message.many not in (None, many):
            found.wrong.append(f"{file}: {text!r} has two plurals")
        message.many = many
    if file not in message.files:
        message.files.append(file)
    if code and code not in message.codes:
        message.codes.append(code)


def _places(name: str, call: ast.Call, texts: list[str]) -> Iterator[str]:
    """Say which values have no place, and which places have no value."""
    if name == "mark" or any(keyword.arg is None for keyword in call.keywords):
        return
    given = {keyword.arg for keyword in call.keywords if keyword.arg}
    placed = {place for text in texts for place in PLACE.findall(text)}
    for value in sorted(given - placed):
        yield f"the value {value} has no place {{{value}}} in the text"
    for place in sorted(placed - given - ({"n"} if name == "tn" else set())):
        yield f"the place {{{place}}} has no value"


def _calls(node: ast.AST, codes: dict[str, str], code: str) -> Iterator[tuple[ast.Call, str]]:
    """Return every call with the code of the finding or error around it."""
    if isinstance(node, ast.Call):
        code = _code(node, codes) or code
        yield node, code
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, codes, code)


def _early(node: ast.AST) -> Iterator[ast.Call]:
    """Return every call that runs when the file is imported: outside of functions, or in the default of an argument."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _early(child.args)
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from _early(child)


def _code(call: ast.Call, codes: dict[str, str]) -> str:
    for keyword in call.keywords:
        if keyword.arg == "code" and _CODE.fullmatch(_constant(keyword.value) or ""):
            return _constant(keyword.value) or ""
    return codes.get(_constant(call.args[0]) or "", "") if call.args else ""


def _rules(tree: ast.Module) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Return rule, code and texts of each row of a table `RULES`."""
    for node in tree.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Dict):
            continue
        if not isinstance(node.target, ast.Name) or node.target.id != "RULES":
            continue
        for key, row in zip(node.value.keys, node.value.values, strict=True):
            cells = [_constant(cell) or "" for cell in row.elts] if isinstance(row, ast.Tuple) else []
            if key is not None and len(cells) > _TEACHING and _CODE.fullmatch(cells[0]):
                yield _constant(key) or "", cells[0], (cells[_TITLE], cells[_TEACHING])


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
