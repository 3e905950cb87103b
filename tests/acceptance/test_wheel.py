"""Checks that the wheel holds every file of the package and nothing else, and that it runs on its own."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "runner": "flowrun",
    "adapters": "flowrun/adapters",
    "flows": "flowrun/flows",
    "schemas": "flowrun/schemas",
}
SUFFIXES = set(".py .typed .yaml .json .jsonl .csv .md .txt .pot .sql .html .css .js .svg".split())  # noqa: SIM905
PROGRAM = """
import sys, flowrun
from flowrun.cli.main import main
print(flowrun.__file__)
sys.exit(main(["--version"]))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build as a release is built: the sdist from the checkout, the wheel from the sdist."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = out.glob("*.whl")
    return built


def expected() -> set[str]:
    """What the package must hold, under the names it has in the wheel."""
    return {
        f"{package}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, package in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in SUFFIXES and "__pycache__" not in path.parts
    }


def test_wheel_holds_every_file_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.endswith("/")}
    packaged = {name for name in names if name.startswith("flowrun/")}
    assert expected() - packaged == set()
    assert packaged - expected() == set()
    (info,) = {name.partition("/")[0] for name in names - packaged}
    assert info.startswith("flowrun_ai-") and info.endswith(".dist-info")
    points = zipfile.ZipFile(wheel).read(f"{info}/entry_points.txt").decode()
    assert "[pytest11]\nflowrun = flowrun.pytest_plugin" in points


def test_wheel_runs_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    place, version = done.stdout.splitlines()
    assert Path(place) == tmp_path / "flowrun" / "__init__.py"
    assert version.startswith("flowrun ")
