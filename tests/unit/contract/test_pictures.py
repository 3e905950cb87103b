"""The pictures of a contract: Mermaid that parses, and an SVG that is whole, readable and reaches for nothing.

The grammar here is the part of Mermaid's that the charts use, and stricter than it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.app.explain import explain
from flowrun.app.workspace import load_workspace
from flowrun.contract import layout
from flowrun.contract import model as c
from flowrun.contract.labels import kind_of, tag_of
from flowrun.contract.mermaid import as_mermaid, escaped
from flowrun.contract.svg import as_svg
from flowrun.contract.view import view_of
from flowrun.core.compiled import CompiledPlan
from tests.property.plans import plans

LABEL = r'"(?:[^"\[\]{}<>|\\`#;]|#\d+;|<br/>)*"'
OPEN_CLOSE = [
    (r"\[", r"\]"), (r"\[\[", r"\]\]"), (r"\(\[", r"\]\)"), (r"\[/", r"/\]"), (r"\{", r"\}"), (r"\[\\", r"\\\]"), (">", r"\]"),
    (r"\[\(", r"\)\]"), (r"\(", r"\)"), (r"\(\(", r"\)\)"), (r"\{\{", r"\}\}"),
]  # fmt: skip
NODE = re.compile(r"  (n\d+)(?:" + "|".join(f"{a}{LABEL}{b}" for a, b in OPEN_CLOSE) + ")")
EDGE = re.compile(rf"  (n\d+) -->(?:\|{LABEL}\|)? (n\d+)")
SVG = "{http://www.w3.org/2000/svg}"
NOTHING = c.Schema(name="in@1", schema={})


def contract_with(steps: list[c.StepView], title: str = "A flow") -> c.Contract:
    return c.Contract(flow="f", version=1, title=title, owner="o", input=NOTHING, output=NOTHING, steps=steps)


def check_mermaid(text: str) -> set[str]:
    """Check a chart by its grammar; every box is declared once, before its arrows, and reached. Return the boxes."""
    head, title, description, *lines = text.rstrip("\n").split("\n")
    assert head == "flowchart TD"
    assert re.fullmatch(r"  accTitle: [^#;{}\"<>]+", title)
    assert re.fullmatch(r"  accDescr: [^#;{}\"<>]+", description)
    boxes: set[str] = set()
    reached = {"n1"}
    for line in lines:
        if (node := NODE.fullmatch(line)) is not None:
            assert node[1] not in boxes
            boxes.add(node[1])
        else:
            edge = EDGE.fullmatch(line)
            assert edge is not None, line
            assert {edge[1], edge[2]} <= boxes
            reached.add(edge[2])
    assert reached == boxes
    return boxes


def check_svg(text: str) -> None:
    """Check a picture: well-formed, told in words, inside its frame, from nowhere else."""
    root = ET.fromstring(text)
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert root.attrib["role"] == "img"
    assert all((root[place].text or "").strip() for place in (0, 1))
    assert not re.search(r"<script|<image|<foreignObject|@import|url\((?!#)|\bon\w+=|href", text)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for path in root.iter(f"{SVG}path"):
        if path.attrib.get("class") in ("box", "line") and "A" not in path.attrib["d"] and "v" not in path.attrib["d"]:
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", path.attrib["d"])]
            assert all(-0.1 <= x <= width + 0.1 for x in numbers[::2])
            assert all(-0.1 <= y <= height + 0.1 for y in numbers[1::2])


def test_the_charts_of_the_bundled_flows_parse(tmp_path: Path) -> None:
    for flow in ("support_to_ticket", "refund_request"):
        contract = explain(load_workspace(tmp_path), flow)
        assert len(check_mermaid(as_mermaid(contract))) > 10
        check_svg(as_svg(contract))


@settings(max_examples=80)
@given(plans())
def test_any_flow_can_be_drawn(compiled: CompiledPlan) -> None:
    contract = contract_with(view_of(compiled.plan, compiled.plan.flow))
    check_mermaid(as_mermaid(contract))
    check_svg(as_svg(contract))
    boxes = layout.flow_of(contract.steps).boxes
    for number, one in enumerate(boxes):
        assert one.height >= layout.LINE
        for other in boxes[number + 1 :]:
            apart = (
                abs(one.x - other.x) >= layout.BOX or one.y + one.height <= other.y or other.y + other.height <= one.y
            )
            assert apart, "two boxes stand on each other"


HOSTILE = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ['"]; end', "</text><script>alert(1)</script>", "a --> b", "%%{init}%%", "`x`", "#quot;", "]]>", "a\nb", "end"]
)


@given(HOSTILE, HOSTILE)
def test_no_name_or_title_of_a_file_breaks_out_of_its_label(title: str, label: str) -> None:
    branch = c.Branch(label=label, steps=[c.StepView(id="a", kind="set", says=label, title=title)])
    step = c.StepView(id="x", kind="choose", says="", title=title, branches=[branch, msgspec.structs.replace(branch)])
    text = as_mermaid(contract_with([step], title="T"))
    assert len(check_mermaid(text)) == 5
    check_svg(as_svg(contract_with([step], title=f"T {title}")))


def test_a_label_keeps_its_words() -> None:
    assert escaped('the reason is "x" [1]') == "the reason is #34;x#34; #91;1#93;"


def test_every_kind_of_step_has_a_word_and_an_outline_of_its_own() -> None:
    verbs = ["call", "ask", "ask_person", "choose", "for_each", "parallel", "wait_for", "record", "set", "stop"]
    words = {tag_of(kind_of(c.StepView(id="a", kind=verb, says=""))) for verb in verbs}
    assert len(words) == len(verbs)
    assert kind_of(c.StepView(id="a", kind="call", says="x", writes=["x"])) != kind_of(
        c.StepView(id="a", kind="call", says="x")
    )
