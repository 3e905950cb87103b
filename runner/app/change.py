"""What a change lets flows do: the contracts of two sides, compared.

Owns: what the names of the two sides mean (files, folders, Git revisions), and reading all contracts of a side. How contracts
are compared is `flowrun.contract.changes`' part.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import msgspec

from flowrun.app.explain import contract_at
from flowrun.app.flows import SUFFIX, locate
from flowrun.app.workspace import FILE, Workspace, load_workspace
from flowrun.contract.changes.change import Change
from flowrun.contract.changes.compare import compare_all
from flowrun.contract.model import Contract
from flowrun.errors import Diagnostic, FlowError, InputError
from flowrun.words import t


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: a path of this machine, or a path in a commit (from its root, empty there).

    `name`: how people call it. `needed`: not so for a folder that a commit need not have.
    """

    name: str
    path: str
    commit: str = ""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, and what the two sides are called."""

    old: str
    new: str
    changes: Sequence[Change]
    broken: Sequence[str] = ()
    """Files of the old side that hold a wrong flow: it could not run, so all that it may do now is new."""
    wrong: Sequence[Diagnostic] = ()
    """What is wrong with flows of the new side, which are told as changes that nobody knows."""


@dataclass(slots=True)
class Broken:
    """The flows of a side that are wrong: their files, their names, and every finding."""

    files: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)

    def note(self, file: Path, error: FlowError) -> None:
        """Note a flow that is wrong; the flow is named as its file says, else as the file."""
        said = re.search(r"^flow:[ \t]*[\"']?([\w-]+)", _text(file), re.MULTILINE)
        self.files.append(file.name)
        self.names.append(said[1] if said else file.name.removesuffix(SUFFIX))
        self.findings += [found for found in error.diagnostics if found not in self.findings]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def difference(old: str, new: str | None, *, folder: Path | None = None) -> Difference:
    """Return what the change from one side to the other lets flows do.

    `old`: a file, a folder, the name of a flow, `REV`, `REV:PATH`, or `REV..REV` and `REV...REV` for both sides. `new`: the
    same, or None for the files as they are now. A wrong flow hides nothing of the others. Raises `InputError` (FR3606) for a side
    that is none, `FlowError` where a workspace is wrong.
    """
    here = folder or Path.cwd()
    one, other = sides(old, new, here)
    was, now = Broken(), Broken()
    with opened(one, here, was) as before, opened(other, here, now) as after:
        return Difference(one.name, other.name, compare_all(before, after, now.names), was.files, now.findings)


def sides(old: str, new: str | None, here: Path) -> tuple[Side, Side]:
    """Return the two sides that were named."""
    if new is None and ".." in old and not (here / old).exists():
        return _range(old, here)
    one = side_of(old, here)
    if new is not None:
        return one, side_of(new, here)
    if not one.commit:
        raise InputError(
            t("There is only one side, {side}.", side=old),
            help=t("flowrun diff OLD NEW, or flowrun diff REVISION for what changed since then."),
            code="FR3606",
        )
    from flowrun.adapters import git

    return one, Side(name=t("the files now"), path=str(git.root_of(here) / one.path))


def side_of(text: str, here: Path) -> Side:
    """Return the side that a text names."""
    from flowrun.adapters import git

    if (here / text).exists():
        return Side(name=text, path=str(here / text))
    name, colon, path = text.partition(":")
    found = git.revision(here, name)
    if found is not None and not (colon and Path(path).is_absolute()):
        inside = _from_root(path, here) if colon else git.prefix_of(here)
        return Side(name=text, path=inside, commit=found.commit, needed=bool(colon))
    if not colon and "/" not in text and not text.endswith((".yaml", ".yml")):
        return Side(name=text, path=str(locate(load_workspace(), text)))
    raise InputError(
        t("{side} is no file, no folder and no Git revision.", side=text),
        help=t("Write a path, a revision such as main, or main:flows/refund.flow.yaml."),
        code="FR3606",
    )


def _from_root(path: str, here: Path) -> str:
    """Return a path as Git counts it, from the repository's root; `./` begins at the folder here, as in Git."""
    from flowrun.adapters import git

    parts = (
        PurePosixPath(git.prefix_of(here)) / path if path.startswith((".", "..")) or not path else PurePosixPath(path)
    )
    kept: list[str] = []
    for part in parts.parts:
        if part == ".." and kept:
            kept.pop()
        elif part not in (".", ".."):
            kept.append(part)
    return "/".join(kept)


