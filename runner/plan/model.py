"""The plan: a flow with everything that it needs, resolved, pinned and free of files.

Owns: the value types of a plan, which are stored once as JSON and named by their digest. A run keeps the plan that it
started with. No positions, no lookups, no evaluation: `plan.compile` makes plans, `core` runs them.
"""

from __future__ import annotations

from typing import Any

import msgspec

Node = list[Any]
Schema = dict[str, Any]


class _Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class LimitPlan(_Frozen, kw_only=True):
    """One `at_most`. `limit` and sums in the unit of the argument (money in its currency's unit, not millionths)."""

    limit: float
    currency: str | None = None
    sum: Node | None = None
    per: Node | None = None
    window: str | float = "run"


class RulePlan(_Frozen, kw_only=True):
    """One rule; `source` is `flow:NAME` or the policy's `NAME@VERSION`."""

    id: str
    source: str
    tools: list[str]
    reason: str = ""
    at_most: list[LimitPlan] = []
    bind: dict[str, Node] = {}
    needs_before: list[str] = []
    only_when: Node | None = None
    deny_when: Node | None = None
    approve_when: Node | None = None
    approver: list[str] = []
    facts: list[str] = []
    """Names of the policy's facts that this rule's conditions use."""


class FactPlan(_Frozen, kw_only=True):
    """A read made for a policy's rules."""

    call: str
    with_: Node


class PolicyPlan(_Frozen, kw_only=True):
    """A policy, pinned."""

    name: str
    version: int
    facts: dict[str, FactPlan] = {}
    tables: dict[str, Any] = {}
    rules: list[RulePlan] = []


class ToolPlan(_Frozen, kw_only=True):
    """The contract of one tool as pinned: `NAMESPACE.ACTION`, or `flows.NAME`.

    `once`: None, or exactly one of `{"header": NAME}`, `{"argument": NAME}`, `{"natural": [ARGS]}`,
    `{"confirm_with": ACTION}`. `within` in seconds for one attempt. `digest` covers schema, effect and source.
    """

    name: str
    title: str
    effect: str
    input: Schema
    output: Schema
    once: dict[str, Any] | None = None
    within: float = 30.0
    rate: str | None = None
    adapter: str = "python"
    digest: str = ""
    options: dict[str, Any] = {}


IN_PROCESS = ("examples",)
"""Providers that run in this process: nothing leaves it, so only secrets are hidden from them."""


class ModelPlan(_Frozen, kw_only=True):
    """One model of the workspace. Prices are millionths of `currency` for a million tokens, None: no price known.

    `capabilities` are what the server can do: any of `json_schema`, `json_object`, `json_object_schema`, `tools`,
    `tool_choice_required`, `tool_choice_named`, `parallel_tools`, `usage`.
    """

    name: str
    provider: str
    model: str = ""
    base_url: str | None = None
    key_env: str | None = None
    input_price: int | None = None
    output_price: int | None = None
    currency: str = "USD"
    priced_on: str | None = None
    capabilities: list[str] = []
    max_output_tokens: int = 1024
    context_tokens: int | None = None
    options: dict[str, Any] = {}


class RolePlan(_Frozen, kw_only=True):
    """Who may answer, until when (`within`, seconds) and who is next (`then`)."""

    members: list[str] = []
    within: float | None = None
    then: str | None = None


class Example(_Frozen, kw_only=True):
    """One labelled example of a step; `propose` is a list of `{TOOL: NODE}` and `answer` a node, with slots."""

    step: str
    label: str
    texts: list[str]
    propose: list[dict[str, Node]] = []
    answer: Node | None = None


class StepPlan(_Frozen, kw_only=True):
    """What every step has; times in seconds."""

    id: str
    title: str = ""
    when: Node | None = None
    within: float | None = None
    on_error: str = "fail"


class CallStep(StepPlan, tag="call", tag_field="verb", kw_only=True):
    """Runs a tool, or a flow (`flows.NAME`, then `flow` is the key of `Plan.flows`)."""

    tool: str
    with_: Node | None = None
    flow: str | None = None


