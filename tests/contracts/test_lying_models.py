"""A model server that lies about what it used, breaks off or says nothing: what is spent stays under every limit.

The server is a real one on this machine, reached through the real adapter by real runs; what it really worked is counted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

import msgspec
import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.models.openai import OpenAIModels
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, ModelFailed, ModelReplied, ModelStarted, RunStarted
from flowrun.plan.model import AskStep, BudgetPlan, ModelPlan
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.local import LocalRuntime
from flowrun.testing.fakes import FakeClock
from tests.contracts.models_server import Server, completion, send
from tests.property.plans import lit, make_plan
from tests.unit.core.kit import FINAL

pytestmark = pytest.mark.loopback
PRICE = 2_000_000
WRITTEN = 40
STEPS = 6
Lie = Callable[["Counted"], Any]


class Counted(Server):
    """Counts the tokens that it really read and wrote: one for four bytes, as models do at best."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs = 0

    @property
    def worked(self) -> int:
        return sum(len(msgspec.json.encode(sent["messages"])) // 4 + WRITTEN for sent in self.requests)

    def cut(self, handler: Any) -> None:
        """Begin an answer, and close the connection in the middle."""
        handler.send_response_only(200)
        handler.send_header("content-length", "5000")
        handler.end_headers()
        handler.wfile.write(b'{"id": "x", "choices": [{"index": 0, "mess')
        handler.wfile.flush()
        handler.close_connection = True

    def silent(self, handler: Any) -> None:
        """Say nothing for as long as somebody listens."""
        self.released.wait(20)

    def half(self, handler: Any) -> None:
        """Say that all is well, and send half of a JSON text."""
        send(handler, 200, b'{"id": "x", "choices": [')


def told(usage: Any) -> Lie:
    return lambda server: completion("hello", usage=usage)


def counts(read: Any, written: Any) -> Lie:
    return told({"prompt_tokens": read, "completion_tokens": written})


LIES: dict[str, Lie] = {
    "no usage": told(None),
    "negative": counts(-500, -20),
    "huge": counts(10**15, 10**15),
    "nothing": counts(0, 0),
    "half of it": counts(300, None),
    "text": counts("many", "more"),
    "too much written": counts(10, 10**9),
    "cut": lambda server: server.cut,
    "half a text": lambda server: server.half,
    "silence": lambda server: server.silent,
}


@pytest.fixture
def server() -> Iterator[Counted]:
    running = Counted()
    yield running
    running.close()


def plan_with(url: str, budget: BudgetPlan, ceiling: BudgetPlan) -> CompiledPlan:
    steps = [
        AskStep(id=f"a{n}", prompt=lit("Say hello. " * 20), models=["liar"], on_error="continue", within=0.2)
        for n in range(STEPS)
    ]
    model = ModelPlan(
        name="liar", provider="compatible", model="m", base_url=url, input_price=PRICE, output_price=PRICE,
        max_output_tokens=64,
    )  # fmt: skip
    made = make_plan([*steps, FINAL], budget=budget).plan
    return CompiledPlan(msgspec.structs.replace(made, models={"liar": model}, ceiling=ceiling), "digest")


def run(server: Counted, compiled: CompiledPlan) -> list[AnyEvent]:
    """Drive a run to its end against the server; return its events."""

    async def drive() -> list[AnyEvent]:
        models = OpenAIModels(allowed=[server.url])
        clock, journal = FakeClock("2026-03-02T09:00:00.000000Z"), MemoryJournal()
        runtime = LocalRuntime(Dispatch(journal=journal, models=models, tools={}, clock=clock), owner="here")
        started = RunStarted(run="r", flow="main", version=1, plan="digest", input={}, key="r", at=clock.now())
        claim = (await runtime.open(started)).claim
        assert claim is not None
        events = await runtime.drive(compiled, claim, started)
        await models.aclose()
        assert events is not None, "the run ends, whatever the server does"
        return events

    return asyncio.run(drive())


def check(server: Counted, events: list[AnyEvent], *, cost: int, tokens: int, calls: int) -> None:
    ended = [event for event in events if isinstance(event, ModelReplied | ModelFailed)]
    begun = [event for event in events if isinstance(event, ModelStarted)]
    charged_cost, charged_tokens = sum(e.cost for e in ended), sum(e.tokens for e in ended)
    assert charged_cost <= cost and charged_tokens <= tokens and len(server.requests) <= len(begun) <= calls
    assert server.worked * PRICE // 1_000_000 <= charged_cost, "what the server really did is charged at least"
    assert server.worked <= charged_tokens
    assert all(event.cost >= 0 and event.tokens >= 0 for event in ended), "no lie gives anything back"


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_passes_a_limit(server: Counted, lie: str) -> None:
    server.replies.extend(LIES[lie](server) for _ in range(40))
    reserve = 2 * 17_500  # what one call reserves at this price: 16 kB that an adapter may add, and the prompt
    cost, tokens, calls = 3 * reserve, 4 * 17_500, 9
    events = run(server, plan_with(server.url, BudgetPlan(cost=cost, model_calls=calls), BudgetPlan(tokens=tokens)))
    assert server.requests, "the limits leave room for a call"
    check(server, events, cost=cost, tokens=tokens, calls=calls)


@pytest.mark.parametrize("limit", ["cost", "tokens", "model_calls"])
def test_each_limit_holds_by_itself_against_all_lies_in_turn(server: Counted, limit: str) -> None:
    lies = [lie for name, lie in LIES.items() if name != "silence"]
    server.replies.extend(lie(server) for lie in islice(cycle(lies), 60))
    limits = {"cost": 5 * 35_000, "tokens": 5 * 17_500, "model_calls": 5}
    own = BudgetPlan(**{limit: limits[limit]}) if limit != "tokens" else BudgetPlan()
    ceiling = BudgetPlan(tokens=limits["tokens"]) if limit == "tokens" else BudgetPlan()
    events = run(server, plan_with(server.url, own, ceiling))
    least = {"cost": 10**12, "tokens": 10**12, "model_calls": 10**6} | {limit: limits[limit]}
    check(server, events, cost=least["cost"], tokens=least["tokens"], calls=least["model_calls"])
    assert 1 <= len(server.requests) <= 5, "the limit stops the run before the server is asked a sixth time"


def test_an_honest_server_is_charged_what_it_says(server: Counted) -> None:
    server.replies.extend(
        completion("hello", usage={"prompt_tokens": 90, "completion_tokens": 10}) for _ in range(STEPS)
    )
    events = run(server, plan_with(server.url, BudgetPlan(cost=200_000), BudgetPlan()))
    replies = [event for event in events if isinstance(event, ModelReplied)]
    assert [(event.cost, event.tokens) for event in replies] == [(200, 100)] * STEPS
