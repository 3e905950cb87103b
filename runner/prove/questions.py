"""Questions as people write them: `pay.refund over 500 EUR without approval by finance`.

Owns: their form and what each part means. Whether names in them exist is looked up here, too; the answers are
`prove.answers`' part.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from flowrun.errors import InputError
from flowrun.lang.expr_problem import suggestion
from flowrun.lang.expressions import parse_expression
from flowrun.values.money import MICRO, parse_money
from flowrun.words import mark, t

Node = list[Any]
COUNTED = ("writes", "tool_calls", "model_calls", "cost")
BY = {"chosen by the model": "model", "from the message": "message", "unbound": "unbound"}
HELP = mark(
    "Write for example: `pay.refund without approval`, `pay.refund over 500 EUR`, `desk.create_ticket more than 2 times`, "
    "`mail.send with to chosen by the model`, `pay.refund without crm.lookup_customer before`, `writes > 3`, "
    "`input.email reaches the model`, `completed without record`."
)
_NAME = r"[A-Za-z_][\w.-]*"
_END = r"(?=\s|$)"
_DAY = r"(?P<day> in a day)?"
_PARTS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("approval", rf"without approval(?: by (?P<role>{_NAME}))?{_END}"),
        ("ask_person", rf"without ask_person{_END}"),
        ("after", rf"without (?P<tool>{_NAME}\.{_NAME})(?: before)?{_END}"),
        ("after", rf"before (?P<tool>{_NAME}\.{_NAME}){_END}"),
        (
            "over",
            rf"over (?P<amount>\d+(?:\.\d+)?)(?: (?P<code>[A-Z]{{3}}))?(?:{_DAY}(?: for one (?P<per>{_NAME}))?){_END}",
        ),
        ("times", rf"(?:more than|>) (?P<most>\d+|once|twice)(?: times?)?{_DAY}{_END}"),
        ("chosen", rf"with (?P<arg>{_NAME}) (?P<by>chosen by the model|from the message|unbound){_END}"),
        ("when", r"when (?P<expr>.+?)(?=\s+without (?:approval|ask_person|[\w.]+ before)\b|$)"),
    )
)
_COUNT = re.compile(rf"(?P<what>{'|'.join(COUNTED)}) (?:>|more than) (?P<most>.+)")
_REACHES = re.compile(r"(?P<path>\S+) reaches the model")
_RECORD = re.compile(r"complet(?:ed|ion) without (?:a )?record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: can this happen? `kind` is `call`, `count`, `reaches` or `record`.

    Of a call: the `tool`, and all that must be so at once. `roles` has None for an approval by anybody. `most` is in
    millionths for `cost`.
    """

    text: str
    kind: str
    tool: str = ""
    roles: tuple[str | None, ...] = ()
    without_people: bool = False
    without_calls: tuple[str, ...] = ()
    over: tuple[float, str | None] | None = None
    in_a_day: bool = False
    per: str | None = None
    most: int | None = None
    chosen: tuple[str, str] | None = None
    when: str = ""
    node: Node | None = field(default=None, hash=False)
    what: str = ""
    path: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether it asks about one single call."""
        return self.kind == "call" and self.most is None and not self.in_a_day


def parse(text: str, tools: Collection[str], steps: Collection[str] = ()) -> Question:
    """Return the question of a text. Raises `InputError` where it is none (FR3201) or names what is not there (FR3202)."""
    text = " ".join(text.split())
    if found := _COUNT.fullmatch(text):
        return _count(text, found["what"], found["most"])
    if found := _REACHES.fullmatch(text):
        return _reaches(text, found["path"], tools, steps)
    if _RECORD.fullmatch(text):
        return Question(text=text, kind="record")
    tool, _, rest = text.partition(" ")
    if tool not in tools:
        if "." not in tool:
            raise InputError(t("This question is not understood: {text}", text=text), help=t(HELP), code="FR3201")
        raise _unknown(tool, tools)
    return _call(text, tool, rest, tools)


def _unknown(tool: str, tools: Collection[str]) -> InputError:
    listed = suggestion(tool, sorted(tools)) or t("It may use: {tools}.", tools=", ".join(sorted(tools)))
    return InputError(t("This flow does not use {tool}.", tool=tool), help=listed, code="FR3202")


def _call(text: str, tool: str, rest: str, tools: Collection[str]) -> Question:
    found: dict[str, Any] = {"roles": [], "without_calls": []}
    rest = rest.strip()
    while rest:
        for kind, pattern in _PARTS:
            match = pattern.match(rest)
            if match is not None:
                _take(kind, match, found, tools)
                rest = rest[match.end() :].strip()
                break
        else:
            raise InputError(
                t("This part of the question is not understood: {text}", text=rest), help=t(HELP), code="FR3201"
            )
    found = {
        name: tuple(value) if isinstance(value, list) and name != "node" else value for name, value in found.items()
    }
    return Question(text=text, kind="call", tool=tool, **found)


def _take(kind: str, match: re.Match[str], found: dict[str, Any], tools: Collection[str]) -> None:
    if kind == "approval":
        found["roles"].append(match["role"])
    elif kind == "ask_person":
        found["without_people"] = True
    elif kind == "after":
        if match["tool"] not in tools:
            raise _unknown(match["tool"], tools)
        found["without_calls"].append(match["tool"])
    elif kind == "over":
        found["over"] = (float(match["amount"]), match["code"])
        found["in_a_day"] = bool(match["day"])
        found["per"] = match["per"]
    elif kind == "times":
        found["most"] = {"once": 1, "twice": 2}.get(match["most"]) or int(match["most"])
        found["in_a_day"] = bool(match["day"])
    elif kind == "chosen":
        found["chosen"] = (match["arg"], BY[match["by"]])
    else:
        node, problems = parse_expression(match["expr"])
        if node is None or problems:
            first = problems[0]
            raise InputError(f"{match['expr']}: {first.message}", help=first.help or t(HELP), code="FR3201")
        found["when"], found["node"] = match["expr"], node


def _count(text: str, what: str, most: str) -> Question:
    if what == "cost":
        money = parse_money(most)
        if money is None:
            raise InputError(
                t("{text} is no amount of money.", text=most), help=t("Write `cost > 0.10 USD`."), code="FR3201"
            )
        return Question(text=text, kind="count", what=what, most=money[0], over=(money[0] / MICRO, money[1]))
    if not most.isdecimal():
        raise InputError(
            t("{text} is no whole number.", text=most), help=t("Write `{what} > 3`.", what=what), code="FR3201"
        )
    return Question(text=text, kind="count", what=what, most=int(most))


def _reaches(text: str, path: str, tools: Collection[str], steps: Collection[str]) -> Question:
    parts = path.split(".")
    if parts[0] == "input":
        return Question(text=text, kind="reaches", path=tuple(parts))
    if parts[0] == "steps" and len(parts) > 1:
        if parts[1] not in steps:
            raise InputError(
                t("This flow has no step {step}.", step=parts[1]),
                help=suggestion(parts[1], sorted(steps)),
                code="FR3202",
            )
        return Question(text=text, kind="reaches", path=tuple(parts))
    tool = next((name for name in tools if path == name or path.startswith(f"{name}.")), None)
    if tool is None:
        raise InputError(
            t("It is not clear what {path} is.", path=path),
            help=t("Write `input.FIELD`, `steps.ID.FIELD` or `TOOL.FIELD` (a field of what the tool returns)."),
            code="FR3202",
        )
    rest = path[len(tool) + 1 :]
    return Question(text=text, kind="reaches", tool=tool, path=(tool, *(rest.split(".") if rest else ())))
