"""What the tests of proofs share: flows with changes, answers, and stories played as tests of the flow.

Owns: these helpers; nothing is asserted here but that a change was made.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowrun.app.flows import load_flow
from flowrun.app.workspace import load_workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Intended, Returned
from flowrun.errors import Span
from flowrun.lang.spec_files import Expect, TestFile
from flowrun.prove.answers import Answer
from flowrun.prove.ask import answer
from flowrun.prove.story import given_of
from flowrun.testing.play import Play

ROOT = Path(__file__).parents[3]
SPAN = Span("test")


def bundled(name: str) -> CompiledPlan:
    """Return a bundled flow as it is."""
    return load_flow(load_workspace(ROOT / "flows" / name), str(ROOT / "flows" / name))


def changed(name: str, tmp_path: Path, *changes: tuple[str, str]) -> CompiledPlan:
    """Return a bundled flow in which texts of its flow or policy are replaced; each must be there."""
    folder = tmp_path / name
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(ROOT / "flows" / name, folder)
    for old, new in changes:
        files = [folder / f"{name}.flow.yaml", folder / f"{name}.policy.yaml"]
        found = [file for file in files if old in file.read_text(encoding="utf-8")]
        assert found, f"{old!r} is not there to be changed"
        found[0].write_text(found[0].read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return load_flow(load_workspace(folder), str(folder))


def written(folder: Path, files: Mapping[str, str], flow: str) -> CompiledPlan:
    """Return a flow made of these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return load_flow(load_workspace(folder), str(folder / flow))


def said(compiled: CompiledPlan, *questions: str) -> list[str]:
    """Return the answers."""
    return [answer(compiled, question).said for question in questions]


def gates(found: Answer) -> set[str]:
    """Return the rules that stop a thing, each with its word."""
    return {f"{gate.id}.{gate.word}" for gate in found.gates}


def played(compiled: CompiledPlan, found: Answer) -> Play:
    """Play the story of a yes as a test of the flow, on the real runtime."""
    assert found.drive is not None
    given: dict[str, Any] = given_of(found.drive)
    test = TestFile(
        test=found.question.text,
        flow=compiled.plan.flow.name,
        now=given["now"],
        input=given["input"],
        tools=given["tools"],
        model={step: tuple(turns) for step, turns in given["model"].items()},
        people=given.get("people", {}),
        events=given.get("events", {}),
        deliver=1,
        crash_after=None,
        after=None,
        expect=Expect(span=SPAN),
        file="test",
        span=SPAN,
        at={},
    )
    play = Play(test, compiled)
    asyncio.run(play.play())
    return play


def calls_in(play: Play, tool: str) -> list[Mapping[str, Any]]:
    """Return the arguments of each call of a tool that was really made."""
    decided = {
        verdict.path: verdict
        for event in play.events()
        for verdict in getattr(event, "verdicts", [])
        if verdict.tool == tool
    }
    made = [e.path.partition("~")[0] for e in play.events() if isinstance(e, Returned | Intended)]
    return [decided[path].args for path in dict.fromkeys(made) if path in decided]
