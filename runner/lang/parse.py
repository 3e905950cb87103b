"""From the text of a file to its typed form, with every finding.

Owns: the one function for each kind of file. A value is returned exactly when there is no error, so nobody can run half
a file; warnings come with it. No file is opened here.
"""

from __future__ import annotations

import re
from typing import Any

from flowrun.errors import Diagnostic, Span
from flowrun.lang.codes import MAX_FINDINGS, diagnostic
from flowrun.lang.document import Map, compose
from flowrun.lang.grammar_flow import FLOW
from flowrun.lang.grammar_policy import POLICY
from flowrun.lang.grammar_records import READERS, UPGRADE
from flowrun.lang.grammar_tests import EXAMPLES, PROVE, TEST
from flowrun.lang.grammar_tools import TOOLS
from flowrun.lang.grammar_workspace import WORKSPACE
from flowrun.lang.reading import MISSING, Enough, Reader
from flowrun.lang.shapes import Shape
from flowrun.lang.source import Source
from flowrun.lang.spec import Flow, Policy, ToolFile
from flowrun.lang.spec_files import ExamplesFile, TestFile, TestsFile, WorkspaceFile
from flowrun.words import t

SUFFIXES = {
    ".flow.yaml": "flow",
    ".policy.yaml": "policy",
    ".tools.yaml": "tools",
    ".test.yaml": "test",
    ".examples.yaml": "examples",
    ".readers.yaml": "readers",
    ".prove.yaml": "prove",
}
_UPGRADE = re.compile(r"v\d+_to_v\d+\.yaml")
SHAPES: dict[str, Shape] = {
    "flow": FLOW,
    "policy": POLICY,
    "tools": TOOLS,
    "test": TEST,
    "examples": EXAMPLES,
    "prove": PROVE,
    "workspace": WORKSPACE,
    "upgrade": UPGRADE,
    "readers": READERS,
}


def kind_of(file: str) -> str | None:
    """Return which kind a file is by its name (one of `SHAPES`), or None."""
    name = file.replace("\\", "/").rpartition("/")[2]
    if name in ("flowrun.yaml", "flowrun.yml"):
        return "workspace"
    name = name.removesuffix(".yml") + ".yaml" if name.endswith(".yml") else name
    if _UPGRADE.fullmatch(name):
        return "upgrade"
    return next((kind for suffix, kind in SUFFIXES.items() if name.endswith(suffix)), None)


def parse_file(source: Source, kind: str) -> tuple[Any, list[Diagnostic]]:
    """Return the typed form of a file of a kind, or None, and all findings in the order of the file."""
    tree, found = compose(source)
    value: Any = None
    if tree is not None:
        reader = Reader(source, found)
        if not isinstance(tree, Map) or not _mistaken(reader, tree, kind):
            try:
                value = SHAPES[kind].read(reader, tree, kind)
            except Enough:
                value = None
    full = len(found) >= MAX_FINDINGS
    found = _in_order(found)
    if full:
        found.append(_enough(found[-1].span))
    if value is MISSING or any(item.severity == "error" for item in found):
        value = None
    return value, found


def parse_flow(source: Source) -> tuple[Flow | None, list[Diagnostic]]:
    """Return the flow of a `*.flow.yaml`, or None where there is any error, and all findings."""
    return parse_file(source, "flow")


def parse_policy(source: Source) -> tuple[Policy | None, list[Diagnostic]]:
    """Return the policy of a `*.policy.yaml`, or None where there is any error, and all findings."""
    return parse_file(source, "policy")


def parse_tools(source: Source) -> tuple[ToolFile | None, list[Diagnostic]]:
    """Return the tool file of a `*.tools.yaml`, or None where there is any error, and all findings."""
    return parse_file(source, "tools")


def parse_test(source: Source) -> tuple[TestFile | TestsFile | None, list[Diagnostic]]:
    """Return the test (or tests) of a `*.test.yaml`, or None where there is any error, and all findings."""
    return parse_file(source, "test")


def parse_examples(source: Source) -> tuple[ExamplesFile | None, list[Diagnostic]]:
    """Return the examples of a `*.examples.yaml`, or None where there is any error, and all findings."""
    return parse_file(source, "examples")


def parse_workspace(source: Source) -> tuple[WorkspaceFile | None, list[Diagnostic]]:
    """Return the workspace of a `flowrun.yaml`, or None where there is any error, and all findings."""
    return parse_file(source, "workspace")


def _mistaken(reader: Reader, tree: Map, kind: str) -> bool:
    """Note a file of one kind under the name of another, instead of twenty unknown keys."""
    keys = {name.text: name for name, _ in tree.entries}
    own = kind
    if kind == "workspace" or own in keys:
        return False
    for other in ("test", "policy", "flow", "examples", "prove", "tools"):
        if other in keys and other not in {item.name for item in SHAPES[kind].keys}:
            reader.found.append(
                diagnostic(
                    "wrong-kind",
                    t("This is {found}, not {wanted}.", found=SHAPES[other].named(), wanted=SHAPES[kind].named()),
                    keys[other].span,
                    help=t("Name the file `….{other}.yaml`, or start it with `{own}: NAME`.", other=other, own=own),
                )
            )
            return True
    return False


def _enough(span: Span) -> Diagnostic:
    return diagnostic(
        "too-many-findings",
        t("There are more than {max_findings} findings; reading stops here.", max_findings=MAX_FINDINGS),
        span,
        help=t("Mend the first ones and look again."),
    )


def _in_order(found: list[Diagnostic]) -> list[Diagnostic]:
    """Sort by place, each finding once (an alias is read where it stands and where it is repeated)."""
    unique = {(d.rule, d.span, d.message): d for d in found}
    unread = {(d.span.line, d.span.column) for d in found if d.code.startswith("FR10") and d.severity == "error"}
    # Where YAML itself could not give the value, what the value then lacks is no second mistake.
    kept = [d for d in unique.values() if d.code.startswith("FR10") or (d.span.line, d.span.column) not in unread]
    return sorted(kept, key=lambda d: (d.span.line, d.span.column))
