"""What lint says about the example of a rule: its fragment as a workspace of its own, checked like any other.

Owns: the workspace on disk for the moment of the check, and the few examples that no text can show. What stands around a
fragment is `lint.fragments`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from msgspec import structs

from flowrun.errors import Diagnostic, FlowError, Span
from flowrun.lint.fragments import FLOW, complete

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


def findings_of(fragment: str, rule: str = "") -> tuple[list[Diagnostic], dict[str, str]]:
    """Return what lint finds in the workspace around a fragment, and the texts of its files.

    `rule`: where it is one of `GENERATED`, its flow stands in place of the fragment. Names of files are relative.
    """
    from flowrun.app.flows import check_paths
    from flowrun.app.workspace import load_workspace

    made = GENERATED[rule]() if rule in GENERATED else fragment
    files = {name: text.encode() for name, text in complete(made if isinstance(made, str) else "").items()}
    if isinstance(made, bytes):
        files[FLOW] = made
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        for name, data in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        try:
            looked = check_paths(load_workspace(root), [str(root)])
            found, texts = looked.findings, looked.texts
        except FlowError as error:
            found, texts = list(error.diagnostics), {}
        shown = texts | {str(root / name): data.decode(errors="replace") for name, data in files.items()}
    lead = f"{root}/"
    return [_moved(item, lead) for item in found], {name.removeprefix(lead): text for name, text in shown.items()}


def _moved(item: Diagnostic, lead: str) -> Diagnostic:
    """Return a finding without the folder in which the example stood for a moment."""

    def span(at: Span) -> Span:
        return structs.replace(at, file=at.file.removeprefix(lead))

    return replace(
        item,
        message=item.message.replace(lead, ""),
        help=None if item.help is None else item.help.replace(lead, ""),
        span=span(item.span),
        edits=tuple(replace(edit, span=span(edit.span)) for edit in item.edits),
        related=tuple((span(at), note.replace(lead, "")) for at, note in item.related),
    )
