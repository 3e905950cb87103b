"""What a flow is resolved against: the tools, schemas, policies, models and roles of a workspace.

Owns: that value. Reading the workspace's files is `app`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowrun.lang import spec
from flowrun.plan.model import BudgetPlan, Example, ModelPlan, RolePlan, ToolPlan

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSource:
    """A parsed flow with what lies beside it; `text` is that of its file, for places inside of prompts."""

    flow: spec.Flow
    policies: Sequence[spec.Policy] = ()
    examples: Sequence[Example] = ()
    text: str = ""
    unread: bool = False
    """Whether a policy beside the flow could not be read: then nothing is said about what no rule holds back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Everything that names in a flow may mean.

    `schema` returns the JSON Schema of NAME, VERSION or None; `flows` maps `NAME@N`; the first of `models` is the default.
    `schema_names` returns every known `NAME@N`, for guesses. `policies` are the workspace's, which hold for all flows.
    """

    tools: Mapping[str, ToolPlan]
    schema: Callable[[str, int], dict[str, Json] | None]
    schema_names: Callable[[], Sequence[str]] = tuple
    policies: Sequence[spec.Policy] = ()
    flows: Mapping[str, FlowSource] = field(default_factory=dict)
    models: Mapping[str, ModelPlan] = field(default_factory=dict)
    roles: Mapping[str, RolePlan] = field(default_factory=dict)
    tables: Mapping[str, Json] = field(default_factory=dict)
    time_zone: str = "UTC"
    limits: Mapping[str, float] = field(default_factory=dict)
    ceiling: BudgetPlan = field(default_factory=BudgetPlan)
    privacy: Mapping[str, str] = field(default_factory=dict)
    unread: bool = False
    """Whether a policy of the workspace could not be read."""
    unread_flows: Collection[str] = ()
    """Names of flows whose files are there and could not be read."""
