"""Does what a page says, block by block, as a reader would: saves files, types commands, looks at what is printed.

Owns: how a block is carried out and what counts as wrong. How a page is read is `page`'s part.

Commands of flowrun run in this process, through the same `main` as in a terminal; everything else is handed to bash.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flowrun.app.teach import findings_of
from flowrun.cli.main import main
from tests.unit.docs.page import ROOT, Block, Page

FINE = (0, 4)
"""How a command may end where the page says nothing: done, or waiting for a person."""
_SHELL = re.compile(r"[|;&$*`()]|\s<|<<")
_INTO = re.compile(r"^(.*?)\s*>\s*(\S+)$")
_PUT = re.compile(r'before "(.+)" in (\S+)$|at the end of (\S+)$')
_LOOSE = (
    (r"\d{4}\\-\d\d\\-\d\d(T[\d:.]+Z?)?", r"\\d{4}-\\d\\d-\\d\\d\\S*"),
    (r"\b\d\d:\d\d(:\d\d)?\b", r"\\d\\d:\\d\\d\\S*"),
    (r"\b[0-9A-HJKMNP-TV-Z]{26}\b", r"[0-9A-Z]{26}"),
    (r"\b[0-9a-f]{32,}\b", r"[0-9a-f]+"),
    (r"\d+(\\\.\d+)?\\ s\b", r"[\\d.]+ s"),
)
"""What differs from run to run: days, times, ids, digests and how long it took."""


class Wrong(Exception):
    """A block of a page does not do what the page says."""


class Reader:
    """Someone who follows one page in a folder of their own."""

    def __init__(self, page: Page, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.page = page
        self.output = ""
        self.ran = 0
        self._set = monkeypatch
        self._set.delenv("FLOWRUN_STORE", raising=False)
        self._set.setenv("COLUMNS", "120")
        self._set.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        for who in ("AUTHOR", "COMMITTER"):
            self._set.setenv(f"GIT_{who}_NAME", "Sam")
            self._set.setenv(f"GIT_{who}_EMAIL", "sam@example.com")
        self._begin(folder)

    def _begin(self, folder: Path) -> None:
        """Go where the reader stands: an empty folder, the bundled flows, a copy of a folder, or a new workspace."""
        self._set.chdir(folder)
        if self.page.starts == "flows":
            shutil.copytree(ROOT / "flows", folder / "flows")
        elif "/" in self.page.starts:
            shutil.copytree(ROOT / self.page.starts, folder, dirs_exist_ok=True)
        elif self.page.starts != "empty":
            with contextlib.redirect_stdout(io.StringIO()):
                assert main(["init", "shop", "--template", self.page.starts]) == 0
            self._set.chdir(folder / "shop")

    def follow(self) -> int:
        """Do every block that is not marked; return how many. Raises Wrong at the first that fails."""
        for block in self.page.blocks:
            if block.note("not run"):
                continue
            try:
                self._do(block)
            except Wrong as error:
                raise Wrong(f"{self.page.path}:{block.line}: {error}") from None
            self.ran += 1
        if self.page.starts != "flows" and Path("flowrun.yaml").exists():
            self._lines("flowrun lint", FINE)
        return self.ran

    def _do(self, block: Block) -> None:
        for line in block.notes.get("first", []):
            self._lines(line, (*FINE, 1))
        if block.name:
            self._save(block.name, block.text)
        elif block.note("put"):
            self._put(block)
        elif block.language == "sh":
            self._lines(block.text, self._ends(block))
        elif block.language == "text":
            self._compare(block.text)
        elif block.language == "json":
            self._parse(json.loads, block.text)
        elif block.language == "python":
            exec(compile(block.text, f"{self.page.path}:{block.line}", "exec"), {"__name__": "page"})  # noqa: S102
        elif block.language == "yaml":
            self._fragment(block)
        else:
            raise Wrong(f"nobody knows how to run `{block.language}`")

    def _ends(self, block: Block) -> tuple[int, ...]:
        said = block.note("ends with")
        return FINE if said is None else tuple(int(code) for code in said.split())

    def _save(self, name: str, text: str) -> None:
        file = Path(name)
        if name == "flowrun.yaml" and file.exists():  # a reader puts these keys into the file, and leaves the others
            text = yaml.safe_dump(yaml.safe_load(file.read_text(encoding="utf-8")) | yaml.safe_load(text))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        if name.endswith(".json"):
            self._parse(json.loads, text)

    def _put(self, block: Block) -> None:
        found = _PUT.match(block.note("put") or "")
        if found is None:
            raise Wrong('write: put: before "LINE" in FILE; or: at the end of FILE')
        before, file = found[1], Path(found[2] or found[3])
        if not before:
            self._save(str(file), file.read_text(encoding="utf-8") + block.text)
            return
        text = file.read_text(encoding="utf-8")
        if text.count(f"\n{before}") != 1:
            raise Wrong(f"{file} does not hold {before!r} exactly once")
        file.write_text(text.replace(f"\n{before}", f"\n{block.text}{before}"), encoding="utf-8")

    def _parse(self, load: object, text: str) -> None:
        assert callable(load)
        try:
            load(text)
        except ValueError as error:
            raise Wrong(str(error)) from None

    def _fragment(self, block: Block) -> None:
        """Lint a part of a file within a workspace that has all the rest."""
        text = block.text
        name = block.note("file") or next(iter(re.findall(r"\A# file: (\S+)", text)), "example.flow.yaml")
        if not isinstance(yaml.safe_load(text), dict):
            raise Wrong("this is no part of a file")
        lead = "" if text.startswith("# file: ") else f"# file: {name}\n"
        wrong = [f"{item.span}: {item.message}" for item in findings_of(lead + text)[0] if item.severity == "error"]
        if wrong:
            raise Wrong("\n".join(wrong))

    def _lines(self, text: str, ends: tuple[int, ...]) -> None:
        """Type commands one by one; each must end as `ends` says, and each number but the usual must come at least once."""
        self.output = ""
        codes = []
        for line in text.splitlines():
            typed = re.sub(r"(^|\s+)#.*$", "", line).strip()
            if not typed:
                continue
            code = self._line(self._filled(typed))
            codes.append(code)
            if code not in ends:
                raise Wrong(f"`{typed}` ends with {code}:\n{self.output}")
        if missing := [code for code in ends if code not in codes and not set(FINE) <= set(ends)]:
            raise Wrong(f"no command ends with {missing}, but {codes}:\n{self.output}")

    def _line(self, line: str) -> int:
        if " && " in line:
            first, _, rest = line.partition(" && ")
            return self._line(first) or self._line(rest)
        into = _INTO.match(line)
        words = shlex.split(into[1] if into else line)
        if words[0] == "cd":
            self._set.chdir(words[1])
            return 0
        if words[0] == "export":
            self._set.setenv(*words[1].split("=", 1))
            return 0
        if words[0] != "flowrun" or _SHELL.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", into[1] if into else line)):
            done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
            self.output += done.stdout + done.stderr
            return done.returncode
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = main(words[1:])
        if into:
            Path(into[2]).write_text(out.getvalue(), encoding="utf-8")
        self.output += ("" if into else out.getvalue()) + errors.getvalue()
        return code

    def _filled(self, line: str) -> str:
        """Put in what the reader copies from the screen: the newest run, and the newest entry of the inbox."""
        if re.search(r"\bRUN\b", line):
            line = re.sub(r"\bRUN\b", self._newest("runs", first=True), line)
        if re.search(r"\bID\b", line):
            line = re.sub(r"\bID\b", self._newest("inbox", first=False), line)
        return line

    def _newest(self, of: str, *, first: bool) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = main([of, "--json"])
        rows = json.loads(out.getvalue()) if code == 0 else []
        if not rows:
            raise Wrong(f"`flowrun {of}` shows nothing to copy from")
        return str(rows[0 if first else -1]["run" if of == "runs" else "id"])

    def _compare(self, shown: str) -> None:
        """Find each line that the page shows in what was printed, in the same order; `…` and `...` stand for anything."""
        printed = " ".join(self.output.split())
        at = 0
        for line in shown.splitlines():
            wanted = " ".join(line.split())
            if not wanted or wanted in ("…", "..."):
                continue
            found = re.compile(_loose(wanted)).search(printed, at)
            if found is None:
                raise Wrong(f"not printed: {line}\n---\n{self.output}")
            at = found.end()


def _loose(text: str) -> str:
    pattern = re.escape(text)
    for strict, loose in _LOOSE:
        pattern = re.sub(strict, loose, pattern)
    return pattern.replace("…", ".*?").replace(r"\.\.\.", ".*?")
