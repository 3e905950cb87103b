"""What a model costs by its price in the plan.

Owns: that arithmetic, in whole millionths. How many tokens a call may use is `core`'s part.
"""

from __future__ import annotations

from flowrun.plan.model import ModelPlan

MILLION = 1_000_000
FREE = ("examples", "scripted")
"""Providers inside flowrun: they cost nothing unless a price says otherwise."""


def unpriced(model: ModelPlan) -> bool:
    """Say whether nobody knows what a model costs."""
    return model.provider not in FREE and (model.input_price is None or model.output_price is None)


def cost(model: ModelPlan, input_tokens: int, output_tokens: int) -> int:
    """Return the cost of tokens in millionths, rounded up; prices are millionths for a million tokens."""
    total = input_tokens * (model.input_price or 0) + output_tokens * (model.output_price or 0)
    return -(-total // MILLION)