def _range(text: str, here: Path) -> tuple[Side, Side]:
    from flowrun.adapters import git

    since = "..." in text
    first, _, second = text.partition("..." if since else "..")
    old, new = git.revision(here, first or "HEAD"), git.revision(here, second or "HEAD")
    if old is not None and new is not None and since:
        old = git.merge_base(here, old, new)
    if old is None or new is None:
        raise InputError(
            t("{range} names no two Git revisions that belong together.", range=text),
            help=t("Write it like main..HEAD, or main...HEAD for what changed since they parted."),
            code="FR3606",
        )
    prefix = git.prefix_of(here)
    return (
        Side(name=first or "HEAD", path=prefix, commit=old.commit, needed=False),
        Side(name=second or "HEAD", path=prefix, commit=new.commit, needed=False),
    )


@contextmanager
def opened(side: Side, here: Path, broken: Broken | None = None) -> Iterator[list[Contract]]:
    """Give the contracts of a side; the files of a commit are laid out for that long. `broken` takes wrong flows, which are
    left out then.

    Raises `InputError` (FR3606) where a commit does not hold what was named.
    """
    if not side.commit:
        yield contracts_of(Path(side.path), broken)
        return
    from flowrun.adapters import git

    commit = git.Revision(here, side.commit)
    if not commit.holds(side.path):
        if side.needed:
            raise InputError(
                t("{side} does not exist: the revision has no such file or folder.", side=side.name),
                help=t("Paths of a revision begin at the root of the repository; ./ begins here."),
                code="FR3606",
            )
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="flowrun-diff-") as made:
        folder = Path(made).resolve()
        root = _workspace_in(commit.files, side.path)
        commit.lay_out(root, folder)
        try:
            found = contracts_of(folder / PurePosixPath(side.path).relative_to(root), broken)
            if broken is not None:
                broken.findings = [_renamed(one, folder, root, side.name) for one in broken.findings]
        except FlowError as error:
            raise FlowError([_renamed(one, folder, root, side.name) for one in error.diagnostics]) from None
        yield found


def _workspace_in(files: Collection[str], path: str) -> str:
    """Return the folder of a commit that is laid out: the nearest one upward with a workspace file, else that of the path."""
    start = PurePosixPath(path)
    folder = start.parent if path in files else start
    for one in (folder, *folder.parents):
        if str(one / FILE) in files:
            return "" if one == PurePosixPath() else str(one)
    return "" if folder == PurePosixPath() else str(folder)


def _renamed(finding: Diagnostic, folder: Path, root: str, name: str) -> Diagnostic:
    """Return a finding with its place in the commit: the folder in which it was found is gone when it is read."""
    span = finding.span
    try:
        inside = Path(span.file).resolve().relative_to(folder)
    except ValueError:
        return finding
    file = f"{name.partition(':')[0]}:{(PurePosixPath(root) / inside).as_posix()}"
    return replace(finding, span=msgspec.structs.replace(span, file=file))


def contracts_of(path: Path, broken: Broken | None = None) -> list[Contract]:
    """Return the contracts of a flow, or of every flow in a folder; another file stands for its workspace.

    `broken` takes the flows that are wrong; without it they raise `FlowError`.
    """
    if not path.is_dir() and not path.name.endswith(SUFFIX):
        path = path.parent
    ws = _workspace_of(path)
    files = [path] if not path.is_dir() else _flows_in(path)
    found: list[Contract] = []
    for file in files:
        try:
            found.append(contract_at(ws, file))
        except FlowError as error:
            if broken is None:
                raise
            broken.note(file, error)
    names = [contract.flow for contract in found]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise InputError(
            t("Two files hold the flow {flow}, so it cannot be told which one is meant.", flow=double),
            help=t("Name one of the files, or a folder with only one of them."),
            code="FR3607",
        )
    return found


def _flows_in(folder: Path) -> list[Path]:
    found = sorted(folder.rglob(f"*{SUFFIX}"))
    return [file for file in found if not any(part.startswith(".") for part in file.relative_to(folder).parts)]


def _workspace_of(path: Path) -> Workspace:
    folder = (path if path.is_dir() else path.parent).resolve()
    root = next((one for one in (folder, *folder.parents) if (one / FILE).is_file()), folder)
    return load_workspace(root)
