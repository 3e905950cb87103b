"""What tells runs, persons and steps apart: `key`, `subject`, and ids that are easily taken for another.

Owns: these findings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lang.edits import insert_line
from flowrun.lang.types import Type
from flowrun.lint.findings import Findings
from flowrun.lint.reach import Reach
from flowrun.lint.scope import World
from flowrun.plan.marks import kinds, leaves
from flowrun.values.nodes import walk
from flowrun.words import t, tn

Json = Any
MESSAGES = ("message_id", "event_id", "request_id", "delivery_id", "submission_id")
"""Fields that name what came in, so that the same one twice is a repetition."""
PERSONS = ("email", "phone")
"""Marks (`x-pii`) of fields by which a person is found."""
WORDS = frozenset({"input", "steps", "calls", "item", "run", "args", "facts", "tables", "env", "secret", "event"})
"""Names that mean something of their own in expressions."""
_SHORT = 5
"""Ids that are shorter are told apart at a glance, or not meant to be words."""
_NEAR = 20
"""Most ids with the same two letters at an end that one more is compared with."""

_NUMBER = re.compile("[0-9]+")


def check_key(world: World, kind: Type, out: Findings) -> None:
    """Check the type of a flow's `key`: a value that differs from message to message, and is always there."""
    key = world.flow.key
    assert key is not None
    if not any(node == ["name", "input"] for node in walk(key.node)):
        out.add(
            "key-too-coarse",
            t("This key is always the same, so only the first message would ever be worked on."),
            key.span,
            help=t("Write what names the message, like `key: input.message_id`."),
        )
    elif kind.enum is not None or kind.kind == "boolean":
        n = len(kind.enum or (True, False))
        out.add(
            "key-too-coarse",
            tn(
                "This key has only {n} value, so there would only ever be {n} run.",
                "This key has only {n} values, so there would only ever be {n} runs.",
                n,
            ),
            key.span,
            help=t("Write what names the message, like `key: input.message_id`."),
        )
    elif kind.nullable:
        out.add(
            "key-may-be-null",
            t("This key may be null, and a message without it is refused."),
            key.span,
            help=t("Take a field that is always there, make it required in the schema, or join two with `~`."),
        )


def check_identity(world: World, reach: Reach, out: Findings, policies: Sequence[spec.Policy]) -> None:
    """Find flows that would act twice on one message, persons who could not be erased, and ids that look alike."""
    flow = world.flow
    schema = world.schema_of(flow.input)
    at = spec.place_of(flow, "input")
    if isinstance(schema, dict):
        if flow.key is None and any(map(reach.writes, flow.tools)):
            _keyless(flow, schema, at, out)
        if flow.subject is None and not _spoken_to(world, reach, out, policies):
            _nobody(schema, at, out)
    _ids(reach, out)


def _keyless(flow: spec.Flow, schema: Json, at: Span, out: Findings) -> None:
    required, fields = schema.get("required") or (), schema.get("properties") or {}
    names = [name for name in MESSAGES if name in required and isinstance(fields.get(name), dict)]
    if not names:
        return
    line = insert_line(at.file, at.end_line + 1, f"key: input.{names[0]}")
    own = at.line == at.end_line and at.line != flow.at["steps"].line
    out.add(
        "key-missing",
        t("The same message twice would be worked on twice: this flow writes, and has no `key`."),
        flow.at.get("input", at),
        help=t("Add `key: input.{name}`, so that the same message is the same run.", name=names[0]),
        edits=(line,) if len(names) == 1 and own else (),
    )


def _spoken_to(world: World, reach: Reach, out: Findings, policies: Sequence[spec.Policy]) -> bool:
    """Note a customer who is spoken to, and nobody knows who it is; return whether there is one."""
    flow = world.flow
    rules = [*flow.tools.values(), *(rule for policy in policies for rule in policy.rules)]
    asked = any(isinstance(p.step, spec.Ask | spec.AskPerson) and p.step.to == "customer" for p in reach.places)
    approves = any("customer" in rule.approver and any(name in flow.tools for name in rule.tools) for rule in rules)
    if asked or approves:
        out.add(
            "missing-subject",
            t("This flow speaks with the customer, so it must say who that is."),
            flow.at.get("flow", flow.at.get("steps", flow.span)),
            help=t("subject: input.email"),
        )
    return asked or approves


def _nobody(schema: Json, at: Span, out: Findings) -> None:
    for path, leaf, _ in leaves(schema):
        if leaf.get("x-pii") in PERSONS and "string" in kinds(leaf) and len(path) == 1:
            out.add(
                "subject-missing",
                t(
                    "The input names a person (`{name}`), and the flow does not say whose data it handles.",
                    name=path[0],
                ),
                at,
                help=t("Add `subject: input.{name}`, so that this person can be found and erased.", name=path[0]),
            )
            return


def _ids(reach: Reach, out: Findings) -> None:
    ends: dict[str, list[spec.Step]] = {}
    for place in reach.places:
        step = place.step
        at = spec.place_of(step, "id")
        if step.id in WORDS:
            out.add(
                "id-is-a-word",
                t("`steps.{id}` is easily taken for `{id}`, which means something else.", id=step.id),
                at,
                help=t("Give the step a name that says what it does."),
            )
        if len(step.id) < _SHORT:
            continue
        # A slip in one place leaves the first two letters, or the last two, as they are.
        near = [*ends.setdefault(step.id[:2], []), *ends.setdefault("-" + step.id[-2:], [])]
        other = next((one for one in near if _alike(one.id, step.id)), None)
        if other is not None:
            out.add(
                "ids-alike",
                t("The ids {id} and {other} are easily mixed up.", id=step.id, other=other.id),
                at,
                help=t("Give one of them a name of its own."),
                related=((spec.place_of(other, "id"), t("the other one")),),
            )
        for part in (step.id[:2], "-" + step.id[-2:]):
            if len(ends[part]) < _NEAR:
                ends[part].append(step)


def _slip(one: str, other: str) -> bool:
    """Whether two texts differ in one letter, one too many, or two that have changed places."""
    if len(one) > len(other):
        one, other = other, one
    place = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) < len(other):
        return one[place:] == other[place + 1 :]
    if one[place + 1 :] == other[place + 1 :]:
        return True
    turned = one[place + 1] + one[place] if place + 1 < len(one) else ""
    return turned == other[place : place + 2] and one[place + 2 :] == other[place + 2 :]


def _alike(one: str, other: str) -> bool:
    """Whether two ids look alike although nothing says what differs: no number, no last letter of its own, no plural."""
    if _NUMBER.sub("", one) == _NUMBER.sub("", other) or abs(len(one) - len(other)) > 1 or not _slip(one, other):
        return False
    if any(char.isdigit() for char in set(one) ^ set(other)) or {one + "s", other + "s"} & {one, other}:
        return False
    differ = [place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    place = differ[0] if differ else min(len(one), len(other))
    # What stands after the last `_`, such as `_a` or `_in`, is written to tell the two apart.
    return not (len(one) == len(other) and place > one.rfind("_") >= len(one) - 3)
