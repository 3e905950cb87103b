"""The typed form of the files around flows: tests, examples and the workspace.

Owns: one frozen struct for each. Nothing here is resolved, and nothing here reads or runs anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flowrun.errors import Span
from flowrun.lang.expr_problem import Path
from flowrun.lang.spec import Budget, Places, PolicyTest, Template


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """What a test expects; None is not looked at. `calls` are distinct effects, `attempts` invocations.

    `asked`: by tool or step the roles that were asked. `prompts`: by step the texts that its model was told
    (`contains`) and was not told (`lacks`).
    """

    outcome: str | None = None
    reason: str | None = None
    calls: Mapping[str, int] | None = None
    attempts: Mapping[str, int] | None = None
    record: Any = None
    decisions: Any = None
    world: Any = None
    asked: Mapping[str, tuple[str, ...]] | None = None
    prompts: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None
    span: Span
    at: Mapping[str, Span] = {}


class TestFile(msgspec.Struct, frozen=True, kw_only=True):
    """One test of a flow.

    `tools`: by tool the answer, or a list of answers by call, a fault being `{error: NAME}`. `model`: by step id a list
    of `{propose: …}` and `{answer: …}`. `people`: by tool or step id a word (`approve`, `reject by Ana`, `late`), a change
    of the call, or an answer; a list has one for each time that is asked. `events`: by event name its payload, or a list.
    `deliver`: how often the input arrives. `after`: seconds that pass. `places`: where each value below a path of keys
    stands (an entry of a list has its number in the path). `shared`: what it has in common with other tests of its file, as
    (key, name).
    """

    test: str
    flow: str
    now: str | None
    input: Any
    tools: Mapping[str, Any]
    model: Mapping[str, tuple[Any, ...]]
    people: Mapping[str, Any]
    events: Mapping[str, Any]
    deliver: int
    crash_after: str | None
    after: float | None
    expect: Expect
    file: str
    span: Span
    at: Mapping[str, Span]
    places: Mapping[Path, Span] = {}
    shared: frozenset[tuple[str, str]] = frozenset()

    __test__ = False

    def place(self, *path: str | int) -> Span:
        """Return where a value stands; for one that is not written, the nearest thing around it."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.places:
                return self.places[path[:end]]
        return self.span


class PolicyCase(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a policy that stands in a file of tests: `policy` names the policy, beside the file or of the workspace."""

    policy: str
    case: PolicyTest


class TestsFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file with several tests: of one flow, with what they share already in each, and cases of policies."""

    flow: str
    tests: tuple[TestFile, ...]
    cases: tuple[PolicyCase, ...]
    file: str
    span: Span

    __test__ = False


def tests_in(file: TestFile | TestsFile) -> tuple[TestFile, ...]:
    """Return the tests of flows in a file of either form."""
    return file.tests if isinstance(file, TestsFile) else (file,)


class ExampleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One labelled example of a step; the values of `propose` and `answer` may hold slots as expressions."""

    step: str
    label: str
    texts: tuple[str, ...]
    propose: tuple[Mapping[str, Template], ...]
    answer: Template | None
    span: Span
    at: Mapping[str, Span] = {}
    places: Mapping[str, tuple[Span, ...]] = {}


class ExamplesFile(msgspec.Struct, frozen=True, kw_only=True):
    """The examples beside a flow."""

    examples: tuple[ExampleSpec, ...]
    file: str
    span: Span


class ProveFile(msgspec.Struct, frozen=True, kw_only=True):
    """What can happen in a flow and what cannot, as questions; `unclear` are those that cannot be told."""

    prove: str
    never: tuple[str, ...]
    possible: tuple[str, ...]
    unclear: tuple[str, ...]
    file: str
    span: Span
    at: Mapping[str, Span]


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What a model costs: millionths of `currency` for a million tokens; `dated` is the day on which that was true."""

    input: int
    output: int
    currency: str
    dated: str | None
    span: Span
    """Where the day stands."""


class ModelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One model. `key` says where its key is (`${{ env.NAME }}`, `${{ secret.NAME }}`), never the key itself."""

    name: str
    provider: str
    model: str
    base_url: Template | None
    key: Template | None
    price: Price | None
    capabilities: tuple[str, ...] | None
    max_output_tokens: int | None
    context_tokens: int | None
    options: Mapping[str, Any]
    span: Span


class RoleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Who may answer, until when (seconds) and who is next."""

    members: tuple[str, ...]
    within: float | None
    then: str | None
    span: Span
    places: Places = {}


class TriggerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What starts a flow: `kind` is `webhook`, `schedule`, `mail`, `folder` or `event`, `source` what stands there."""

    kind: str
    source: str
    flow: str
    with_: Template | None
    options: Mapping[str, Any]
    span: Span


class Halt(msgspec.Struct, frozen=True, kw_only=True):
    """What nothing may touch now."""

    tools: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    places: Mapping[str, tuple[Span, ...]] = {}


class WorkspaceFile(msgspec.Struct, frozen=True, kw_only=True):
    """`flowrun.yaml`. Paths and patterns are relative to it; `modes` gives the highest mode by flow."""

    models: Mapping[str, ModelSpec]
    tools: tuple[str, ...]
    policies: tuple[str, ...]
    roles: Mapping[str, RoleSpec]
    channels: Mapping[str, Any]
    triggers: tuple[TriggerSpec, ...]
    time_zone: str
    store: str | None
    limits: Mapping[str, float]
    ceiling: Budget | None
    """What `limits` says that no run may pass."""
    modes: Mapping[str, str]
    tables: Mapping[str, Any]
    privacy: Mapping[str, str]
    egress: tuple[str, ...] | None
    halt: Halt
    language: str
    file: str
    span: Span
    at: Mapping[str, Span]
    places: Mapping[str, tuple[Span, ...]] = {}
    """Where the items and names under a key stand."""


COMPATIBLE = ("backward", "forward", "full", "none")
"""What a new version of a record may have to keep."""


class UpgradeFile(msgspec.Struct, frozen=True, kw_only=True):
    """How a record of version `from_` becomes one of version `to`.

    `with_`: fields of the new record, with expressions over `input`, the old record. A field of the same name keeps its
    value unless it stands there. `drop`: fields that are left out knowingly.
    """

    upgrade: str
    from_: int
    to: int
    with_: Template | None
    drop: tuple[str, ...]
    file: str
    span: Span
    at: Mapping[str, Span] = {}
    places: Mapping[str, tuple[Span, ...]] = {}


class RecordReader(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who reads the records of version `reads` and uses the fields `needs` (none: all of them)."""

    name: str
    title: str
    owner: str
    reads: int
    needs: tuple[str, ...]
    span: Span
    places: Mapping[str, tuple[Span, ...]] = {}


class ReadersFile(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads a record, and what its new versions must keep (one of `COMPATIBLE`)."""

    readers: str
    compatible: str
    who: Mapping[str, RecordReader]
    file: str
    span: Span
    at: Mapping[str, Span] = {}
