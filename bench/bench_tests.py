"""How long 200 tests of a bundled flow take: in one process and in two, beside an empty pytest run of 200.

Run: python -m bench tests. All of it in the same rounds, each from a cold start of the whole program.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import flowrun.flows

ROUNDS = 5
TESTS = 200
AIM = 5.0
FLOW = "refund_request"


def main() -> None:
    """Measure and print one table."""
    with tempfile.TemporaryDirectory(prefix="flowrun-bench-") as name:
        tests, empty = Path(name) / "tests", Path(name) / "empty"
        write_tests(tests)
        empty.mkdir()
        (empty / "test_empty.py").write_text(
            f"import pytest\n\n\n@pytest.mark.parametrize('n', range({TESTS}))\ndef test(n: int) -> None:\n    pass\n",
            encoding="utf-8",
        )
        commands = {
            "flowrun test -j 1": ["-m", "flowrun", "test", str(tests), "-j", "1"],
            "flowrun test -j 2": ["-m", "flowrun", "test", str(tests), "-j", "2"],
            "flowrun test": ["-m", "flowrun", "test", str(tests)],
            "pytest, 200 empty": ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(empty)],
        }
        found: dict[str, list[float]] = {what: [] for what in commands}
        for _ in range(ROUNDS):
            for what, words in commands.items():
                found[what].append(seconds(words))
    print(f"seconds for {TESTS} tests of {FLOW} from a cold start, median of {ROUNDS} rounds (min-max)")
    for what, times in found.items():
        middle = statistics.median(times)
        aim = f"aim {AIM:g} {'met' if middle <= AIM else 'MISSED'}" if what == "flowrun test" else ""
        print(f"{what:20} {middle:6.2f} ({min(times):.2f}-{max(times):.2f}) {aim}".rstrip())


def write_tests(folder: Path) -> None:
    """Write a folder with the flow and as many tests as are measured: its own ones, again and again."""
    source = Path(flowrun.flows.__file__).parent / FLOW
    inner = folder / "tests"
    inner.mkdir(parents=True)
    for file in [*source.glob("*.flow.yaml"), *source.glob("*.examples.yaml")]:
        (folder / file.name).write_bytes(file.read_bytes())
    policy = (source / f"{FLOW}.policy.yaml").read_text(encoding="utf-8")
    (folder / f"{FLOW}.policy.yaml").write_text(policy.partition("\ntests:")[0], encoding="utf-8")
    whole = sorted(source.glob("tests/*.test.yaml"))
    tests = [file for file in whole if "\ntests:" not in file.read_text(encoding="utf-8")]
    for number in range(TESTS):
        test = tests[number % len(tests)]
        (inner / f"{number:03}_{test.name}").write_bytes(test.read_bytes())


def seconds(words: list[str]) -> float:
    """Return the wall time of one process that must end with 0."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    if f"{TESTS} passed" not in done.stdout:
        raise SystemExit(f"not {TESTS} tests: {done.stdout[-300:]}")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
