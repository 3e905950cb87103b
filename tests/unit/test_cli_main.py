"""Checks the frame of the command line: loading, exit codes, how errors look. Commands have own tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from flowrun import __version__
from flowrun.cli import main as frame
from flowrun.cli import output
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
    assert capsys.readouterr().err == "error[FR2000]: no workspace here\nhelp: run `flowrun init`\n"


def test_flow_error_shows_every_finding_with_its_place(fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
    found = [
        Diagnostic(code="FR1003", rule="unknown-key", message=f"unknown key {key!r}", span=Span("f.yaml", line, 1))
        for line, key in enumerate("ab", 1)
    ]
    assert fail(FlowError(found)) == 3
    shown = capsys.readouterr().err
    assert "f.yaml:1:1" in shown and "unknown key 'a'" in shown
    assert "f.yaml:2:1" in shown and "unknown key 'b'" in shown


def test_text_from_outside_cannot_steer_the_terminal(fail: Raise, capsys: pytest.CaptureFixture[str]) -> None:
    assert fail(ConfigError("a\x1b[2Jb\u202ec")) == 3
    assert capsys.readouterr().err == "error[FR2000]: a\\x1b[2Jb\\u202ec\n"


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


def test_the_log_is_its_owners_alone(fail: Raise, tmp_path: Path) -> None:
    fail(KeyError("x"))
    (log,) = tmp_path.glob("flowrun-error-*.log")
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("error", [KeyError("x"), ConfigError("x")])
def test_debugging_raises(fail: Raise, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setenv("FLOWRUN_DEBUG", "1")
    with pytest.raises(type(error)):
        fail(error)


def test_interrupts_end_with_130(fail: Raise) -> None:
    assert fail(KeyboardInterrupt()) == 130
    assert fail(click.Abort()) == 130


def test_an_input_that_ends_too_early_is_wrong_usage(fail: Raise) -> None:
    assert fail(EOFError()) == 2


def test_a_pipe_that_closes_at_work_is_quiet(fail: Raise, capfd: pytest.CaptureFixture[str]) -> None:
    assert fail(BrokenPipeError()) == 141
    assert capfd.readouterr().err == ""


def test_a_pipe_that_is_closed_from_the_start_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = [sys.executable, "-m", "flowrun", "--help"]
    done = subprocess.run(program, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (1, 1), (4, 4)])
def test_a_command_returns_its_exit_code(monkeypatch: pytest.MonkeyPatch, value: int | None, code: int) -> None:
    command = click.Command("probe", callback=lambda: value)
    monkeypatch.setattr(frame.LazyGroup, "list_commands", lambda self, ctx: ["probe"])
    monkeypatch.setattr(frame.LazyGroup, "get_command", lambda self, ctx, cmd_name: command)
    assert frame.main(["probe"]) == code


def test_a_missing_file_takes_one_command_away_and_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = {
        "gone": frame.Lazy("flowrun.cli.no_such_file:command", "Gone."),
        "here": frame.Lazy("os:x", "Here."),
    }
    monkeypatch.setattr(frame.cli, "lazy", table)
    assert frame.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert "Here." in shown and "Gone." not in shown
    assert frame.main(["gone"]) == 2


def test_a_table_in_a_pipe_is_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["run", "outcome"], [["r-1", "completed"], ["r-20", None]])
    assert capsys.readouterr().out == "run   outcome\nr-1   completed\nr-20\n"


def test_json_is_indented_and_keeps_letters(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"run": "r-1", "reason": "Zürich"})
    assert capsys.readouterr().out == '{\n  "run": "r-1",\n  "reason": "Zürich"\n}\n'


def test_a_terminal_gets_the_same_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda stream: True)
    output.table(["run", "why"], [["r-1", "[bold]a\x1b[2J"], ["r-2", None]])
    output.say("done [ok]", style="green")
    with output.progress("Waiting"):
        output.note("still here")
    shown = capsys.readouterr()
    assert "[bold]a\\x1b[2J" in shown.out and "done [ok]" in shown.out
    assert "still here" in shown.err and "\x1b[2J" not in shown.out + shown.err


def test_progress_goes_to_stderr_and_results_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("Waiting"):
        output.say("a result", style="bold")
    assert capsys.readouterr() == ("a result\n", "Waiting\n")
