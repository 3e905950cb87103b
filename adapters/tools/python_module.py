"""Loading the tools of a user's Python file (`adapter: python`, `source: path/to/module.py`).

Owns: finding and importing one file, and saying where it breaks. The functions themselves are `python.py`'s.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from flowrun.adapters.tools.python import PythonTools, mark_of
from flowrun.errors import ConfigError
from flowrun.words import t


def load_module_tools(
    path: Path | str,
    *,
    namespace: str | None = None,
    only: Collection[str] | None = None,
    inject: Mapping[str, Any] | None = None,
) -> PythonTools:
    """Import a file and return its marked functions.

    `namespace` is the file's name where left out; `only` are the actions that the tool file lists (None:
    all). The file's `__version__`, where it has one, is part of the contracts' digests. Raises
    `ConfigError` with file and line where the file is missing, cannot be imported, has no tools, or lacks a
    listed action.
    """
    file = Path(path)
    module = import_file(file)
    marked = {}
    for value in vars(module).values():
        mark = mark_of(value)
        if mark is not None and callable(value):
            marked[mark.name] = value
    if not marked:
        raise ConfigError(
            t("{file}: no function here is marked as a tool.", file=file),
            help=t('Put @tool(effect="read") or @tool(effect="write") from flowrun above each.'),
            code="FR2304",
        )
    missing = sorted(set(only or ()) - marked.keys())
    if missing:
        raise ConfigError(
            t(
                "{file}: there is no tool {missing}; there are {marked}.",
                file=file,
                missing=", ".join(missing),
                marked=", ".join(sorted(marked)),
            ),
            code="FR2304",
        )
    chosen = {name: function for name, function in marked.items() if only is None or name in only}
    version = getattr(module, "__version__", "")
    return PythonTools(namespace or file.stem, chosen, inject=inject, version=str(version))


def import_file(file: Path) -> ModuleType:
    """Import one file under a name of its own. Raises `ConfigError` with the line at which it broke."""
    if not file.is_file():
        raise ConfigError(t("{file}: there is no such file.", file=file), code="FR2307")
    full = file.resolve()
    name = f"flowrun_tools_{full.stem}_{hashlib.sha256(str(full).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, full)
    if spec is None or spec.loader is None:
        raise ConfigError(t("{file}: this is not a Python file.", file=file), code="FR2307")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and type hints look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        if isinstance(error, ConfigError):  # a mark that makes no sense
            raise ConfigError(
                f"{file}:{line_of(error, full)}: {error.message}", help=error.help, code=error.code
            ) from error
        raise ConfigError(
            t(
                "{place}: cannot be imported: {error}",
                place=f"{file}:{line_of(error, full)}",
                error=f"{type(error).__name__}: {error}",
            ),
            help=t("Mend the file, or install what it imports."),
            code="FR2307",
        ) from error
    return module


def line_of(error: BaseException, file: Path) -> int:
    """Return the line of a file at which an import broke: its last frame there, or where the syntax is wrong."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 1
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == file and frame.lineno
    ]
    return lines[-1] if lines else 1
