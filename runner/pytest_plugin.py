"""The pytest plugin: `*.test.yaml` and the tests in policies are items of any pytest run.

Owns: which files are flowrun's, and how their tests look to pytest. How a test runs is `testing`'s part. Nothing of flowrun is
imported before such a file is met, so that a project without flows pays nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.testing.result import TestResult
    from flowrun.testing.suite import Ran

SUFFIXES = (".test.yaml", ".test.yml", ".policy.yaml", ".policy.yml")
_TOP = re.compile(r"^(test|tests|flow|policy|rules):", re.MULTILINE)
NEEDED = {".test.": ({"flow", "test"}, {"flow", "tests"}), ".policy.": ({"policy", "rules", "tests"},)}
"""The keys at the top of a file that make it one of flowrun's: other programs have files with such names, too."""
MOST = 1_000_000
_workspaces = pytest.StashKey[dict[Path, "Workspace"]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make `-m flowrun` known."""
    config.addinivalue_line("markers", "flowrun: a test of a flow or a policy (*.test.yaml, *.policy.yaml)")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take a file that holds tests of flowrun."""
    if not file_path.name.endswith(SUFFIXES) or not is_ours(file_path):
        return None
    found: pytest.Collector = FlowrunFile.from_parent(parent, path=file_path)
    return found


def is_ours(file: Path) -> bool:
    """Return whether a file has the keys of a file of flowrun with tests."""
    try:
        if file.stat().st_size > MOST:
            return False
        keys = set(_TOP.findall(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False
    kind = ".policy." if ".policy." in file.name else ".test."
    return any(needed <= keys for needed in NEEDED[kind])


class FlowrunFile(pytest.File):
    """A file of tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield its tests; a file that is wrong is one test, which fails with the findings."""
        from functools import cache

        from flowrun.app.flows import checked_catalogue
        from flowrun.app.tests import Plans, collect
        from flowrun.errors import FlowrunError
        from flowrun.testing.suite import Ran, pieces

        try:
            ws = workspace_of(self.config, self.path)
            found = collect(ws, [str(self.path)])
            work = pieces(
                found.tests, found.policies, load_flow=Plans(ws).of, catalogue=cache(lambda: checked_catalogue(ws))
            )
        except FlowrunError as error:
            raise self.CollectError(f"{error.message} {error.help or ''}".rstrip()) from None
        lines = [test.span.line for test in found.tests]
        lines += [test.span.line for policy in found.policies for test in policy.tests]
        names: dict[str, int] = {}
        for result in found.broken:
            yield self._item(result.name, result.line, lambda result=result: Ran(result=result), names)  # type: ignore[misc]
        for (name, run), line in zip(work, lines, strict=True):
            yield self._item(name, line, run, names)

    def _item(self, name: str, line: int, run: Callable[[], Ran], names: dict[str, int]) -> pytest.Item:
        names[name] = names.get(name, 0) + 1
        unique = name if names[name] == 1 else f"{name} (line {line})"
        found: pytest.Item = FlowrunItem.from_parent(self, name=unique, line=line, run=run)
        return found


class FlowrunItem(pytest.Item):
    """One test of a flow or a policy."""

    def __init__(self, *, line: int, run: Callable[[], Ran], **more: Any) -> None:
        super().__init__(**more)
        self._line = line
        self._run = run
        self.add_marker("flowrun")

    def runtest(self) -> None:
        """Run it. Raises `Failed`."""
        result = self._run().result
        if not result.ok:
            raise Failed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what is wrong and what happened, in words; a traceback only where flowrun itself broke."""
        if not isinstance(excinfo.value, Failed):
            return super().repr_failure(excinfo, style=style)
        from flowrun.testing.junit import lines

        return "\n".join(lines(excinfo.value.result))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return where the test stands, and its heading; pytest counts lines from 0.

        A heading that is the name alone would be shown with `::` for the dots of a tool's name.
        """
        return self.path, max(self._line - 1, 0), f"{self.path.name}: {self.name}"


class Failed(Exception):
    """A test did not pass."""

    def __init__(self, result: TestResult) -> None:
        super().__init__(result.messages[0] if result.messages else "failed")
        self.result = result


def workspace_of(config: pytest.Config, file: Path) -> Workspace:
    """Return the workspace of a file: the nearest `flowrun.yaml` above it, else the project's folder. Raises `FlowrunError`."""
    from flowrun.app.workspace import FILE, load_workspace

    folders = list(file.resolve().parents)
    root = next((folder for folder in folders if (folder / FILE).is_file()), config.rootpath)
    known = config.stash.setdefault(_workspaces, {})
    if root not in known:
        known[root] = load_workspace(root)
    return known[root]
