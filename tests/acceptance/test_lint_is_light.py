"""`flowrun lint` of one file stays light: nothing that runs a flow is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import flowrun.flows

FLOW = Path(flowrun.flows.__file__).parent / "support_to_ticket" / "support_to_ticket.flow.yaml"
HEAVY = {"openai", "instructor", "pydantic", "asyncio", "sqlite3", "sklearn", "temporalio", "rich", "jsonschema"}
PROGRAM = """
import sys
from flowrun.cli.main import main
code = main(["lint", sys.argv[1]])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""


def test_lint_loads_no_model_no_store_and_no_event_loop(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(FLOW)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(done.stderr.split()) & HEAVY == set()
