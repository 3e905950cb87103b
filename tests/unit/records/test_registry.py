"""Schemas are found by name and version, the workspace's first; a broken file is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.errors import ConfigError
from flowrun.records.registry import Registry, bundled


def write(folder: Path, name: str, version: int, text: str) -> Path:
    path = folder / name / f"v{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_schemas_are_found_in_the_order_of_the_folders(tmp_path: Path) -> None:
    write(tmp_path / "a", "case", 1, '{"title": "first"}')
    write(tmp_path / "b", "case", 1, '{"title": "second"}')
    write(tmp_path / "b", "case", 12, "{}")
    write(tmp_path / "b", "case", 3, "{}")
    registry = Registry([tmp_path / "a", tmp_path / "b", tmp_path / "missing"])
    assert registry.get("case", 1) == {"title": "first"}
    assert registry.get("case", 2) is None and registry.get("nothing", 1) is None
    assert registry.latest("case") == 12 and registry.latest("nothing") is None
    own = [item for item in registry.names() if item[0] == "case"]
    assert own == [("case", 1), ("case", 3), ("case", 12)]
    assert registry.path("case", 3) == tmp_path / "b" / "case" / "v3.json"


@pytest.mark.parametrize("name", ["../case", "a/b", "", ".", "Case"])
def test_a_name_never_leaves_the_folders(tmp_path: Path, name: str) -> None:
    write(tmp_path, "case", 1, "{}")
    assert Registry([tmp_path / "case"]).get(name, 1) is None


def test_files_that_are_no_schemas_are_not_listed(tmp_path: Path) -> None:
    for name in ("v0.json", "v01.json", "vx.json", "v1.yaml"):
        (tmp_path / "case").mkdir(exist_ok=True)
        (tmp_path / "case" / name).write_text("{}")
    registry = Registry([tmp_path])
    assert not [item for item in registry.names() if item[0] == "case"]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{\n  "type": "object",\n  "required": ["a"\n}\n', "4:1", "not valid JSON"),
        ('{\n  "properties": {\n    "a": {"type": "strin"}\n  }\n}', "3:19", "not a valid JSON Schema"),
        ('{"allOf": [{}, {"minLength": "x"}]}', "1:30", "not a valid JSON Schema"),
        ('{\n "type": "object",\n "type": "array"\n}', "3:2", "twice"),
        ("[1]", "1:1", "object"),
        ('{"const": NaN}', "1:1", "NaN"),
        ("", "1:1", "not valid JSON"),
        ('{\n "$schema": "http://json-schema.org/draft-07/schema#"}', "2:13", "2020-12"),
        ("[" * 100_000, "1:1", "not valid JSON"),
    ],
)
def test_a_broken_file_is_named_with_line_and_column(tmp_path: Path, text: str, place: str, words: str) -> None:
    path = write(tmp_path, "case", 1, text)
    with pytest.raises(ConfigError) as error:
        Registry([tmp_path]).get("case", 1)
    assert error.value.code == "FR2010"
    assert error.value.message.startswith(f"{path}:{place}: ") and words in error.value.message


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "case", 1, "{}")
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ConfigError, match="UTF-8"):
        Registry([tmp_path]).get("case", 1)


def test_every_bundled_schema_is_valid() -> None:
    registry = Registry()
    assert bundled().is_dir()
    for name, version in registry.names():
        assert isinstance(registry.get(name, version), dict)


def test_names_may_have_dots_like_those_of_events(tmp_path: Path) -> None:
    path = write(tmp_path, "contact.replied", 1, '{"type": "object"}')
    registry = Registry([tmp_path])
    assert registry.get("contact.replied", 1) == {"type": "object"}
    assert registry.path("contact.replied", 1) == path
    assert ("contact.replied", 1) in registry.names() and registry.latest("contact.replied") == 1


@pytest.mark.parametrize("name", ["..", "contact..replied", ".contact", "contact.", "contact.Replied"])
def test_dots_only_join_words(tmp_path: Path, name: str) -> None:
    write(tmp_path / "in", name, 1, "{}")
    assert Registry([tmp_path / "in"]).get(name, 1) is None
