"""Every figure of `flowrun metrics` is what a plain search through all events finds.

The journals are those of random runs (`plans`, `simulation`). The search looks at rows of all runs at once and keeps no
state between them, so that it shares nothing with the fold but the meaning of a figure.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.app.metrics import report
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, RunStarted
from flowrun.insight.metrics import BY, Figures, Metrics, Rate, Times
from flowrun.insight.spread import ERROR, EXACT, Spread
from flowrun.journal.encoding import as_dict
from flowrun.ports.journal import Append
from flowrun.values.moments import parse_moment
from tests.property.pictures import START
from tests.property.plans import plans
from tests.property.simulation import Simulation

Row = dict[str, Any]
PEOPLE = ("budget.raised", "run.cancel_asked")
ENDS_OF_CALLS = ("call.returned", "call.failed", "call.in_doubt")


def rate(found: Sequence[Any], among: Sequence[Any]) -> Rate:
    return Rate(value=len(found) / len(among) if among else None, n=len(among))


def times(values: list[float]) -> Times:
    values = sorted(values)
    at = [values[math.ceil(len(values) * share) - 1] if values else None for share in (0.5, 0.9)]
    return Times(median=at[0], p90=at[1], n=len(values))


def seconds(start: str, end: str) -> float:
    first, last = parse_moment(start), parse_moment(end)
    assert first is not None and last is not None
    return (last - first).total_seconds()


def base(path: str) -> str:
    return re.sub(r"~\d+$", "", path)


class Search:
    """Answers by looking at all rows again and again."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows

    def of(self, *types: str, run: str | None = None) -> list[Row]:
        return [r for r in self.rows if r["type"] in types and run in (None, r["run"])]

    def models(self, run: str) -> str:
        return ", ".join(sorted({r["model"] for r in self.of("model.replied", run=run)}))

    def answers(self) -> list[tuple[Row, int]]:
        """Return each answer of a model with its number in its turn: replies that were checked by a schema."""
        found = []
        for reply in self.of("model.replied"):
            turn, _, repair = base(reply["path"]).partition("/repair-")
            number = int(repair or 0) + 1
            same = [r for r in self.rows if r["run"] == reply["run"]]
            taken = any(r["type"] == "call.decided" and r["path"] == turn for r in same) and not repair
            bad = any(r["type"] == "answer.invalid" and r["path"] == f"{turn}/@invalid-{number}" for r in same)
            if bad or repair or (reply.get("answered") and not taken):
                found.append(({**reply, "turn": turn, "bad": bad}, number))
        return found

    def figures(self, model: str | None) -> Figures:
        """Return the figures; of `model`'s group alone where it is given."""
        mine = {r["run"] for r in self.of("run.started") if model in (None, self.models(r["run"]))}
        rows = Search([r for r in self.rows if r["run"] in mine])
        every = self.answers()
        answers = [(a, n) for a, n in every if model in (None, a["model"])]
        failed = [(a, n) for a, n in answers if a["bad"]]
        first_failed = [a for a, n in failed if n == 1]
        mended = [
            a for a in first_failed
            if any(b["run"] == a["run"] and b["turn"] == a["turn"] and not b["bad"] for b, n in every if n > 1)
        ]  # fmt: skip
        bad_records = [r for r in rows.of("answer.invalid") if "/@invalid-" not in r["path"]]
        made = [r for r in rows.of("record.written") if "/@answer-" not in r["path"]]
        ended = rows.of("run.finished")
        settled = [(a, b) for a in rows.of("person.asked") for b in rows.of("person.answered", run=a["run"])]
        settled = [(a, b) for a, b in settled if a["path"] == b["path"]]
        proposed = {(r["run"], v["path"]) for r in rows.of("call.decided") for v in r["verdicts"]}
        denied = {
            (r["run"], v["path"]) for r in rows.of("call.decided") for v in r["verdicts"] if v["verdict"] == "deny"
        } | {(r["run"], base(r["path"])) for r in rows.of("call.refused")}
        finals = [r for r in rows.of("record.written") if r.get("final")]
        cost = sum(rows.cost(r) for r in rows.of("model.started"))
        firsts = [first for run in mine if (first := rows.first_action(run)) is not None]
        return Figures(
            runs=len(mine),
            ended=len(ended),
            erased=0,
            schema_failure_rate=rate([*failed, *bad_records], [*answers, *bad_records, *made]),
            repair_rate=rate(mended, first_failed),
            tool_error_rate=rate(rows.of(*ENDS_OF_CALLS[1:]), rows.of(*ENDS_OF_CALLS)),
            denied_rate=rate(list(denied), list(proposed)),
            time_to_first_action_seconds=times(firsts),
            hand_off_rate=rate(
                list({r["run"] for r in rows.of("person.asked") if r["kind"] == "hand_off"}), list(mine)
            ),
            approval_wait_seconds=times(
                [
                    seconds(a["at"], b["at"])
                    for a, b in settled
                    if a["kind"] == "approval" and b["action"] in ("approve", "reject")
                ]
            ),
            automation_rate=rate([r for r in ended if rows.alone(r)], ended),
            in_doubt_rate=rate([r for r in ended if r["outcome"] == "in_doubt"], ended),
            late_rate=rate([b for _, b in settled if b["action"] == "late"], settled),
            cost_per_record=Rate(value=cost / 1_000_000 / len(finals) if finals else None, n=len(finals)),
            resolution_rate=Rate(value=None, n=0),
            conversion_rate=Rate(value=None, n=0),
        )

    def cost(self, start: Row) -> int:
        ends = [r for r in self.of("model.replied", "model.failed", run=start["run"]) if r["path"] == start["path"]]
        return int(ends[0].get("cost", 0) if ends else start.get("reserved", 0))

    def alone(self, end: Row) -> bool:
        asked = [r for r in self.of("person.asked", run=end["run"]) if set(r["to"]) != {"customer"}]
        return end["outcome"] in ("completed", "rejected") and not asked and not self.of(*PEOPLE, run=end["run"])

    def first_action(self, run: str) -> float | None:
        writes = {base(r["path"]) for r in self.of("call.intended", run=run)}
        done = [
            r["at"]
            for r in self.of("call.returned", run=run)
            if (base(r["path"]) in writes)
            or (re.sub(r"/@confirm-\d+$", "", base(r["path"])) in writes and r.get("output") is not None)
        ]
        start = self.of("run.started", run=run)[0]["at"]
        return seconds(start, min(done)) if done else None


