"""A contract as a picture: SVG without scripts, fonts or anything from the network.

Owns: how boxes and arrows look. Kinds differ by outline and by a word, so that the picture is read in black and white; the
title and the description say it to those who cannot see it. Where boxes stand is `contract.layout`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from flowrun.contract import labels as lb
from flowrun.contract.layout import BOX, LINE, PAD, Arrow, Box, below, box_of, flow_of
from flowrun.contract.model import Contract
from flowrun.words import t

MARGIN, TITLE = 20.0, 34.0
_FILLS = {
    lb.WRITE: "#fde8e0", lb.GATE: "#fff6cf", lb.PERSON: "#e3eefc", lb.MODEL: "#eee8fb", lb.RECORD: "#e6f4e7"
}  # fmt: skip
_STYLE = (
    "text{font:12px system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1b1b1b;text-anchor:middle}"
    ".tag{font-weight:700;font-size:10px;letter-spacing:.06em}.head{font-weight:600}.title{font-size:15px;font-weight:700}"
    ".way{font-size:11px;fill:#444;paint-order:stroke;stroke:#fff;stroke-width:4px}.box{stroke:#333;stroke-width:1.2}.line{fill:none;stroke:#555;stroke-width:1.2}"
)


def as_svg(contract: Contract) -> str:
    """Return the picture of a contract."""
    title, description = lb.told(contract)
    start = box_of(lb.VALUE, [lb.started(contract)], tag="")
    end = box_of(lb.END, [t("completed")], tag="")
    drawing = below([start, *([flow_of(contract.steps)] if contract.steps else []), end])
    width = max(drawing.width, 7.8 * len(title)) + 2 * MARGIN
    height = drawing.height + 2 * MARGIN + TITLE
    placed = drawing.moved((width - drawing.width) / 2, MARGIN + TITLE)
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title desc" '
        f'viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}" height="{_n(height)}">',
        f'<title id="title">{_safe(title)}</title>',
        f'<desc id="desc">{_safe(description)}</desc>',
        f"<style>{_STYLE}</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
        f'<rect width="{_n(width)}" height="{_n(height)}" fill="#fff"/>',
        f'<text class="title" x="{_n(width / 2)}" y="{_n(MARGIN + 10)}">{_safe(title)}</text>',
        *(line for arrow in placed.arrows for line in _arrow(arrow)),
        *(line for box in placed.boxes for line in _box(box)),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def _arrow(arrow: Arrow) -> Iterator[str]:
    path = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in arrow.points)
    head = ' marker-end="url(#head)"' if arrow.head else ""
    yield f'<path class="line" d="{path}"{head}/>'
    x, y = arrow.at
    for number, text in enumerate(arrow.label):
        up = LINE * (len(arrow.label) - number) - 2
        yield f'<text class="way" x="{_n(x)}" y="{_n(y - up)}">{_safe(text)}</text>'


def _box(box: Box) -> Iterator[str]:
    fill = _FILLS.get(box.kind, "#f7f7f7")
    yield f'<path class="box" fill="{fill}" d="{_outline(box)}"/>'
    if box.kind in (lb.WRITE, lb.FLOW):
        left, right = box.x - BOX / 2 + 5, box.x + BOX / 2 - 5
        bars = f"M{_n(left)} {_n(box.y)}v{_n(box.height)}M{_n(right)} {_n(box.y)}v{_n(box.height)}"
        yield f'<path class="line" d="{bars}"/>'
    y = box.y + PAD + 11
    if box.tag:
        yield f'<text class="tag" x="{_n(box.x)}" y="{_n(y)}">{_safe(box.tag)}</text>'
        y += LINE
    for number, text in enumerate(box.lines):
        head = ' class="head"' if number == 0 else ""
        yield f'<text{head} x="{_n(box.x)}" y="{_n(y)}">{_safe(text)}</text>'
        y += LINE


def _outline(box: Box) -> str:
    """Return the outline of a box by its kind."""
    left, right, top, bottom = box.x - BOX / 2, box.x + BOX / 2, box.y, box.y + box.height
    cut = 14.0
    points = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if box.kind in (lb.MODEL, lb.END):
        r = min(box.height / 2, 22.0)
        return (
            f"M{_n(left + r)} {_n(top)}H{_n(right - r)}A{_n(r)} {_n(r)} 0 0 1 {_n(right)} {_n(top + r)}V{_n(bottom - r)}"
            f"A{_n(r)} {_n(r)} 0 0 1 {_n(right - r)} {_n(bottom)}H{_n(left + r)}A{_n(r)} {_n(r)} 0 0 1 {_n(left)} "
            f"{_n(bottom - r)}V{_n(top + r)}A{_n(r)} {_n(r)} 0 0 1 {_n(left + r)} {_n(top)}z"
        )
    if box.kind in (lb.GATE, lb.CHOICE):
        middle = (top + bottom) / 2
        points = [(left + cut, top), (right - cut, top), (right, middle), (right - cut, bottom), (left + cut, bottom),
                  (left, middle)]  # fmt: skip
    elif box.kind == lb.PERSON:
        points = [(left + cut, top), (right, top), (right - cut, bottom), (left, bottom)]
    elif box.kind == lb.RECORD:
        points = [(left, top), (right - cut, top), (right, top + cut), (right, bottom), (left, bottom)]
    elif box.kind in (lb.LOOP, lb.SIDE, lb.WAIT):
        points = [(left, top), (right, top), (right - cut, bottom), (left + cut, bottom)]
    return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points) + "z"


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _safe(text: str) -> str:
    """Return a text that is nothing but text in XML, in which few control characters may stand."""
    return escape("".join(char if char.isprintable() else " " for char in text))
