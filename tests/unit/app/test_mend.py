"""Mending one file never brings an error into another one, whatever a check of single files says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from flowrun.app import mend
from flowrun.app.checking import Looked
from flowrun.errors import Span
from flowrun.lang.codes import diagnostic
from flowrun.lint.report import Report

GOOD = b"flow: a\n"


@pytest.fixture
def harmless(monkeypatch: pytest.MonkeyPatch) -> object:
    """Files `a` and `b` are changed; an error stands in `c` while the new form of `a` does."""

    def look(workspace: Path | None, paths: Sequence[str], stored: Mapping[str, bytes]) -> Looked:
        found = [diagnostic("unknown-field", "m", Span("c", 1, 1, 1, 2))] if stored.get("a") == b"new" else []
        return Looked([], found, {}, [])

    monkeypatch.setattr(mend, "looked_at", look)
    return look


def test_the_file_that_does_harm_is_left_out_and_the_others_stay(
    harmless: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mend, "_read", lambda file, data: mend.READ)
    kept, harm = mend._harmless(None, [], {"a": GOOD, "b": GOOD}, {"a": b"new", "b": b"new"})
    assert kept == {"b": b"new"}
    assert list(harm) == ["a"] and "c:1:1" in harm["a"]


def test_what_an_unreadable_file_had_hidden_is_no_harm(harmless: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mend, "_read", lambda file, data: mend.NOT_A_FILE)
    kept, harm = mend._harmless(None, [], {"a": GOOD}, {"a": b"new"})
    assert (kept, harm) == ({"a": b"new"}, {})


def test_a_diff_names_files_from_the_working_folder() -> None:
    report = Report(files=[], findings=[], base="/repo")
    name = "/repo/flows/a.flow.yaml"
    mending = mend.Mending(report=report, before={name: b"a: 1\r\nb: 2\r\n"}, after={name: b"a: 1\r\nb: 3\r\n"})
    assert mend.diff(mending) == (
        "--- a/flows/a.flow.yaml\n+++ b/flows/a.flow.yaml\n@@ -1,2 +1,2 @@\n a: 1\r\n-b: 2\r\n+b: 3\r\n"
    )
