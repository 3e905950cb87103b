"""Running the tests of a workspace: which files are meant, and what they are read into.

Owns: finding and reading `*.test.yaml` and policies with tests. How a test is played is `testing`'s part.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.app.flows import SUFFIX, Reader, bundled, checked_catalogue, load_flow, locate
from flowrun.errors import FlowrunError, InputError
from flowrun.lang import spec
from flowrun.lang.expr_problem import suggestion
from flowrun.lang.files import matching
from flowrun.lang.parse import kind_of
from flowrun.lang.spec_files import TestsFile, tests_in
from flowrun.testing import TestResult
from flowrun.testing.coverage.seen import Watch
from flowrun.testing.parallel import processes, spread
from flowrun.testing.result import located
from flowrun.testing.suite import Ran, pieces
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.core.compiled import CompiledPlan
    from flowrun.lang.spec_files import TestFile

KINDS = ("test", "policy")


@dataclass(frozen=True, kw_only=True)
class Collected:
    """The tests of some files: those that can be read, and a failed result for each file that cannot."""

    tests: list[TestFile]
    policies: list[spec.Policy]
    broken: list[TestResult]


def run_tests(
    ws: Workspace,
    paths: Sequence[str] = (),
    *,
    only: str | None = None,
    jobs: int | None = None,
    first: bool = False,
    on_result: Callable[[TestResult], None] = lambda result: None,
) -> list[TestResult]:
    """Run tests and return their results, in the order of the files; a file that is wrong is a failed test.

    `paths` are files, folders or names of flows; without any, the workspace's, or the bundled flows' where there is no
    workspace and no test here. `only`: a part of a test's name, or its file. `jobs`: processes at a time, None: as many as
    are worth it. `first`: stop after the first that fails. `on_result` is told each result, in order. Raises
    `InputError` where a path does not exist, or FR3301 where no test is named so.
    """
    ran = run_collected(ws, collect(ws, paths), only=only, jobs=jobs, first=first, on_result=on_result)
    return [each.result for each in ran]


def run_collected(
    ws: Workspace,
    found: Collected,
    *,
    only: str | None = None,
    jobs: int | None = None,
    first: bool = False,
    watch: bool = False,
    on_result: Callable[[TestResult], None] = lambda result: None,
) -> list[Ran]:
    """Run tests as `run_tests` does; `watch`: with what each of them has tried."""
    broken = [result for result in found.broken if only is None or only in result.file]
    plans = Plans(ws)
    work = pieces(
        found.tests,
        found.policies,
        load_flow=plans.of,
        catalogue=cache(lambda: checked_catalogue(ws)),
        watch_of=plans.watch_of if watch else lambda compiled: None,
    )
    if only is not None:
        files = [test.file for test in found.tests] + [p.file for p in found.policies for _ in p.tests]
        named = list(zip(work, files, strict=True))
        work = [
            piece for piece, file in named if only.lower() in piece[0].lower() or Path(file).name == Path(only).name
        ]
        if not work and not broken:
            names = [name for (name, _), _ in named]
            raise InputError(
                t("There is no test {name}.", name=only), help=suggestion(only, names) or None, code="FR3301"
            )
    for result in broken:
        on_result(result)
    if broken and first:
        return [Ran(result=broken[0])]
    count = processes(len(work), jobs)
    if count > 1:
        plans.prepare(found.tests, watch=watch)
    done: dict[int, Ran] = {}
    told = 0
    for place, ran in spread([run for _, run in work], count, stop=lambda ran: first and not ran.result.ok):
        done[place] = ran
        while told in done:
            on_result(done[told].result)
            told += 1
    for place in sorted(done)[told:]:
        on_result(done[place].result)
    return [*(Ran(result=result) for result in broken), *(done[place] for place in sorted(done))]


class Plans:
    """The flows of tests, each loaded once."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._known: dict[Path, CompiledPlan | FlowrunError] = {}
        self._watches: dict[str, Watch] = {}

    def of(self, test: TestFile) -> CompiledPlan:
        """Return the flow of a test. Raises `FlowrunError` where it is wrong, the same each time."""
        path = flow_file(self._ws, test)
        if path not in self._known:
            try:
                self._known[path] = load_flow(self._ws, str(path))
            except FlowrunError as error:
                self._known[path] = error
        found = self._known[path]
        if isinstance(found, FlowrunError):
            raise found
        return found

    def watch_of(self, compiled: CompiledPlan) -> Watch:
        """Return what is watched in a plan; it is found once."""
        if compiled.digest not in self._watches:
            self._watches[compiled.digest] = Watch(compiled)
        return self._watches[compiled.digest]

    def prepare(self, tests: Iterable[TestFile], *, watch: bool = False) -> None:
        """Load the flows of tests now, so that no process does it again."""
        for test in tests:
            with contextlib.suppress(FlowrunError):
                compiled = self.of(test)
                if watch:
                    self.watch_of(compiled)


