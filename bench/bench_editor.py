"""What an editor waits for: findings of a flow of 120 lines after a key, and what is offered at a place of it.

Run: python -m bench editor. By the clock and by the CPU, since the clock also counts what else the machine does.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flowrun.app.editing import Editing
from flowrun.app.init import create
from flowrun.editor.complete import complete

ROUNDS = 40
FINDINGS_AIM, OFFERS_AIM = 50.0, 20.0


def main() -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        create(root, "refund_request")
        file = root / "flows/refund_request/refund_request.flow.yaml"
        text = file.read_text(encoding="utf-8")
        editing = Editing([root])
        editing.put(file, text)
        schema = editing.schema(file)
        assert schema is not None
        known = editing.known(file)
        broken = text.replace("steps.wish.confidence < 0.6", "steps.wish.", 1)
        offset = broken.index("steps.wish. ") + len("steps.wish.") if "steps.wish. " in broken else len(broken)

        def findings(number: int) -> None:
            editing.put(file, f"{text}\n# {number}\n")
            editing.findings(file)

        def offers(number: int) -> None:
            complete(f"{broken}\n# {number}\n", offset, "flow", known, schema)

        print(f"ms, median of {ROUNDS} (CPU): a flow of {text.count(chr(10))} lines, policy and examples beside it")
        for name, work, aim in (("findings", findings, FINDINGS_AIM), ("offers", offers, OFFERS_AIM)):
            clock, cpu = timed(work)
            met = "met" if clock <= aim else "MISSED"
            print(f"{name:10} {clock:7.1f} ({cpu:.1f})  aim {aim:.0f} {met}")


def timed(work: Callable[[int], None]) -> tuple[float, float]:
    """Return the medians of the clock and of the CPU, in milliseconds."""
    work(-1)
    clock, cpu = [], []
    for number in range(ROUNDS):
        began, used = time.perf_counter(), time.process_time()
        work(number)
        clock.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    return statistics.median(clock), statistics.median(cpu)
