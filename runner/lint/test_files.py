"""Tests beside the flows that they test: names, results and inputs that cannot be, and tests that show nothing.

Owns: these findings, which `flowrun test` would tell one by one when a test is played. Playing is `testing`'s part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowrun.errors import Span
from flowrun.lang import spec, spec_files
from flowrun.lang.expr_problem import closest, suggestion
from flowrun.lang.reading import short
from flowrun.lang.types import from_schema
from flowrun.lint.example_files import leaves
from flowrun.lint.findings import Findings
from flowrun.lint.tested import Tested
from flowrun.plan.catalogue import Catalogue
from flowrun.words import t

SHORT = 16
"""Texts of fewer characters (`Hello`) are equal by chance."""

_SAYS = ("outcome", "reason", "calls", "attempts", "record", "decisions", "world", "asked", "prompts")


@dataclass(slots=True)
class FlowTests:
    """The tests of a check, with what they share: contracts are made ready once, names are told apart over all files.

    `whole`: whether every policy could be read. Where one could not, nobody knows which tools its facts need.
    """

    catalogue: Catalogue
    policies: Iterable[spec.Policy]
    out: Findings
    whole: bool = True
    _checkers: dict[str, Any] = field(default_factory=dict)
    _names: dict[tuple[str, str], Span] = field(default_factory=dict)
    _more: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Tools that a run may call although no step does: for facts, and to look a write up."""
        self._more = {fact.call for policy in self.policies for fact in policy.facts.values()}
        for name, tool in self.catalogue.tools.items():
            confirm = (tool.once or {}).get("confirm_with")
            if confirm:
                self._more.add(confirm if "." in confirm else f"{name.partition('.')[0]}.{confirm}")

    def check(self, test: spec_files.TestFile, flow: Tested) -> None:
        """Look at one test of a flow."""
        expect = test.expect
        if all(getattr(expect, word) is None for word in _SAYS):
            self.out.add(
                "test-expects-nothing",
                t("This test passes whatever happens: it expects nothing."),
                test.at.get("expect", short(test.span)),
                help=t(
                    "Say what must be so, like `outcome: completed`, `calls: {desk.create_ticket: 1}` or fields of the record."
                ),
            )
        first = self._names.setdefault((flow.name, test.test), test.place("test"))
        if first != test.place("test"):
            self.out.add(
                "test-name-twice",
                t("Another test of {flow} has this name, so nobody can tell which failed.", flow=flow.name),
                test.place("test"),
                help=t("Say in the name what this one promises beyond the other."),
                related=((first, t("the other test")),),
            )
        self.names(test, flow)
        self.given(test, flow)
        self.record(test, flow)
        self.learnt(test, flow)

    def schema(self, use: spec.SchemaUse) -> dict[str, Any] | None:
        return use.inline if use.inline is not None else self.catalogue.schema(use.name, use.version)

    def names(self, test: spec_files.TestFile, flow: Tested) -> None:
        """Steps and tools that the flow does not have; what a flow inside it has is not looked for."""
        if any(name.startswith("flows.") for name in flow.tools):
            return
        steps = flow.steps
        tools = {*flow.tools, *self._more}
        self.known(test, ("given", "model"), t("step"), test.model, steps, steps)
        if not self.whole:
            return
        self.known(test, ("given", "tools"), t("tool"), test.tools, tools, flow.tools)
        self.known(test, ("expect", "calls"), t("tool"), test.expect.calls or {}, tools, flow.tools)
        self.known(test, ("expect", "attempts"), t("tool"), test.expect.attempts or {}, tools, flow.tools)

    def known(
        self,
        test: spec_files.TestFile,
        path: tuple[str, ...],
        what: str,
        names: Iterable[str],
        known: Iterable[str],
        shown: Iterable[str],
    ) -> None:
        for name in names:
            if name not in known:
                self.out.add(
                    "test-unknown-name",
                    t("The flow {flow} has no {what} {name}.", flow=test.flow, what=what, name=name),
                    test.place(*path, name),
                    help=suggestion(name, shown),
                )

    def given(self, test: spec_files.TestFile, flow: Tested) -> None:
        """The input, and what tools give, as their schemas have them."""
        schema = self.schema(flow.input)
        if schema:
            named = flow.name if flow.input.inline is not None else str(flow.input)
            self.fits(f"input {named}", schema, test.input, test.place("given", "input"), t("the input of the flow"))
        for name, given in test.tools.items():
            tool = self.catalogue.tools.get(name)
            if tool is None:
                continue
            for number, answer in enumerate(given if isinstance(given, list | tuple) else [given]):
                if isinstance(answer, Mapping) and set(answer) == {"error"}:
                    continue
                at = test.place("given", "tools", name, *([number] if isinstance(given, list | tuple) else []))
                self.fits(f"tool {name}", tool.output, answer, at, t("a result of {tool}", tool=name))

    def fits(self, key: str, schema: dict[str, Any], value: Any, at: Span, what: str) -> None:
        from flowrun.errors import ConfigError
        from flowrun.records.validation import Checker

        if key not in self._checkers:
            try:
                self._checkers[key] = Checker(schema)
            except ConfigError:  # a finding where the schema stands
                self._checkers[key] = None
        checker = self._checkers[key]
        problems = checker.check(value, placeholders=False) if checker is not None else []
        if problems:
            place = problems[0].get("path") or ""
            self.out.add(
                "test-outside-schema",
                t("This cannot be {what}: {place}{why}.", what=what, place=f"{place}: " if place else "",
                  why=problems[0]["message"]),
                short(at),
                help=t("Write what really comes, field by field; what is missing in the schema is missing in a run, too."),
            )  # fmt: skip

    def record(self, test: spec_files.TestFile, flow: Tested) -> None:
        """Fields that are expected of a record that cannot have them."""
        schema = self.schema(flow.output)
        expected = test.expect.record
        kind = None if not schema else from_schema(schema)
        if kind is None or kind.fields is None or kind.open or not isinstance(expected, Mapping):
            return
        for name in expected:
            if name not in kind.fields:
                guess = closest(name, kind.fields)
                self.out.add(
                    "expects-unknown-field",
                    t("The record {schema} has no field `{name}`, so this test can never pass.", schema=flow.output,
                      name=name),
                    test.place("expect", "record", name),
                    help=suggestion(name, kind.fields),
                    fix=guess if guess and guess not in expected else None,
                )  # fmt: skip

    def learnt(self, test: spec_files.TestFile, flow: Tested) -> None:
        """A text that was learnt shows nothing when it is asked."""
        known = flow.learnt
        same = next((text for text in leaves(test.input) if len(text) >= SHORT and text in known), None)
        if same is not None:
            self.out.add(
                "test-is-example",
                t("The flow learns from this very text, so that it is understood here shows nothing."),
                short(test.place("given", "input")),
                help=t("Test with other words: what is learnt by heart is no proof."),
                related=((known[same], t("the example")),),
            )
