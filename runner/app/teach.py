"""What lint says about the example of a rule: its fragment as a workspace of its own, checked like any other.

Owns: the workspace on disk for the moment of the check, what a repair makes of the example, and the few examples that no
text can show. What stands around a fragment is `lint.fragments`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from flowrun.errors import Diagnostic, Span
from flowrun.lang.codes import Entry
from flowrun.lint.fragments import FLOW, complete, parts

GENERATED: Mapping[str, Callable[[], bytes | str]] = {
    "file-too-large": lambda: b"flow: large\n" + b"# a line\n" * 120_000,
    "binary-file": lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "not-utf8": lambda: "title: Réclamation\n".encode("latin-1"),
    "control-character": lambda: "title: A\x08B\n",
    "too-many-findings": lambda: "".join(f"key_{number}: 1\n" for number in range(300)),
    "too-long": lambda: "key: input.text" + " ~ input.text" * 1_600 + "\n",
    "long-prompt": lambda: (
        f"steps:\n  - id: read\n    ask: {'Be kind. ' * 1_000} ${{{{ input.text }}}}\n    on_error: hand_off\n"
    ),
}
"""Rules whose bad example is no text, or too long a one, with the flow that shows it; their `bad` says so in words."""


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and its examples: what lint prints for the bad one, and what its repair makes of it.

    `bad` and `good` are texts by file name; `mended` is one of the bad ones after the repair, empty where there is no
    single right one. `printed` holds the findings of this rule, as `flowrun lint` shows them.
    """

    rule: Entry
    bad: Mapping[str, str]
    good: Mapping[str, str]
    printed: str
    mended: Mapping[str, str]


def lesson(rule: Entry) -> Lesson:
    """Return a rule's lesson; its bad example is checked for it."""
    from flowrun.lint.reporters.text import render_text

    found, texts = findings_of(rule.bad, rule.rule)
    own = [item for item in found if item.code == rule.code]
    first = own[:1] if rule.rule in GENERATED else own
    return Lesson(
        rule=rule,
        bad=parts(rule.bad),
        good=parts(rule.good),
        printed=render_text(first, {} if rule.rule in GENERATED else texts).rstrip("\n"),
        mended=_mended(rule) if rule.rule not in GENERATED and any(item.changes for item in own) else {},
    )


def _mended(rule: Entry) -> dict[str, str]:
    """Return what `--fix` makes of the files that a rule's bad example shows, where it mends that finding."""
    from flowrun.app.mend import mended

    files = {name: text.encode() for name, text in complete(rule.bad).items()}
    with _laid_out(files) as root:
        mending = mended(root, [str(root)])
        after = {name: mending.after[file].decode() for name in files if (file := str(root / name)) in mending.after}
    if rule.code not in {item.code for item in mending.report.mended}:
        return {}
    shown = {}
    for name, text in parts(rule.bad).items():
        rest = files[name].decode()[len(text.rstrip("\n")) :]
        if name in after and after[name].endswith(rest):
            shown[name] = after[name].removesuffix(rest)
    return shown


def findings_of(fragment: str, rule: str = "") -> tuple[list[Diagnostic], dict[str, str]]:
    """Return what lint finds in the workspace around a fragment, and the texts of its files.

    `rule`: where it is one of `GENERATED`, its flow stands in place of the fragment. Names of files are relative.
    """
    made = GENERATED[rule]() if rule in GENERATED else fragment
    files = {name: text.encode() for name, text in complete(made if isinstance(made, str) else "").items()}
    if isinstance(made, bytes):
        files[FLOW] = made
    return findings_in(files)


def findings_in(files: Mapping[str, bytes]) -> tuple[list[Diagnostic], dict[str, str]]:
    """Return what lint finds in a workspace, and the texts of its files; all names are relative to its root."""
    from flowrun.app.lint import looked_at

    with _laid_out(files) as root:
        found = looked_at(root, [str(root)], {}).findings
        lead = f"{root}/"
    return [_moved(item, lead) for item in found], {name: data.decode(errors="replace") for name, data in files.items()}


@contextmanager
def _laid_out(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Write files into a folder that is gone afterwards; names are relative to it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name, data in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        yield root


def _moved(item: Diagnostic, lead: str) -> Diagnostic:
    """Return a finding without the folder in which the example stood for a moment."""

    def span(at: Span) -> Span:
        return msgspec.structs.replace(at, file=at.file.removeprefix(lead))

    return replace(
        item,
        message=item.message.replace(lead, ""),
        help=None if item.help is None else item.help.replace(lead, ""),
        span=span(item.span),
        edits=tuple(replace(edit, span=span(edit.span)) for edit in item.edits),
        related=tuple((span(at), note.replace(lead, "")) for at, note in item.related),
    )
