"""Files of a Git revision, through the `git` program.

Owns: naming a revision, and laying its files out in a folder. Names are handed over as they are, never through a shell, and
after `--end-of-options`, so that none is read as an option. Files come from Git's objects, not from `git archive`: what
`.gitattributes` says of exports cannot hide a file from a comparison.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

from flowrun.errors import InputError
from flowrun.words import t

LARGEST = 16 * 1024 * 1024
"""Bytes of the largest file that is laid out; no file of a workspace is as large."""
WAIT = 60.0
_LINK, _MODULE = "120000", "160000"


class Revision:
    """A commit of the repository that a folder is in."""

    def __init__(self, folder: Path, commit: str) -> None:
        self.folder = folder
        self.commit = commit

    @cached_property
    def files(self) -> dict[str, tuple[str, str, int]]:
        """Mode, object and size of every file, by its path from the repository's root."""
        listed = _git(self.folder, "ls-tree", "-r", "-l", "-z", "--full-tree", self.commit)
        found: dict[str, tuple[str, str, int]] = {}
        for line in listed.decode("utf-8", "surrogateescape").split("\0"):
            about, _, path = line.partition("\t")
            if path and not about.startswith(_MODULE):
                mode, _, name, size = about.split()
                found[path] = (mode, name, int(size))
        return found

    def holds(self, path: str) -> bool:
        """Say whether there is a file at a path, or a folder."""
        return not path or any(file == path or file.startswith(f"{path}/") for file in self.files)

    def lay_out(self, prefix: str, target: Path) -> None:
        """Write the files below a path of the repository into a folder. Raises `InputError` (FR3603) for a link out of it."""
        wanted = [
            (mode, name, PurePosixPath(path).relative_to(prefix or "."))
            for path, (mode, name, size) in self.files.items()
            if size <= LARGEST and (not prefix or path.startswith(f"{prefix}/"))
        ]
        if any(".." in path.parts for _, _, path in wanted):  # no Git writes such a tree, but one can be made
            raise InputError(
                t("A file of {commit} leads out of its folder.", commit=self.commit[:12]),
                help=t("Compare the files themselves: give two folders."),
                code="FR3603",
            )
        links: list[tuple[Path, str]] = []
        for (mode, _, path), data in zip(wanted, self._contents([name for _, name, _ in wanted]), strict=True):
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if mode == _LINK:
                links.append((file, os.fsdecode(data)))
            else:
                file.write_bytes(data)
        for file, points_to in links:
            if (
                not (file.parent / points_to).resolve().is_relative_to(target.resolve())
                or Path(points_to).is_absolute()
            ):
                raise InputError(
                    t("The link {link} of {commit} leads out of its folder.", link=file.name, commit=self.commit[:12]),
                    help=t("Compare the files themselves: give two folders."),
                    code="FR3603",
                )
            file.symlink_to(points_to)

    def _contents(self, names: Sequence[str]) -> Iterator[bytes]:
        done = _run(self.folder, ["cat-file", "--batch"], "".join(f"{name}\n" for name in names).encode())
        at = 0
        for _ in names:
            end = done.index(b"\n", at)
            size = int(done[at:end].split()[2])
            yield done[end + 1 : end + 1 + size]
            at = end + 1 + size + 1


def revision(folder: Path, name: str) -> Revision | None:
    """Return the commit that a name means in the repository around a folder, None where it means none."""
    if not name or name.startswith("-"):
        return None
    try:
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except InputError:
        return None
    return Revision(folder, found.decode().strip())


def merge_base(folder: Path, one: Revision, other: Revision) -> Revision | None:
    """Return the commit at which two revisions parted, None where they have nothing in common."""
    try:
        return Revision(folder, _git(folder, "merge-base", one.commit, other.commit).decode().strip())
    except InputError:
        return None


def prefix_of(folder: Path) -> str:
    """Return the path of a folder from its repository's root, empty at the root."""
    return _git(folder, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").strip().rstrip("/")


def root_of(folder: Path) -> Path:
    """Return the folder at the root of the repository around a folder."""
    return Path(os.fsdecode(_git(folder, "rev-parse", "--show-toplevel")).rstrip("\n"))


def _git(folder: Path, *words: str) -> bytes:
    return _run(folder, list(words), b"")


def _run(folder: Path, words: Sequence[str], given: bytes) -> bytes:
    """Run git. Raises `InputError` (FR3602) where it is not there or says no."""
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], input=given, capture_output=True, check=False, timeout=WAIT, env=quiet
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            t("Git could not be asked: {why}.", why=type(error).__name__),
            help=t("Install git, or compare two folders."),
            code="FR3602",
        ) from None
    if done.returncode:
        why = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0] or t("it gave no reason")
        raise InputError(t("Git said no: {why}", why=why), help=t("Compare two folders instead."), code="FR3602")
    return done.stdout