def collect(ws: Workspace, paths: Sequence[str] = ()) -> Collected:
    """Read the files that hold tests. Raises `InputError` where a path does not exist."""
    found = Collected(tests=[], policies=[], broken=[])
    for file in find(ws, paths):
        reader = Reader()
        kind = kind_of(file.name) or ""
        value = _read(reader, file, kind, found.broken)
        if isinstance(value, spec.Policy):
            found.policies.append(value)
        elif value is not None:
            found.tests.extend(tests_in(value))
            if isinstance(value, TestsFile):
                _cases(ws, value, found)
    return found


def collect_for(ws: Workspace, flow: Path) -> Collected:
    """Read the tests of one flow: those beside it and in the workspace, and those of the policies there."""
    paths = [str(flow.parent), *([str(ws.root)] if ws.config is not None else [])]
    found = collect(ws, paths)

    def of_it(test: TestFile) -> bool:
        try:
            return flow_file(ws, test).resolve() == flow.resolve()
        except FlowrunError:
            return False

    unique = {(Path(test.file).resolve(), test.span.line): test for test in found.tests if of_it(test)}
    policies = {
        (Path(test.span.file).resolve(), test.span.line): (policy, test)
        for policy in found.policies
        for test in policy.tests
    }
    alone = [msgspec.structs.replace(policy, tests=(test,)) for policy, test in policies.values()]
    return Collected(tests=list(unique.values()), policies=alone, broken=found.broken)


def _cases(ws: Workspace, file: TestsFile, found: Collected) -> None:
    """Add the cases of policies that stand among tests: as the tests of those policies, or as a failed result."""
    named: dict[str, list[spec.PolicyTest]] = {}
    for each in file.cases:
        named.setdefault(each.policy, []).append(each.case)
    if not named:
        return
    known = {policy.policy: policy for policy in _policies_for(ws, file)}
    for name, cases in named.items():
        if name in known:
            found.policies.append(msgspec.structs.replace(known[name], tests=tuple(cases)))
            continue
        guess = suggestion(name, known) or t("Known policies: {names}.", names=", ".join(sorted(known)) or t("none"))
        message = located(cases[0].span, t("There is no policy {name} beside this file.", name=name) + f" {guess}")
        broken = TestResult(name=name, file=file.file, line=cases[0].span.line, ok=False, messages=[message])
        found.broken.append(broken)


def _policies_for(ws: Workspace, file: TestsFile) -> list[spec.Policy]:
    """Return the policies that cases in a file may name: the workspace's, and those beside its flow or it, or above it."""
    reader = Reader()
    patterns = () if ws.config is None else ws.config.policies
    files = [found for pattern in patterns for found in matching(ws.root, pattern)]
    place = Path(file.file)
    folders = list(reversed(list(place.resolve().parents)[:3]))
    with contextlib.suppress(FlowrunError):
        folders.append((beside(place, file.flow) or locate(ws, file.flow)).parent)
    for folder in folders:
        files += sorted(folder.glob("*.policy.yaml"))
    read = [reader.read(each, "policy") for each in dict.fromkeys(files)]
    return [policy for policy in read if policy is not None]


def flow_file(ws: Workspace, test: TestFile) -> Path:
    """Return the file of a test's flow: beside the test, else as a command names it. Raises `InputError`."""
    return beside(Path(test.file), test.flow) or locate(ws, test.flow)


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
