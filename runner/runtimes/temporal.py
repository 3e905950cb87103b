"""Runs on Temporal: several machines share the work, and the journal stays the only truth.

Owns: what a worker consists of, and how a run is begun or woken. The workflow is `runtimes.temporal_flow`, its activities
`runtimes.temporal_activities`. Loading this file loads temporalio, so it is imported on use only.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from flowrun.core.events import RunStarted
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.temporal_activities import OWNER, Activities
from flowrun.runtimes.temporal_flow import NEWS, RunFlow

__all__ = ["LEASE", "OWNER", "QUEUE", "make_worker", "wake"]

QUEUE = "flowrun"
LEASE = 100 * 365 * 86_400.0
"""Seconds of a claim held for a workflow, by `OWNER`. Were it to run out, a local runner would act beside Temporal."""
STICKY = timedelta(seconds=5)
GRACE = timedelta(seconds=30)
PURE = (
    *(f"flowrun.{room}" for room in ("core", "errors", "journal", "lang", "plan", "records", "values")),
    "jsonschema_rs",
    "msgspec",
)
"""What the sandbox does not load again for each run: rooms that are kept free of I/O, and two compiled libraries."""


def make_worker(client: Client, dispatch: Dispatch, *, queue: str = QUEUE) -> Worker:
    """Return a worker. Any number may serve one queue; all of them over one store, and each store has its own queue."""
    activities = Activities(dispatch)
    return Worker(
        client,
        task_queue=queue,
        workflows=[RunFlow],
        activities=[activities.load, activities.settle, activities.answer],
        workflow_runner=SandboxedWorkflowRunner(
            restrictions=SandboxRestrictions.default.with_passthrough_modules(*PURE)
        ),
        sticky_queue_schedule_to_start_timeout=STICKY,
        graceful_shutdown_timeout=GRACE,
    )


async def wake(client: Client, started: RunStarted, *, queue: str = QUEUE) -> None:
    """Begin a run, or tell it that an event was committed for it. A run that has ended stays as it is.

    The run must be in the journal, opened by `OWNER` with a lease of `LEASE`.
    """
    try:
        await client.start_workflow(
            RunFlow.run,
            msgspec.to_builtins(started),
            id=f"flowrun-{started.run}",
            task_queue=queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            start_signal=NEWS,
        )
    except WorkflowAlreadyStartedError:
        return
