"""AgentDojo's environment of the run that is on, for the tools of the benchmark.

Owns: which environment the tools work in, the calls that have reached it, and AgentDojo's values as plain JSON. One run at
a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Json = Any


class World:
    """One environment while a run works in it. `trace`: the calls that AgentDojo carried out, as (function, args)."""

    def __init__(self, tools: list[Any], env: Any) -> None:
        from agentdojo.functions_runtime import FunctionsRuntime

        self.env = env
        self.trace: list[tuple[str, dict[str, Json]]] = []
        self._runtime = FunctionsRuntime(tools)

    def call(self, name: str, args: Mapping[str, Json]) -> Json:
        """Have AgentDojo's own function run. Raises what it raises."""
        given = {key: value for key, value in args.items() if value is not None}
        result, _ = self._runtime.run_function(self.env, name, given, raise_on_error=True)
        self.trace.append((name, given))
        return plain(result)


_worlds: list[World] = []


@contextmanager
def entered(world: World) -> Iterator[World]:
    """Have the tools work in this world."""
    _worlds.append(world)
    try:
        yield world
    finally:
        _worlds.remove(world)


def call(name: str, args: Mapping[str, Json]) -> Json:
    """Return what a read gives, None where there is nothing of the kind."""
    try:
        return _worlds[-1].call(name, args)
    except ValueError:
        return None


def write(name: str, args: Mapping[str, Json]) -> dict[str, Json]:
    """Make a write and say whether it was done. AgentDojo refuses with ValueError, before it changes anything."""
    try:
        result = _worlds[-1].call(name, args)
    except ValueError as error:
        return {"done": False, "message": str(error)}
    message = result.get("message") if isinstance(result, dict) else None
    return {"done": True, "message": message or ""}


def plain(value: Any) -> Json:
    """Return a result as JSON."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value
