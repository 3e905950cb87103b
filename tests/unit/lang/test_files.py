"""What is no readable text file gives one clear line and exit code 3, and a large file is never read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowrun.errors import FlowError, FlowrunError, InputError
from flowrun.lang.files import find_file, load_bytes, read_source
from flowrun.lang.source import MAX_BYTES, Source, decode


def refusal(path: Path) -> FlowrunError:
    with pytest.raises((InputError, FlowError)) as caught:
        read_source(path)
    assert caught.value.exit_code == 3
    assert "\n" not in caught.value.message
    return caught.value


def test_a_text_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.flow.yaml"
    file.write_bytes(b"\xef\xbb\xbfflow: a\r\nversion: 1\r\n")
    assert read_source(file).text == "flow: a\nversion: 1\n"


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "refunds.flow.yaml").write_text("flow: a")
    error = refusal(tmp_path / "refund.flow.yaml")
    assert "does not exist" in error.message
    assert error.help is not None and "refunds.flow.yaml" in error.help


def test_a_missing_folder_is_no_crash(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "no" / "such" / "x.yaml").message


def test_a_folder_with_one_flow_is_that_flow(tmp_path: Path) -> None:
    file = tmp_path / "a.flow.yaml"
    file.write_text("flow: a")
    (tmp_path / "b.policy.yaml").write_text("policy: b")
    assert find_file(tmp_path) == file
    assert find_file(tmp_path, ".policy.yaml").name == "b.policy.yaml"


def test_a_folder_with_none_or_several_says_so(tmp_path: Path) -> None:
    assert "without a *.flow.yaml" in refusal(tmp_path).message
    (tmp_path / "a.flow.yaml").write_text("flow: a")
    (tmp_path / "b.flow.yaml").write_text("flow: b")
    error = refusal(tmp_path)
    assert "2 files" in error.message
    assert error.help == "Name one of them: a.flow.yaml, b.flow.yaml."


def test_a_file_of_fifty_megabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    file = tmp_path / "big.flow.yaml"
    with file.open("wb") as stream:
        stream.truncate(50_000_000)
    error = refusal(file)
    assert "50.0 MB" in error.message
    assert isinstance(error, FlowError)
    assert error.diagnostics[0].rule == "file-too-large"


def test_a_file_at_the_bound_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.flow.yaml"
    file.write_bytes(b"#" * MAX_BYTES)
    assert len(load_bytes(file)[1]) == MAX_BYTES


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission_is_said(tmp_path: Path) -> None:
    file = tmp_path / "a.flow.yaml"
    file.write_text("flow: a")
    file.chmod(0)
    assert "no permission" in refusal(file).message


def test_a_refused_open_is_said_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.flow.yaml"
    file.write_text("flow: a")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "no permission" in refusal(file).message


def test_a_device_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.flow.yaml"
    os.mkfifo(pipe)
    assert "is not a file" in refusal(pipe).message


def test_a_link_to_itself_is_no_crash(tmp_path: Path) -> None:
    link = tmp_path / "loop.flow.yaml"
    link.symlink_to(link)
    assert "cannot be read" in refusal(link).message


@pytest.mark.parametrize(
    ("data", "rule", "line"),
    [
        (b"\x89PNG\x00\x01", "binary-file", 0),
        ("flow: a".encode("utf-16"), "binary-file", 0),
        (b"flow: a\ntitle: R\xe9clamation\n", "not-utf8", 2),
        (b"flow: a\ntitle: a\x08b\n", "control-character", 2),
        (b"a: " + b"x" * MAX_BYTES, "file-too-large", 0),
    ],
)
def test_bytes_that_are_no_text_are_one_finding(data: bytes, rule: str, line: int) -> None:
    found = decode("a.yaml", data)
    assert isinstance(found, list)
    assert [(item.rule, item.span.line) for item in found] == [(rule, line)]


def test_positions_and_lines() -> None:
    source = Source("a.yaml", "ab\n\ncd")
    assert [source.position(n) for n in range(6)] == [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1), (3, 2)]
    assert [source.line(n) for n in range(5)] == ["", "ab", "", "cd", ""]
