"""However a real flow is damaged, mending ends, makes nothing worse, changes nothing a second time, and keeps the rest."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

import flowrun.flows
from flowrun.lang.document import compose
from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source, decode
from flowrun.lint.fixing import NOT_A_FILE, NOT_YAML, READ, Checkup, mend

NAME = "support_to_ticket.flow.yaml"
REAL = (Path(flowrun.flows.__file__).parent / "support_to_ticket" / NAME).read_text(encoding="utf-8")
CORPUS = sorted((Path(__file__).parents[1] / "corpus" / "err").glob("*.flow.yaml"))
TEXTS = [REAL, *(file.read_text(encoding="utf-8") for file in CORPUS)]
PIECES = [
    "",
    " ",
    "\n",
    "\t",
    "'",
    '"',
    "#",
    " # flowrun: allow FR1414",
    ":",
    "titel: x\n",
    "${{ x }}",
    "007",
    "1_0",
    "{",
    "- ",
    "yes",
    "é",
]

damages = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6), st.sampled_from(PIECES)), max_size=4)


def damaged(text: str, cuts: list[tuple[float, int, str]]) -> str:
    for place, length, piece in cuts:
        at = int(place * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


def check(text: str) -> Checkup:
    source = decode(NAME, text.encode())
    if not isinstance(source, Source):
        return Checkup(source, NOT_YAML)
    value, found = parse_file(source, "flow")
    return Checkup(found, READ if value is not None else NOT_A_FILE if compose(source)[0] is not None else NOT_YAML)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), damages, st.sampled_from(["\n", "\r\n"]))
def test_mending_ends_and_makes_nothing_worse(text: str, cuts: list[tuple[float, int, str]], newline: str) -> None:
    broken = damaged(text, cuts).replace("\n", newline)
    before, result = check(broken), mend(broken, NAME, check)
    after = check(result.text)
    assert after.read >= before.read
    again = mend(result.text, NAME, check)
    assert (again.text, again.mended) == (result.text, ())
    assert {d.rule for d, _ in again.refused} <= {d.rule for d, _ in result.refused} | {d.rule for d in after.findings}
    if not result.mended:
        assert result.text == broken
    assert len([d for d in after.findings if d.changes]) <= len(result.refused)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["titel: x", "key: 'a", "# a comment", "", "  x: 007", "a: ${{ b }}", "c: {d: ${{ e }}}"]),
        max_size=8,
    )
)
def test_lines_of_comments_and_blank_lines_stay(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    kept = [line for line in mend(text, NAME, check).text.split("\n") if not line or line.startswith("#")]
    assert kept == [line for line in text.split("\n") if not line or line.startswith("#")]
