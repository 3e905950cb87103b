"""However a file is broken, lint says so with places inside of files: no traceback, no hang.

One file of a real workspace is broken at random, the whole workspace is checked, and the findings are printed in every
form; of some, the repairs are tried, too. 1,500 files in the usual run, 20,000 in `make test-long`.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flowrun.app.lint import look
from flowrun.app.mend import mended
from flowrun.errors import Diagnostic, FlowrunError, InternalError, Span
from flowrun.lint.reporters import FORMATS, render
from tests.corpus.seeded.seeds import TEMPLATES, workspace
from tests.property.mutations import mutated

USUAL, LONG, PARTS = 1_500, 20_000, 10
SECONDS = 60
"""After which a check counts as hanging; a usual one takes hundredths of a second."""
MENDED = 25
"""Of every so many broken files the repairs are tried."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_no_broken_file_breaks_lint(part: int, tmp_path: Path) -> None:
    check(range(part, USUAL, PARTS), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_no_broken_file_breaks_lint_at_length(part: int, tmp_path: Path) -> None:
    check(range(USUAL + part, USUAL + LONG, PARTS), tmp_path)


def check(seeds: range, root: Path) -> None:
    bases = ["office", *TEMPLATES]
    for base in bases:
        for name, data in workspace(base).items():
            (root / base / name).parent.mkdir(parents=True, exist_ok=True)
            (root / base / name).write_bytes(data)
    came_to: Counter[str] = Counter()
    for seed in seeds:
        base = bases[seed % len(bases)]
        files = [name for name in sorted(workspace(base)) if _is_broken_here(name)]
        name = files[seed // len(bases) % len(files)]
        data = mutated(
            seed, workspace(base)[name], [workspace(base)[file] for file in files], is_json=name.endswith(".json")
        )
        (root / base / name).write_bytes(data)
        with hanging(f"seed {seed}: {name}"):
            try:
                came_to[_checked(root / base, name, seed)] += 1
            except FlowrunError:
                raise
            except Exception as error:
                raise AssertionError(f"seed {seed}, {base}/{name}: {type(error).__name__}: {error}") from error
        (root / base / name).write_bytes(workspace(base)[name])
    print(dict(came_to))
    assert came_to["findings"] > len(seeds) / 2


def _is_broken_here(name: str) -> bool:
    """Files of the language and schemas of records; not samples, and not the schemas that editors read."""
    return name.endswith(".yaml") or (name.startswith("schemas/records/") and name.endswith(".json"))


def _checked(root: Path, name: str, seed: int) -> str:
    try:
        report = look(root, [str(root)])
    except FlowrunError as error:  # a workspace of which nothing can be checked: one line, with its code and a file
        assert not isinstance(error, InternalError) and not error.code.startswith("FR9"), error
        assert "\n" not in error.message.strip()
        return f"{error.code}"
    for found in report.findings:
        for span in (found.span, *(span for span, _ in found.related), *(edit.span for edit in found.changes)):
            assert inside(span), f"seed {seed}: {found}"
        assert found.message and found.code != "FR1000"
    for form in FORMATS if seed % MENDED == 0 else ("text",):
        assert render(form, report) or form == "github"
    if seed % MENDED == 0:
        mended(root, [str(root)])
    return "findings" if report.findings else "silence"


def inside(span: Span) -> bool:
    """Whether a place is in its file; that of a whole file has no line, and one after the last line is its end."""
    path = Path(span.file)
    if not path.is_file():
        return False
    if span.line == 0:
        return True
    lines = (
        path.read_bytes()
        .decode(errors="replace")
        .removeprefix("\ufeff")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .split("\n")
    )
    end = len(lines) + 1
    starts = 1 <= span.line <= end and 1 <= span.column <= (len(lines[span.line - 1]) + 1 if span.line < end else 1)
    return starts and (span.line, span.column) <= (span.end_line, span.end_column) and span.end_line <= end


@contextmanager
def hanging(what: str) -> Iterator[None]:
    """Fail where what is inside does not end."""

    def late(*_: object) -> None:
        raise AssertionError(f"no end after {SECONDS} seconds: {what}")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_place_outside_of_its_file_would_be_seen(tmp_path: Path) -> None:
    file = tmp_path / "a.flow.yaml"
    file.write_text("ab\nc\n")
    assert inside(Span(str(file), 1, 3, 1, 3)) and inside(Span(str(file), 0))
    assert not inside(Span(str(file), 1, 4, 1, 5))
    assert not inside(Span(str(file), 9, 1, 9, 2))
    assert not inside(Span(str(tmp_path / "b"), 1, 1, 1, 2))
    assert isinstance(Diagnostic(code="x", rule="x", message="x", span=Span("a")).changes, tuple)
