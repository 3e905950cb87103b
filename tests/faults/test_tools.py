"""Tools that do what no tool should: the run ends as its flow says, no effect is lost or doubled, and nobody sees a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flowrun.app.runs import open_app
from flowrun.app.workspace import load_workspace
from flowrun.core.events import Doubted, Returned
from flowrun.ports.tools import ToolRequest, ToolResult
from flowrun.runtimes.answers import LARGEST, NotJson, fit
from flowrun.values.size import exceeds
from tests.faults.place import CONFIG, FLOW, Place

RAISES = {
    "error": 'raise ValueError("Ana Meier, ana@example.com")',
    "exit": "raise SystemExit(0)",
    "key": "raise KeyboardInterrupt",
    "base": "raise type('Odd', (BaseException,), {})()",
    "deep": "def f(): return f()\nf()",
    "memory": "raise MemoryError",
    "closed": 'raise ConnectionResetError("closed half-way")',
    "500": 'import urllib.error\nraise urllib.error.HTTPError("http://x", 500, "broken", None, None)',
}
GARBAGE = {
    "bytes": "return b'\\xff\\xfe'",
    "object": "return object()",
    "surrogate": "return '\\ud800'",
    "circle": "x = []\nx.append(x)\nreturn x",
    "nan": "return float('nan')",
    "other type": "return {'a': 1}",
    "deep": "x = []\nfor _ in range(90_000):\n    x = [x]\nreturn x",
}
DIGITS = [lambda: 10**5000]
"""More than Python writes out; made late, since pytest would write it."""
HUGE = "return 'x' * 200_000_000"


async def run_of(place: Place) -> tuple[Any, list[Any]]:
    with open_app(load_workspace(place.folder, f"sqlite:///{place.folder}/runs.db")) as app:
        result = await app.submit("pay", {"id": "i-1", "who": "ana"})
        events = [stored.event for stored in app.journal.events(result.run)]
        await app.aclose()
    return result, events


def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let back-offs take no time."""

    async def sleep(self: object, seconds: float) -> None:
        return

    monkeypatch.setattr("flowrun.adapters.clock.SystemClock.sleep", sleep)


@pytest.mark.parametrize("what", RAISES)
async def test_a_read_that_raises_fails_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    at_once(monkeypatch)
    place = Place(tmp_path / "w", balance=RAISES[what])
    result, _ = await run_of(place)
    assert (result.outcome, place.effects()) == ("failed", {})
    assert "bank.balance failed" in result.reason
    assert place.asked()["balance"] == (4 if what in ("closed", "500") else 1)  # a connection may come back


@pytest.mark.parametrize("what", RAISES)
async def test_a_write_that_raises_is_repeated_with_its_key_or_stays_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    at_once(monkeypatch)
    always = Place(tmp_path / "w", pay=RAISES[what])
    result, _ = await run_of(always)
    assert (result.outcome, always.effects()) == ("in_doubt", {})
    after = 'done(f"pay {key}")\nif (HERE / "asked.log").read_text().count("pay") == 1:\n'
    once = Place(tmp_path / "v", pay=after + "".join(f"    {line}\n" for line in RAISES[what].splitlines()))
    result, _ = await run_of(once)
    assert (result.outcome, once.effects()) == ("completed", {"pay": 1, "thank": 1})


@pytest.mark.parametrize("what", GARBAGE)
async def test_garbage_of_a_read_is_no_output(tmp_path: Path, what: str) -> None:
    place = Place(tmp_path / "w", balance=GARBAGE[what])
    result, _ = await run_of(place)
    assert (result.outcome, place.effects()) == ("failed", {})


@pytest.mark.parametrize("what", GARBAGE)
async def test_garbage_of_a_write_hides_no_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    at_once(monkeypatch)
    place = Place(tmp_path / "w", pay='done(f"pay {key}")\n' + GARBAGE[what])
    result, events = await run_of(place)
    assert result.outcome in ("failed", "in_doubt") and place.effects() == {"pay": 1}
    told = [e for e in events if isinstance(e, Returned | Doubted) and e.tool == "bank.pay"]
    assert told, "the journal does not tell of the effect"
    assert (result.outcome == "in_doubt") is isinstance(told[-1], Doubted)


