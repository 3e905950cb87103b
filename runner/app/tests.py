"""Running the tests of a workspace: which files are meant, and what they are read into.

Owns: finding and reading `*.test.yaml` and policies with tests. How a test is played is `testing`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowrun.app.flows import SUFFIX, Reader, bundled, checked_catalogue, load_flow, locate
from flowrun.errors import FlowrunError
from flowrun.lang.parse import kind_of
from flowrun.testing import TestResult
from flowrun.testing import run_tests as run_read_tests
from flowrun.testing.result import located

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.core.compiled import CompiledPlan
    from flowrun.lang.spec_files import TestFile

KINDS = ("test", "policy")


def run_tests(ws: Workspace, paths: Sequence[str] = ()) -> list[TestResult]:
    """Run tests and return their results; a file that is wrong is a failed test with its findings.

    `paths` are files, folders or names of flows; without any, the workspace's, or the bundled flows' where there is no
    workspace and no test here. Raises `InputError` where a path does not exist.
    """
    tests: list[TestFile] = []
    policies: list[Any] = []
    broken: list[TestResult] = []
    for file in find(ws, paths):
        reader = Reader()
        kind = kind_of(file.name) or ""
        value = _read(reader, file, kind, broken)
        if value is not None:
            (tests if kind == "test" else policies).append(value)
    plans: dict[Path, CompiledPlan] = {}

    def flow_of(test: TestFile) -> CompiledPlan:
        path = beside(Path(test.file), test.flow) or locate(ws, test.flow)
        if path not in plans:
            plans[path] = load_flow(ws, str(path))
        return plans[path]

    done = run_read_tests(tests, policies, load_flow=flow_of, catalogue=lambda: checked_catalogue(ws))
    return [*broken, *done]


def find(ws: Workspace, paths: Sequence[str]) -> list[Path]:
    """Return the files that may hold tests."""
    if not paths:
        flows = ws.root / "flows"
        if ws.config is not None or any(ws.root.glob("*.test.yaml")):
            paths = [str(ws.root)]
        else:
            paths = [str(flows if any(flows.glob("**/*.test.yaml")) else bundled())]
    return list(dict.fromkeys(file for path in paths for file in _expand(ws, path)))


def beside(test: Path, flow: str) -> Path | None:
    """Return the flow of a name in the test's folder or in one above it, or None."""
    for folder in list(test.resolve().parents)[:3]:
        if flow.endswith(SUFFIX) and (folder / flow).is_file():
            return folder / flow
        if (folder / f"{flow}{SUFFIX}").is_file():
            return folder / f"{flow}{SUFFIX}"
    return None


def _expand(ws: Workspace, path: str) -> Iterator[Path]:
    place = Path(path)
    if not place.is_dir():
        if kind_of(place.name) in KINDS and place.is_file():
            yield place
            return
        # A flow stands for the tests beside it.
        place = locate(ws, path).parent
    for file in sorted(place.rglob("*.y*ml")):
        hidden = any(part.startswith(".") for part in file.relative_to(place).parts)
        if kind_of(file.name) in KINDS and not hidden:
            yield file


def _read(reader: Reader, file: Path, kind: str, broken: list[TestResult]) -> Any:
    try:
        value = reader.read(file, kind)
        messages = [located(d.span, d.message) for d in reader.findings if d.severity == "error"]
    except FlowrunError as error:
        value, messages = None, [error.message]
    if messages:
        broken.append(TestResult(name=file.name, file=str(file), ok=False, messages=messages))
    return value
