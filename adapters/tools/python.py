"""Tools that are Python functions.

Owns: the public `tool` decorator, the contract that is read from a function's type hints, and the adapter
that calls such functions. What the hints become as JSON Schema is in `python_schema.py`; loading a user's
module is in `python_module.py`. No rule, budget or retry may live here: those belong to the guard and the
core.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from flowrun.adapters.tools.threads import call_in_task, call_in_thread
from flowrun.errors import AdapterError, ConfigError
from flowrun.plan.model import ToolPlan
from flowrun.ports.tools import ToolRequest, ToolResult
from flowrun.values.size import exceeds, unwritable
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.adapters.tools.python_schema import Signature

__all__ = ["NotDone", "PythonTools", "ToolMark", "mark_of", "tool"]

F = TypeVar("F", bound=Callable[..., Any])

_ONCE = ("argument", "natural", "confirm_with")
_MOST_TEXT = 200
LARGEST = 200_000
"""Bytes of a result; it is looked at before anything is made of it, so that a huge one is not copied."""
LASTING = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError)
"""Errors of the system that a repeat does not mend; every other one of a read may pass."""


class NotDone(Exception):
    """Raised by a write to say that it surely did nothing; any other exception of a write leaves it in doubt.

    `retryable`: the same call may succeed later.
    """

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.retryable = retryable


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolMark:
    """What `tool` wrote on a function. `within` in seconds for one attempt."""

    name: str
    title: str
    effect: str
    once: dict[str, Any] | None
    within: float


def tool(
    *,
    effect: Literal["read", "write"],
    once: Mapping[str, Any] | None = None,
    name: str | None = None,
    title: str | None = None,
    within: float = 30.0,
) -> Callable[[F], F]:
    """Mark a function, sync or async, as a tool; the function itself stays as it is.

    `effect` is `write` where anything outside changes. `once` says how a repeat of a write is made
    harmless: `{"argument": "key"}` (that argument receives the idempotency key and is hidden from the
    model), `{"natural": [ARGS]}` (the same arguments are the same effect), `{"confirm_with": "action"}` (a
    read of the same module that finds what was done), or None: an unanswered call is never repeated.
    `title` is the first line of the docstring where left out; `within` is in seconds. Raises `ConfigError`
    for a mark that makes no sense.
    """
    if effect not in ("read", "write"):
        raise ConfigError(t("A tool's effect is read or write, not {effect}.", effect=repr(effect)), code="FR2301")
    if once is not None and (not isinstance(once, Mapping) or len(once) != 1 or next(iter(once)) not in _ONCE):
        raise ConfigError(
            t("`once` is {once}.", once=repr(once))
            if not isinstance(once, Mapping)
            else t("`once` is {once}.", once=repr(dict(once))),
            help=t('Write one of {"argument": NAME}, {"natural": [NAMES]}, {"confirm_with": ACTION}, or None.'),
            code="FR2302",
        )
    if within <= 0:
        raise ConfigError(t("`within` of a tool is a number of seconds above 0."), code="FR2303")

    def mark(function: F) -> F:
        doc = inspect.getdoc(function) or ""
        first = doc.strip().split("\n\n", 1)[0].replace("\n", " ").strip()
        plain = name or function.__name__
        function.__flowrun_tool__ = ToolMark(  # type: ignore[attr-defined]
            name=plain,
            title=title or first or plain.replace("_", " ").capitalize(),
            effect=effect,
            once=None if once is None else dict(once),
            within=within,
        )
        return function

    return mark


def mark_of(function: object) -> ToolMark | None:
    """Return what `tool` wrote on a function, or None."""
    found = getattr(function, "__flowrun_tool__", None)
    return found if isinstance(found, ToolMark) else None


class PythonTools:
    """The tools of one namespace, each a marked function.

    `inject` fills parameters (a client, a connection) that neither models nor flows see. `version` is the
    declared version of the source; with the module's text it is part of each contract's digest.
    """

    def __init__(
        self,
        namespace: str,
        functions: Iterable[Callable[..., Any]] | Mapping[str, Callable[..., Any]],
        *,
        inject: Mapping[str, Any] | None = None,
        version: str = "",
    ) -> None:
        listed = list(functions.values()) if isinstance(functions, Mapping) else list(functions)
        names = list(functions) if isinstance(functions, Mapping) else [None] * len(listed)
        self._namespace = namespace
        self._inject = dict(inject or {})
        self._version = version
        self._functions: dict[str, tuple[Callable[..., Any], ToolMark]] = {}
        self._writing: dict[str, Future[None]] = {}
        for given, function in zip(names, listed, strict=True):
            mark = mark_of(function)
            if mark is None:
                raise ConfigError(
                    t("{name} is not marked as a tool.", name=getattr(function, "__name__", function)),
                    help=t('Put @tool(effect="read") or @tool(effect="write") above it.'),
                    code="FR2304",
                )
            full = f"{namespace}.{given or mark.name}"
            if full in self._functions:
                raise ConfigError(t("Two functions are called {full}.", full=full), code="FR2305")
            self._functions[full] = (function, mark)

    @functools.cached_property
    def _signatures(self) -> dict[str, Signature]:
        from flowrun.adapters.tools.python_schema import read_signature

        return {
            full: read_signature(
                function, key=(mark.once or {}).get("argument"), hidden=frozenset(self._inject), tool=full
            )
            for full, (function, mark) in self._functions.items()
        }

    @functools.cached_property
    def _contracts(self) -> dict[str, ToolPlan]:
        made = {}
        for full, (function, mark) in self._functions.items():
            signature = self._signatures[full]
            self._check_once(full, mark, signature)
            plan = ToolPlan(
                name=full,
                title=mark.title,
                effect=mark.effect,
                input=signature.input,
                output=signature.output,
                once=mark.once,
                within=mark.within,
                adapter="python",
            )
            source = source_of(function) + self._version.encode()
            digest = hashlib.sha256(msgspec.json.encode(plan, order="deterministic") + source).hexdigest()
            made[full] = msgspec.structs.replace(plan, digest=digest)
        return made

    def _check_once(self, full: str, mark: ToolMark, signature: Signature) -> None:
        once = mark.once or {}
        unknown = [name for name in once.get("natural", ()) if name not in signature.input["properties"]]
        if unknown:
            raise ConfigError(
                t("`once` of {full} names {unknown}, which it does not take.", full=full, unknown=", ".join(unknown)),
                code="FR2302",
            )
        action = once.get("confirm_with")
        if action is not None:
            confirming = self._functions.get(f"{self._namespace}.{action}")
            if confirming is None or confirming[1].effect != "read":
                raise ConfigError(
                    t(
                        "{full} is confirmed with {action}, which is not a read of {namespace}.",
                        full=full,
                        action=action,
                        namespace=self._namespace,
                    ),
                    code="FR2302",
                )

    def contracts(self) -> Mapping[str, ToolPlan]:
        """Return the contract of every function. Raises `ConfigError` where hints do not make one."""
        return self._contracts

    async def invoke(self, request: ToolRequest) -> ToolResult:
        """Call the function.

        Raises `AdapterError` as the port says: a write that ends in anything but a value or `NotDone` is in
        doubt.
        """
        found = self._functions.get(request.tool)
        if found is None:
            raise AdapterError(t("There is no tool {tool}.", tool=request.tool), code="FR4006")
        function, mark = found
        signature = self._signatures[request.tool]
        call = {**signature.arguments(request.args), **self._inject}
        if signature.key is not None:
            call[signature.key] = request.key
        write = mark.effect == "write"
        left = await self._alone(request, write)
        ended = self._begun(request.key) if write and request.key else None
        more = () if ended is None else (ended,)
        try:
            if inspect.iscoroutinefunction(function):
                value = await call_in_task(function, call, left, *more)
            else:
                async with asyncio.timeout(left):
                    value = await call_in_thread(function, call, *more)
        except (AdapterError, GeneratorExit):  # the latter: this call itself is being closed
            raise
        except NotDone as error:
            raise AdapterError(_told(request.tool, error), code="FR4002", retryable=error.retryable) from error
        except TimeoutError as error:
            raise AdapterError(
                t("{tool} gave no answer within {timeout} seconds.", tool=request.tool, timeout=f"{request.timeout:g}"),
                code="FR4004",
                retryable=not write,
                in_doubt=write,
            ) from error
        except BaseException as error:
            # Also SystemExit and the like: a tool ends its call, never the program. A cancellation is ours or the tool's.
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            again = not write and isinstance(error, OSError) and not isinstance(error, LASTING)
            raise AdapterError(_told(request.tool, error), code="FR4002", retryable=again, in_doubt=write) from error
        unfit = unwritable(value)
        if unfit:
            raise AdapterError(
                t("{tool} returned what is not JSON: {unfit}.", tool=request.tool, unfit=unfit),
                code="FR4003",
                in_doubt=write,
            )
        if exceeds(value, LARGEST):
            told = t("more than {largest} kB.", largest=LARGEST // 1000)
            if write:
                # It has returned, so it was done.
                return ToolResult(output=None, omitted=t("it gave back {told}", told=told))
            raise AdapterError(t("{tool} gave back {told}", tool=request.tool, told=told), code="FR4008")
        try:
            return ToolResult(output=signature.result(value))
        except Exception as error:
            # A write has run by now: without a readable result nobody can say what it did.
            raise AdapterError(
                t("{tool} returned what is not JSON ({name}).", tool=request.tool, name=type(error).__name__),
                code="FR4003",
                in_doubt=write,
            ) from error

    async def _alone(self, request: ToolRequest, write: bool) -> float:
        """Wait until no write with the request's key runs any more; return the seconds that are left.

        A function that was given up goes on in its thread. While it does, a repeat may do the same a second time, and a
        lookup that finds nothing proves nothing. Raises `AdapterError` (FR4019) where it does not end in time.
        """
        first = self._writing.get(request.key)
        if first is None:
            return request.timeout
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.wait([asyncio.wrap_future(first)], timeout=request.timeout)
        if not first.done():
            raise AdapterError(
                t("The first call still runs in this process, so nobody can say yet whether it is done."),
                code="FR4019",
                in_doubt=write,
            )
        return max(request.timeout - (loop.time() - began), 0.001)

    def _begun(self, key: str) -> Callable[[], None]:
        """Note that a write runs; return what is called when it has really ended."""
        running: Future[None] = Future()
        self._writing[key] = running

        def ended() -> None:
            if self._writing.get(key) is running:
                del self._writing[key]
            running.set_result(None)

        return ended

    async def aclose(self) -> None:
        """Nothing is held open."""


def _told(tool: str, error: BaseException) -> str:
    text = " ".join(str(error).split())
    short = text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
    name = type(error).__name__
    return t("{tool} failed: {error}", tool=tool, error=f"{name}: {short}" if short else name)


def source_of(function: Callable[..., Any]) -> bytes:
    """Return the bytes of the module that a function was written in, or its own code where there is no
    file.
    """
    target = inspect.unwrap(function)
    file = getattr(sys.modules.get(target.__module__), "__file__", None) or inspect.getsourcefile(target)
    if file is not None and Path(file).is_file():
        return Path(file).read_bytes()
    return bytes(target.__code__.co_code)
