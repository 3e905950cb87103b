"""What chaos found, as the JUnit XML that build servers read.

Owns: that form. One suite for each test, one case for each boundary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from xml.etree import ElementTree as xml

from flowrun.testing.chaos.matrix import CaseResult, ChaosResult
from flowrun.testing.junit import clean


def junit(results: Iterable[ChaosResult], again: Callable[[ChaosResult, CaseResult], str]) -> bytes:
    """Return the report; `again` gives the command that makes one case again."""
    results = list(results)
    root = xml.Element("testsuites", name="flowrun chaos")
    for result in results:
        failures = [case for case in result.cases if not case.ok]
        suite = xml.SubElement(
            root,
            "testsuite",
            name=clean(result.name),
            file=result.file,
            tests=str(len(result.cases) + bool(result.problems)),
            failures=str(len(failures)),
            errors=str(int(bool(result.problems))),
            time=f"{result.seconds:.3f}",
        )
        if result.problems:
            case = xml.SubElement(suite, "testcase", classname=clean(result.name), name="without a kill")
            _told(case, "error", result.problems, "")
        for found in result.cases:
            name = f"{found.boundary.number}: {found.boundary.what}"
            case = xml.SubElement(
                suite, "testcase", classname=clean(result.name), name=clean(name), time=f"{found.seconds:.3f}"
            )
            if not found.ok:
                _told(case, "failure", found.problems, again(result, found))
    xml.indent(root)
    return bytes(xml.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _told(case: xml.Element, kind: str, problems: list[str], command: str) -> None:
    told = xml.SubElement(case, kind, message=clean(problems[0]))
    told.text = clean("\n".join([*problems, *([f"Again: {command}"] if command else [])]))
