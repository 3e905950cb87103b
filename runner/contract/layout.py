"""Where the boxes of a drawing stand: steps below each other, branches side by side.

Owns: sizes and places, in pixels. A flow is made of steps in order and of blocks, so it needs no search for places: each
block is as wide as its branches together. What a box looks like is `contract.svg`'s part.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from flowrun.contract import labels as lb
from flowrun.contract.model import StepView
from flowrun.words import t

BOX, CHAR, LINE, PAD, GAP, SIDE = 232.0, 6.6, 16.0, 8.0, 34.0, 28.0
WIDTH_IN_CHARS = int((BOX - 2 * PAD) / CHAR)
LABEL_CHARS = 34


@dataclass(frozen=True, slots=True)
class Box:
    """A box at its place: `x` is the middle, `y` the upper edge."""

    kind: str
    tag: str
    lines: tuple[str, ...]
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line through points, with words above `at`; `head`: an arrow's head at its end."""

    points: tuple[tuple[float, float], ...]
    label: tuple[str, ...] = ()
    at: tuple[float, float] = (0.0, 0.0)
    head: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """Boxes and arrows put together; it is entered at (`enter`, 0), and left at (`leave`, `height`) unless None."""

    width: float
    height: float
    enter: float
    leave: float | None
    boxes: tuple[Box, ...] = ()
    arrows: tuple[Arrow, ...] = field(default=())

    def moved(self, dx: float, dy: float) -> Block:
        """Return the same at another place; its sizes stay."""
        return replace(
            self,
            boxes=tuple(replace(box, x=box.x + dx, y=box.y + dy) for box in self.boxes),
            arrows=tuple(
                replace(
                    arrow,
                    points=tuple((x + dx, y + dy) for x, y in arrow.points),
                    at=(arrow.at[0] + dx, arrow.at[1] + dy),
                )
                for arrow in self.arrows
            ),
        )


def box_of(kind: str, lines: Sequence[str], *, tag: str | None = None) -> Block:
    """Return one box as a block."""
    wrapped = tuple(part for line in lines for part in _wrapped(line, WIDTH_IN_CHARS))
    word = lb.tag_of(kind) if tag is None else tag
    height = LINE * (len(wrapped) + bool(word)) + 2 * PAD
    box = Box(kind=kind, tag=word, lines=wrapped, x=BOX / 2, y=0, height=height)
    return Block(width=BOX, height=height, enter=BOX / 2, leave=None if kind == lb.END else BOX / 2, boxes=(box,))


def below(blocks: Sequence[Block]) -> Block:
    """Return blocks one under the other, joined by arrows; what stands under a block that is never left is left out."""
    middle = max((max(block.enter, block.leave or 0.0) for block in blocks), default=0.0)
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    y, width = 0.0, 0.0
    end: tuple[float, float] | None = None
    enter = leave = middle
    for number, block in enumerate(blocks):
        dx = middle - block.enter
        if number and end is not None:
            y += GAP
            arrows.append(Arrow((end, (middle, y))) if end[0] == middle else _bent(end, (middle, y)))
        placed = block.moved(dx, y)
        boxes += placed.boxes
        arrows += placed.arrows
        width = max(width, dx + block.width)
        y += block.height
        if block.leave is None:
            return Block(width, y, enter, None, tuple(boxes), tuple(arrows))
        leave = dx + block.leave
        end = (leave, y)
    return Block(width, y, enter, leave, tuple(boxes), tuple(arrows))


def beside(head: Block, branches: Sequence[tuple[str, Block]]) -> Block:
    """Return a box with branches side by side under it, that come together again below."""
    labels = [tuple(_wrapped(label, LABEL_CHARS)[:4]) for label, _ in branches]
    top = head.height + GAP + LINE * max((len(label) for label in labels), default=1)
    across = sum(block.width for _, block in branches) + SIDE * (len(branches) - 1)
    width = max(across, head.width)
    middle = width / 2
    boxes = list(head.moved(middle - head.enter, 0).boxes)
    arrows: list[Arrow] = []
    bottom = top + max((block.height for _, block in branches), default=0.0) + GAP
    ends: list[tuple[float, float]] = []
    x = (width - across) / 2
    for (_, block), label in zip(branches, labels, strict=True):
        moved = block.moved(x, top)
        boxes += moved.boxes
        arrows += moved.arrows
        into = (x + block.enter, top)
        arrows.append(replace(_bent((middle, head.height), into, high=True), label=label, at=into))
        if block.leave is not None:
            ends.append((x + block.leave, top + block.height))
        x += block.width + SIDE
    arrows += [Arrow((end, (end[0], bottom), (middle, bottom)), head=False) for end in ends]
    height = bottom if ends else bottom - GAP
    return Block(width, height, middle, middle if ends else None, tuple(boxes), tuple(arrows))


def repeated(head: Block, inner: Block, label: str, back: str, done: str) -> Block:
    """Return a box with the steps of a loop under it, a way back to it on the left, and a way on, on the right."""
    words = tuple(_wrapped(label, LABEL_CHARS)[:4])
    top = head.height + GAP + LINE * len(words)
    room = SIDE + CHAR * max(len(back), len(done))
    middle = room + max(head.enter, inner.enter)
    width = max(middle + head.width - head.enter, middle + inner.width - inner.enter) + room
    placed, block = head.moved(middle - head.enter, 0), inner.moved(middle - inner.enter, top)
    bottom = top + inner.height + GAP
    left, right, side = room / 2, width - room / 2, head.height / 2
    arrows = [*block.arrows, Arrow(((middle, head.height), (middle, top)), words, at=(middle, top))]
    if inner.leave is not None:
        end = (middle - inner.enter + inner.leave, top + inner.height)
        way = (end, (end[0], bottom - GAP / 2), (left, bottom - GAP / 2), (left, side), (middle - BOX / 2, side))
        arrows.append(Arrow(way, (back,), at=(left, side)))
    way_on = ((middle + BOX / 2, side), (right, side), (right, bottom), (middle, bottom))
    arrows.append(Arrow(way_on, (done,), at=(right, side), head=False))
    return Block(width, bottom, middle, middle, (*placed.boxes, *block.boxes), tuple(arrows))


def flow_of(steps: Sequence[StepView]) -> Block:
    """Return the drawing of steps."""
    return below([part for step in steps for part in _parts(step)])


def _parts(step: StepView) -> list[Block]:
    kind = lb.kind_of(step)
    box = box_of(kind, lb.lines_of(step))
    if kind in (lb.CHOICE, lb.SIDE):
        return [beside(box, [(branch.label, flow_of(branch.steps)) for branch in step.branches])]
    if kind == lb.LOOP:
        (branch,) = step.branches
        return [repeated(box, flow_of(branch.steps), branch.label, t("next"), t("all done"))]
    gate = [box_of(lb.GATE, step.gates)] if step.gates else []
    if step.kind == "call":
        return [*gate, box]
    if tools := lb.proposed(step):
        return [box, *gate, box_of(lb.WRITE, [tools])]
    return [box]


def _bent(start: tuple[float, float], end: tuple[float, float], *, high: bool = False) -> Arrow:
    """An arrow that goes down, aside and down; `high`: aside at once."""
    half = start[1] + GAP / 3 if high else (start[1] + end[1]) / 2
    return Arrow((start, (start[0], half), (end[0], half), end))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False) or [""]
