"""Marks that are lost on the way: personal data and secrets that reach a record, an argument or a screen without their mark.

Owns: these findings. How values move through steps is `taint`'s part; what a mark does is `privacy`'s. What a model repeats
of what it has read is no value that moves: there only the schema of its answer can carry the mark.
"""

from __future__ import annotations

from typing import Any

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.marked import kinds_at, texts_in
from flowrun.lint.scope import World
from flowrun.lint.taint import Origins, Path, Reading, Source, Way, follow
from flowrun.plan import marks
from flowrun.privacy.marks import SECRET
from flowrun.words import t

Schema = dict[str, Any]


class Marked(str):
    """The way of a marked value: its name, and the kind of its mark."""

    kind: str

    def __new__(cls, name: str, kind: str) -> Marked:
        found = super().__new__(cls, name)
        found.kind = kind
        return found

    @property
    def mark(self) -> str:
        """The mark as it is written."""
        return "x-secret: true" if self.kind == SECRET else f"x-pii: {self.kind}"


def check_carried(world: World, out: Findings) -> None:
    """Find marks that are lost on the way through a flow."""
    sources = [world.schema_of(world.flow.input)]
    sources += [tool.output for name in world.flow.tools if (tool := world.tool(name)) is not None]
    if any(source and kinds_at(source) for source in sources):
        follow(world, _Check(world, out).step, MARKS)


def _of_schema(label: str, schema: Schema | None, *, free_text: bool) -> Source:
    def at(path: Path) -> Way:
        if not schema:
            return None
        # A filter such as `first` leaves no trace in the path, which `under` knows.
        found = kinds_at(schema, path) or {
            kind for leaf, _, _ in marks.under(schema, path) for kind in kinds_at(schema, leaf)
        }
        if not found:
            return None
        shown = ".".join([label, *(part for part in path if part != marks.ITEM)])
        return Marked(shown, SECRET if SECRET in found else min(found))

    return at


def _of_answer(step: spec.Ask | spec.AskPerson, here: Reading) -> Source:
    schema = None if step.answer is None else here.world.schema_of(step.answer)
    return _of_schema(f"steps.{step.id}", schema, free_text=False)


MARKS = Origins(schema=_of_schema, answer=_of_answer, person=_of_answer, subject=False)
"""Where marks come from: only what a schema says counts."""


class _Check:
    def __init__(self, world: World, out: Findings) -> None:
        self.world = world
        self.out = out
        self.told: set[tuple[Span, str]] = set()

    def step(self, step: spec.Step, here: Reading) -> None:
        match step:
            case spec.Record():
                what = t("the record {schema}", schema=step.record)
                self.sink(self.world.schema_of(step.record), step.with_, what, spec.place_of(step, "record"), here)
            case spec.Call():
                schema = self.arguments(step.call)
                if step.with_ is not None:
                    self.sink(schema, step.with_, step.call, spec.place_of(step, "call"), here)
                self.bound(step.call, here)
            case spec.Ask():
                for name in step.tools:
                    self.bound(name, here)
                self.repeated(step, here)
            case spec.AskPerson():
                self.shown(step, here)

    def arguments(self, name: str) -> Schema | None:
        """Return what a tool or flow takes, where it marks anything: one that knows no marks cannot carry them."""
        if name.startswith("flows."):
            found = self.world.catalogue.flows.get(name.removeprefix("flows."))
            return None if found is None else self.world.schema_of(found.flow.input)
        tool = self.world.tool(name)
        return tool.input if tool is not None and kinds_at(tool.input) else None

    def bound(self, name: str, here: Reading) -> None:
        rule = self.world.flow.tools.get(name)
        schema = self.arguments(name) if rule is not None and rule.bind else None
        if rule is None or schema is None:
            return
        for argument, template in rule.bind.items():
            for path, leaf, _ in marks.under(schema, (argument,)):
                way = here.way(template.node, path[1:])
                if not marks.is_choice(leaf) and isinstance(way, Marked):
                    self.lost(way, schema, path, name, template.span)

    def sink(self, schema: Schema | None, template: spec.Template, what: str, at: Span, here: Reading) -> None:
        """Look at each field that a value is written into."""
        if not schema or not template.exprs:
            return
        for path, _ in texts_in(schema):
            way = None if SECRET in kinds_at(schema, path) else here.way(template.node, path)
            if isinstance(way, Marked):
                known = (path[:length] for length in range(len(path), 0, -1))
                place = next((template.keys[part] for part in known if part in template.keys), at)
                self.lost(way, schema, path, what, place)

    def lost(self, way: Marked, schema: Schema, path: Path, what: str, at: Span) -> None:
        own = kinds_at(schema, path)
        name = ".".join(part for part in path if part != marks.ITEM)
        if (SECRET in own if way.kind == SECRET else own) or (at, name) in self.told:
            return
        self.told.add((at, name))
        self.out.add(
            "mark-lost",
            t("`{name}` of {what} takes {way}, which is marked `{mark}`, and has no such mark itself.", name=name, what=what,
              way=way, mark=way.mark),
            at,
            help=t("Add `{mark}` to `{name}` where its schema stands, or write something else there.", mark=way.mark, name=name),
        )  # fmt: skip

    def repeated(self, step: spec.Ask, here: Reading) -> None:
        """A model that reads a letter may repeat what stands in it."""
        way = here.way(step.ask.node)
        schema = None if step.answer is None else self.world.schema_of(step.answer)
        if not isinstance(way, Marked) or way.kind == SECRET or not schema or step.answer is None:
            return
        free = [path for path, leaf in texts_in(schema) if _is_free(path, leaf) and not kinds_at(schema, path)]
        if free:
            names = ", ".join(f"`{marks.name_of(path)}`" for path in free)
            self.out.add(
                "unmarked-answer",
                t("The model reads {way} (`{mark}`), and {names} of its answer can repeat it without a mark.", way=way,
                  mark=way.mark, names=names),
                spec.place_of(step, "answer"),
                help=t("Add `x-pii: free_text` to {names} in the schema of the answer.", names=names),
            )  # fmt: skip

    def shown(self, step: spec.AskPerson, here: Reading) -> None:
        """Secrets stay hidden from people, too."""
        for expr in (*step.show, *step.ask_person.exprs):
            way = here.way(expr.node)
            if isinstance(way, Marked) and way.kind == SECRET:
                self.out.add(
                    "secret-shown",
                    t("{way} holds a secret, so people read [secret] here.", way=way),
                    expr.span,
                    help=t("Name the other fields one by one, or leave it out: secrets are for tools only."),
                )


def _is_free(path: Path, leaf: Schema) -> bool:
    longest = leaf.get("maxLength")
    return marks.is_free_text(path, leaf) and not (isinstance(longest, int) and longest <= _SHORT)


_SHORT = 200
"""A text of at most this many characters is a heading or a word: a model writes it, and repeats no letter in it."""
