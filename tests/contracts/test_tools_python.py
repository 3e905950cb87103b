"""Python functions as tools: what their hints promise, and what becomes of their errors."""

from __future__ import annotations

import dataclasses
import enum
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field

from flowrun.adapters.tools.python import NotDone, PythonTools, tool
from flowrun.adapters.tools.python_module import load_module_tools
from flowrun.errors import AdapterError, ConfigError
from flowrun.plan.model import ToolPlan
from flowrun.ports.tools import ToolRequest, ToolResult


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


class Customer(TypedDict):
    customer_id: str
    plan: Literal["free", "pro"]


class Line(BaseModel):
    text: str
    amount: float


@dataclasses.dataclass
class Receipt:
    number: int
    lines: list[Line]


@tool(effect="read")
def lookup(email: Annotated[str, Field(json_schema_extra={"x-pii": "email"})]) -> Customer | None:
    """Find a customer by e-mail address.

    More text that no model needs.
    """
    return {"customer_id": "C-1", "plan": "pro"} if email == "ana@example.com" else None


@tool(effect="write", once={"argument": "key"}, title="Write a receipt", within=5.0)
async def receipt(lines: list[Line], on: date, key: str, level: Level = Level.LOW) -> Receipt:
    assert isinstance(on, date) and key == "k-1" and isinstance(level, Level)
    return Receipt(number=len(lines), lines=lines)


def request(name: str, args: dict[str, Any] | None = None, timeout: float = 5.0) -> ToolRequest:
    return ToolRequest(tool=f"shop.{name}", args=args or {}, key="k-1", run="r-1", timeout=timeout)


def shop(*functions: Any, **more: Any) -> PythonTools:
    return PythonTools("shop", functions, **more)


def contract(function: Any) -> ToolPlan:
    return next(iter(shop(function).contracts().values()))


async def error_of(function: Any, args: dict[str, Any] | None = None, timeout: float = 5.0) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await shop(function).invoke(request(function.__name__, args, timeout))
    return caught.value


# What the hints promise


def test_the_hints_make_a_closed_input_schema() -> None:
    made = contract(lookup)
    assert (made.name, made.title, made.effect) == (
        "shop.lookup",
        "Find a customer by e-mail address.",
        "read",
    )
    assert made.input == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"email": {"type": "string", "x-pii": "email"}},
        "required": ["email"],
        "additionalProperties": False,
    }


def test_the_key_is_hidden_from_the_input() -> None:
    made = contract(receipt)
    assert sorted(made.input["properties"]) == ["level", "lines", "on"]
    assert made.input["required"] == ["lines", "on"]
    assert (made.once, made.title, made.within) == ({"argument": "key"}, "Write a receipt", 5.0)


@pytest.mark.parametrize("function", [lookup, receipt])
def test_schemas_are_valid_and_closed_everywhere(function: Any) -> None:
    made = contract(function)
    for schema in (made.input, made.output):
        jsonschema_rs.meta.validate(schema)
        objects = [schema, *schema.get("$defs", {}).values()]
        assert all(each.get("additionalProperties") is False for each in objects if "properties" in each)


def test_a_nullable_return_is_a_nullable_output() -> None:
    check = jsonschema_rs.validator_for(contract(lookup).output)
    assert check.is_valid(None)
    assert check.is_valid({"customer_id": "C-1", "plan": "free"})
    assert not check.is_valid({"customer_id": "C-1", "plan": "gold"})


class Page(TypedDict, total=False):
    items: list[Customer]
    next: Annotated[str | None, Field(description="Where to go on.")]


def test_typed_dicts_may_be_nested_and_partial() -> None:
    @tool(effect="read")
    def pages(by: dict[str, Page]) -> tuple[Page, ...]:
        return tuple(by.values())

    check = jsonschema_rs.validator_for(contract(pages).input)
    assert check.is_valid({"by": {"a": {"items": [{"customer_id": "C-1", "plan": "free"}]}, "b": {}}})
    assert not check.is_valid({"by": {"a": {"items": [{"customer_id": "C-1"}]}}})


