"""The contract: what a flow may do, as one value that is printed, drawn, stored and compared.

Owns: its types. Every part names the flow that it belongs to, for a flow may call others. Words are made by
`contract.plain`; a part that was an expression keeps it as text and as parsed form, so that two versions can be compared.
"""

from __future__ import annotations

from typing import Any

import msgspec

Node = list[Any]
FORMAT = 1
"""Rises when a stored contract is read otherwise."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    pass


class Said(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """An expression: in plain words, as written in the language, and parsed. `meaning` names all that it is computed
    from: the same text may mean something else where a step before it changed."""

    words: str
    text: str
    node: Node
    meaning: str = ""


class Schema(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A schema that the flow reads or writes: its name, and the schema."""

    name: str
    schema: dict[str, Any]


class Source(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Where one argument of a tool comes from, in one of the places that use the tool.

    `by`: `fixed`, `tool`, `run`, `subject`, `person`, `event`, `input`, `customer`, `model`, `unknown`: the least trusted part.
    `way`: how text from outside gets into it. `said` is None where the model fills it in itself. `bound`: fixed by `bind`.
    """

    step: str
    by: str
    words: str
    way: str = ""
    bound: bool = False
    said: Said | None = None


class Argument(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """An argument of a tool. `role`: what it decides (`recipient`, `amount`, `record_id`) or empty. `guarded`: a rule ties
    it to something that neither the model nor a stranger chooses, or a person sees it."""

    name: str
    role: str = ""
    guarded: bool = False
    sources: list[Source] = []


class Money(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """An amount of money that a write may move. `each`: at most for one call, `total`: in one run, in the currency's unit;
    None: nothing says. `currency` may be the name of the field that holds it. `words`: every limit in a sentence."""

    argument: str
    currency: str
    each: float | None = None
    total: float | None = None
    words: list[str] = []


class Limit(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """One `at_most`. `window`: `run`, `today`, `ever`, or seconds."""

    limit: float
    currency: str | None = None
    sum: Said | None = None
    per: Said | None = None
    window: str | float = "run"


class Rule(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """One word of one rule on a tool. `kind`: `needs_before`, `only_when`, `deny_when`, `approve_when`, `at_most`.

    `source`: the flow (`flow:NAME`) or the policy (`NAME@VERSION`). `tools`: all that the rule is about. `facts`: what the
    runner reads for it, by name.
    """

    source: str
    id: str
    kind: str
    words: str
    tools: list[str] = []
    said: Said | None = None
    limit: Limit | None = None
    needs: list[str] = []
    approver: list[str] = []
    reason: str = ""
    facts: dict[str, str] = {}


class When(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A condition on the way to a step, and whether it must hold or not."""

    said: Said
    holds: bool = True


class Passed(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A step that a run has come past: `kind`: its verb and what it uses; `what`: a digest of all that it does, without its
    name. `ends`: where it fails the run does not simply go on. `each`: names the lists of the loops around it."""

    step: str
    kind: str
    what: str = ""
    ends: bool = True
    when: list[When] = []
    each: list[str] = []


class Way(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A place in which a tool is used: the conditions on the way to it, the steps before it that ask a person, and all
    others before it that may end the run."""

    step: str
    when: list[When] = []
    after: list[str] = []
    passed: list[Passed] = []


class ToolUse(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A tool that a flow may use. `most`: calls in one run, None: no bound of its own. `proposed`: the model decides
    whether to call it. `sub_flow`: it is another flow, whose own uses stand beside this one."""

    flow: str
    tool: str
    title: str
    effect: str
    ways: list[Way]
    proposed: bool = False
    sub_flow: bool = False
    most: int | None = None
    once: str = "none"
    once_by: str = ""
    arguments: list[Argument] = []
    money: list[Money] = []
    rules: list[Rule] = []
    takes: dict[str, Any] = {}
    gives: dict[str, Any] = {}
    adapter: str = ""
    digest: str = ""
    rate: str = ""


class Shown(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A field that reaches a model. `field`: where it comes from; `kind`: its mark (`email`, `secret`, …) or empty."""

    field: str
    kind: str = ""
    untrusted: bool = False
    becomes: str = "as it is"


class ModelUse(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A model that a step asks, with what reaches it. `told`: names the words of the prompt."""

    flow: str
    step: str
    model: str
    provider: str
    server: str = ""
    priced: bool = True
    told: str = ""
    shown: list[Shown] = []


class Asked(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A person, or the customer, whom a step asks. `within` in seconds, None: no end. `form`: what they
    may answer. `told`: the values that stand in the question itself."""

    flow: str
    step: str
    to: str
    words: str
    when: list[When] = []
    show: list[str] = []
    told: list[str] = []
    within: float | None = None
    late: str = ""
    form: Schema


class Check(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked of the value of a step before it counts: its schema, and the step's `only_when`. `by`: who gives it,
    `model`, `person` or `record`."""

    flow: str
    step: str
    by: str
    schema: Schema | None = None
    said: Said | None = None


class Role(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """People who approve, answer or take over: until when (seconds), and who is next."""

    name: str
    members: list[str] = []
    within: float | None = None
    then: str | None = None


class Wait(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """A step that waits for time or an event; `most` in seconds, None: no end."""

    flow: str
    step: str
    words: str
    most: float | None = None
    late: str = ""


class Figure(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """One figure of a run at worst: `steps` by walking all paths, `budget` what the budget and the workspace allow.

    None: no bound there. `unit`: empty, `s`, or a currency, whose amounts are in millionths. `notes`: what is not in it.
    """

    name: str
    unit: str = ""
    steps: float | None = None
    budget: float | None = None
    notes: list[str] = []

    @property
    def most(self) -> float | None:
        """The smaller one of the two."""
        known = [amount for amount in (self.steps, self.budget) if amount is not None]
        return min(known) if known else None


class Failing(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """What happens when a step fails: `on_error` is `fail`, `hand_off` (to `owner`) or `continue`."""

    flow: str
    step: str
    title: str
    verb: str
    on_error: str
    owner: str = ""


class StepView(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """One step as it is drawn. `kind`: its verb; `says`: what it does in a few words; `gates`: what stands before its
    writes; `branches`: label and steps."""

    id: str
    kind: str
    says: str
    title: str = ""
    when: str = ""
    reads: list[str] = []
    writes: list[str] = []
    gates: list[str] = []
    on_error: str = "fail"
    owner: str = ""
    branches: list[Branch] = []


class Branch(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """One branch of a block."""

    label: str
    steps: list[StepView]


class Written(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """Where the flow's record is made, and from what."""

    step: str
    schema: str
    fields: dict[str, str] = {}


class Contract(_Part, frozen=True, kw_only=True, omit_defaults=True):
    """What a flow may do."""

    format: int = FORMAT
    flow: str
    version: int
    title: str
    owner: str
    mode: str = "live"
    halted: list[str] = []
    time_zone: str = "UTC"
    input: Schema
    output: Schema
    key: Said | None = None
    subject: Said | None = None
    uses: list[ToolUse] = []
    facts: dict[str, str] = {}
    models: list[ModelUse] = []
    privacy: dict[str, str] = {}
    asked: list[Asked] = []
    checks: list[Check] = []
    roles: list[Role] = []
    waits: list[Wait] = []
    written: list[Written] = []
    figures: list[Figure] = []
    inner: dict[str, dict[str, float]] = {}
    """The budgets of the flows that it calls, by flow; times in seconds, money in millionths."""
    failing: list[Failing] = []
    outcomes: list[str] = []
    reads: list[str] = []
    """The fields of the input that anything in the flow looks at; an empty name: the input as a whole."""
    steps: list[StepView] = []
