"""The rules about what a flow means, one after the other over one walk through its steps.

Owns: which rules there are and in which order; each stands in a module of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.lang import spec
from flowrun.lint.approvals import check_approvals
from flowrun.lint.branches import check_branches
from flowrun.lint.carried import check_carried
from flowrun.lint.findings import Findings
from flowrun.lint.heeded import check_heeded
from flowrun.lint.identity import check_identity
from flowrun.lint.people import check_people
from flowrun.lint.prompts import check_prompts
from flowrun.lint.reach import Reach
from flowrun.lint.record_values import check_record_values
from flowrun.lint.scope import World
from flowrun.lint.spending import check_spending
from flowrun.lint.style import check_style
from flowrun.lint.unread import check_unread


def check_meaning(world: World, out: Findings, policies: Sequence[spec.Policy], text: str = "") -> None:
    """Find what a flow says and cannot mean; `policies` are all that hold for it, `text` is its file's."""
    if not world.flow.steps:
        return  # policies are checked by themselves, too
    reach = Reach(world)
    check_spending(world, reach, out, policies)
    check_people(world, reach, out)
    check_branches(reach, out)
    check_approvals(world, reach, out, policies)
    check_heeded(world, reach, out, policies)
    check_unread(reach, out, policies)
    check_identity(world, reach, out, policies)
    check_prompts(world, text, out)
    check_record_values(world, out)
    check_carried(world, out)
    check_style(world, out)
