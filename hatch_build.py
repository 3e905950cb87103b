"""Build hook: makes an editable install look like the wheel.

The wheel maps runner/ to `flowrun` and adapters/, flows/, schemas/ to its children. A path rewrite cannot be
expressed in a .pth file, so an editable install points at .dev/, and this hook fills .dev/flowrun with links
to the real rooms. After a new top-level entry of runner/, call `make links`. No other build logic lives here.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EditableLinks(BuildHookInterface):  # type: ignore[type-arg]
    """Lay out .dev/flowrun as links, so that an editable install looks like the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each build; only an editable build needs links."""
        if version == "editable":
            lay_out(Path(self.root))


def lay_out(root: Path) -> None:
    """Bring .dev/flowrun up to date without a moment at which a valid link is missing."""
    package = root / ".dev" / "flowrun"
    package.mkdir(parents=True, exist_ok=True)
    wanted = {source.name: source for source in sources(root)}
    for entry in list(package.iterdir()):
        if entry.name not in wanted or not is_link_to(entry, wanted[entry.name]):
            remove(entry)
    for name, source in wanted.items():
        if not (package / name).exists():
            link(source, package / name)


def sources(root: Path) -> list[Path]:
    """What the package `flowrun` consists of: the entries of runner/ and its three children."""
    rooms = [entry for entry in (root / "runner").iterdir() if entry.name != "__pycache__"]
    return [*sorted(rooms), root / "adapters", root / "flows", root / "schemas"]


def is_link_to(entry: Path, source: Path) -> bool:
    """Whether `entry` leads to `source` through a symbolic link, a junction or a hard link."""
    return entry.exists() and entry.samefile(source)


def remove(entry: Path) -> None:
    """Remove a link (never what it points at) or a stray file."""
    if entry.is_symlink() or entry.is_file():
        entry.unlink()
        return
    try:
        entry.rmdir()  # a junction, or an empty folder
    except OSError:
        shutil.rmtree(entry)


def link(source: Path, target: Path) -> None:
    """Link with a relative symlink; without the right to (Windows), a junction or a hard link."""
    try:
        target.symlink_to(os.path.relpath(source, target.parent), target_is_directory=source.is_dir())
    except OSError:
        if source.is_dir():
            import _winapi

            _winapi.CreateJunction(str(source), str(target))  # type: ignore[attr-defined,unused-ignore]
        else:
            os.link(source, target)


if __name__ == "__main__":
    lay_out(Path(__file__).resolve().parent)
