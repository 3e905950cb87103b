"""For any random run each argument of each proposed write has one origin, and it is the right one where that is known."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.app.origins import origin_words, origins_of
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Decided
from flowrun.insight.origins import flat, pointer
from flowrun.insight.places import locate
from flowrun.plan.model import AskStep, CallStep
from tests.property.plans import plans
from tests.property.simulation import Simulation


@settings(max_examples=200)
@given(plans(), st.integers(0, 2**32))
def test_every_argument_of_every_write_has_its_origin(compiled: CompiledPlan, seed: int) -> None:
    run = Simulation(compiled, seed)
    run.run()
    events = [run.started, *run.events]
    found = origins_of(compiled.plan, events)
    wanted = {
        (number, v.path): v
        for number, event in enumerate(events)
        if isinstance(event, Decided) and "/@again" not in event.path
        for v in event.verdicts
        if v.effect == "write"
    }
    assert found.keys() == wanted.keys()
    for place, verdict in wanted.items():
        flow, step = locate(compiled.plan, verdict.path)
        assert isinstance(step, AskStep | CallStep)
        assert isinstance(step, AskStep) or step.tool == verdict.tool
        bound = {name for rule in flow.rules if verdict.tool in rule.tools for name in rule.bind}
        origins = found[place]
        assert origins.keys() == {pointer(path) for path, _ in flat(verdict.args)}
        for path, _ in flat(verdict.args):
            origin = origins[pointer(path)]
            assert origin_words(origin)
            if path[0] in bound:
                assert origin.kind == "bound"
            elif verdict.edited_by and origin.kind == "person":
                assert origin.by
            elif isinstance(step, CallStep):
                assert origin.kind == "constant"  # the random plans' calls take literals
            else:
                assert origin.kind in ("model", "person", "result", "input")
