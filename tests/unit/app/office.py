"""An office for tests of people's part: real use cases over a real journal, a tool that counts, and a model that proposes.

Owns: `Office`. Roles: `lead` (eva, lou; an hour, then finance), `finance` (tom, fay; two hours), `both` (eva, tom).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowrun.app.halt import FileHalts
from flowrun.app.live import LiveFile
from flowrun.app.runs import App
from flowrun.app.workspace import Workspace, load_workspace
from flowrun.core.commands import CallModel
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent
from flowrun.plan.compile import plan_bytes
from flowrun.plan.model import Plan, RolePlan, RulePlan, ToolPlan
from flowrun.ports.journal import Journal
from flowrun.ports.models import ModelReply
from flowrun.ports.tools import ToolRequest, ToolResult
from flowrun.runtimes.dispatch import Dispatch
from flowrun.testing.fakes import FakeClock
from tests.property.plans import ARG_N, GOOD, TOOLS, lit, make_plan

PLAIN = "desk.plain"
WORKSPACE = """\
roles:
  lead: {members: [eva, lou], within: 1h, then: finance}
  finance: {members: [tom, fay], within: 2h}
  both: {members: [eva, tom]}
"""
ROLES = {
    "lead": RolePlan(members=["eva", "lou"], within=3600.0, then="finance"),
    "finance": RolePlan(members=["tom", "fay"], within=7200.0),
    "both": RolePlan(members=["eva", "tom"]),
}
START = "2026-03-02T09:00:00.000000Z"


def asks(*approver: str, over: int = 1, tool: str = PLAIN) -> RulePlan:
    """Return a rule by which a call with a larger `n` needs a yes of each of these."""
    return RulePlan(
        id="ask",
        source="p@1",
        tools=[tool],
        reason="It is large.",
        approve_when=["cmp", ">", ARG_N, lit(over)],
        approver=list(approver),
    )


class CountingTools:
    """Every tool of the plan; `made` are the arguments of the writes that were really made."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.read = 0

    def contracts(self) -> Mapping[str, ToolPlan]:
        return TOOLS

    async def invoke(self, request: ToolRequest) -> ToolResult:
        if TOOLS[request.tool].effect == "write":
            self.made.append(request.args)
        else:
            self.read += 1
        return ToolResult(output={"id": f"T-{len(self.made)}"})

    async def aclose(self) -> None:
        return None


class ProposingModel:
    """Proposes calls in its first turn and answers in the next; `told` is what it heard of them."""

    def __init__(self, calls: list[tuple[str, dict[str, Any]]]) -> None:
        self.calls = calls
        self.told: list[Any] = []

    async def complete(self, request: CallModel) -> ModelReply:
        results = [message["result"] for message in request.messages if message["role"] == "tool"]
        if not results and self.calls:
            return ModelReply(mode="tools", proposals=list(self.calls))
        self.told = results
        return ModelReply(mode="tools", answer=GOOD, answered=True)

    async def aclose(self) -> None:
        return None


class Office:
    """One store with its people. `restart` is what another process would see."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        steps: list[Any],
        rules: list[RulePlan],
        *,
        calls: list[tuple[str, dict[str, Any]]] | None = None,
        config: str = "",
        **more: Any,
    ) -> None:
        """`config`: more lines of `flowrun.yaml`."""
        self.file = folder / "flowrun.yaml"
        self.file.write_text(WORKSPACE + config)
        self.ws: Workspace = load_workspace(folder, "sqlite:///unused.db")
        self.journal = journal
        self.clock = FakeClock(START)
        self.tools = CountingTools()
        self.model = ProposingModel(calls or [])
        base = make_plan(steps, rules=rules, **more).plan
        plan = Plan(**{**{name: getattr(base, name) for name in base.__struct_fields__}, "roles": ROLES})
        self.compiled = CompiledPlan(plan, "digest")
        journal.put_plan("digest", plan_bytes(plan))
        self.app: App
        self.restart()

    def restart(self) -> None:
        """Begin anew with nothing but the store, as after a crash."""
        self.app = self.other()

    def other(self) -> App:
        """Return the use cases as another process has them."""
        sources = {name.split(".")[0]: self.tools for name in TOOLS}
        live = LiveFile(self.ws)
        dispatch = Dispatch(
            journal=self.journal,
            models=self.model,
            tools=sources,
            clock=self.clock,
            fixed_halts=FileHalts(self.ws, live),
            forbids=live.forbids,
        )
        return App(self.ws, self.journal, dispatch, "office")

    async def submit(self, *, by: str = "sam", mode: str = "live", key: str | None = None) -> str:
        """Submit a run; return its id."""
        return (await self.app.submit_compiled(self.compiled, {}, by=by, mode=mode, key=key)).run

    def events(self, run: str) -> list[AnyEvent]:
        """Return what happened in a run."""
        return [stored.event for stored in self.journal.events(run)]