def close_to(found: Figures, wanted: Figures) -> None:
    """Compare all figures; floats may differ in the last digits."""
    flat = [
        (name, msgspec.to_builtins(getattr(each, name))) for each in (found, wanted) for name in each.__struct_fields__
    ]
    half = len(flat) // 2
    for (name, one), (_, two) in zip(flat[:half], flat[half:], strict=True):
        assert one == pytest.approx(two, abs=1e-6), name


def runs_of(compiled: CompiledPlan, seed: int, count: int) -> list[list[AnyEvent]]:
    """Return the events of several runs of one plan; flows, versions and modes take turns."""
    found: list[list[AnyEvent]] = []
    for number in range(count):
        run = Simulation(compiled, seed + number)
        run.run()
        start = msgspec.structs.replace(
            run.started,
            run=f"r{number}",
            key=f"k{number}",
            flow=f"f{(seed + number) % 2}",
            version=1 + number % 2,
            mode=("live", "supervised", "live", "shadow")[(seed + number) % 4],
        )
        # A run that was looked at half-way has its figures, too.
        cut = len(run.events) if number % 3 else (seed % (len(run.events) + 1))
        found.append([start, *run.events[:cut]])
    return found


def rows_of(runs: Sequence[Sequence[AnyEvent]]) -> list[Row]:
    rows = []
    for events in runs:
        start = events[0]
        assert isinstance(start, RunStarted)
        rows += [{**as_dict(event), "run": start.run} for event in events]
    return rows


