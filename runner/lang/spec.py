"""The typed form of the files that people write: flows, policies and tool files.

Owns: one frozen struct for each thing in the language, with the place where it was written. Nothing here is resolved
against a workspace, and nothing here reads, checks or runs anything. Field names are the YAML keys, with a trailing
underscore where Python reserves the word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from flowrun.errors import Span
from flowrun.lang.expr_problem import Path

Node = list[Any]
"""A parsed expression in its JSON form; `flowrun.values` documents and evaluates it."""


class Expr(msgspec.Struct, frozen=True, kw_only=True):
    """One expression: its text as written, its parsed form, and the place of the text."""

    text: str
    node: Node
    span: Span
    lines: tuple[tuple[int, int, int], ...] = ()
    """Of one that goes over several lines: where each begins, as an offset in `text`, a line and a column."""


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """Any YAML value in which `${{ … }}` may stand. `node` gives the value; `exprs` are the expressions inside."""

    node: Node
    exprs: tuple[Expr, ...]
    span: Span
    keys: Mapping[Path, Span] = {}
    """Place of each key of the maps inside, by the path to its value."""
    values: Mapping[Path, Span] = {}
    """Place of the value and of each value inside, by path."""


Places = Mapping[str, tuple[Span, ...]]
"""By key, where its values stand: each item of a list, each name of a map, else the one value."""


class SchemaUse(msgspec.Struct, frozen=True, kw_only=True):
    """`NAME@N`, or an inline JSON Schema (then `name` is empty, `version` 0 and `tree` the schema with places)."""

    name: str
    version: int
    inline: dict[str, Any] | None
    span: Span
    tree: Any = None

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.inline is None else "inline schema"


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """One `at_most`: how many calls, or with `sum` how much, per `per` and `window` (seconds, `run`, `today`, `ever`)."""

    limit: int | float
    currency: str | None
    sum: Expr | None
    per: Expr | None
    window: str | float
    span: Span


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """The words that may stand on tools, in a policy's `rules` and in a flow's `tools`.

    In a flow `id` is the tool's name and `tools` holds only it; `needs_before` is for policies, `bind` for flows.
    `at`: place of each key.
    """

    id: str
    tools: tuple[str, ...]
    at_most: tuple[Limit, ...] = ()
    bind: Mapping[str, Template] = {}
    needs_before: tuple[str, ...] = ()
    only_when: Expr | None = None
    deny_when: Expr | None = None
    approve_when: Expr | None = None
    approver: tuple[str, ...] = ()
    reason: str = ""
    span: Span
    at: Mapping[str, Span] = {}
    places: Places = {}


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What one run may use. Money in millionths of the currency's unit, `within` in seconds of work; None: no limit.

    `tokens` is a limit of a workspace only.
    """

    cost: int | None = None
    currency: str = "USD"
    model_calls: int | None = None
    tool_calls: int | None = None
    writes: int | None = None
    within: float | None = None
    tokens: int | None = None
    span: Span
    at: Mapping[str, Span] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What every step has. `within` in seconds; `on_error` is `fail`, `hand_off` or `continue`; `at`: place of each key."""

    id: str
    title: str = ""
    when: Expr | None = None
    within: float | None = None
    on_error: str = "fail"
    span: Span
    at: Mapping[str, Span] = {}
    places: Places = {}


class Call(Step, frozen=True, kw_only=True):
    """Runs one tool or another flow (`flows.NAME@N`)."""

    call: str
    with_: Template | None = None


class Ask(Step, frozen=True, kw_only=True):
    """Asks a model; `to` is empty or `customer`; `repair` is how often an invalid answer may be mended."""

    ask: Template
    tools: tuple[str, ...] = ()
    answer: SchemaUse | None = None
    model: tuple[str, ...] = ()
    repair: int = 2
    to: str = ""
    only_when: Expr | None = None
    reason: str = ""


class AskPerson(Step, frozen=True, kw_only=True):
    """Puts a form before a role or the customer."""

    ask_person: Template
    to: str
    answer: SchemaUse
    with_: Template | None = None
    show: tuple[Expr, ...] = ()
    only_when: Expr | None = None
    reason: str = ""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One branch of `choose`; `when` is None for `otherwise`."""

    when: Expr | None
    steps: tuple[Step, ...]
    span: Span
    at: Mapping[str, Span] = {}


