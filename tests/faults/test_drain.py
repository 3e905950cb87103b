"""SIGTERM and Ctrl-C: what runs is finished and stored, nothing new is begun, and any process may go on at once."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from flowrun.cli.signals import GRACE
from tests.contracts.models_server import Server, completion, send
from tests.faults.place import CONFIG, FLOW, Place

HELD = '(HERE / "began").touch()\nwhile not (HERE / "go").exists():\n    time.sleep(0.01)'
HANGS = '(HERE / "began").touch()\nwhile not (HERE / "go").exists():\n    threading.Event().wait(0.05)'
LONGEST = 30.0


def until(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a file is there; a process that ends before is told."""
    end = time.monotonic() + LONGEST
    while not path.exists():
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"{path.name} never came: {process.communicate()}")
        time.sleep(0.01)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=LONGEST)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def told_to_end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    """Send a signal and wait until the process has taken it."""
    process.send_signal(number)
    assert process.stderr is not None
    while "Ending" not in process.stderr.readline():
        assert process.poll() is None


def begun(place: Place) -> subprocess.Popen[str]:
    process = place.start("run", "pay", "--input", str(place.input()), "--json")
    until(place.folder / "began", process)
    return process


def goes_on(place: Place) -> None:
    """The one run is free at once, and a resume completes it with every effect once."""
    (row,) = json.loads(place.call("runs", "--json").stdout)
    assert (row["outcome"], row["claimed"]) == (None, False)
    (place.folder / "go").touch()
    done = place.call("resume", "--due", "--json")
    assert done.returncode == 0, done
    (result,) = json.loads(done.stdout)
    assert (result["run"], result["outcome"]) == (row["run"], "completed")
    assert place.effects() == {"pay": 1, "thank": 1}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_write_that_runs_is_finished_and_nothing_new_is_begun(tmp_path: Path, number: int, code: int) -> None:
    place = Place(tmp_path / "w", pay=HELD)
    process = begun(place)
    told_to_end(process, number)
    (place.folder / "go").touch()
    returned, out, err = ended(process)
    assert (returned, out) == (code, "")
    assert "error[FR6001]" in err and "help: flowrun resume " in err
    assert (place.effects(), place.asked()) == ({"pay": 1}, {"balance": 1, "pay": 1})
    goes_on(place)
    assert place.asked() == {"balance": 1, "pay": 1, "thank": 1}


def test_between_two_calls_the_next_one_is_not_begun(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", balance=HELD)
    process = begun(place)
    told_to_end(process)
    (place.folder / "go").touch()
    returned, _, err = ended(process)
    assert returned == 143 and "flowrun resume" in err
    assert place.asked() == {"balance": 1}
    goes_on(place)
    assert place.asked()["balance"] == 1  # what is finished is not done again


def test_a_call_that_waits_for_its_next_attempt_is_not_waited_for(tmp_path: Path) -> None:
    place = Place(
        tmp_path / "w",
        pay='os.kill(os.getpid(), 15)\nfrom flowrun import NotDone\nraise NotDone("later", retryable=True)',
    )
    returned, _, _ = ended(place.start("run", "pay", "--input", str(place.input())))
    assert (returned, place.asked()["pay"], place.effects()) == (143, 1, {})


def test_the_second_signal_ends_at_once_and_the_write_is_in_doubt(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", pay=HANGS)
    process = begun(place)
    told_to_end(process)
    process.terminate()
    returned, _, err = ended(process)
    (row,) = json.loads(place.call("runs", "--json").stdout)
    assert returned == 143 and "error[FR6001]: Ended at once, at the second signal; the run" in err
    assert f"help: flowrun resume {row['run']} --workspace" in err
    goes_on(place)
    assert place.asked()["pay"] == 2  # in doubt, and its `once` says that a repeat is harmless


@pytest.mark.slow
def test_what_hangs_is_given_up_within_ten_seconds(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", pay=HANGS)
    process = begun(place)
    start = time.monotonic()
    process.terminate()
    returned, _, err = ended(process)
    assert "error[FR6001]: Gave up: what was running had not ended within 10 seconds; the run" in err
    assert returned == 143 and GRACE <= time.monotonic() - start < 12
    goes_on(place)


def test_of_many_inputs_the_rest_is_not_begun(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", pay=HELD)
    inputs = place.folder / "many.jsonl"
    inputs.write_text("".join(json.dumps({"id": f"i-{n}", "who": "ana"}) + "\n" for n in range(6)))
    process = place.start("run", "pay", "--inputs", str(inputs), "--at-once", "2")
    until(place.folder / "began", process)
    told_to_end(process)
    (place.folder / "go").touch()
    returned, out, err = ended(process)
    assert returned == 143 and out.count("stopped") >= 1
    assert "inputs are not finished" in err and "give the same inputs again" in err
    assert place.effects()["thank"] == 0
    assert place.call("resume", "--due").returncode == 0
    again = place.call("run", "pay", "--inputs", str(inputs))
    assert again.returncode == 0 and "6 completed" in again.stdout
    assert place.effects() == {"pay": 6, "thank": 6}


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.mark.loopback
def test_a_model_call_that_runs_is_finished_and_not_paid_twice(tmp_path: Path, server: Server) -> None:
    flow = FLOW.replace("  - {id: first", '  - {id: say, ask: "Say hello."}\n  - {id: first')
    model = f"provider: compatible, model: m, base_url: {server.url}, price: {{input: 0 USD, output: 0 USD}}"
    place = Place(tmp_path / "w", flow=flow, config=f"{CONFIG}models: {{m: {{{model}}}}}\n")
    asked, go = threading.Event(), threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        go.wait(LONGEST)
        send(handler, 200, completion("Hello."))

    server.replies += [slow, completion("Hello again.")]
    process = place.start("run", "pay", "--input", str(place.input()), FLOWRUN_NO_MODELS="")
    assert asked.wait(LONGEST)
    told_to_end(process)
    go.set()
    returned, out, err = ended(process)
    assert returned == 143, (out, err)
    assert place.effects() == {}
    goes_on(place)
    assert len(server.requests) == 1
