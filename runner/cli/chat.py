"""The terminal as the customer of one run.

Owns: the conversation of `flowrun run --chat`, on stdin and stderr. What a reply means is `app.consent`'s; a yes is
always to the exact arguments that were shown.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.app import words
from flowrun.app.consent import read_yes_no
from flowrun.cli.output import note
from flowrun.errors import InputError
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.result import RunResult
    from flowrun.app.runs import App

Json = Any
CUSTOMER = "customer"
CHANGED = ("FR3003", "FR3022", "FR3027", "FR3061")
"""What was asked is settled, late or another thing by now: a yes to it counts for nothing, and it is asked anew."""


class _Gone(Exception):
    """The customer has hung up: the input has ended."""


async def converse(app: App, result: RunResult) -> RunResult:
    """Let the terminal answer all that waits for the customer; return the run as it stands then."""
    try:
        while entry := next((e for e in result.waiting if CUSTOMER in e.get("open", [])), None):
            try:
                result = await (consent(app, entry) if entry["kind"] == "approval" else reply(app, entry))
            except InputError as error:
                if error.code not in CHANGED:
                    raise
                tell(t("That has changed in the meantime."))
                result = app.result(result.run)
    except _Gone:
        note(t("The input has ended; the run goes on waiting."))
    return result


async def consent(app: App, entry: dict[str, Json]) -> RunResult:
    """Show the exact calls and ask until the reply is a yes or a no."""
    tell(t("May I do this?"))
    for proposal in entry["proposal"]:
        tell(f"  {proposal['tool']}")
        for line in words.pretty(proposal["args"], 4):
            tell(line)
    if entry.get("why"):
        tell(entry["why"])
    while True:
        said = read_yes_no(ask(t("yes or no")))
        if said == "yes":
            return await app.approve(entry["id"], by=CUSTOMER, role=CUSTOMER, seen=entry["seen"])
        if said == "no":
            return await app.reject(entry["id"], by=CUSTOMER, reason=t("The customer said no."), role=CUSTOMER)
        tell(t("Sorry, was that a yes or a no?"))


async def reply(app: App, entry: dict[str, Json]) -> RunResult:
    """Ask a question until the answer fits its form."""
    tell(entry["title"])
    for problem in entry.get("problems", []):
        tell(f"  {problem.get('path') or t('your answer')}: {problem.get('message', '')}")
    while True:
        data = fill(entry.get("form") or {"type": "string"}, entry.get("draft"))
        try:
            return await app.answer(entry["id"], data, by=CUSTOMER)
        except InputError as error:
            if error.code != "FR3021":
                raise
            tell(error.message)


def fill(form: dict[str, Json], draft: Json) -> Json:
    """Return what the customer types: a text, or a value for each field of the form."""
    properties = form.get("properties")
    if not isinstance(properties, dict):
        return typed(ask(""), form)
    known = draft if isinstance(draft, dict) else {}
    required = form.get("required", [])
    answer: dict[str, Json] = {}
    for name, schema in properties.items():
        options = f" ({', '.join(map(str, schema['enum']))})" if "enum" in schema else ""
        before = f" [{words.short(known[name])}]" if name in known else ""
        text = ask(f"{schema.get('title', name)}{options}{before}")
        if text:
            answer[name] = typed(text, schema)
        elif name in known:
            answer[name] = known[name]
        elif name in required and schema.get("type") == "string":
            answer[name] = ""
    return answer


def typed(text: str, schema: dict[str, Json]) -> Json:
    """Return typed text as the value that the schema wants; as text where it is no such value."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    options = schema.get("enum", [])
    if "string" in kinds or text in options:
        return text
    if "boolean" in kinds and (said := read_yes_no(text)) != "unclear":
        return said == "yes"
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def ask(label: str) -> str:
    """Return one line of input."""
    sys.stderr.write(f"{label}> " if label else "> ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        sys.stderr.write("\n")
        raise _Gone
    return line.strip()


def tell(text: str) -> None:
    """Say something to the customer."""
    note(text, style=None)