@settings(max_examples=120)
@given(plans(), st.integers(0, 2**32))
def test_figures_are_what_a_search_through_all_events_finds(compiled: CompiledPlan, seed: int) -> None:
    check_figures(compiled, seed)


@pytest.mark.long
@settings(max_examples=2000)
@given(plans(), st.integers(0, 2**32))
def test_figures_are_what_a_search_through_all_events_finds_at_length(compiled: CompiledPlan, seed: int) -> None:
    check_figures(compiled, seed)


def check_figures(compiled: CompiledPlan, seed: int) -> None:
    """Compare the figures of five runs, and of each group of them, with those of the search."""
    runs = runs_of(compiled, seed, 5)
    metrics = Metrics(["flow", "model"])
    for events in runs:
        metrics.add(events)
    rows = rows_of(runs)
    close_to(metrics.total(), Search(rows).figures(None))
    for group in metrics.groups():
        assert group.version is None
        mine = {r["run"] for r in rows if r["type"] == "run.started" and r["flow"] == group.flow}
        close_to(group.figures, Search([r for r in rows if r["run"] in mine]).figures(group.model))


@settings(max_examples=40)
@given(plans(), st.integers(0, 2**32), st.sets(st.sampled_from(BY)))
def test_groups_add_up_to_the_whole(compiled: CompiledPlan, seed: int, by: set[str]) -> None:
    metrics = Metrics(by)
    for events in runs_of(compiled, seed, 6):
        metrics.add(events)
    total, groups = metrics.total(), metrics.groups()
    if not by:
        assert groups == []
        return
    assert total.runs == sum(group.figures.runs for group in groups)
    for name in total.__struct_fields__:
        figure = getattr(total, name)
        if isinstance(figure, Rate | Times):
            assert figure.n == sum(getattr(group.figures, name).n for group in groups), name


@settings(max_examples=25)
@given(plans(), st.integers(0, 2**32))
def test_a_store_gives_the_figures_of_its_runs_that_really_act(compiled: CompiledPlan, seed: int) -> None:
    runs = runs_of(compiled, seed, 5)
    journal = MemoryJournal()
    for events in runs:
        start = events[0]
        assert isinstance(start, RunStarted)
        claim = journal.open_run(start, owner="me").claim
        assert claim is not None
        for event in events[1:]:
            plain = msgspec.structs.replace(event, reserve=[], approvals=[]) if hasattr(event, "reserve") else event
            assert journal.commit([Append(run=start.run, epoch=claim.epoch, events=[plain])])[0].ok
    real = [r for r in runs if r[0].mode != "shadow"]  # type: ignore[union-attr]
    found = report(journal, now=START)
    assert found.left_out == len(runs) - len(real)
    close_to(found.total, Search(rows_of(real)).figures(None))


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=60), st.floats(0.01, 1))
def test_few_durations_have_exact_quantiles(values: list[float], share: float) -> None:
    spread = Spread()
    for value in values:
        spread.add(value)
    assert spread.quantile(share) == sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


@settings(max_examples=20)
@given(st.lists(st.floats(1e-5, 1e7), min_size=1, max_size=40), st.floats(0.01, 1), st.integers(0, 2**32))
def test_many_durations_have_quantiles_within_half_a_percent(values: list[float], share: float, seed: int) -> None:
    dice = random.Random(seed)
    many = [value * dice.uniform(0.5, 2) for value in values for _ in range(EXACT // len(values) + 2)]
    spread = Spread()
    for value in many:
        spread.add(value)
    wanted = sorted(many)[math.ceil(share * len(many)) - 1]
    found = spread.quantile(share)
    assert found is not None and abs(found - wanted) <= ERROR * wanted * 1.0001
