"""What commands share: the options for workspace, store and person, and opening what they name.

Owns: those options, the use cases opened from them, and commands that are told to people with the same options in
them. What a command does lives in its own file.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.result import RunResult
    from flowrun.app.runs import App
    from flowrun.app.workspace import Workspace

PLACES = ("workspace", "store")
GIVEN = "flowrun.places"
"""Where a command's context keeps the places that it was given, for the text of an error that ends it."""
_GOES_ON = re.compile(r"\bflowrun (?:resume (?:--due|[0-9]\w+)|show [0-9]\w+|doctor\b)(?! --)")

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

WORKSPACE = click.option(
    "--workspace",
    type=click.Path(path_type=Path),
    metavar="DIR",
    callback=lambda ctx, param, value: _noted(ctx, param, value),
    help="Folder with flowrun.yaml; default: the nearest one upward from here.",
)
STORE = click.option(
    "--store",
    metavar="URL",
    callback=lambda ctx, param, value: _noted(ctx, param, value),
    help="Where runs are kept, for example sqlite:///runs.db; default: FLOWRUN_STORE, then flowrun.yaml, "
    "then sqlite:///.flowrun/flowrun.db.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
NO_RUN = click.option("--no-run", is_flag=True, help="Only store it; `flowrun resume` goes on later.")
AS = click.option("--as", "by", required=True, metavar="NAME", help="Who you are.")


REVEAL = click.option("--reveal", is_flag=True, help="Show marked fields too; needs --as a NAME with the owner role.")
BY = click.option("--as", "by", metavar="NAME", default="", help="Who you are; needed for --reveal.")


def revealing(command: F) -> F:
    """Add --reveal, and --as for it."""
    return REVEAL(BY(command))


def duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Read a duration into seconds, for options such as --since."""
    from flowrun.values.durations import parse_duration

    seconds = None if value is None else parse_duration(value)
    if value is not None and seconds is None:
        raise click.BadParameter(t("{value} is no duration; write 30d, 4h, 10m or 30s.", value=repr(value)))
    return seconds


def places(command: F) -> F:
    """Add --workspace and --store."""
    return WORKSPACE(STORE(command))


def with_places(text: str, given: Mapping[str, Any]) -> str:
    """Return a text in which the commands that go on with runs have the workspace and store that this one was given."""
    added = "".join(f" --{name} {shlex.quote(str(given[name]))}" for name in PLACES if given.get(name) is not None)
    return _GOES_ON.sub(lambda found: found[0] + added, text) if added else text


def _noted(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    ctx.meta.setdefault(GIVEN, {})[param.name] = value
    return value


def workspace_of(workspace: Path | None, store: str | None = None, *, whole: bool = True) -> Workspace:
    """Return the workspace that the options name; `whole` as for `load_workspace`."""
    from flowrun.app.workspace import load_workspace

    return load_workspace(workspace, store, whole=whole)


def store_file(workspace: Path | None, store: str | None = None) -> Path:
    """Return the file of the store that the options name."""
    from flowrun import wiring

    return wiring.store_path(workspace_of(workspace, store).store_url)


def store_of(workspace: Path | None, store: str | None) -> str:
    """Return the store that the options name; with --store the workspace may be broken."""
    from flowrun.app.workspace import absolute_store

    return absolute_store(store, workspace or Path.cwd()) if store else workspace_of(workspace).store_url


@contextmanager
def opened(
    workspace: Path | None,
    store: str | None,
    *,
    record: Path | None = None,
    replay: Path | None = None,
    ends: bool = False,
) -> Iterator[App]:
    """Open the use cases over the store that the options name; `ends` as for `open_app`."""
    from flowrun.app.runs import open_app

    models = None
    if record is not None or replay is not None:
        from flowrun import wiring

        models = wiring.models(record=record, replay=replay)
    with open_app(workspace_of(workspace, store, whole=not ends), models=models, ends=ends) as app:
        yield app


def wait_for(work: Coroutine[Any, Any, T], app: App | None = None, *, talks: bool = False) -> T:
    """Run one use case to its end.

    `app`: it drives runs, so that a signal lets it end in order, and its connections are closed. Not so for signals where
    it `talks`: a person at the terminal who presses Ctrl-C is heard at once.
    """
    import asyncio

    from flowrun.cli.signals import orderly

    async def whole() -> T:
        if app is None:
            return await work
        try:
            with contextlib.nullcontext() if talks else orderly(app.dispatch.drain):
                return await work
        finally:
            await app.aclose()

    return asyncio.run(whole())


def outcome_of(
    app: App, work: Coroutine[Any, Any, RunResult], *, talks: bool = False, reveal: str | None = None
) -> RunResult:
    """Run one use case to its end and return the run as it may be shown, with what it waits for by name.

    What a tool prints meanwhile goes to stderr, for stdout holds results alone; unless the use case `talks` there itself.
    `reveal`: who wants to see marked fields.
    """
    with contextlib.nullcontext() if talks else contextlib.redirect_stdout(sys.stderr):
        result = wait_for(work, app, talks=talks)
    return app.shown(with_names(app, result), reveal=reveal)


def with_names(app: App, result: RunResult) -> RunResult:
    """Return a run whose timers and awaited events are named as its journal names them."""
    if not any("id" not in entry for entry in result.waiting):
        return result
    import msgspec

    from flowrun.app.whys import with_waits

    events = [stored.event for stored in app.journal.events(result.run)]
    return msgspec.structs.replace(result, waiting=with_waits(events, result.waiting))


def command_line(text: str) -> str:
    """Return a command for people to copy: with the workspace and store that this one was given."""
    context = click.get_current_context(silent=True)
    given = {} if context is None else context.params
    for name in PLACES:
        if given.get(name) is not None:
            text += f" --{name} {shlex.quote(str(given[name]))}"
    return text
