"""The results of tests as the JUnit XML that build servers read.

Owns: that form. One suite for each file, one case for each test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as xml

from flowrun.testing.result import TestResult
from flowrun.words import t

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def junit(results: Iterable[TestResult]) -> bytes:
    """Return the report."""
    files: dict[str, list[TestResult]] = {}
    for result in results:
        files.setdefault(result.file, []).append(result)
    root = xml.Element("testsuites", name="flowrun test")
    for file, tests in files.items():
        suite = xml.SubElement(
            root,
            "testsuite",
            name=clean(file),
            file=clean(file),
            tests=str(len(tests)),
            failures=str(sum(not test.ok for test in tests)),
            errors="0",
            time=f"{sum(test.seconds for test in tests):.3f}",
        )
        for test in tests:
            case = xml.SubElement(
                suite,
                "testcase",
                classname=clean(file),
                name=clean(test.name),
                file=clean(file),
                line=str(test.line),
                time=f"{test.seconds:.3f}",
            )
            if not test.ok:
                told = xml.SubElement(case, "failure", message=clean(test.messages[0] if test.messages else "failed"))
                told.text = clean("\n".join(lines(test)))
    xml.indent(root)
    return bytes(xml.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def lines(result: TestResult) -> list[str]:
    """Return what is told of a test that failed, line by line: what is wrong, what was left over, what happened."""
    told = [line for message in result.messages for line in message.split("\n")]
    told += [t("left over: {what}", what=note) for note in result.notes]
    if result.story:
        told += [t("what happened:"), *(f"  {line}" for line in result.story)]
    return told


def clean(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return _NO_XML.sub("�", text)
