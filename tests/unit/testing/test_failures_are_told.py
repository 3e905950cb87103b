"""A test that fails says what happened instead, and what it gives that nobody asked for."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from flowrun.testing.junit import junit, lines
from flowrun.testing.story import MOST
from tests.unit.testing.kit import CUSTOMER, TICKET, args, case, run

MORE = f"{{act: [{{propose: [{{desk.create_ticket: {args()}}}]}}, {{text: Done.}}, {{text: More.}}]}}"


def test_the_story_says_what_happened(tmp_path: Path) -> None:
    result = run(tmp_path, case(expect="{outcome: failed}"))
    text = "\n".join(result.story)
    assert result.story[0].startswith("the input arrived: ")
    assert "who: crm.lookup_customer gave {" in text
    assert "act: the model proposed desk.create_ticket {" in text
    assert "act: allowed: desk.create_ticket {" in text
    assert 'out: wrote the record result@1: {"ticket":"T-1"}' in text
    assert result.story[-1] == "ended completed"
    assert len(result.story) <= MOST


def test_a_test_that_passes_tells_no_story(tmp_path: Path) -> None:
    assert run(tmp_path, case(expect="{outcome: completed}")).story == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"model": MORE}, ":6: The model was never asked for reply 3 of step act"),
        (
            {"tools": f"{{crm.lookup_customer: [{CUSTOMER}, {CUSTOMER}], desk.create_ticket: {TICKET}}}"},
            ":5: crm.lookup_customer was called 1 times, and the test lists 2 answers; take answer 2 out",
        ),
        ({"given": "people: {desk.create_ticket: approve}"}, ":7: Nobody was asked about desk.create_ticket; "),
    ],
)
def test_what_is_left_over_is_noted_with_its_line(tmp_path: Path, more: dict[str, str], words: str) -> None:
    result = run(tmp_path, case(expect="{outcome: completed}", **more))
    assert result.ok
    (note,) = result.notes
    assert words in note


def test_what_is_missing_is_told_with_the_line_to_add(tmp_path: Path) -> None:
    text = case(expect="{}", tools=f"{{crm.lookup_customer: {CUSTOMER}}}")
    (message,) = run(tmp_path, text).messages
    assert message.startswith(f"{tmp_path}/a.test.yaml:5: ")
    assert 'Add `desk.create_ticket:` under given.tools, for example `desk.create_ticket: {"' in message


def test_the_report_of_a_build_server_holds_it_all(tmp_path: Path) -> None:
    good = run(tmp_path, case(expect="{outcome: completed}"))
    bad = run(tmp_path, case(expect="{outcome: failed}", model=MORE))
    suite = xml.fromstring(junit([good, bad])).find("testsuite")
    assert suite is not None and (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert suite.get("file") == f"{tmp_path}/a.test.yaml"
    (failure,) = suite.iter("failure")
    assert "The outcome should be failed and is completed." in str(failure.get("message"))
    assert failure.text == "\n".join(lines(bad)) and "left over: " in failure.text and "ended completed" in failure.text
