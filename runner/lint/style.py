"""Few findings about style: what works, and misleads the people who come after.

Owns: them. What cannot work is everybody else's part.
"""

from __future__ import annotations

from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.scope import World
from flowrun.words import t

SUFFIX = ".flow.yaml"


def check_style(world: World, out: Findings) -> None:
    """Note what misleads in a flow."""
    _file_name(world.flow, out)
    for step in world.every:
        if isinstance(step, spec.AskPerson):
            _form(world, step, out)


def _file_name(flow: spec.Flow, out: Findings) -> None:
    """Flows are found by the names of their files: by tests, by other flows and on the command line."""
    name = flow.file.replace("\\", "/").rpartition("/")[2]
    stem = name.removesuffix(SUFFIX)
    if name.endswith(SUFFIX) and stem != flow.flow:
        out.add(
            "flow-file-name",
            t(
                "The flow is called {flow} and its file {file}, so it is not found by its name.",
                flow=flow.flow,
                file=name,
            ),
            spec.place_of(flow, "flow"),
            help=t("Name the file {right}, or the flow {stem}.", right=f"{flow.flow}{SUFFIX}", stem=stem),
        )


def _form(world: World, step: spec.AskPerson, out: Findings) -> None:
    """The form shows each field with its title or description; without one people see the bare name."""
    schema = world.schema_of(step.answer) or {}
    fields = schema.get("properties", {})
    bare = [
        name
        for name, field in fields.items()
        if isinstance(field, dict) and not field.keys() & {"title", "description"}
    ]
    if bare and len(fields) > 1:  # the one field of a form is what the question asks for
        out.add(
            "undescribed-field",
            t(
                "People fill this form in, and nothing tells them what {names} means.",
                names=", ".join(f"`{n}`" for n in bare),
            ),
            spec.place_of(step, "answer"),
            help=t("Add a `description` to each in the schema of the answer, in the words of those who fill it in."),
        )
