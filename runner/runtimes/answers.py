"""What comes back from outside, as events may hold it.

Owns: how large and of what kind a value may be, what an adapter's error becomes, and what a reply is charged. Nothing is
called from here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.core.commands import CallModel, CallTool
from flowrun.core.events import Fault, Usage
from flowrun.errors import AdapterError, FlowrunError
from flowrun.plan.prices import cost
from flowrun.ports.models import ModelReply
from flowrun.values.size import exceeds, unwritable
from flowrun.words import mark, t

Json = Any
LARGEST = 200_000
"""Bytes of a tool's output or a model's reply; an event holds a little more."""
TOO_LARGE = mark("more than {largest} kB.")


class NotJson(ValueError):
    """What came back has no JSON at all, so that it says nothing about what was done."""


def charge(command: CallModel, usage: Usage) -> tuple[int, int, str]:
    """Return the cost (millionths) and the tokens to charge for a reply, and why where the usage cannot be true.

    What was reserved is the most that a call can use; a usage above it, below zero, or of nothing read is not believed.
    """
    if not usage.known:
        return command.reserve, command.tokens, ""
    read, written = usage.input_tokens, usage.output_tokens
    price = cost(command.model, read, written)
    if not command.tokens and min(read, written) >= 0:
        return price, read + written, ""
    if read <= 0 or written < 0 or read + written > command.tokens or price > command.reserve:
        return (
            command.reserve,
            command.tokens,
            t(
                "The usage that it reported ({read} and {written}) cannot be true; what was reserved is charged.",
                read=read,
                written=written,
            ),
        )
    return price, read + written, ""


def fault_of(kind: str, error: FlowrunError) -> Fault:
    """Return an adapter's error as the fault of an event; only the outside world's may be tried again."""
    outside = error if isinstance(error, AdapterError) else None
    return Fault(
        kind=kind,
        code=error.code,
        message=error.message,
        retryable=outside is not None and outside.retryable,
        retry_after=None if outside is None else outside.retry_after,
    )


def time_of(command: CallTool) -> float:
    """Return the seconds that one attempt may take, the wait for its turn included."""
    return command.within if command.timeout is None else min(command.within, command.timeout)


def fit(value: Json) -> Json:
    """Return a value from outside exactly as the journal will give it back. Raises `ValueError` where it cannot be kept."""
    why = unwritable(value)
    if why:
        raise NotJson(t("what is not JSON ({why}).", why=why))
    if exceeds(value, LARGEST):
        raise ValueError(t(TOO_LARGE, largest=LARGEST // 1000))
    try:
        written = msgspec.json.encode(value)
        read = msgspec.json.decode(written)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise NotJson(t("what is not JSON ({name}).", name=type(error).__name__)) from error
    if len(written) > LARGEST:
        raise ValueError(t(TOO_LARGE, largest=LARGEST // 1000))
    return read


def fitting(reply: ModelReply) -> ModelReply:
    """Return a model's reply exactly as the journal will give it back. Raises `ValueError` where it cannot be kept."""
    proposals, answer, text = fit([reply.proposals, reply.answer, reply.text])
    return msgspec.structs.replace(
        reply, proposals=[(tool, args) for tool, args in proposals], answer=answer, text=text
    )
