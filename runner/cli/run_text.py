"""A run and its inbox entries as people read them in a terminal.

Owns: that text, with the exact command that answers each entry. Words for events are `app.look`'s.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from flowrun.app import words
from flowrun.app.look import attempt_words
from flowrun.app.origins import entry_lines
from flowrun.app.whys import wait_words
from flowrun.cli.options import command_line
from flowrun.cli.output import note, print_json, say
from flowrun.words import t, tn

if TYPE_CHECKING:
    from flowrun.app.result import RunResult

Json = Any
STYLES = {
    "completed": "bold green",
    "completed_with_gaps": "bold yellow",
    "rejected": "bold yellow",
    "waiting": "bold yellow",
}
TONES = {"good": "green", "bad": "red", "wait": "yellow"}


def print_result(result: RunResult) -> None:
    """Print outcome, record, what waits and where to look on."""
    print_heading(result)
    if result.record is not None:
        say(t("\nRecord"), style="bold")
        lines(words.pretty(result.record, 2))
    print_waiting(result)
    say(t("\nUsed: {what}", what=used(result)))
    say(t("More: {command_line}", command_line=command_line(f"flowrun show {result.run}")))


def print_said(result: RunResult, *, as_json: bool, stored_only: bool) -> int:
    """Print a run after somebody's word; return the exit code. `stored_only`: it was only stored, which is all that was asked."""
    stored = stored_only and result.outcome in ("running", "waiting")
    if as_json:
        print_json(result)
    else:
        print_result(result)
    if stored and result.outcome == "running":
        note(t("It is stored. Go on: {command}", command=command_line(f"flowrun resume {result.run}")))
    return 0 if stored else result.exit_code


def print_heading(result: RunResult) -> None:
    """Print the outcome in one line, and the reason."""
    mode = "" if result.mode == "live" else f"  ({result.mode})"
    say(
        f"{result.outcome}  {result.flow}@{result.version}  {result.run}{mode}",
        style=STYLES.get(result.outcome, "bold red"),
    )
    if result.duplicate_of:
        say(
            t(
                "The same input was handed in before: this is that run ({run}); nothing was done twice.",
                run=result.duplicate_of,
            )
        )
    if result.mode == "shadow":
        say(t("A shadow run: it has read, and shows what it would have written. Nothing was written or sent."))
    if result.reason:
        say(t("Reason: {reason}", reason=result.reason))


def print_waiting(result: RunResult) -> None:
    """Print what a run waits for."""
    for entry in result.waiting:
        say()
        print_entry(entry)
    if any("id" in entry for entry in result.waiting):
        say(
            t(
                "Whoever decides sees every value in {command}",
                command=command_line(f"flowrun inbox --run {result.run}"),
            )
        )


def print_entry(entry: dict[str, Json]) -> None:
    """Print one inbox entry or timer, and the commands that answer it."""
    kind = str(entry.get("kind"))
    if "id" not in entry:
        said = wait_words(entry)
        say(said[0].upper() + said[1:], style="bold yellow")
        if entry.get("event"):
            key = shlex.quote(str(entry.get("key") or ""))
            sent = f"flowrun event {entry['event']} --key {key} --data JSON"
            say(f"  {command_line(sent)}")
        if entry.get("due"):
            say("  " + t("{command} wakes what is due", command=command_line("flowrun resume --due")))
        return
    say(f"{kind.replace('_', '-')} {entry['id']}: {entry['title']}", style="bold yellow")
    who = words.listed(list(dict.fromkeys(entry["to"])))
    if entry.get("due"):
        say("  " + t("for {who}, until {due} UTC", who=who, due=words.moment(entry["due"])))
    else:
        say("  " + t("for {who}", who=who))
    if entry.get("why"):
        say("  " + t("why: {why}", why=entry["why"]))
    proposals = entry.get("proposal", [])
    for number, proposal in enumerate(proposals, 1):
        tool = f"{number}. {proposal['tool']}" if len(proposals) > 1 else proposal["tool"]
        if proposal.get("edited_by"):
            tool = t("{tool} (arguments written by {by})", tool=tool, by=proposal["edited_by"])
        say(f"  {tool}")
        lines(words.pretty(proposal["args"], 4))
        came_from = entry_lines(proposal)
        lines(
            [
                f"    {line}"
                for line in ([t("where it came from:"), *(f"  {c}" for c in came_from)] if came_from else [])
            ]
        )
    if entry.get("evidence"):
        keys = ["    " + t("with the key {key}", key=proposal["key"]) for proposal in proposals if proposal.get("key")]
        lines([*keys, *(f"    {attempt_words(attempt)}" for attempt in entry["evidence"])])
    for name, value in (entry.get("show") or {}).items():
        say(f"  {name}:")
        lines(words.pretty(value, 4))
    if entry.get("draft") is not None:
        say("  " + t("draft:"))
        lines(words.pretty(entry["draft"], 4))
    for problem in entry.get("problems", []):
        say(
            "  "
            + t(
                "not valid: {path}: {message}",
                path=problem.get("path") or t("the whole"),
                message=problem.get("message", ""),
            )
        )
    if {"answer", "done"} & set(entry.get("may", [])) and entry.get("form"):
        lines(["  " + t("field {line}", line=line) for line in form_fields(entry["form"])])
    for approval in entry.get("approvals", []):
        say("  " + t("{by} ({role}) said yes", by=approval["by"], role=approval["role"]))
    for command in commands(entry):
        say(f"  {command_line(command)}")


def commands(entry: dict[str, Json]) -> list[str]:
    """Return the commands that answer an entry."""
    id, who = entry["id"], "customer" if "customer" in entry["to"] else "NAME"
    seen = f" --seen {entry['seen']}" if "entries" in entry else ""
    known = {
        "approve": f"flowrun approve {id} --as {who}{seen}",
        "reject": f"flowrun reject {id} --as {who} --reason TEXT",
        "edit": f"flowrun edit {id} --as NAME --data JSON" if entry["to"] != ["customer"] else "",
        "answer": f"flowrun answer {id} --as {who} --data JSON",
        "done": f"flowrun settle {id} --done --data JSON --as {who}",
        "not_done": f"flowrun settle {id} --not-done --as {who}",
        "resume": f"flowrun resume {entry['run']} --as {who}",
        "close": f"flowrun close {id} --as {who} --reason TEXT",
    }
    return [known[name] for name in entry.get("may", []) if known.get(name)]


def form_fields(form: dict[str, Json]) -> list[str]:
    """Return what each field of a form takes, one line each; nothing for a form without fields."""
    found = []
    for name, schema in form.get("properties", {}).items():
        kinds = schema.get("type", "value")
        kind = t(" or ").join(kinds) if isinstance(kinds, list) else kinds
        takes = ", ".join(map(words.scalar, schema["enum"])) if "enum" in schema else schema.get("format", kind)
        line = f"{name}: {takes}"
        found.append(line if name in form.get("required", []) else t("{line} (may be left out)", line=line))
    return found


def used(result: RunResult) -> str:
    """Return what a run has used, in one line."""
    usage = result.usage
    parts = [
        tn("{n} model call", "{n} model calls", usage.model_calls),
        tn("{n} tool call", "{n} tool calls", usage.tool_calls),
        tn("{n} write", "{n} writes", usage.writes),
    ]
    if usage.model_tokens:
        parts.append(tn("{n} token", "{n} tokens", usage.model_tokens))
    return ", ".join([*parts, t("cost {cost}", cost=f"{usage.cost:g}"), f"{usage.seconds:g} s"])


def lines(texts: list[str]) -> None:
    """Print lines."""
    for text in texts:
        say(text)