async def test_a_read_of_200_megabytes_fails(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", balance=HUGE)
    result, _ = await run_of(place)
    assert result.outcome == "failed" and "more than 200 kB" in result.reason


async def test_a_write_that_gives_back_200_megabytes_is_done_without_its_output(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", pay='done(f"pay {key}")\n' + HUGE)
    result, events = await run_of(place)
    assert (result.outcome, place.effects(), place.asked()["pay"]) == ("failed", {"pay": 1}, 1)
    assert "bank.pay was done, but its output is not kept: it gave back more than 200 kB." in result.reason
    (returned,) = [e for e in events if isinstance(e, Returned) and e.tool == "bank.pay"]
    assert returned.output is None and "200 kB" in returned.omitted
    assert result.usage.writes == 1


def test_a_huge_result_is_not_copied(tmp_path: Path) -> None:
    """The peak of the process stays near the one value that the tool itself made."""
    place = Place(tmp_path / "w", balance=HUGE, pay="(HERE / 'peak').write_text('')")
    # Not `getrusage`: its peak begins with that of the process that started this one.
    code = (
        "import asyncio, re, pathlib\nfrom flowrun.app.runs import open_app\n"
        "from flowrun.app.workspace import load_workspace\n"
        "with open_app(load_workspace()) as app:\n"
        "    r = asyncio.run(app.submit('pay', {'id': 'i', 'who': 'a'}))\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(r.outcome, int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)\n"
    )
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place.folder, capture_output=True, text=True, timeout=60, check=True
    )
    outcome, megabytes = done.stdout.split()
    assert outcome == "failed" and int(megabytes) < 450, "200 MB were copied"


async def test_a_tool_that_hangs_is_ended_by_its_time_and_the_process_is_not_kept(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", pay="threading.Event().wait()")
    actions = "actions:\n  balance: {effect: read}\n  pay: {within: 1s, once: none}\n  thank: {once: {argument: key}}\n"
    tools = place.folder / "bank.tools.yaml"
    tools.write_text(tools.read_text() + actions)
    done = place.call("run", "pay", "--input", str(place.input()), "--json")
    assert json.loads(done.stdout)["outcome"] == "in_doubt"


class Odd:
    """A source that keeps none of the port's promises."""

    def __init__(self, behaviour: Any) -> None:
        self._behaviour = behaviour

    def contracts(self) -> dict[str, Any]:
        return {}

    async def invoke(self, request: ToolRequest) -> ToolResult:
        made = self._behaviour()
        made = made[0]() if made is DIGITS else made
        if isinstance(made, BaseException):
            raise made
        return ToolResult(output=made)

    async def aclose(self) -> None:
        raise OSError("cannot close")


@pytest.mark.parametrize(
    "made", [ValueError("x"), SystemExit(1), {1: object()}, "\ud800", DIGITS, {"a": {1, 2}}, float("inf")]
)
async def test_an_adapter_that_breaks_its_promises_breaks_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Any
) -> None:
    at_once(monkeypatch)
    place = Place(tmp_path / "w")
    with open_app(load_workspace(place.folder)) as app:
        app.dispatch.tools = {"bank": Odd(lambda: made)}
        result = await app.submit("pay", {"id": "i-1", "who": "ana"})
        await app.aclose()
    assert result.outcome == "failed"


async def test_a_fact_that_cannot_be_read_is_missing_and_denies(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", balance="raise RuntimeError", config=CONFIG + "policies: [bank.policy.yaml]\n")
    (place.folder / "bank.policy.yaml").write_text(
        "policy: bank\nversion: 1\nfacts:\n  b: {call: bank.balance, with: {who: '${{ args.who }}'}}\n"
        "rules:\n  - {id: enough, tools: bank.pay, only_when: facts.b > 1, reason: Not enough.}\n"
    )
    flow = "\n".join(line for line in FLOW.splitlines() if "id: look" not in line)
    (place.folder / "flows" / "pay.flow.yaml").write_text(flow)
    for source in (None, {"bank": Odd(lambda: RuntimeError("not an AdapterError"))}):
        with open_app(load_workspace(place.folder)) as app:
            app.dispatch.tools = source or app.dispatch.tools  # type: ignore[assignment]
            result = await app.submit("pay", {"id": f"i-{source is None}", "who": "ana"})
        assert (result.outcome, place.effects()) == ("failed", {})
        assert "Not enough." in result.reason


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "a", [1, {"a": "ü"}], {"a": []}, "x" * 199_000])
def test_what_fits_comes_back_as_it_is(value: Any) -> None:
    assert fit(value) == value and not exceeds(value, LARGEST)


@pytest.mark.parametrize(
    "value", ["x" * 200_001, "ü" * 100_001, "\x00" * 40_000, [0] * 100_001, {str(n): "x" * 10 for n in range(20_000)}]
)
def test_what_is_too_large_is_told_before_it_is_written(value: Any) -> None:
    with pytest.raises(ValueError, match="more than 200 kB"):
        fit(value)


def test_what_holds_itself_or_is_no_number_is_not_json() -> None:
    circle: dict[str, Any] = {"a": [1]}
    circle["a"].append(circle)
    for value, why in ((circle, "holds itself"), ([float("nan")], "nan"), ({"a": {"b": float("inf")}}, "inf")):
        with pytest.raises(NotJson, match=why):
            fit(value)
    shared = ["x"]
    assert fit([shared, shared]) == [["x"], ["x"]]


async def test_a_write_that_gives_back_no_json_is_in_doubt(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", flow="\n".join(line for line in FLOW.splitlines() if "id: look" not in line))
    with open_app(load_workspace(place.folder)) as app:
        app.dispatch.tools = {"bank": Odd(lambda: float("nan"))}
        result = await app.submit("pay", {"id": "i-1", "who": "ana"})
        kinds = [type(stored.event).__name__ for stored in app.journal.events(result.run)]
        await app.aclose()
    assert "Doubted" in kinds and result.outcome != "completed"


def test_what_is_held_open_is_closed_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flowrun.adapters.models.routed import RoutedModels
    from flowrun.adapters.tools.declared import Declared
    from flowrun.cli.main import main

    closed: list[str] = []

    async def close(self: object) -> None:
        closed.append(type(self).__name__)

    for kind in (Declared, RoutedModels):
        monkeypatch.setattr(kind, "aclose", close)
    place = Place(tmp_path / "w")
    where = ("--workspace", str(place.folder), "--store", f"sqlite:///{place.folder}/s.db")
    assert main(["run", "pay", "--input", str(place.input()), *where]) == 0
    assert sorted(closed) == ["Declared", "RoutedModels"]
