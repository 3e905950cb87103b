"""From a way through the flow to a script: what everybody says, so that the flow goes that way.

Owns: that translation. Values come from `prove.example`; the script is tried out by `prove.drive`.
"""

from __future__ import annotations

from typing import Any

from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.prove.drive import Script, Turn
from flowrun.prove.example import Example
from flowrun.prove.paths import Walk
from flowrun.prove.sites import Site
from flowrun.prove.terms import NO, Unknown, thing

Json = Any


def script_of(walk: Walk, example: Example, site: Site | None) -> Script:
    """Return the script of an example. `site`: the call that it is about. Raises `NoExample`."""
    roots = walk.roots
    script = Script(input=example.whole(roots["input",]), towards="" if site is None else site.path)
    flows = [walk.compiled.plan.flow, *walk.compiled.plan.flows.values()]
    verbs = {step.id: step for flow in flows for step in steps_in(flow.steps)}
    for key, unknown in roots.items():
        kind, path = key[0], key[-1]
        if kind in ("answer", "event"):
            step = verbs.get(path.rpartition("/")[2])
            if (
                step is not None
                and step.on_error == "continue"
                and example.state.things.get(thing(path, "succeeds")) is False
            ):
                script.fails.add(path)
            script.answers[path] = example.whole(unknown)
        elif kind == "handed":
            by_person = thing(path, "handed off") if ("out", path) in roots else thing(path, "a person")
            if example.so(by_person):
                script.handed[path] = example.whole(unknown)
                script.fails.add(path)
        elif kind == "out":
            script.outputs[path] = example.whole(unknown)
            done = thing(path, "done")
            step = verbs.get(path.rpartition("/")[2])
            gone = done in example.state.things and not example.so(done)
            if gone and isinstance(step, m.CallStep) and (site is None or site.path != path):
                script.fails.add(path)
    _facts(walk, example, script)
    for each in walk.sites:
        if each.edited != NO and example.so(each.edited):
            changed = example.value(each.args)
            script.edits[each.path] = changed if isinstance(changed, dict) else {}
    for prompt in walk.prompts:
        script.turns[prompt.path] = _turns(walk, example, prompt.path, site)
    return script


def _facts(walk: Walk, example: Example, script: Script) -> None:
    for name, found in walk.judgements.items():
        script.facts[name] = {
            key: example.whole(unknown)
            for key, unknown in found.facts.items()
            if isinstance(unknown, Unknown) and example.about(unknown)
        }


def _turns(walk: Walk, example: Example, path: str, site: Site | None) -> list[Turn]:
    """Return the turns of a model in a step: first what was made before, each in a turn of its own, then the call."""
    if site is None or not site.by_model or site.path != path:
        return before(walk, example, path, "!last")
    return [*before(walk, example, path, f"{site.name}<"), [_proposed(walk, example, site.name)]]


def before(walk: Walk, example: Example, path: str, part: str) -> list[Turn]:
    """Return the calls that a model made in a step, of those whose name has a part, the earliest first."""
    names = [
        name
        for name, proposal in walk.proposals.items()
        if proposal.path == path and part in name and example.so(thing(name, "done"))
    ]
    return [[_proposed(walk, example, name)] for name in sorted(names, key=lambda name: -name.count("<"))]


def _proposed(walk: Walk, example: Example, name: str) -> tuple[str, dict[str, Json], str]:
    return walk.proposals[name].tool, arguments(walk, example, name), name


def arguments(walk: Walk, example: Example, name: str) -> dict[str, Json]:
    """Return what a model proposes."""
    found = example.value(walk.proposals[name].args)
    return found if isinstance(found, dict) else {}
