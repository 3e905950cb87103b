"""One reply from the first of a step's models that gives one.

Owns: the order of models, attempts, back-off and the reservation of cost before a model is called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.core.commands import CallModel, OfferedTool
from flowrun.core.context import Context, Meter
from flowrun.core.events import AnyEvent, Fault, ModelFailed, ModelReplied
from flowrun.core.execute import backoff, work_left
from flowrun.core.failure import Failure
from flowrun.plan.model import AskStep, ModelPlan
from flowrun.plan.prices import cost, unpriced

Json = Any
ATTEMPTS = 3
LEFT_ALONE = "FR4122"
"""The model is left alone for a while after many failures; the step's next one is asked at once."""
EXTRA_BYTES = 16_384
"""What an adapter may add to a request: few-shot examples, instructions, and the schema written out once more."""


def call_model(
    ctx: Context,
    step: AskStep,
    path: str,
    messages: list[dict[str, Json]],
    tools: list[OfferedTool],
    meter: Meter,
) -> Generator[Any, AnyEvent, ModelReplied]:
    """Return a reply; raise `Failure` where no model gives one or the budget has no room. `meter` is the step's."""
    plan = ctx.compiled.plan
    schema = plan.schemas[step.answer] if step.answer else None
    slots = {text: ctx.value(node) for text, node in step.slots.items()}
    examples = [example for example in ctx.flow.examples if example.step == step.id]
    attempt = 0
    fault = Fault(kind="model", code="FR4100", message="The step names no model.")
    models = ctx.execution.models_for(step)
    for name in models:
        model = plan.models[name]
        for turn in range(1, ATTEMPTS + 1):
            attempt += 1
            delay = backoff(turn, fault.retry_after) if turn > 1 else 0.0
            counted = meter.left("tokens") is not None or model.input_price or model.output_price
            tokens = worst_tokens(model, messages, tools, schema) if counted else (0, 0)
            reserve = cost(model, *tokens)
            try:
                meter.need("model_calls", 1)
                meter.need("cost", reserve)
                meter.need("tokens", sum(tokens))
            except Failure as failure:
                if attempt == 1:
                    raise
                # What was charged for calls that failed is why there is no room left: name what failed.
                told = f"{failure.fault.message} The last call failed: {fault.message}"
                raise Failure(msgspec.structs.replace(failure.fault, message=told)) from failure
            if meter.left("cost") is not None and unpriced(model):
                raise Failure(
                    Fault(
                        kind="budget", code="FR3112", message=f"The price of {name} is not known, so its cost is not."
                    )
                )
            left = work_left(ctx, meter, delay, fault if attempt > 1 else None)
            meter.add("model_calls", 1)
            meter.add("cost", reserve)
            meter.add("tokens", sum(tokens))
            event = yield CallModel(
                path=path if attempt == 1 else f"{path}~{attempt}",
                flow=ctx.flow.name,
                step=step.id,
                model=model,
                messages=list(messages),
                tools=tools,
                answer=schema,
                answer_name=step.answer or "",
                examples=examples,
                slots=slots,
                names=ctx.names,
                talks=step.to == "customer",
                timeout=left,
                delay=delay,
                least=(fault.retry_after or 0.0) if delay else 0.0,
                reserve=reserve,
                tokens=sum(tokens),
                under=ctx.under(),
            )
            ctx.execution.count_work(meter, event, delay)
            assert isinstance(event, ModelReplied | ModelFailed)
            meter.add("cost", event.cost - reserve)
            meter.add("tokens", event.tokens - sum(tokens))
            if isinstance(event, ModelReplied):
                return event
            fault = event.fault
            if not fault.retryable or (fault.code == LEFT_ALONE and name != models[-1]):
                break
    raise Failure(fault)


def worst_tokens(
    model: ModelPlan, messages: list[dict[str, Json]], tools: list[OfferedTool], schema: dict[str, Json] | None
) -> tuple[int, int]:
    """Return the most tokens that a call can read and write: no token is shorter than a byte of what is sent."""
    if model.provider == "examples":
        return 0, 0
    sent = 2 * len(msgspec.json.encode([tools, schema])) + len(msgspec.json.encode(messages)) + EXTRA_BYTES
    return sent, model.max_output_tokens


def conversation_digest(messages: Sequence[Mapping[str, Json]]) -> str:
    """Return the digest of what a model was told; the words themselves come back by replay."""
    return hashlib.sha256(msgspec.json.encode(messages, order="deterministic")).hexdigest()