@pytest.mark.parametrize(
    "make",
    [
        lambda: tool(effect="maybe"),  # type: ignore[arg-type]
        lambda: tool(effect="write", once={"header": "X"}),
        lambda: tool(effect="write", once={"argument": "a", "natural": ["b"]}),
        lambda: tool(effect="read", within=0),
        lambda: shop(lambda: None),
        lambda: shop(lookup, lookup),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(make: Any) -> None:
    with pytest.raises(ConfigError):
        make()


def test_hints_that_are_missing_are_refused_with_their_place() -> None:
    @tool(effect="read")
    def bare(x) -> str:  # type: ignore[no-untyped-def]
        return str(x)

    @tool(effect="read")
    def many(*x: str) -> str:
        return ""

    @tool(effect="write", once={"argument": "token"})
    def keyless(x: str) -> str:
        return x

    @tool(effect="write", once={"natural": ["y"]})
    def unnatural(x: str) -> str:
        return x

    @tool(effect="write", once={"confirm_with": "nothing"})
    def unconfirmed(x: str) -> str:
        return x

    for function in (bare, many, keyless):
        with pytest.raises(ConfigError, match=r"test_tools_python\.py:\d+"):
            contract(function)
    for function in (unnatural, unconfirmed):
        with pytest.raises(ConfigError, match=r"once|confirmed"):
            contract(function)


def test_importing_the_decorator_loads_no_pydantic() -> None:
    code = "import sys, flowrun.adapters.tools.python; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# Calls


async def test_arguments_arrive_as_their_types_and_results_leave_as_json() -> None:
    args = {"lines": [{"text": "Pro", "amount": 49.0}], "on": "2026-03-02", "level": "high"}
    result = await shop(receipt).invoke(request("receipt", args))
    assert result == ToolResult(output={"number": 1, "lines": [{"text": "Pro", "amount": 49.0}]})


async def test_a_sync_function_does_not_hold_the_loop() -> None:
    @tool(effect="read")
    def where() -> str:
        return threading.current_thread().name

    assert (await shop(where).invoke(request("where"))).output != threading.current_thread().name


async def test_an_argument_may_be_called_as_a_method_of_the_model() -> None:
    @tool(effect="read")
    def odd(json: str, copy: int = 2) -> str:
        return json * copy

    assert (await shop(odd).invoke(request("odd", {"json": "a"}))).output == "aa"


async def test_injected_arguments_are_seen_by_nobody() -> None:
    @tool(effect="read")
    def greet(name: str, client: object) -> str:
        return f"{client} {name}"

    tools = shop(greet, inject={"client": "hello"})
    assert list(tools.contracts()["shop.greet"].input["properties"]) == ["name"]
    assert (await tools.invoke(request("greet", {"name": "Ana"}))).output == "hello Ana"


@pytest.mark.parametrize("args", [{}, {"email": 3}, {"email": "a", "more": 1}])
async def test_wrong_arguments_surely_do_nothing(args: dict[str, Any]) -> None:
    error = await error_of(lookup, args)
    assert (error.code, error.in_doubt, error.retryable) == ("FR4007", False, False)


# Errors


@pytest.mark.parametrize("effect", ["read", "write"])
async def test_only_an_unexplained_error_of_a_write_is_in_doubt(effect: Any) -> None:
    @tool(effect=effect)
    def breaks() -> None:
        raise ValueError("x" * 5000)

    error = await error_of(breaks)
    assert (error.code, error.in_doubt, error.retryable) == ("FR4002", effect == "write", False)
    assert error.message.startswith("shop.breaks failed: ValueError: xxx") and len(error.message) < 300


@pytest.mark.parametrize("retryable", [True, False])
async def test_not_done_is_believed(retryable: bool) -> None:
    @tool(effect="write")
    def refuses() -> None:
        raise NotDone("closed on Sundays", retryable=retryable)

    error = await error_of(refuses)
    assert (error.in_doubt, error.retryable) == (False, retryable)


async def test_an_adapter_error_passes_through_as_it_is() -> None:
    mine = AdapterError("busy", code="FR4013", retryable=True, retry_after=3.0)

    @tool(effect="write")
    async def busy() -> None:
        raise mine

    assert await error_of(busy) is mine


@pytest.mark.parametrize("effect", ["read", "write"])
async def test_a_passed_deadline_can_be_repeated_for_reads_and_leaves_writes_in_doubt(effect: Any) -> None:
    import asyncio

    @tool(effect=effect)
    async def hangs() -> None:
        await asyncio.Event().wait()

    error = await error_of(hangs, timeout=0)
    assert (error.code, error.retryable, error.in_doubt) == ("FR4004", effect == "read", effect == "write")


@pytest.mark.parametrize("effect", ["read", "write"])
async def test_a_result_that_is_not_json_is_an_error(effect: Any) -> None:
    @tool(effect=effect)
    def odd() -> Any:
        return object()

    error = await error_of(odd)
    assert (error.code, error.in_doubt) == ("FR4003", effect == "write")


async def test_an_unknown_tool_is_an_error() -> None:
    with pytest.raises(AdapterError, match="no tool"):
        await shop(lookup).invoke(request("nothing"))


# Files

FILE = '''
from flowrun.adapters.tools.python import tool
__version__ = "{version}"
@tool(effect="read")
def price(item: str) -> float:
    """The price of an item."""
    return 4.5
@tool(effect="write", once={{"natural": ["item"]}})
def reserve(item: str) -> bool:
    return True
'''


def written(folder: Path, version: str = "1", more: str = "") -> Path:
    file = folder / "shop.py"
    file.write_text(FILE.format(version=version) + more)
    return file


async def test_a_file_s_marked_functions_are_its_tools(tmp_path: Path) -> None:
    tools = load_module_tools(written(tmp_path))
    assert sorted(tools.contracts()) == ["shop.price", "shop.reserve"]
    assert (await tools.invoke(request("price", {"item": "tea"}))).output == 4.5
    assert sorted(load_module_tools(tmp_path / "shop.py", namespace="a", only=["price"]).contracts()) == ["a.price"]
    await tools.aclose()


def test_a_digest_changes_with_the_source_and_with_the_version(tmp_path: Path) -> None:
    def digest(version: str = "1", more: str = "") -> str:
        return load_module_tools(written(tmp_path, version, more)).contracts()["shop.price"].digest

    assert digest() == digest()
    assert len({digest(), digest("2"), digest(more="# changed\n")}) == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_of_this_name\n", r"shop\.py:1: cannot be imported: ModuleNotFoundError"),
        ("x = 1\ndef f(:\n", r"shop\.py:2: cannot be imported: SyntaxError"),
        ("x = 1\ny = x / 0\n", r"shop\.py:2: cannot be imported: ZeroDivisionError"),
        ("x = 1\n", "no function here is marked"),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "shop.py").write_text(text)
    with pytest.raises(ConfigError, match=says):
        load_module_tools(tmp_path / "shop.py")


def test_a_missing_file_or_action_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_module_tools(tmp_path / "none.py")
    with pytest.raises(ConfigError, match="no tool refund; there are price, reserve"):
        load_module_tools(written(tmp_path), only=["refund"])
