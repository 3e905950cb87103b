"""The entry point of the command line: finds the command, and turns every error into one readable line.

Owns: the table of commands, lazy loading, exit codes, how errors are shown. What a command does lives in its
own file (`flowrun.cli.<file>`, object `command`), which is imported only when that command is used.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import click

from flowrun import __version__
from flowrun.cli import output
from flowrun.errors import FlowError, FlowrunError, InternalError
from flowrun.words import speak, t

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells use it."""
CLOSED_PIPE = 141
"""Exit code when the reader of stdout went away, as shells use it; not 1, since no run failed."""


class Lazy(NamedTuple):
    """A command that is not loaded yet."""

    target: str
    """Where it is, as `module:attribute`."""
    summary: str
    """Its line in `flowrun --help`, which must not import the command."""


COMMANDS: Mapping[str, Lazy] = {
    "demo": Lazy("flowrun.cli.demo:command", "Run a bundled flow from start to end, offline."),
    "init": Lazy("flowrun.cli.init:command", "Create a workspace from a template."),
    "lint": Lazy("flowrun.cli.lint:command", "Check flows, policies and tools without running them."),
    "lsp": Lazy("flowrun.cli.lsp:command", "Serve an editor: findings, completion and help while you type."),
    "explain": Lazy("flowrun.cli.explain:command", "Say what a flow may do at worst, on one page."),
    "diff": Lazy("flowrun.cli.diff:command", "Say what a change lets flows do."),
    "prove": Lazy("flowrun.cli.prove:command", "Say whether a thing can happen in a flow."),
    "run": Lazy("flowrun.cli.run:command", "Run a flow."),
    "resume": Lazy("flowrun.cli.resume:command", "Continue runs that were stopped or are due."),
    "cancel": Lazy("flowrun.cli.cancel:command", "Stop a run for good."),
    "halt": Lazy("flowrun.cli.halt:command", "Stop every call of a tool, a flow or a subject at once."),
    "runs": Lazy("flowrun.cli.runs:command", "List runs."),
    "writes": Lazy("flowrun.cli.writes:command", "List writes and what became of each."),
    "show": Lazy("flowrun.cli.show:command", "Show what happened in a run."),
    "why": Lazy("flowrun.cli.why:command", "Say what happened, who must act, what waiting costs."),
    "metrics": Lazy("flowrun.cli.metrics:command", "Show figures over runs, each with its count."),
    "inbox": Lazy("flowrun.cli.inbox:command", "List what waits for a person."),
    "approve": Lazy("flowrun.cli.approve:command", "Approve a proposed write."),
    "reject": Lazy("flowrun.cli.reject:command", "Reject a proposed write."),
    "edit": Lazy("flowrun.cli.edit:command", "Change a proposed write; it is decided again."),
    "answer": Lazy("flowrun.cli.answer:command", "Answer a question of a run."),
    "settle": Lazy("flowrun.cli.settle:command", "Say whether a write in doubt was done."),
    "close": Lazy("flowrun.cli.close:command", "Close a hand-off."),
    "forget": Lazy("flowrun.cli.forget:command", "Erase what is stored about a person."),
    "test": Lazy("flowrun.cli.test:command", "Run the tests of flows."),
    "chaos": Lazy("flowrun.cli.chaos:command", "Kill the tests of a flow at every boundary and count."),
    "replay": Lazy("flowrun.cli.replay:command", "Ask what recorded runs would come to today."),
    "schema": Lazy("flowrun.cli.schema:command", "List and show record schemas, and renew those for editors."),
    "records": Lazy("flowrun.cli.records:command", "List and export the records that runs wrote."),
    "tools": Lazy("flowrun.cli.tools:command", "List tools and what they may do."),
    "audit": Lazy("flowrun.cli.audit:command", "Show the trail, sign it and prove it."),
    "doctor": Lazy("flowrun.cli.doctor:command", "Look whether the store is whole, and what can be read of it."),
    "event": Lazy("flowrun.cli.event:command", "Send an event to a waiting run."),
}
"""Every command of the program; one whose file is not there is neither listed nor found."""


