"""What stands in the boxes of a drawing: a word for the kind of each step, and its lines.

Owns: these words, the same in every picture, so that no kind is told by a colour or a shape alone.
"""

from __future__ import annotations

from flowrun.contract.model import Contract, StepView
from flowrun.contract.plain import listed
from flowrun.words import t

READ, WRITE, MODEL, PERSON, CHOICE, LOOP, SIDE, WAIT, RECORD, VALUE, END, GATE, FLOW = (
    "read", "write", "model", "person", "choice", "loop", "side", "wait", "record", "value", "end", "gate", "flow"
)  # fmt: skip


def kind_of(step: StepView) -> str:
    """Return how a step is drawn."""
    if step.kind == "call":
        return FLOW if step.says.startswith("flows.") else WRITE if step.writes else READ
    kinds = {
        "ask": MODEL, "ask_person": PERSON, "choose": CHOICE, "for_each": LOOP, "parallel": SIDE, "wait_for": WAIT,
        "record": RECORD, "set": VALUE, "stop": END,
    }  # fmt: skip
    return kinds[step.kind]


def tag_of(kind: str) -> str:
    """Return the word that tells a kind of box from the others."""
    return {
        READ: t("READS"),
        WRITE: t("WRITES"),
        MODEL: t("MODEL"),
        PERSON: t("PERSON"),
        CHOICE: t("CHOICE"),
        LOOP: t("FOR EACH"),
        SIDE: t("SIDE BY SIDE"),
        WAIT: t("WAITS"),
        RECORD: t("RECORD"),
        VALUE: t("VALUE"),
        END: t("END"),
        GATE: t("GATE"),
        FLOW: t("FLOW"),
    }[kind]


def lines_of(step: StepView) -> list[str]:
    """Return the lines of a step's box: its id or title, what it does, and what a failure leads to."""
    lines = [step.title or step.id, *([step.says] if step.says else [])]
    if step.when:
        lines.append(t("only when {condition}", condition=step.when))
    if step.on_error == "hand_off":
        lines.append(t("if it fails: {owner}", owner=step.owner))
    elif step.on_error == "continue":
        lines.append(t("if it fails: goes on without"))
    return lines


def proposed(step: StepView) -> str:
    """Return what a model's step may lead to, empty where it only answers."""
    return listed(step.writes, "or") if step.kind == "ask" else ""


def started(contract: Contract) -> str:
    """Return what the first box says."""
    if contract.input.name.startswith("inline:"):
        return t("Starts with its input")
    return t("Starts with {input}", input=contract.input.name)


def told(contract: Contract) -> tuple[str, str]:
    """Return the title and the description of a picture, for people who cannot see it."""
    title = f"{contract.title or contract.flow} ({contract.flow}@{contract.version})"
    writes = [use.tool for use in contract.uses if use.effect == "write"]
    people = [role.name for role in contract.roles]
    return title, t(
        "The steps of the flow from top to bottom. It may write with: {writes}. People: {people}.",
        writes=listed(writes) or t("nothing"),
        people=listed(people) or t("nobody"),
    )
