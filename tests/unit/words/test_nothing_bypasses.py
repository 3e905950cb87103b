"""No finding and no error is made with a text that did not go through the catalogue.

Reads the source: what is handed to a maker of findings or errors, or printed, must be made by `t`, `tn` or `sentences`.
The core and the guard are left out: what they say is stored in the journal, in one language for all who replay it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MADE = {"t", "tn", "mark"}
FINDINGS = {"diagnostic", "Problem", "say", "add", "note", "refuse", "problem"}
"""Makers of findings: the rule's name comes first, then the message, in some the help."""
ERRORS = {"FlowrunError", "FlowError", "ConfigError", "InputError", "AdapterError", "StoreError", "Refused", "Stopped"}
ERRORS |= {"Unplayable", "Usage", "UsageError", "BadParameter", "ClickException", "fail"}
PRINTED = {"say", "note", "error_line", "confirm"}
"""What prints in `cli`: its first argument is read by people."""
SPOKEN = re.compile(r"[A-Za-z]{2}")
COMMAND = re.compile(r"(?:flowrun|export|pip install|cd) [^ ,]")
CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
UNSPOKEN = re.compile(r"error\[|https?://\S+|given\.[a-z]+\.")
"""What programs look for in what is printed."""


def files() -> list[Path]:
    found = [*(ROOT / "runner").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]
    left_out = ("runner/core/", "runner/guard/", "runner/words/")
    return sorted(f for f in found if not f.relative_to(ROOT).as_posix().startswith(left_out))


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def raw(node: ast.expr, around: ast.AST, seen: frozenset[str] = frozenset()) -> Iterator[ast.expr]:
    """Yield the texts in a value that nobody looks up, also those of variables that are set in the same function."""
    match node:
        case ast.Constant(value=str(text)) if SPOKEN.search(text) and not COMMAND.match(text):
            yield node
        case ast.JoinedStr():
            told = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
            if SPOKEN.search(UNSPOKEN.sub("", told)) and not COMMAND.match(told.lstrip()):
                yield node
        case ast.IfExp():
            yield from raw(node.body, around, seen)
            yield from raw(node.orelse, around, seen)
        case ast.BoolOp():
            for value in node.values:
                yield from raw(value, around, seen)
        case ast.BinOp():
            yield from raw(node.left, around, seen)
            yield from raw(node.right, around, seen)
        case ast.Call(func=ast.Attribute(value=ast.Constant() | ast.JoinedStr() as text)):
            yield from raw(text, around, seen)
        case ast.Call() if name_of(node) == "sentences":
            for value in node.args:
                yield from raw(value, around, seen)
        case ast.Name() if node.id not in seen:
            for value in set_to(node.id, around):
                yield from raw(value, around, seen | {node.id})


def set_to(name: str, around: ast.AST) -> Iterator[ast.expr]:
    """Yield what a variable of a function may hold."""
    for node in ast.walk(around):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    yield node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    for one, value in zip(target.elts, node.value.elts, strict=False):
                        if isinstance(one, ast.Name) and one.id == name:
                            yield value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and ast.unparse(node.target) == name:
            yield from [node.value] if node.value is not None else []


def texts(call: ast.Call, room: str) -> Iterator[ast.expr]:
    """Yield the arguments of a call that people read."""
    name = name_of(call)
    if name in FINDINGS and len(call.args) > 1 and is_rule(call.args[0]):
        yield from (
            arg for arg in call.args[1:3] if not (isinstance(arg, ast.Constant) and CODE.fullmatch(str(arg.value)))
        )
    elif (name in PRINTED and room == "cli" and call.args) or (name in ERRORS and call.args):
        yield call.args[0]
    else:
        return
    yield from (keyword.value for keyword in call.keywords if keyword.arg in ("message", "help"))
    for keyword in call.keywords:
        if keyword.arg == "related":
            yield from (
                pair.elts[1] for pair in ast.walk(keyword.value) if isinstance(pair, ast.Tuple) and len(pair.elts) == 2
            )


def is_rule(node: ast.expr) -> bool:
    if isinstance(node, ast.IfExp):
        return is_rule(node.body)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and CODE.fullmatch(node.value) is not None
    return isinstance(node, ast.Name | ast.Attribute)


def bypassing(source: str, room: str = "") -> list[str]:
    """Return the texts of a source that go round the catalogue, with their lines."""
    tree = ast.parse(source)
    found: set[tuple[int, str]] = set()

    def visit(node: ast.AST, around: ast.AST) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            around = node
        if isinstance(node, ast.Call):
            for text in texts(node, room):
                found.update((one.lineno, ast.unparse(one)) for one in raw(text, around))
        for child in ast.iter_child_nodes(node):
            visit(child, around)

    visit(tree, tree)
    return [f"{line}: {text}" for line, text in sorted(found)]


@pytest.mark.parametrize("file", files(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_text_for_people_is_looked_up(file: Path) -> None:
    told = bypassing(file.read_text(encoding="utf-8"), file.relative_to(ROOT).parts[1])
    assert told == [], "write t('…', name=value): see CONTRIBUTING.md, Messages"


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError('There is no flow.')",
        "raise InputError(f'There is no {flow}.')",
        "raise ConfigError(t('It is odd.'), help='Leave it out.')",
        "out.add('odd-name', f'{name} is odd.', span)",
        "out.add(rule, t('It is odd.'), span, help='Take it out.' if more else None)",
        "out.add('odd-name', t('It is odd.'), span, related=((place, 'first here'),))",
        "def f():\n    help_ = 'Take it out.'\n    return Problem('odd', t('It is odd.'), help_, '')",
        "def f():\n    message = t('a') + 'and more'\n    raise click.UsageError(message)",
        "raise AdapterError(sentences(t('It is odd.'), 'Take it out.'))",
        "raise StoreError('It is {}.'.format(odd))",
    ],
)
def test_a_text_that_goes_round_the_catalogue_is_seen(source: str) -> None:
    assert len(bypassing(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "raise InputError(t('There is no {flow}.', flow=flow), help=f'flowrun show {run}')",
        "raise InternalError(f'{entry} is not a command')",
        "raise ValueError('no hash')",
        "out.add('odd-name', t('It is odd.') if odd else t('It is even.'), span, help=sentences(t('A.'), hint))",
        "names.add('odd-name')",
        "raise InputError(f'{span}: {error.message}')",
    ],
)
def test_a_text_that_is_looked_up_or_is_none_is_fine(source: str) -> None:
    assert bypassing(source) == []


def test_what_is_printed_is_looked_up() -> None:
    assert len(bypassing("say(f'{run} is halted.')", "cli")) == 1
    assert bypassing("say(f'  {run}  {flow}')", "cli") == bypassing("say(t('Nothing waits.'))", "cli") == []
