"""Python tools that exit, are cancelled or hang: a tool ends its call at most, never the program."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.tools import threads
from flowrun.adapters.tools.python import PythonTools, tool
from flowrun.adapters.tools.python_module import load_module_tools
from flowrun.errors import AdapterError, ConfigError
from flowrun.ports.tools import ToolRequest


@tool(effect="read")
def leaves(how: str) -> str:
    """Try to end the program."""
    raise {"exit": SystemExit(0), "key": KeyboardInterrupt(), "stop": StopIteration(), "close": GeneratorExit()}[how]


@tool(effect="write")
async def leaves_too() -> str:
    """Try to end the program."""
    raise SystemExit(0)


@tool(effect="write")
async def cancels() -> str:
    """Look as if it were cancelled."""
    raise asyncio.CancelledError


@pytest.mark.parametrize("how", ["exit", "key", "stop", "close"])
async def test_a_tool_cannot_end_the_program(how: str) -> None:
    with pytest.raises(AdapterError, match="failed") as caught:
        await PythonTools("t", [leaves]).invoke(
            ToolRequest(tool="t.leaves", args={"how": how}, key="", run="r", timeout=5)
        )
    assert not caught.value.retryable and not caught.value.in_doubt


@pytest.mark.parametrize("function", [leaves_too, cancels])
async def test_a_write_that_tries_to_end_the_program_is_in_doubt(function: Any) -> None:
    name = f"t.{function.__name__}"
    with pytest.raises(AdapterError, match=f"{name} failed") as caught:
        await PythonTools("t", [function]).invoke(ToolRequest(tool=name, args={}, key="", run="r", timeout=5))
    assert caught.value.in_doubt and not caught.value.retryable


async def test_our_own_cancellation_is_no_failure() -> None:
    @tool(effect="write")
    async def waits() -> str:
        """Wait."""
        await asyncio.Event().wait()
        return ""

    call = asyncio.create_task(
        PythonTools("t", [waits]).invoke(ToolRequest(tool="t.waits", args={}, key="", run="r", timeout=60))
    )
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_module_that_exits_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(ConfigError, match=r"bad.py:2: cannot be imported: SystemExit"):
        load_module_tools(tmp_path / "bad.py")


HANGS = """
import asyncio, threading
from flowrun.adapters.tools.python import PythonTools, tool
from flowrun.errors import AdapterError
from flowrun.ports.tools import ToolRequest

@tool(effect="read")
def hangs() -> str:
    "Hang."
    threading.Event().wait()
    return ""

async def main():
    try:
        await PythonTools("t", [hangs]).invoke(ToolRequest(tool="t.hangs", args={}, key="", run="r", timeout=0.01))
    except AdapterError as error:
        print(error.code)

asyncio.run(main())
"""


def test_a_tool_that_hangs_does_not_keep_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "FR4004\n"


async def test_threads_are_used_again_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len({await threads.call_in_thread(threading.get_ident, {}) for _ in range(20)}) == 1
    monkeypatch.setattr(threads, "MOST_AT_ONCE", 2)
    go = threading.Event()
    calls = [asyncio.create_task(threads.call_in_thread(go.wait, {})) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(AdapterError, match="2 tools run already") as caught:
        await threads.call_in_thread(go.wait, {})
    assert caught.value.retryable
    go.set()
    assert await asyncio.gather(*calls) == [True, True]


def late_writer(gate: threading.Event, made: list[str]) -> PythonTools:
    """A write that does its effect only once the gate opens, and a truthful lookup."""

    @tool(effect="write", once={"confirm_with": "look"})
    def late(what: str) -> str:
        """Do it late."""
        gate.wait(30)
        made.append(what)
        return what

    @tool(effect="read")
    def look(what: str) -> str | None:
        """Say whether it was done."""
        return what if what in made else None

    return PythonTools("t", [late, look])


async def test_a_lookup_waits_for_the_write_that_still_runs() -> None:
    """What is not there yet may come: a lookup beside the running call would prove nothing, and a repeat would do it twice."""
    gate, made = threading.Event(), list[str]()
    tools = late_writer(gate, made)
    args = {"what": "x"}
    with pytest.raises(AdapterError) as lost:
        await tools.invoke(ToolRequest(tool="t.late", args=args, key="k", run="r", timeout=0.05))
    assert lost.value.in_doubt
    for name in ("t.look", "t.late"):
        with pytest.raises(AdapterError, match="still runs") as early:
            await tools.invoke(ToolRequest(tool=name, args=args, key="k", run="r", timeout=0.05))
        assert early.value.code == "FR4019" and early.value.in_doubt is (name == "t.late")
    asyncio.get_running_loop().call_later(0.05, gate.set)
    found = await tools.invoke(ToolRequest(tool="t.look", args=args, key="k", run="r", timeout=20))
    assert (found.output, made) == ("x", ["x"])
    other = await tools.invoke(ToolRequest(tool="t.late", args={"what": "y"}, key="other", run="r", timeout=20))
    assert other.output == "y"


@pytest.mark.parametrize("kind", ["nan", "itself"])
async def test_what_is_not_json_leaves_a_write_in_doubt(kind: str) -> None:
    """A number that is none would become null on its way, and nobody would know."""

    @tool(effect="write")
    def gives() -> Any:
        """Give it back."""
        held: list[Any] = []
        held.append(held)
        return {"nan": {"amount": float("nan")}, "itself": held}[kind]

    with pytest.raises(AdapterError, match="not JSON") as caught:
        await PythonTools("t", [gives]).invoke(ToolRequest(tool="t.gives", args={}, key="k", run="r", timeout=5))
    assert caught.value.in_doubt and caught.value.code == "FR4003"
