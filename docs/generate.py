"""The reference pages, made from what the program reads by.

Owns: docs/reference/{language,functions,errors,cli}.md; those of the rules are `rule_pages`. `python docs/generate.py
--write` writes them all, `--check` ends with 1 where one is not fresh. The pages are never edited by hand; no other page may
be made here.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import rule_pages

from flowrun.cli.main import cli
from flowrun.errors import (
    AdapterError,
    ConfigError,
    FlowError,
    FlowrunError,
    InputError,
    InternalError,
    StoreError,
)
from flowrun.lang.schemas import TITLES, make_schema
from flowrun.values.functions import FUNCTIONS

FOLDER = Path(__file__).parent / "reference"
FRESH = "<!-- Made by docs/generate.py; edits are lost. -->\n\n"

FILES = {
    "flow": "`NAME.flow.yaml`",
    "policy": "`NAME.policy.yaml`",
    "tools": "`NAME.tools.yaml`",
    "test": "`NAME.test.yaml`",
    "examples": "`FLOW.examples.yaml`, beside the flow",
    "prove": "`FLOW.prove.yaml`, beside the flow",
    "workspace": "`flowrun.yaml`",
    "upgrade": "`schemas/records/NAME/v1_to_v2.yaml`",
    "readers": "`schemas/records/NAME/NAME.readers.yaml`",
}
ERROR_FAMILIES: dict[str, tuple[type[FlowrunError], str]] = {
    "FR1…": (FlowError, "the author of the file; every finding has a page of its own under [rules](rules/index.md)"),
    "FR2…": (ConfigError, "whoever set the workspace up"),
    "FR3…": (InputError, "whoever handed in the input, the answer or the approval"),
    "FR4…": (AdapterError, "nobody, at first: a model or a tool failed, and `on_error` of the step decides"),
    "FR5…": (StoreError, "whoever looks after the store (locked, full, read-only, made by a newer version)"),
    "FR9…": (InternalError, "us: it is a defect of flowrun, please report it"),
}


def cell(text: str) -> str:
    """Return text that may stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def language() -> str:
    """Return the page of all keys of all files."""
    lines = [
        "# The files and their keys\n",
        "Every key that flowrun reads, from the same tables that the parser uses. Keys are closed: a key that is not",
        "here is a finding, and so is one that this version does not carry out yet (`not-yet`). An editor with a YAML",
        "language server shows this while you type; the first line of a bundled file names its schema.\n",
        "Ways to write things: durations are `30s`, `10m`, `4h`, `2d`; money is `0.05 USD`; NAME@N is version N of a",
        "schema. *Expression* means the bare form (`steps.triage.confidence < 0.6`); elsewhere an expression stands in",
        "`${{ … }}`. Expressions may use the [functions](functions.md).\n",
    ]
    for kind in TITLES:
        schema = make_schema(kind)
        root = schema["$ref"].rpartition("/")[2]
        names = [root, *(name for name in schema["$defs"] if name != root)]
        lines += [f"## {TITLES[kind]}\n", f"File: {FILES[kind]}.\n"]
        for name in names:
            lines += list(_shape(kind, name, schema["$defs"][name], root))
    return "\n".join(lines)


def _shape(kind: str, name: str, shape: dict[str, Any], root: str) -> Iterator[str]:
    if name != root:
        yield f"### {_label(name)}\n"
    if "properties" not in shape:
        options = [option["$ref"].rpartition("/")[2] for option in shape.get("oneOf", shape.get("anyOf", []))]
        yield "One of: " + ", ".join(_label(option) for option in options) + ".\n"
        return
    required = shape.get("required", [])
    yield "| key | required | value | meaning |"
    yield "|---|---|---|---|"
    for key, value in shape["properties"].items():
        told = cell(value.get("description", ""))
        yield f"| `{key}` | {'yes' if key in required else ''} | {cell(_value(value))} | {told} |"
    yield ""


def _label(name: str) -> str:
    text = name.replace("-", " ")
    words = text.split(" ")
    if words[:2] == ["the", "step"] and len(words) == 3:
        return f"The step `{words[2]}`"
    return text[0].upper() + text[1:] if "_" not in text else f"`{text}`"


def _value(value: dict[str, Any]) -> str:
    """Return in words what a schema takes."""
    if "$ref" in value:
        return _label(value["$ref"].rpartition("/")[2])
    for word in ("anyOf", "oneOf"):
        if word in value:
            return " or ".join(dict.fromkeys(_value(option) for option in value[word]))
    if "enum" in value:
        return ", ".join(f"`{_plain(option)}`" for option in value["enum"])
    if "const" in value:
        return f"`{_plain(value['const'])}`"
    kinds = value.get("type", "any value")
    listed = [kinds] if isinstance(kinds, str) else list(kinds)
    words = {
        "string": "text",
        "integer": "whole number",
        "object": "map",
        "boolean": "true or false",
        "null": "nothing",
        "array": "list",
    }
    text = " or ".join(words.get(kind, kind) for kind in listed)
    if kinds == "array" and "items" in value:
        item = _value(value["items"])
        text = "list" if item == "any value" else f"list of {item}"
    if kinds == "object":
        values = [*value.get("patternProperties", {}).values()]
        if isinstance(more := value.get("additionalProperties"), dict) and more:
            values.append(more)
        told = _value(values[0]) if values else "any value"
        text = "map" if told == "any value" else f"map of names to {told}"
    if examples := value.get("examples"):
        text += ", like " + ", ".join(f"`{_plain(example)}`" for example in examples[:2])
    return text


