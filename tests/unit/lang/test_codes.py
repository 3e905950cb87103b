"""Every rule that the program can name is in the catalogue, once, with a text that teaches."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from flowrun.errors import Span
from flowrun.lang.codes import RETIRED, UNLISTED, catalogue, diagnostic, entry

RUNNER = Path(__file__).parents[3] / "runner"
NAMING = {"diagnostic", "Problem", "say", "note", "add", "unknown", "problem"}


def named_rules() -> dict[str, str]:
    """Return every rule's name that is written in a call, with one place."""
    found: dict[str, str] = {}
    for room in ("lang", "lint"):
        for file in sorted((RUNNER / room).glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name not in NAMING:
                    continue
                for part in ast.walk(node.args[0]):
                    text = part.value if isinstance(part, ast.Constant) else None
                    if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", text):
                        found.setdefault(text, f"{file.name}:{node.lineno}")
    return found


def test_every_rule_that_is_named_has_a_code() -> None:
    rules = named_rules()
    assert len(rules) > 50
    assert {rule: place for rule, place in rules.items() if rule not in catalogue()} == {}


def test_codes_are_unique_and_of_their_family() -> None:
    codes = [item.code for item in catalogue().values()]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"FR1[0-8]\d\d", code) for code in codes)
    assert UNLISTED not in codes
    assert not set(RETIRED) & set(codes)


def test_every_entry_teaches_with_a_bad_and_a_good_example() -> None:
    for item in catalogue().values():
        assert item.severity in ("error", "warning")
        assert item.title and not item.title.endswith(".")
        assert item.teaching.endswith(".")
        assert item.bad and item.good and item.bad != item.good


def test_an_entry_is_found_by_name_and_by_code() -> None:
    assert entry("FR1101") == entry("fr1101") == entry("unknown-key")
    assert entry("FR9999") is None


def test_severity_comes_from_the_rule_unless_given() -> None:
    place = Span("a.yaml", 1, 1, 1, 2)
    assert diagnostic("no-once", "m", place).severity == "warning"
    assert diagnostic("no-once", "m", place, severity="error").severity == "error"
