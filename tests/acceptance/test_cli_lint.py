"""`flowrun lint`: exit codes are the same in every form, files are mended and nothing else, and what is allowed is seen."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from flowrun.app import mend
from flowrun.cli import main as frame
from flowrun.lint.fragments import FLOW, complete
from flowrun.lint.reporters import FORMATS

Call = Callable[..., tuple[int, str, str]]

WHY = 'reason="The signs are meant to be seen."'
SIGNS = "title: Write ${{ name }}"
"""A line that gives the warning FR1113."""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run the program in the folder of a small workspace."""
    monkeypatch.delenv("FLOWRUN_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    place(tmp_path, "title: An example")

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = frame.main(list(arguments))
        return code, *capsys.readouterr()

    return run


def place(folder: Path, fragment: str) -> dict[str, str]:
    """Write the workspace around a fragment, and return its files."""
    files = complete(fragment)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return files


def read(form: str, written: str) -> int:
    """Return how many findings a report in a form has; fails where it is not of that form."""
    match form:
        case "json":
            return len(json.loads(written)["findings"])
        case "sarif":
            return len(json.loads(written)["runs"][0]["results"])
        case "gitlab":
            return len(json.loads(written))
        case "junit":
            root = ElementTree.fromstring(written)
            return len(root.findall(".//failure")) + len(root.findall(".//system-out"))
        case "github":
            assert all(line.startswith("::") for line in written.splitlines())
            return len(written.splitlines())
    assert written.rstrip().splitlines()[-1].startswith(("1 file checked", "3 files checked"))
    return written.count(" FR")


CASES = {
    "clean": ("title: An example", 0, 0, 0),
    "warnings": (SIGNS, 1, 0, 1),
    "errors": ("titel: An example", 1, 1, 1),
    "unreadable": (None, 1, 3, 3),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_the_exit_code_says_the_same_in_every_form(form: str, case: str, call: Call, tmp_path: Path) -> None:
    fragment, count, code, strict = CASES[case]
    if fragment is None:
        (tmp_path / FLOW).write_bytes(b"flow: a\0")
    else:
        place(tmp_path, fragment)
    found, out, err = call("lint", "--format", form)
    assert (found, read(form, out), err) == (code, count, "")
    assert call("lint", "--format", form, "--fail-on", "warning")[0] == strict
    found, out, err = call("lint", "--format", form, "--output", "report.out")
    assert (found, out, read(form, (tmp_path / "report.out").read_text(encoding="utf-8"))) == (code, "", count)
    assert "checked" in err


@pytest.mark.parametrize("form", FORMATS)
def test_a_path_that_does_not_exist_is_no_finding(form: str, call: Call) -> None:
    code, out, err = call("lint", "nothing.flow.yaml", "--format", form)
    assert (code, out) == (3, "")
    assert "error[FR3001]" in err and "nothing.flow.yaml" in err


def test_a_broken_workspace_file_is_shown_with_its_line(call: Call, tmp_path: Path) -> None:
    (tmp_path / "flowrun.yaml").write_text("roles:\n  a: {members: [Sam], wihtin: 1d}\n", encoding="utf-8")
    code, out, _ = call("lint")
    assert code == 1 and "| " in out and "^~" in out


def test_a_report_that_cannot_be_written_is_told(call: Call, tmp_path: Path) -> None:
    code, _, err = call("lint", "--output", "no/folder/x.txt")
    assert code == 3 and "error[FR3052]" in err


def test_fix_mends_what_it_can_and_ends_by_what_remains(call: Call, tmp_path: Path) -> None:
    files = place(tmp_path, "# about\ntitel: An example   # why\nfoo: 1\n")
    code, out, _ = call("lint", "--fix")
    assert code == 1
    assert (tmp_path / FLOW).read_text(encoding="utf-8") == files[FLOW].replace("titel", "title")
    assert "mended: " in out and "[unknown-key FR1101]" in out and "1 error, 1 mended" in out
    place(tmp_path, "titel: An example\n")
    assert call("lint", "--fix")[0] == 0
    assert call("lint", "--fix")[1] == "3 files checked: nothing found.\n"


def test_fix_tells_programs_what_it_did(call: Call, tmp_path: Path) -> None:
    place(tmp_path, "titel: An example\n")
    data = json.loads(call("lint", "--fix", "--format", "json")[1])
    assert (data["findings"], [item["code"] for item in data["mended"]], data["not_mended"]) == ([], ["FR1101"], [])


@pytest.mark.parametrize("options", [("--diff",), ("--fix", "--dry-run"), ("--fix", "--diff")], ids=" ".join)
def test_a_diff_shows_the_changes_and_writes_nothing(options: tuple[str, ...], call: Call, tmp_path: Path) -> None:
    files = place(tmp_path, "titel: An example\n")
    code, out, err = call("lint", *options)
    assert code == 1, "the mistake is still in the file"
    assert out.splitlines()[:2] == [f"--- a/{FLOW}", f"+++ b/{FLOW}"]
    assert "-titel: An example\n+title: An example\n" in out
    assert "1 error" in err
    assert (tmp_path / FLOW).read_text(encoding="utf-8") == files[FLOW]
    place(tmp_path, "title: An example\n")
    assert call("lint", *options)[:2] == (0, "")


def test_a_diff_can_be_applied_also_without_a_last_line_end(call: Call, tmp_path: Path) -> None:
    text = place(tmp_path, "title: An example\n")[FLOW]
    (tmp_path / FLOW).write_text(text + "titel: x", encoding="utf-8")
    (tmp_path / FLOW).write_text(text.replace("title", "titel").removesuffix("\n"), encoding="utf-8")
    out = call("lint", "--diff")[1]
    assert "-titel" in out and "\\ No newline" not in out
    (tmp_path / FLOW).write_text(text.replace("title: An example\n", "") + "titel: x", encoding="utf-8")
    assert call("lint", "--diff")[1].endswith(
        "-titel: x\n\\ No newline at end of file\n+title: x\n\\ No newline at end of file\n"
    )


def test_mending_keeps_mode_line_ends_and_byte_order_mark(call: Call, tmp_path: Path) -> None:
    flow = tmp_path / FLOW
    stored = b"\xef\xbb\xbf" + place(tmp_path, "titel: An example\n")[FLOW].replace("\n", "\r\n").encode()
    flow.write_bytes(stored)
    flow.chmod(0o640)
    assert call("lint", "--fix")[0] == 0
    assert flow.read_bytes() == stored.replace(b"titel", b"title")
    assert stat.S_IMODE(flow.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([FLOW, "flowrun.yaml", "schemas"])


def test_files_outside_of_the_workspace_are_left_alone_and_told(call: Call, tmp_path: Path) -> None:
    inside = tmp_path / "ws"
    place(inside, "title: An example\n")
    outside = place(tmp_path, "titel: An example\n")[FLOW]
    code, out, _ = call("lint", FLOW, "--fix", "--workspace", "ws")
    assert code == 1
    assert "not mended: " in out and "outside of the workspace" in out
    assert (tmp_path / FLOW).read_text(encoding="utf-8") == outside


def test_a_link_to_a_file_outside_is_outside(call: Call, tmp_path: Path) -> None:
    inside = tmp_path / "ws"
    place(inside, "title: An example\n")
    outside = place(tmp_path, "titel: An example\n")[FLOW]
    (inside / "linked.flow.yaml").symlink_to(tmp_path / FLOW)
    call("lint", "ws/linked.flow.yaml", "--fix", "--workspace", "ws")
    assert (tmp_path / FLOW).read_text(encoding="utf-8") == outside
    assert (inside / "linked.flow.yaml").is_symlink()


def test_a_file_that_changes_while_it_is_mended_is_left_as_it_is(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path, "titel: An example\n")
    write = mend.write

    def late(mending: mend.Mending) -> None:
        (tmp_path / FLOW).write_text("flow: other\n", encoding="utf-8")
        write(mending)

    monkeypatch.setattr(mend, "write", late)
    code, _, err = call("lint", "--fix")
    assert code == 3 and "error[FR3051]" in err
    assert (tmp_path / FLOW).read_text(encoding="utf-8") == "flow: other\n"


def test_a_write_that_fails_leaves_the_file_and_no_other(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = place(tmp_path, "titel: An example\n")[FLOW]

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, _, err = call("lint", "--fix")
    assert code == 3 and "no space left on device" in err
    assert (tmp_path / FLOW).read_text(encoding="utf-8") == text
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([FLOW, "flowrun.yaml", "schemas"])


def test_a_repair_that_brings_an_error_into_another_file_is_left_out_and_told(call: Call, tmp_path: Path) -> None:
    place(tmp_path, "steps:\n  - {id: a, set: 1, when: tables.codes.a == 7}\n")
    config = (tmp_path / "flowrun.yaml").read_text(encoding="utf-8") + "tables: {codes: {a: 007}}\n"
    (tmp_path / "flowrun.yaml").write_text(config, encoding="utf-8")
    code, out, _ = call("lint", "--fix")
    assert (tmp_path / "flowrun.yaml").read_text(encoding="utf-8") == config
    assert "not mended: " in out and "it would bring another error: A text is compared" in out
    assert code == 0


def test_what_a_broken_workspace_file_had_hidden_is_no_harm_of_mending_it(call: Call, tmp_path: Path) -> None:
    place(tmp_path, "owner: nobody\n")
    config = (tmp_path / "flowrun.yaml").read_text(encoding="utf-8")
    (tmp_path / "flowrun.yaml").write_text(config.replace("roles:", "rolse:"), encoding="utf-8")
    code, out, _ = call("lint", "--fix")
    assert (tmp_path / "flowrun.yaml").read_text(encoding="utf-8") == config
    assert code == 1 and "[unknown-role FR1410]" in out


def test_the_workspace_file_is_mended_too(call: Call, tmp_path: Path) -> None:
    (tmp_path / "flowrun.yaml").write_text("roles:\n  support_leads: {memebrs: [Sam], within: 1d}\n", encoding="utf-8")
    code, _, _ = call("lint", "--fix")
    assert code == 0
    assert "{members: [Sam]" in (tmp_path / "flowrun.yaml").read_text(encoding="utf-8")


def test_options_that_contradict_each_other_are_wrong_usage(call: Call) -> None:
    assert call("lint", "--dry-run")[0] == 2
    assert call("lint", "--diff", "--format", "json")[0] == 2
    assert call("lint", "--format", "xml")[0] == 2


def test_what_a_comment_allows_is_counted_listed_for_programs_and_shown_on_request(call: Call, tmp_path: Path) -> None:
    place(tmp_path, f"{SIGNS}  # flowrun: allow FR1113 {WHY} until=2999-12-31\n")
    code, out, _ = call("lint", "--fail-on", "warning")
    assert (code, out) == (0, "3 files checked: nothing found, 1 allowed.\n")
    data = json.loads(call("lint", "--format", "json")[1])
    assert data["findings"] == []
    assert data["allowed"][0]["allowed"] == {
        "reason": "The signs are meant to be seen.",
        "until": "2999-12-31",
        "line": 1,
    }
    shown = call("lint", "--show-allowed")[1]
    assert "allowed in line 1 until 2999-12-31: The signs are meant to be seen." in shown
    (result,) = json.loads(call("lint", "--format", "sarif")[1])["runs"][0]["results"]
    assert result["suppressions"][0]["justification"] == "The signs are meant to be seen."


def test_after_its_day_what_was_allowed_comes_back(call: Call, tmp_path: Path) -> None:
    place(tmp_path, f"{SIGNS}  # flowrun: allow FR1113 {WHY} until=2020-01-01\n")
    code, out, _ = call("lint", "--fail-on", "warning")
    assert code == 1 and "allowed until 2020-01-01, and that day has passed" in out


def test_fix_takes_out_a_comment_that_allows_nothing(call: Call, tmp_path: Path) -> None:
    place(tmp_path, f"title: An example  # flowrun: allow FR1113 {WHY}\n")
    assert "[allow-unused FR1704]" in call("lint")[1]
    call("lint", "--fix")
    assert (tmp_path / FLOW).read_text(encoding="utf-8").startswith("title: An example\n")


def test_a_comment_in_a_policy_is_called_unused_only_where_every_flow_was_looked_at(call: Call, tmp_path: Path) -> None:
    comment = 'reason: Never.  # flowrun: allow FR1415 reason="It is so."'
    place(
        tmp_path,
        f"# file: house.policy.yaml\nrules:\n  - id: a\n    tools: mail.send\n    deny_when: true\n    {comment}\n",
    )
    assert "allow-unused" in call("lint")[1]
    assert "allow-unused" not in call("lint", "house.policy.yaml")[1]
    assert "allow-unused" not in call("lint", FLOW)[1]


def test_an_error_of_the_language_is_not_allowed_and_stops_a_run(call: Call, tmp_path: Path) -> None:
    place(tmp_path, 'titel: x  # flowrun: allow FR1101 reason="We like it."\n')
    code, out, _ = call("lint")
    assert code == 1 and "[allow-not-possible FR1705]" in out
    (tmp_path / "input.json").write_text('{"message_id": "m", "email": "a@example.com", "text": "x"}', encoding="utf-8")
    code, _, err = call("run", FLOW, "--input", "input.json")
    assert code == 3 and "FR1101" in err


def test_signs_that_steer_a_terminal_stay_out_of_a_file(call: Call, tmp_path: Path) -> None:
    place(tmp_path, "titel: An example\n")
    call("lint", "--output", "out.txt")
    assert "\x1b" not in (tmp_path / "out.txt").read_text(encoding="utf-8")


def test_an_error_that_a_comment_allows_does_not_stop_a_run(call: Call, tmp_path: Path) -> None:
    """Lint and a run never disagree: what the one sets aside, the other does, too."""
    steps = "".join(
        f"  - {{id: {name}, call: crm.add_note, with: {{customer_id: C-10492, text: {name}}}}}\n"
        for name in ("one", "two")
    )
    flow = "budget: {writes: 1, within: 2m}COMMENT\ntools:\n  crm.add_note: {}\nsteps:\n" + steps
    (tmp_path / "input.json").write_text('{"message_id": "m", "email": "a@example.com", "text": "x"}', encoding="utf-8")
    place(tmp_path, flow.replace("COMMENT", ""))
    assert call("lint")[0] == 1
    code, _, err = call("run", FLOW, "--input", "input.json")
    assert code == 3 and "FR1504" in err
    place(tmp_path, flow.replace("COMMENT", '   # flowrun: allow FR1504 reason="To show the brake." until=2999-12-31'))
    assert call("lint")[0] == 0
    code, out, err = call("run", FLOW, "--input", "input.json")
    assert code != 3 and "stopped_by_budget" in out + err
    place(tmp_path, flow.replace("COMMENT", '   # flowrun: allow FR1504 reason="To show the brake." until=2020-01-01'))
    assert call("run", FLOW, "--input", "input.json")[0] == 3
