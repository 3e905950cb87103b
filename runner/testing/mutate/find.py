"""The defects that a flow and a policy can have.

Owns: where in the file each is put. Their order is that of the file.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from flowrun.lang.document import Map, Node, Scalar, Seq
from flowrun.testing.mutate.defects import CONDITIONS, Defect, defect, named, of_condition, of_limit
from flowrun.testing.mutate.tree import entries, get, instead, items, without_entry, without_item

ENDS = {"completed": "rejected", "rejected": "completed", "failed": "rejected"}
ON_ERROR = {"hand_off": "continue", "continue": "hand_off", "fail": "continue"}


def of_flow(file: str, whole: str, tree: Node) -> Iterator[Defect]:
    """Yield the defects of a flow."""
    for name, rule in entries(get(tree, "tools")):
        yield from _rule_words(file, whole, rule, name.text)
    yield from _steps(file, whole, get(tree, "steps"))


def of_policy(file: str, whole: str, tree: Node) -> Iterator[Defect]:
    """Yield the defects of a policy. Its tests are left as they are."""
    rules = items(get(tree, "rules"))
    for rule in rules:
        if len(rules) > 1:
            yield defect("rule", named(rule), file, whole, without_item(whole, rule))
        yield from _rule_words(file, whole, rule, named(rule), alone=True)


def _rule_words(file: str, whole: str, rule: Node, what: str, *, alone: bool = False) -> Iterator[Defect]:
    """Yield the defects of the words of a rule. `alone`: it is a rule of a policy, which needs one of them."""
    several = sum(key.text in (*CONDITIONS, "at_most", "needs_before") for key, _ in entries(rule)) > 1
    for key, value in entries(rule):
        if key.text in CONDITIONS:
            yield from of_condition(file, whole, key.text, value, what)
            if key.text == "approve_when":
                yield defect("approval", what, file, whole, instead(value, "false"))
        elif key.text == "at_most":
            yield from of_limit(file, whole, value, what)
            if several or not alone:
                yield defect("no_limit", what, file, whole, without_entry(whole, key, value))
        elif key.text == "bind":
            bound = list(entries(value))
            for name, node in bound:
                cut = without_entry(whole, name, node) if len(bound) > 1 else without_entry(whole, key, value)
                yield defect("bind", f"{what}.{name.text}", file, whole, cut)
        elif key.text == "needs_before" and (several or not alone):
            yield defect("needs", what, file, whole, without_entry(whole, key, value))
        elif key.text == "approver" and isinstance(value, Seq) and len(value.items) > 1:
            for role in value.items:
                yield defect("approver", what, file, whole, without_item(whole, role))


def _steps(file: str, whole: str, steps: Node | None) -> Iterator[Defect]:
    listed = items(steps) if isinstance(steps, Seq) else ()
    for step in listed:
        if not isinstance(step, Map):
            continue
        what = named(step)
        if len(listed) > 1 and step.get("set") is None:
            yield defect("step", what, file, whole, without_item(whole, step))
        for key, value in step.entries:
            if key.text in CONDITIONS:
                yield from of_condition(file, whole, key.text, value, what)
            elif key.text == "on_error" and isinstance(value, Scalar) and value.text in ON_ERROR:
                yield defect("on_error", what, file, whole, instead(value, ON_ERROR[value.text]))
                if value.text != "fail":
                    yield defect("on_error", what, file, whole, instead(value, "fail"))
            elif key.text == "stop" and isinstance(value, Scalar) and value.text in ENDS:
                yield defect("end", what, file, whole, instead(value, ENDS[value.text]))
        yield from _branches(file, whole, step, what)
        yield from _steps(file, whole, step.get("steps"))
        for _, inner in entries(step.get("parallel")):
            yield from _steps(file, whole, inner)


def _branches(file: str, whole: str, step: Map, what: str) -> Iterator[Defect]:
    branches = items(step.get("choose"))
    for branch in branches:
        when = get(branch, "when")
        if when is not None:
            yield from of_condition(file, whole, "when", when, what)
        if when is not None and len(branches) > 1:
            yield defect("branch", what, file, whole, without_item(whole, branch))
        yield from _steps(file, whole, _inner(branch))
    # Of a branch and `otherwise`, a condition that is turned round does the same.
    conditions = [when for when in (get(branch, "when") for branch in branches) if isinstance(when, Scalar)]
    for one, two in itertools.pairwise(conditions):
        if "folded" not in (one.style, two.style) and "literal" not in (one.style, two.style):
            cuts = (instead(one, whole[two.start : two.end]), instead(two, whole[one.start : one.end]))
            yield defect("branches", what, file, whole, *cuts)


def _inner(branch: Node) -> Node | None:
    found = get(branch, "steps")
    return get(branch, "otherwise") if found is None else found
