"""The pages of the rules of lint: one for each, and the list of all.

Owns: the text of docs/reference/rules/*.md, made from the rules' own entries and from what lint really prints for their
examples. `docs/generate.py` writes and checks the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowrun.app.teach import Lesson, lesson
from flowrun.lang.codes import Entry, allowable, catalogue
from flowrun.lint.fragments import FLOW

FAMILIES = {
    "FR10": "Files and YAML",
    "FR11": "Keys and values",
    "FR12": "Expressions: how they are written",
    "FR13": "Expressions: what they mean",
    "FR14": "Tools, rules, steps and the workspace",
    "FR15": "What a run may do, spend and wait for",
    "FR16": "Schemas, policies, prompts, privacy, and what lies beside flows",
    "FR17": "Comments that allow findings",
    "FR18": "Style",
}
"""The families of findings by the start of their codes."""


def pages() -> dict[str, str]:
    """Return every page by its name below docs/reference/rules."""
    rules = catalogue().values()
    return {"index.md": _index(rules)} | {f"{rule.code}.md": _page(rule) for rule in rules}


def family(rule: Entry) -> str:
    """Return the title of a rule's family."""
    return FAMILIES.get(rule.code[:4], "More")


def _index(rules: Iterable[Entry]) -> str:
    lines = [
        "# Rules\n",
        f"Everything that `flowrun lint` can find: {len(catalogue())} rules. A code never changes its meaning. Each page has",
        "an example that goes wrong, what lint prints for it, and one that is right; `flowrun lint --explain CODE` shows the",
        "same in the terminal. Examples are parts of files: what they leave out is that of a small flow over the bundled desk.\n",
    ]
    last = ""
    for rule in rules:
        if family(rule) != last:
            last = family(rule)
            lines += [f"\n## {last}\n", "| code | rule | what | weight |", "|---|---|---|---|"]
        lines.append(f"| [{rule.code}]({rule.code}.md) | `{rule.rule}` | {_cell(rule.title)} | {rule.severity} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("${{", "`${{`").replace("{{ }}", "`{{ }}`")


def _page(rule: Entry) -> str:
    return "\n".join(_lines(lesson(rule)))


def _lines(taught: Lesson) -> Iterator[str]:
    rule = taught.rule
    yield f"# {rule.code} `{rule.rule}`\n"
    yield f"**{rule.title}** · {rule.severity} · [{family(rule)}](index.md)\n"
    yield f"{rule.teaching}\n"
    yield "## Not so\n"
    yield from _files(taught.bad)
    if taught.printed:
        yield "`flowrun lint` prints:\n"
        yield f"{_fence(taught.printed)}text\n{taught.printed}\n{_fence(taught.printed)}\n"
    if taught.mended:
        yield "`flowrun lint --fix` makes of it:\n"
        yield from _files(taught.mended)
    yield "## But so\n"
    yield from _files(taught.good)
    if allowable(rule.code, rule.severity):
        yield "## To allow it\n"
        yield "Where it is meant to be so, a comment in the line or above it says why, and until when:\n"
        yield f'```yaml\n# flowrun: allow {rule.code} reason="Why it is right here." until=2027-01-31\n```\n'


def _files(files: Mapping[str, str]) -> Iterator[str]:
    for name, text in files.items():
        kind = {"json": "json", "py": "python"}.get(name.rpartition(".")[2], "yaml")
        body = text.rstrip("\n")
        if len(files) > 1 or name != FLOW:
            yield f"`{name}`\n"
        yield f"{_fence(body)}{kind}\n{body}\n{_fence(body)}\n"


def _fence(text: str) -> str:
    return "````" if "```" in text else "```"
