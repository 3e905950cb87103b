"""What the tests of flows try, and what they leave out.

Owns: which flows are meant, and running their tests while they are watched. The points and the figures are `testing.coverage`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flowrun.app.flows import SUFFIX, bundled, load_whole, locate
from flowrun.app.tests import Collected, collect, flow_file, run_collected
from flowrun.errors import FlowrunError
from flowrun.lang.parse import kind_of
from flowrun.testing import TestResult
from flowrun.testing.coverage.points import points
from flowrun.testing.coverage.report import FlowCoverage, coverage_of

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace


def run_covered(
    ws: Workspace,
    paths: Sequence[str] = (),
    *,
    only: str | None = None,
    jobs: int | None = None,
    first: bool = False,
    on_result: Callable[[TestResult], None] = lambda result: None,
) -> tuple[list[TestResult], list[FlowCoverage]]:
    """Run tests as `run_tests` does, and return for each flow what they try of it. A flow without a test is listed, too.

    Raises as `run_tests`, and `FlowError` for a flow that is wrong.
    """
    found = collect(ws, paths)
    ran = run_collected(ws, found, only=only, jobs=jobs, first=first, watch=True, on_result=on_result)
    tried = frozenset().union(*(each.tried for each in ran))
    return [each.result for each in ran], [covered(ws, file, tried) for file in flows_meant(ws, paths, found)]


def covered(ws: Workspace, file: Path, tried: frozenset[str]) -> FlowCoverage:
    """Return what was tried of one flow. Raises `FlowError` where it is wrong."""
    loaded = load_whole(ws, str(file))
    policies = [*loaded.catalogue.policies, *loaded.source.policies]
    all_points = points(loaded.compiled, loaded.source.flow, policies)
    return coverage_of(loaded.source.flow.flow, str(file), all_points, tried)


def flows_meant(ws: Workspace, paths: Sequence[str], found: Collected) -> list[Path]:
    """Return the flows of the tests, and those that lie where the paths lead, in the order of their files."""
    files: list[Path] = []
    for test in found.tests:
        try:
            files.append(flow_file(ws, test))
        except FlowrunError:
            continue  # the test has failed for that
    for path in paths or ([] if found.tests and ws.config is None else [str(ws.root)]):
        place = Path(path)
        if place.is_dir():
            files += [f for f in place.rglob(f"*{SUFFIX}") if not _hidden(f, place)]
        elif not place.is_file() or kind_of(place.name) == "flow":
            files.append(locate(ws, path))
    if not files and not paths:
        files = list(bundled().glob(f"*/*{SUFFIX}"))
    unique = {file.resolve(): file for file in files}
    return [unique[file] for file in sorted(unique)]


def _hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)
