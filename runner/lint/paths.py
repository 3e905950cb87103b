"""Where a flow's paths lead: whether each ends in one record, and whether a choice covers every case.

Owns: these two proofs. They look at structure and at compared enum values, never at running.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowrun.lang import spec
from flowrun.lang.types import TypeScope, infer
from flowrun.lint.findings import Findings
from flowrun.words import t

Json = Any


def check_choice(step: spec.Choose, scope: TypeScope, out: Findings) -> bool:
    """Say whether one branch always runs; note enum values that none handles where `otherwise` is missing.

    A choice with a finding counts as mended, so that nothing is told of what would be null without that.
    """
    if any(branch.when is None for branch in step.choose):
        return True
    subject: spec.Node | None = None
    handled: list[Json] = []
    for branch in step.choose:
        assert branch.when is not None
        found = _handles(branch.when.node)
        if found is None or (subject is not None and found[0] != subject):
            subject = None
            break
        subject = found[0]
        handled += found[1]
    if subject is not None:
        kind, _ = infer(subject, scope)
        if kind.enum is not None:
            missing = [str(value) for value in kind.enum if value not in handled]
            if not missing and not kind.nullable:
                return True
            if missing:
                out.add(
                    "unhandled-enum",
                    t("No branch handles {missing}.", missing=", ".join(missing)),
                    step.at.get("choose", step.span),
                    help=t("Add a branch for each, or `otherwise`."),
                )
                return True
    out.add(
        "unhandled-enum",
        t("It is not sure that a branch holds, and there is no `otherwise`."),
        step.at.get("choose", step.span),
        help=t("Add `- otherwise: [...]` as the last branch."),
    )
    return True


def _handles(node: spec.Node) -> tuple[spec.Node, list[Json]] | None:
    """Return what a condition compares and with which values, for `x == "a"`, `x in [...]` and an `or` of them."""
    if node[0] == "cmp" and node[1] == "==" and node[3][0] == "lit":
        return node[2], [node[3][1]]
    if node[0] == "cmp" and node[1] == "in" and node[3][0] == "list":
        values = [item[1] for item in node[3][1] if item[0] == "lit"]
        return (node[2], values) if len(values) == len(node[3][1]) else None
    if node[0] == "or":
        subject: spec.Node | None = None
        values = []
        for part in node[1]:
            found = _handles(part)
            if found is None or subject not in (None, found[0]):
                return None
            subject = found[0]
            values += found[1]
        return None if subject is None else (subject, values)
    return None


def check_records(flow: spec.Flow, out: Findings) -> None:
    """On every path to completion exactly one record of the `output` schema is written, at the top or in a branch."""
    counter = _Records(str(flow.output), flow.output, out)
    low, high = counter.count(flow.steps, 0, 0)
    at = flow.at.get("output", flow.span)
    if any(item.rule == "record-in-for-each" for item in out.found):
        return  # the record is there, in the wrong place
    if high is not None and low == 0:
        out.add(
            "record-count",
            t("A path through the flow ends without a record of {output}.", output=flow.output),
            at,
            help=t("Write it on every path: a step with `record: {output}`.", output=flow.output),
        )
    elif high is not None and high > 1:
        message = t("A path through the flow writes more than one record of {output}.", output=flow.output)
        out.add("record-count", message, at, help=t("Keep one of the `record` steps, or put them into branches."))


class _Records:
    def __init__(self, name: str, output: spec.SchemaUse, out: Findings) -> None:
        self.name = name
        self.output = output
        self.out = out

    def count(self, steps: Sequence[spec.Step], low: int, high: int | None) -> tuple[int, int | None]:
        """Return the fewest and the most records on the paths through; `high` None: no path comes out."""
        for step in steps:
            if high is None:
                self.out.add("unreachable-step", t("The step {step} is never reached.", step=step.id), step.span)
                return low, None
            low_in, high_in = self.one(step, low, high)
            if step.when is not None:
                if high_in is None:
                    continue
                low_in, high_in = min(low, low_in), max(high, high_in)
            low, high = low_in, high_in
        return low, high

    def one(self, step: spec.Step, low: int, high: int) -> tuple[int, int | None]:
        match step:
            case spec.Record() if self.same(step.record):
                fewest = low if step.on_error == "continue" else low + 1
                return fewest, high + 1
            case spec.Stop():
                if step.stop in ("completed", "rejected") and low != 1:
                    self.out.add(
                        "record-count",
                        t(
                            "`stop: {stop}` needs a record of {output} before it, and a path comes here without one.",
                            stop=step.stop,
                            output=self.output,
                        )
                        if low == 0
                        else t(
                            "`stop: {stop}` needs one record of {output} before it, and a path comes here with more.",
                            stop=step.stop,
                            output=self.output,
                        ),
                        spec.place_of(step, "stop"),
                        help=t("Put a step with `record: {output}` before this one.", output=self.output)
                        if low == 0
                        else t("Keep one of the `record` steps before this one."),
                    )
                return low, None
            case spec.Choose():
                ends = [self.count(branch.steps, low, high) for branch in step.choose]
                if all(branch.when is not None for branch in step.choose):
                    ends.append((low, high))
                open_ends = [(a, b) for a, b in ends if b is not None]
                if not open_ends:
                    return low, None
                return min(a for a, _ in open_ends), max(b for _, b in open_ends)
            case spec.Parallel():
                total_low, total_high = low, high
                for steps in step.parallel.values():
                    inner_low, inner_high = self.count(steps, 0, 0)
                    if inner_high is None:
                        return low, None
                    total_low, total_high = total_low + inner_low, total_high + inner_high
                return total_low, total_high
            case spec.ForEach():
                self.no_record(step.steps)
        return low, high

    def same(self, use: spec.SchemaUse) -> bool:
        return str(use) == self.name if use.inline is None else use.inline == self.output.inline

    def no_record(self, steps: Sequence[spec.Step]) -> None:
        for step in steps:
            if isinstance(step, spec.Record) and self.same(step.record):
                self.out.add(
                    "record-in-for-each",
                    t("The record of {output} may not be written in a loop.", output=self.output),
                    step.span,
                )
            if isinstance(step, spec.Stop):
                self.out.add("stop-in-for-each", t("`stop` may not stand inside `for_each`."), step.span)
            if isinstance(step, spec.Choose):
                for branch in step.choose:
                    self.no_record(branch.steps)
            elif isinstance(step, spec.ForEach):
                self.no_record(step.steps)
            elif isinstance(step, spec.Parallel):
                for inner in step.parallel.values():
                    self.no_record(inner)
