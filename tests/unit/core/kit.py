"""Steps in short form for the tests of the core."""

from __future__ import annotations

from typing import Any

from flowrun.plan.model import AskPersonStep, AskStep, CallStep, RecordStep, SetStep
from tests.property.plans import lit

FINAL = RecordStep(id="final", schema="out@1", with_=["dict", [["n", lit(1)]]])


def call(id: str, tool: str = "crm.read", n: int = 1, **more: Any) -> CallStep:
    """Return a `call` step."""
    return CallStep(id=id, tool=tool, with_=["dict", [["n", lit(n)]]], **more)


def ask(id: str = "a", *tools: str, **more: Any) -> AskStep:
    """Return an `ask` step with `answer@1`."""
    base: dict[str, Any] = {"answer": "answer@1", "models": ["free"]}
    return AskStep(id=id, prompt=lit("Do it."), tools=list(tools), **{**base, **more})


def person(id: str = "p", **more: Any) -> AskPersonStep:
    """Return an `ask_person` step."""
    return AskPersonStep(id=id, prompt=lit("Look."), to="lead", answer="answer@1", **more)


def set_(id: str, value: Any, **more: Any) -> SetStep:
    """Return a `set` step with a literal."""
    return SetStep(id=id, value=lit(value), **more)


def step(id: str) -> list[Any]:
    """Return the node `steps.ID`."""
    return ["step", id]
