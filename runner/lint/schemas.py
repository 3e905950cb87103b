"""Checks schemas: the files of records, and those that stand in a flow.

Owns: which families look at a schema, and the reading of a schema file with places. What is wrong with a part is said by
`schema_shape` and `schema_marks`; that a file is JSON and JSON Schema at all is `records.registry`'s part.
"""

from __future__ import annotations

import json
import re

from flowrun.errors import Diagnostic, Span
from flowrun.lang import spec
from flowrun.lang.codes import diagnostic
from flowrun.lang.document import Map, compose
from flowrun.lang.source import Source
from flowrun.lint.findings import Findings
from flowrun.lint.schema_marks import check_marks
from flowrun.lint.schema_parts import parts
from flowrun.lint.schema_shape import check_shape
from flowrun.lint.scope import every_step
from flowrun.words import t

FILE = re.compile(r"(?:^|/)schemas/records/[a-z][a-z0-9_.]*/v[1-9][0-9]*\.json\Z")


def is_schema_file(path: str) -> bool:
    """Whether a path is that of a record schema: `schemas/records/NAME/vN.json`."""
    return FILE.search(path.replace("\\", "/")) is not None


def file_findings(source: Source) -> list[Diagnostic]:
    """Return what is wrong with a schema file."""
    from flowrun.records.registry import locate
    from flowrun.records.validation import schema_problem

    try:
        value = json.loads(source.text)
    except (ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
        span = Span(source.file, line, column, line, column + 1)
        message = t("This is no JSON: {why}.", why=getattr(error, "msg", error))
        help_ = t("Look here, and at the line above, for a missing comma, quote or bracket.")
        return [diagnostic("schema-file", message, span, help=help_)]
    tree, found = compose(source)
    if not isinstance(tree, Map):
        # What JSON allows and YAML does not, such as a letter written as two \u codes, has no places here.
        return [] if isinstance(value, dict) else [_no_schema(source)]
    twice = [item for item in found if item.rule == "duplicate-key"]
    out = Findings()
    check_tree(tree, out)
    problem = schema_problem(value)
    if problem is not None and not any(item.severity == "error" for item in out.found):
        line, column = locate(source.text, problem[0])
        span = Span(source.file, line, column, line, column + 1)
        message = t("This is no JSON Schema (2020-12): {why}.", why=problem[1].rstrip("."))
        out.add("schema-file", message, span)
    return [*twice, *out.found]


def _no_schema(source: Source) -> Diagnostic:
    help_ = t('It begins like {"type": "object", "properties": {…}}.')
    return diagnostic("schema-file", t("A schema is a JSON object."), source.span(0, 1), help=help_)


def check_tree(tree: Map, out: Findings) -> None:
    """Note what is wrong with a schema that can be read."""
    for part in parts(tree):
        check_shape(part, tree, out)
        check_marks(part, out)


def check_inline(flow: spec.Flow, out: Findings) -> None:
    """Note what is wrong with the schemas that stand in a flow."""
    answers = (step.answer for step in every_step(flow.steps) if isinstance(step, spec.Ask | spec.AskPerson))
    for use in (flow.input, flow.output, *answers):
        if use is not None and use.tree is not None:
            check_tree(use.tree, out)
