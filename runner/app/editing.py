"""Files that are open in an editor: their texts, what is wrong with them, and the names of their workspaces.

Owns: which workspace a file belongs to, what is kept between two questions and when it is thrown away. A file of the disk
is never changed here, and no protocol is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowrun.app.lint import looked_at
from flowrun.app.names import known_names
from flowrun.app.workspace import FILE, load_workspace
from flowrun.editor.known import Known
from flowrun.editor.look import Target, defined, place_in
from flowrun.editor.schemas import workspace_schema
from flowrun.editor.text import Document
from flowrun.errors import Diagnostic, FlowError, FlowrunError
from flowrun.lang.files import load_bytes
from flowrun.lang.parse import kind_of
from flowrun.lang.source import MAX_BYTES
from flowrun.lint.fixing import NOT_A_FILE, NOT_YAML, READ, Checkup, mend
from flowrun.lint.schemas import is_schema_file

MAX_JUDGING = 20
"""Flows by which a policy is judged while it is typed; `flowrun lint` looks at all."""
MAX_SEARCHED = 500
"""Files of a workspace that are looked through for the uses of a name."""


@dataclass(slots=True)
class _Root:
    """What is known of one workspace; `schemas` by kind of file."""

    known: Known
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)


class Editing:
    """The open files. Paths are absolute; a text is as the editor holds it."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = [folder.resolve() for folder in folders]
        self.texts: dict[Path, str] = {}
        self._roots: dict[Path, _Root] = {}
        self._last: dict[Path, Known] = {}

    def put(self, path: Path, text: str) -> None:
        """Take the text of a file that is open."""
        self.texts[path] = text

    def drop(self, path: Path) -> None:
        """Forget the text of a file that is closed; the one on the disk counts again."""
        self.texts.pop(path, None)
        self.renew(path)

    def renew(self, path: Path) -> None:
        """Forget the names of a file's workspace: it, or another file there, has changed on the disk."""
        self._roots.pop(self.root(path), None)

    def root(self, path: Path) -> Path:
        """Return the workspace of a file: the nearest folder upward with a `flowrun.yaml`, else the editor's."""
        for folder in path.parents:
            if (folder / FILE).is_file() or folder / FILE in self.texts:
                return folder
        return next((folder for folder in self.folders if path.is_relative_to(folder)), path.parent)

    def open_beside(self, path: Path) -> list[Path]:
        """Return the other open files of a file's workspace, whose findings a change of it may touch."""
        root = self.root(path)
        return [other for other in self.texts if other != path and self.checked(other) and self.root(other) == root]

    def checked(self, path: Path) -> bool:
        """Return whether a file is one of flowrun's."""
        return kind_of(path.name) is not None or is_schema_file(str(path))

    def document(self, path: Path) -> Document | None:
        """Return the text of an open file; None where it is not open or too large to be looked at while typing."""
        text = self.texts.get(path)
        return None if text is None or len(text) > MAX_BYTES else Document(str(path), text)

    def findings(self, path: Path) -> list[Diagnostic]:
        """Return what is wrong with an open file, as its text is now."""
        if path not in self.texts or not self.checked(path):
            return []
        return [found for found in self._look(path, self._stored()) if found.span.file == str(path)]

    def mended(self, path: Path) -> str | None:
        """Return the text of an open file with every repair that makes it better; None where there is none."""
        text = self.texts.get(path)
        if text is None or not self.checked(path):
            return None
        others = self._stored()

        def check(changed: str) -> Checkup:
            data = changed.encode("utf-8", "replace")
            found = self._look(path, {**others, str(path): data})
            broken = [d for d in found if d.span.file == str(path) and d.severity == "error"]
            unread = any(d.code.startswith("FR10") for d in broken)
            language = any(d.code.startswith(("FR11", "FR12")) for d in broken)
            return Checkup(found, NOT_YAML if unread else NOT_A_FILE if language else READ)

        result = mend(text, str(path), check)
        return result.text if result.mended and result.text != text else None

    def _look(self, path: Path, stored: dict[str, bytes]) -> list[Diagnostic]:
        try:
            files = [path, *self._judging(path)]
            return list(looked_at(self.root(path), [str(file) for file in files], stored).findings)
        except FlowError as error:
            return list(error.diagnostics)
        except FlowrunError:  # what is wrong is in no file that is open: a missing variable, a folder that is gone
            return []

    def _judging(self, path: Path) -> list[Path]:
        """The flows by which a policy is judged: those beside it, else those of the workspace."""
        if kind_of(path.name) != "policy":
            return []
        beside = {*path.parent.glob("*.flow.yaml"), *(each for each in self.texts if each.parent == path.parent)}
        flows = sorted(each for each in beside if kind_of(each.name) == "flow")
        found = flows or [file for file in self._files(self.root(path)) if kind_of(file.name) == "flow"]
        return found[:MAX_JUDGING]

    def _stored(self) -> dict[str, bytes]:
        return {str(path): text.encode("utf-8", "replace") for path, text in self.texts.items()}

    def known(self, path: Path) -> Known:
        """Return the names of a file's workspace; the last ones that could be read where it is broken now."""
        return self._root(path).known

    def schema(self, path: Path) -> dict[str, Any] | None:
        """Return the schema of a file's kind in its workspace, or None for a file of another kind."""
        kind = kind_of(path.name)
        if kind is None:
            return None
        kept = self._root(path)
        if kind not in kept.schemas:
            kept.schemas[kind] = workspace_schema(kind, kept.known)
        return kept.schemas[kind]

    def _root(self, path: Path) -> _Root:
        root = self.root(path)
        if root not in self._roots:
            try:
                stored = self._stored()
                self._last[root] = known_names(load_workspace(root, stored=stored), stored)
            except FlowrunError:
                self._last.setdefault(root, Known())
            self._roots[root] = _Root(self._last[root])
        return self._roots[root]

    def text_of(self, path: Path) -> str | None:
        """Return the text of a file, open or on the disk; None where it cannot be read."""
        if path in self.texts:
            return self.texts[path]
        try:
            return load_bytes(path)[1].decode("utf-8")
        except (FlowrunError, UnicodeDecodeError):
            return None

    def place(self, path: Path, target: Target) -> tuple[Path, int, int] | None:
        """Return where a name is defined: the file, and the place of its key there; None where that is no file."""
        root = self.root(path)
        if target.kind in ("step", "fact", "input"):
            return self._in_file(path, target, root)
        if target.kind == "schema":
            return self._schema(root, target.name, target.field)
        if target.kind in ("role", "model"):
            return self._key(root / FILE, f"{target.kind}s", target.name)
        name = target.name.removeprefix("flows.").split("@")[0]
        if target.kind == "flow" or target.name.startswith("flows."):
            file = next((f for f in self._files(root) if f.name == f"{name}.flow.yaml"), None)
            return None if file is None else (file, 0, 0)
        return self._tool(root, target.name)

    def _in_file(self, path: Path, target: Target, root: Path) -> tuple[Path, int, int] | None:
        found = defined(self.text_of(path) or "", target)
        if isinstance(found, str):
            return self._schema(root, found, target.field)
        return None if found is None else (path, *found)

    def _schema(self, root: Path, name: str, way: tuple[str, ...]) -> tuple[Path, int, int] | None:
        base, _, version = name.partition("@")
        file = load_workspace(root).registry.path(base, int(version)) if version.isdecimal() else None
        if file is None:
            return None
        path = tuple(part for name in way for part in ("properties", name))
        return (file, *(place_in(self.text_of(file) or "", path) or (0, 0)))

    def _key(self, file: Path, *way: str) -> tuple[Path, int, int] | None:
        text = self.text_of(file)
        found = None if text is None else place_in(text, way)
        return None if found is None else (file, *found)

    def _tool(self, root: Path, name: str) -> tuple[Path, int, int] | None:
        namespace, _, action = name.partition(".")
        for file in self._files(root):
            text = self.text_of(file) if file.name.endswith(".tools.yaml") else None
            if text is None or not place_in(text, ("tools",)) or f"tools: {namespace}" not in text:
                continue
            return (file, *(place_in(text, ("actions", action)) or (0, 0)))
        return None

    def _files(self, root: Path) -> list[Path]:
        """The files of a workspace that may use its names."""
        found = [file for file in sorted(root.rglob("*.yaml"))[: MAX_SEARCHED * 4] if kind_of(file.name) is not None]
        shown = [f for f in found if not any(part.startswith(".") for part in f.relative_to(root).parts)]
        return list(dict.fromkeys([*shown, *(path for path in self.texts if path.is_relative_to(root))]))[:MAX_SEARCHED]

    def files_with(self, path: Path, target: Target) -> list[Path]:
        """Return the files in which a name may be used: its own for a step, else all of the workspace."""
        if target.kind in ("step", "fact", "input"):
            return [path]
        return self._files(self.root(path))
