"""JSON Schemas for editors, from the tables that the parser reads by.

Owns: generating schemas/{flow,policy,tools,test,…}/v1.json. `python -m flowrun.lang.schemas --write DIR`
writes them, `--check DIR` ends with 1 where one is not fresh. The published files are never edited by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowrun.lang.parse import SHAPES

TITLES = {
    "flow": "A flow of flowrun",
    "policy": "A policy of flowrun",
    "tools": "A tool file of flowrun",
    "test": "A test of a flow",
    "examples": "Examples of a flow's steps",
    "prove": "Questions about a flow",
    "workspace": "The workspace file flowrun.yaml",
    "upgrade": "How an old record becomes a newer one",
    "readers": "Who reads a record",
}


def make_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of one kind of file."""
    parts: dict[str, Any] = {}

    def define(name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        key = re.sub(r"[^a-z_]+", "-", name.lower()).strip("-")
        if key not in parts:
            parts[key] = {}
            parts[key] = make()
        return {"$ref": f"#/$defs/{key}"}

    root = SHAPES[kind].schema(define)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TITLES[kind],
        **root,
        "$defs": dict(sorted(parts.items())),
    }


def key_names(schema: dict[str, Any]) -> set[str]:
    """Return the distinct names of fixed keys in a generated schema."""
    names: set[str] = set()
    for part in schema["$defs"].values():
        names |= set(part.get("properties", {}))
    return names


def render(kind: str) -> str:
    """Return the text of one schema file."""
    return json.dumps(make_schema(kind), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the files below a folder (default: the nearest `schemas/` of the working folder)."""
    mode = arguments[0] if arguments else "--check"
    folder = Path(arguments[1] if len(arguments) > 1 else "schemas")
    if mode not in ("--write", "--check") or len(arguments) > 2:
        print("usage: python -m flowrun.lang.schemas [--write|--check] [DIR]", file=sys.stderr)
        return 2
    stale = 0
    for kind in SHAPES:
        file = folder / kind / "v1.json"
        text = render(kind)
        if mode == "--write":
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != text:
            print(f"{file} is not fresh; run: python -m flowrun.lang.schemas --write {folder}", file=sys.stderr)
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
