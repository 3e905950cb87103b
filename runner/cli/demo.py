"""`flowrun demo`: the bundled flow from message to record, told step by step.

Owns: how the story is printed. The story itself is `app.demo`'s.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import click

from flowrun.cli.options import wait_for
from flowrun.cli.output import note, say
from flowrun.cli.run_text import TONES
from flowrun.words import t


@click.command("demo")
def command() -> None:
    """Run the bundled support flow in a fresh temporary workspace: offline, without a key, in seconds.

    \b
    Example:
      flowrun demo
    """
    root = Path(tempfile.mkdtemp(prefix="flowrun-demo-"))
    note(t("A fresh workspace in {root}; no network, no key.", root=root))
    wait_for(tell(root))


async def tell(root: Path) -> None:
    """Print each scene as it happens."""
    from flowrun.app.demo import story

    number = 0
    async for scene in story(root):
        number += 1
        say(f"\n{number}. {scene.title}", style=f"bold {TONES.get(scene.tone, '')}".strip())
        for line in scene.lines:
            say(f"   {line}")
        for line in [*to_get_there(), *scene.commands] if scene.commands else ():
            say(f"     {line}")


def to_get_there() -> list[str]:
    """Return what this shell needs before the commands work: `flowrun` may stand in a .venv only, and FLOWRUN_STORE may
    name another store.
    """
    lines = []
    program = Path(sys.argv[0]).absolute()
    if shutil.which("flowrun") is None and program.name == "flowrun":
        lines.append(f'export PATH={shlex.quote(str(program.parent))}:"$PATH"')
    if os.environ.get("FLOWRUN_STORE"):
        lines.append("unset FLOWRUN_STORE")
    return lines