class LazyGroup(click.Group):
    """A group that imports a command only when it is used."""

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order of the table, since that order tells a story."""
        return [name for name, entry in self.lazy.items() if exists(entry)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that was asked for."""
        entry = self.lazy.get(cmd_name)
        if entry is None or not exists(entry):
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise InternalError(f"{entry.target} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one, name what may have been meant."""
        name = args[0]
        if not name.startswith("-") and name not in (known := self.list_commands(ctx)):
            near = difflib.get_close_matches(name, known, n=1)
            ctx.fail(
                t("no such command: {name}; did you mean {near}?", name=repr(name), near=repr(near[0]))
                if near
                else t("no such command: {name}", name=repr(name))
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing any."""
        rows = [(name, self.lazy[name].summary) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments and answer --help and --version."""
        with quiet_pipe():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what its error says to do is said with the places that it was given."""
        with quiet_pipe():
            try:
                return super().invoke(ctx)
            except FlowrunError as error:
                if error.help and ctx.meta:
                    from flowrun.cli.options import GIVEN, with_places

                    error.help = with_places(error.help, ctx.meta.get(GIVEN, {}))
                raise


@contextlib.contextmanager
def quiet_pipe() -> Iterator[None]:
    """Let a reader that goes away (`flowrun runs | head`) end the program quietly, and not with click's 1."""
    try:
        yield
    except BrokenPipeError:
        output.forget_stdout()
        raise click.exceptions.Exit(CLOSED_PIPE) from None


def exists(entry: Lazy) -> bool:
    """Whether the command's file is installed; looks for it without running it."""
    return importlib.util.find_spec(entry.target.partition(":")[0]) is not None


@click.group("flowrun", cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flowrun", message="%(prog)s %(version)s")
def cli() -> None:
    """Run declarative AI flows: every act judged, done once and explained."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; exceptions get out only under FLOWRUN_DEBUG=1.

    A command ends with a code other than 0 by returning it, by `ctx.exit(code)` or by raising `FlowrunError`.
    """
    arguments = None if argv is None else list(argv)
    speak(os.environ.get("FLOWRUN_LANGUAGE"))
    try:
        result = cli.main(args=arguments, prog_name="flowrun", standalone_mode=False)
        sys.stdout.flush()  # a closed pipe shows here at the latest, not while Python shuts down
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as error:
        # click makes an Abort of Ctrl-C and also of an input that ends before a question is answered
        if isinstance(error.__cause__ or error.__context__, EOFError):
            output.error_line(t("The input ended before the question was answered."))
            return click.UsageError.exit_code
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        output.forget_stdout()
        return CLOSED_PIPE
    except Exception as error:
        if os.environ.get("FLOWRUN_DEBUG", "") not in ("", "0"):
            raise
        return show_error(error)
    return result if isinstance(result, int) else 0


def show_error(error: Exception) -> int:
    """Print on stderr what is wrong and what to do, without a traceback; return the exit code."""
    if isinstance(error, FlowError):
        output.error_line(findings(error))
        return error.exit_code
    if isinstance(error, FlowrunError) and not isinstance(error, InternalError):
        output.error_line(harmless(f"error[{error.code}]: {error.message}"))
        if error.help:
            output.error_line(harmless(t("help: {text}", text=error.help)))
        return error.exit_code
    return show_defect(error)


def harmless(text: str) -> str:
    """Return a text that nobody has looked at without the secrets of the environment."""
    from flowrun import wiring
    from flowrun.privacy.scrub import Scrubber

    try:
        return Scrubber(wiring.known_secrets(())).text(text)
    except FlowrunError:  # the file of secrets cannot be read, so what is in it is not known
        return text


def show_defect(error: Exception) -> int:
    """Print a defect of flowrun as one line, and put the traceback into a file that can be sent."""
    code = error.code if isinstance(error, FlowrunError) else InternalError.code
    text = str(error).strip().partition("\n")[0]
    what = text if isinstance(error, InternalError) else f"{type(error).__name__}: {text}".rstrip(": ")
    output.error_line(harmless(f"error[{code}]: {t('internal error: {what}', what=what)}"))
    log = output.write_log(error, version=__version__, harmless=harmless)
    output.error_line(
        t("help: please report it with {log}; FLOWRUN_DEBUG=1 shows where it broke", log=log)
        if log
        else t("help: please report it; FLOWRUN_DEBUG=1 shows where it broke")
    )
    return InternalError.exit_code


def findings(error: FlowError) -> str:
    """Return the findings as `flowrun lint` shows them."""
    from flowrun.lang.files import read_source
    from flowrun.lint.reporters.text import render_text

    texts: dict[str, str] = {}
    for file in {found.span.file for found in error.diagnostics}:
        # A file that cannot be read (any more) is shown without its lines.
        with contextlib.suppress(FlowrunError):
            texts[file] = read_source(file).text
    return render_text(error.diagnostics, texts).rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
