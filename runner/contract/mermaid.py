"""A contract as a Mermaid flow chart, which Git hosts and wikis draw.

Owns: that text. Kinds of steps differ by shape and by a word; there is no colour. Labels come from files of others, so every
character that means something to Mermaid or HTML is written as an entity.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.contract import labels as lb
from flowrun.contract.model import Contract, StepView
from flowrun.words import t

Loose = list[tuple[str, str]]
"""Boxes that the next one follows, each with the label of the arrow."""
_SHAPES = {
    lb.READ: ("[", "]"),
    lb.WRITE: ("[[", "]]"),
    lb.MODEL: ("([", "])"),
    lb.PERSON: ("[/", "/]"),
    lb.CHOICE: ("{", "}"),
    lb.LOOP: ("[\\", "\\]"),
    lb.SIDE: ("[\\", "\\]"),
    lb.WAIT: (">", "]"),
    lb.RECORD: ("[(", ")]"),
    lb.VALUE: ("(", ")"),
    lb.END: ("((", "))"),
    lb.GATE: ("{{", "}}"),
    lb.FLOW: ("[[", "]]"),
}
_KEPT = frozenset(" .,:/_-@=+*()?!'")
_LONGEST = 90


def as_mermaid(contract: Contract) -> str:
    """Return the flow chart of a contract."""
    title, description = lb.told(contract)
    chart = _Chart()
    first = chart.box(lb.VALUE, [lb.started(contract)], [], tag="")
    last = chart.steps(contract.steps, [(first, "")])
    if last:
        chart.box(lb.END, [t("completed")], last, tag="")
    head = ["flowchart TD", f"  accTitle: {_line(title)}", f"  accDescr: {_line(description)}"]
    return "\n".join([*head, *chart.lines]) + "\n"


class _Chart:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._count = 0

    def box(self, kind: str, lines: Sequence[str], before: Loose, *, tag: str | None = None) -> str:
        """Add a box after others; return its name."""
        self._count += 1
        name = f"n{self._count}"
        word = lb.tag_of(kind) if tag is None else tag
        inside = "<br/>".join(escaped(line) for line in [*([word] if word else []), *lines])
        left, right = _SHAPES[kind]
        self.lines.append(f'  {name}{left}"{inside}"{right}')
        for other, label in before:
            self.arrow(other, name, label)
        return name

    def arrow(self, start: str, end: str, label: str) -> None:
        """Add an arrow."""
        self.lines.append(f'  {start} -->|"{escaped(label)}"| {end}' if label else f"  {start} --> {end}")

    def steps(self, steps: Sequence[StepView], before: Loose) -> Loose:
        """Add steps one after the other; return what the next box follows."""
        for step in steps:
            if not before:
                break  # nothing is reached after an end
            before = self.step(step, before)
        return before

    def step(self, step: StepView, before: Loose) -> Loose:
        kind = lb.kind_of(step)
        if kind == lb.END:
            self.box(kind, lb.lines_of(step), before)
            return []
        if step.kind == "call" and step.gates:
            before = [(self.box(lb.GATE, step.gates, before), "")]
        name = self.box(kind, lb.lines_of(step), before)
        if step.kind == "ask" and (tools := lb.proposed(step)):
            proposes = [(name, t("proposes"))]
            before = [(self.box(lb.GATE, step.gates, proposes), "")] if step.gates else proposes
            return [(self.box(lb.WRITE, [tools], before), "")]
        if kind == lb.CHOICE:
            return [end for branch in step.branches for end in self.steps(branch.steps, [(name, branch.label)])]
        if kind == lb.LOOP:
            for branch in step.branches:
                for end, label in self.steps(branch.steps, [(name, branch.label)]):
                    self.arrow(end, name, label or t("next"))
            return [(name, t("all done"))]
        if kind == lb.SIDE:
            return [end for branch in step.branches for end in self.steps(branch.steps, [(name, branch.label)])]
        return [(name, "")]


def escaped(text: str) -> str:
    """Return a text as a label: what is no letter, digit or harmless sign is an entity."""
    line = " ".join(text.split())
    line = line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
    return "".join(char if char.isalnum() or char in _KEPT else f"#{ord(char)};" for char in line)


def _line(text: str) -> str:
    """Return a text for a title, which ends with its line and knows no entities."""
    return "".join(char if char.isalnum() or char in " .,:@_-()" else " " for char in " ".join(text.split())).strip()