def _plain(value: Any) -> str:
    return {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def functions() -> str:
    """Return the page of filters and functions."""
    lines = [
        "# Filters and functions\n",
        "The whole list: nothing else can be called in an expression. A filter stands behind a value and a bar, a",
        "function has its arguments in brackets. None of them can fail while a flow runs: where there is no answer,",
        'the result is null. Fields may be chosen by name (`lines | sum("amount")`) or by value',
        '(`flights | any(status="flown")`).\n',
        "| name | kind | written | gives |",
        "|---|---|---|---|",
    ]
    for function in FUNCTIONS.values():
        lines.append(f"| `{function.name}` | {function.kind} | `{cell(function.signature)}` | {cell(function.doc)} |")
    return "\n".join([*lines, ""])


def errors() -> str:
    """Return the page of the families of codes."""
    lines = [
        "# Codes\n",
        "A code never changes its meaning. `flowrun lint` shows findings with the place in the file; other errors are",
        "one line and a `help:` line.\n",
        "## Families\n",
        "| code | exit code | who mends it |",
        "|---|---|---|",
    ]
    for family, (error, who) in ERROR_FAMILIES.items():
        lines.append(f"| {family} | {error.exit_code} | {who} |")
    return "\n".join(lines)


def commands() -> str:
    """Return the page of the command line."""
    lines = [
        "# The command line\n",
        "`flowrun VERB [WHAT] [--options]`. Results go to stdout, progress and errors to stderr.\n",
        "| exit code | means |",
        "|---|---|",
        "| 0 | done: `completed`, `completed_with_gaps` or `rejected`; lint found warnings at most |",
        "| 1 | the run failed, was stopped by its budget, is in doubt or was cancelled; error findings; failed tests |",
        "| 2 | the command was written wrongly |",
        "| 3 | the flow, the set-up or the input is not right |",
        "| 4 | the run waits for a person or was handed to one |",
        "",
    ]
    for path, command in _walk(cli, "flowrun"):
        lines += list(_command(path, command))
    return "\n".join(lines)


def _walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _walk(command, f"{path} {name}")


def _command(path: str, command: click.Command) -> Iterator[str]:
    yield f"## {path}\n"
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    if not isinstance(command, click.Group):
        parts = [path, *(_argument(argument) for argument in arguments), *(["[OPTIONS]"] if options else [])]
        yield f"```text\n{' '.join(parts)}\n```\n"
    yield from _help(inspect.cleandoc(command.help or ""))
    if options:
        yield "| option | means |"
        yield "|---|---|"
        for option in options:
            yield f"| {_option(option)} | {cell(option.help or '')} |"
        yield ""


def _argument(argument: click.Argument) -> str:
    name = argument.metavar or (argument.name or "").upper()
    name = name.strip("[]").removesuffix("...")
    text = name + ("..." if argument.nargs == -1 else "")
    return text if argument.required else f"[{text}]"


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        return f"{names} {cell(', '.join(str(choice) for choice in option.type.choices))}"
    return f"{names} {cell(option.metavar or option.type.name.upper())}"


def _help(text: str) -> Iterator[str]:
    """Give paragraphs; one that is not to be wrapped (`\\b`) is an example."""
    for paragraph in re.split(r"\n\s*\n", text.split("\f")[0].strip()):
        if paragraph.startswith("\b"):
            rest = inspect.cleandoc(paragraph.removeprefix("\b"))
            yield f"```sh\n{rest}\n```\n"
        elif paragraph:
            yield " ".join(paragraph.split()) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "language.md": language,
    "functions.md": functions,
    "errors.md": errors,
    "cli.md": commands,
}


def render() -> dict[Path, str]:
    """Return the text of every page, by its file."""
    texts = {FOLDER / page: make() for page, make in PAGES.items()}
    texts |= {FOLDER / "rules" / page: text for page, text in rule_pages.pages().items()}
    return {file: FRESH + text.rstrip() + "\n" for file, text in texts.items()}


def stale() -> list[Path]:
    """Return the pages whose file is not what it would be now, and those of rules that do not exist any more."""
    files = render()
    wrong = [f for f, text in files.items() if not f.exists() or f.read_text(encoding="utf-8") != text]
    return wrong + [f for f in (FOLDER / "rules").glob("*.md") if f not in files]


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are not fresh."""
    if arguments not in (["--write"], ["--check"]):
        print("usage: python docs/generate.py --write|--check", file=sys.stderr)
        return 2
    if arguments == ["--write"]:
        files = render()
        (FOLDER / "rules").mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            file.write_text(text, encoding="utf-8")
        for file in (FOLDER / "rules").glob("*.md"):
            if file not in files:
                file.unlink()
        return 0
    found = stale()
    for file in found:
        print(f"{file} is not fresh; run: python docs/generate.py --write", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