class AskStep(StepPlan, tag="ask", tag_field="verb", kw_only=True):
    """Asks a model. `answer` is a key of `Plan.schemas`; `slots` are the prompt's expressions, text to node."""

    prompt: Node
    slots: dict[str, Node] = {}
    tools: list[str] = []
    answer: str | None = None
    models: list[str] = []
    repair: int = 2
    to: str = ""
    only_when: Node | None = None
    reason: str = ""


class AskPersonStep(StepPlan, tag="ask_person", tag_field="verb", kw_only=True):
    """Puts a form before a role or the customer. `show` maps the text of an expression to its node."""

    prompt: Node
    to: str
    answer: str
    with_: Node | None = None
    show: dict[str, Node] = {}
    only_when: Node | None = None
    reason: str = ""


class BranchPlan(_Frozen, kw_only=True):
    """One branch; `when` None is `otherwise`."""

    steps: list[AnyStep]
    when: Node | None = None


class ChooseStep(StepPlan, tag="choose", tag_field="verb", kw_only=True):
    """The first branch that holds."""

    branches: list[BranchPlan]


class ForEachStep(StepPlan, tag="for_each", tag_field="verb", kw_only=True):
    """The steps once per item, `at_once` of them side by side."""

    items: Node
    steps: list[AnyStep]
    at_once: int = 8


class ParallelStep(StepPlan, tag="parallel", tag_field="verb", kw_only=True):
    """Named branches side by side, in declaration order."""

    branches: dict[str, list[AnyStep]]


class WaitStep(StepPlan, tag="wait_for", tag_field="verb", kw_only=True):
    """A duration in seconds, a moment, or an event `NAME@N` with a key."""

    duration: float | None = None
    moment: Node | None = None
    event: str | None = None
    key: Node | None = None


class RecordStep(StepPlan, tag="record", tag_field="verb", kw_only=True):
    """Writes a record; `schema` is `NAME@N`."""

    schema: str
    with_: Node
    only_when: Node | None = None
    reason: str = ""


class SetStep(StepPlan, tag="set", tag_field="verb", kw_only=True):
    """Names a value."""

    value: Node


class StopStep(StepPlan, tag="stop", tag_field="verb", kw_only=True):
    """Ends the run."""

    outcome: str
    reason: Node | None = None


AnyStep = (
    CallStep
    | AskStep
    | AskPersonStep
    | ChooseStep
    | ForEachStep
    | ParallelStep
    | WaitStep
    | RecordStep
    | SetStep
    | StopStep
)


class BudgetPlan(_Frozen, kw_only=True):
    """What one run may use; money in millionths, `within` in seconds of work, None: no limit. Only a workspace limits
    `tokens`.
    """

    cost: int | None = None
    currency: str = "USD"
    model_calls: int | None = None
    tool_calls: int | None = None
    writes: int | None = None
    within: float | None = None
    tokens: int | None = None


class FlowPlan(_Frozen, kw_only=True):
    """One flow of a plan. `rules` come from its `tools:`; `input` and `output` are keys of `Plan.schemas`."""

    name: str
    version: int
    title: str
    owner: str
    input: str
    output: str
    steps: list[AnyStep]
    tools: list[str] = []
    rules: list[RulePlan] = []
    policies: list[str] = []
    """Keys of `Plan.policies` that hold for this flow, in file order."""
    key: Node | None = None
    subject: Node | None = None
    budget: BudgetPlan = BudgetPlan()
    results: dict[str, Any] = {}
    examples: list[Example] = []


class Plan(_Frozen, kw_only=True):
    """A flow and everything that it may touch."""

    flow: FlowPlan
    flows: dict[str, FlowPlan] = {}
    schemas: dict[str, Schema] = {}
    tools: dict[str, ToolPlan] = {}
    policies: dict[str, PolicyPlan] = {}
    models: dict[str, ModelPlan] = {}
    roles: dict[str, RolePlan] = {}
    tables: dict[str, Any] = {}
    time_zone: str = "UTC"
    limits: dict[str, float] = {}
    privacy: dict[str, str] = {}
    """What a model sees of marked fields, by kind: `allow`, `token` or `deny`; absent is `allow`."""
    ceiling: BudgetPlan = BudgetPlan()
    """What the workspace allows every run at most; a flow's budget and a raised limit only go below it."""
    engine: str = ""