class Choose(Step, frozen=True, kw_only=True):
    """Runs the first branch that holds."""

    choose: tuple[Branch, ...]


class ForEach(Step, frozen=True, kw_only=True):
    """Runs `steps` once for each item."""

    for_each: Expr
    steps: tuple[Step, ...]


class Parallel(Step, frozen=True, kw_only=True):
    """Named branches side by side, in the order of declaration."""

    parallel: Mapping[str, tuple[Step, ...]]


class WaitFor(Step, frozen=True, kw_only=True):
    """Waits for a duration (seconds), a moment (a template), or an event with `key`. Exactly one of the three is set."""

    duration: float | None = None
    moment: Template | None = None
    event: SchemaUse | None = None
    key: Expr | None = None


class Record(Step, frozen=True, kw_only=True):
    """Writes a record of a schema."""

    record: SchemaUse
    with_: Template
    only_when: Expr | None = None
    reason: str = ""


class Set(Step, frozen=True, kw_only=True):
    """Names a value."""

    set: Template


class Stop(Step, frozen=True, kw_only=True):
    """Ends the run: `completed`, `rejected` or `failed`."""

    stop: str
    reason: Template | None = None


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A whole flow file."""

    flow: str
    version: int
    title: str
    owner: str
    input: SchemaUse
    output: SchemaUse
    key: Expr | None
    subject: Expr | None
    tools: Mapping[str, Rule]
    budget: Budget | None
    steps: tuple[Step, ...]
    results: Mapping[str, Any]
    file: str
    span: Span
    at: Mapping[str, Span]
    places: Places = {}


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A read that the runner makes for a policy's rules."""

    name: str
    call: str
    with_: Template | None
    span: Span
    places: Places = {}


class PolicyTest(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a policy: a proposed call and what the policy must say (`allow`, `deny`, `approve`)."""

    call: str
    args: dict[str, Any]
    before: tuple[dict[str, Any], ...]
    facts: dict[str, Any]
    now: str | None
    expect: str
    by: str | None
    span: Span
    at: Mapping[str, Span] = {}


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A whole policy file."""

    policy: str
    version: int
    facts: Mapping[str, Fact]
    tables: dict[str, Any]
    rules: tuple[Rule, ...]
    tests: tuple[PolicyTest, ...]
    file: str
    span: Span
    at: Mapping[str, Span] = {}
    places: Places = {}


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One action of a tool file. `once` is `none` or one of `{header|argument|natural|confirm_with: …}`."""

    name: str
    title: str
    effect: str
    once: Mapping[str, Any] | None
    within: float
    rate: str | None
    input: dict[str, Any] | None
    output: SchemaUse | None
    options: Mapping[str, Any]
    span: Span
    at: Mapping[str, Span] = {}


class ToolFile(msgspec.Struct, frozen=True, kw_only=True):
    """A whole tool file; `source`, `server` and `auth` belong to the adapter."""

    tools: str
    title: str
    adapter: str
    source: str | None
    server: Template | None
    auth: Mapping[str, Template]
    actions: Mapping[str, Action]
    file: str
    span: Span
    at: Mapping[str, Span] = {}
    places: Places = {}


class Placed(Protocol):
    """What knows where its values stand."""

    @property
    def span(self) -> Span: ...
    @property
    def places(self) -> Places: ...


def place_of(part: Placed, key: str, index: int = 0) -> Span:
    """Return where a value of a key stands: the item or name number `index`, else the key, else the whole part."""
    places = part.places.get(key, ())
    if index < len(places):
        return places[index]
    found: Span = getattr(part, "at", {}).get(key, part.span)
    return found
