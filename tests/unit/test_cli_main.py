"""Checks the frame of the command line: loading, exit codes and how errors look. Commands have tests of their own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from flowrun import __version__
from flowrun.cli import main as frame
from flowrun.errors import ConfigError, Diagnostic, FlowError, InternalError, Span

HEAVY = {"openai", "instructor", "temporalio", "sklearn", "asyncio", "pydantic", "jinja2", "rich", "sqlite3"}

Raise = Callable[[BaseException], int]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Raise:
    """Run the program with its one command raising the given exception."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def run(error: BaseException) -> int:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(frame.LazyGroup, "list_commands", lambda self, ctx: ["broken"])
        monkeypatch.setattr(frame.LazyGroup, "get_command", lambda self, ctx, cmd_name: command)
        return frame.main(["broken"])

    return run


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--version"]) == 0
    assert capsys.readouterr().out == f"flowrun {__version__}\n"


def test_usage_errors_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--nonsense"]) == 2
    assert frame.main(["nonsense"]) == 2
    assert "no such command: 'nonsense'" in capsys.readouterr().err


def test_unknown_command_names_the_near_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(frame.LazyGroup, "list_commands", lambda self, ctx: ["lint", "run"])
    assert frame.main(["lnit"]) == 2
    assert "did you mean 'lint'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", frame.COMMANDS)
def test_commands_load(name: str) -> None:
    entry = frame.COMMANDS[name]
    if importlib.util.find_spec(entry.target.partition(":")[0]) is None:
        pytest.skip("not written yet")
    command = frame.cli.get_command(click.Context(frame.cli), name)
    assert command is not None
    assert command.help


def test_help_loads_no_command_and_nothing_heavy() -> None:
    code = (
        "import sys; from flowrun.cli.main import COMMANDS, main; main(['--help']); "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert loaded & HEAVY == set()
    assert loaded & {entry.target.partition(":")[0] for entry in frame.COMMANDS.values()} == set()


def test_known_error(fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(ConfigError("no workspace here", help="run `flowrun init`")) == 3
    assert capsys.readouterr().err == "error[FR2000]: no workspace here\n  help: run `flowrun init`\n"


def test_flow_error_counts_the_other_findings(fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        Diagnostic(code="FR1003", rule="unknown-key", message=f"unknown key {key!r}", span=Span("f.yaml", 2, 1))
        for key in "ab"
    ]
    assert fail(FlowError(found)) == 3
    assert capsys.readouterr().err == (
        "error[FR1003]: f.yaml:2:1: unknown key 'a'\n  note: 1 more finding; `flowrun lint` shows all\n"
    )


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError("x"), "error[FR9001]: internal error: KeyError: 'x'"),
        (ValueError("one\ntwo"), "error[FR9001]: internal error: ValueError: one"),
        (AssertionError(), "error[FR9001]: internal error: AssertionError"),
        (InternalError("path used twice"), "error[FR9001]: internal error: path used twice"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_defect_is_one_line_and_a_log(
    fail: Raise, capsys: pytest.CaptureFixture[str], tmp_path: Path, error: Exception, line: str
) -> None:
    assert fail(error) == 1
    first, hint = capsys.readouterr().err.splitlines()
    (log,) = tmp_path.glob("flowrun-error-*.log")
    assert first == line
    assert str(log) in hint
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_debugging_shows_the_traceback(
    fail: Raise, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWRUN_DEBUG", "1")
    assert fail(KeyError("x")) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interrupts_end_with_130(fail: Raise) -> None:
    assert fail(KeyboardInterrupt()) == 130
    assert fail(click.Abort()) == 1


def test_closed_pipe_is_quiet() -> None:
    program = [sys.executable, "-m", "flowrun", "--help"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
