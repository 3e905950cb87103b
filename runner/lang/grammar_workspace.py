"""The workspace file, `flowrun.yaml`.

Owns: its shape and its defaults. Which models, tools and channels really exist is found out elsewhere.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.lang.kinds import NAME, ROLE, Anything, Choice, Duration, Money, Number, Text, Value, Word
from flowrun.lang.reading import Reader, short
from flowrun.lang.shapes import Items, Key, Named, Read, Shape
from flowrun.lang.spec import Budget
from flowrun.lang.spec_files import Halt, ModelSpec, Price, RoleSpec, TriggerSpec, WorkspaceFile
from flowrun.words import mark, t

KINDS = ("webhook", "schedule", "mail", "folder", "event")
_TEXTS = Items(Text(), lone=True)
_OPTIONS = ("temperature", "seed", "timeout", "api_version", "threshold")


def _price(cx: Reader, read: Read) -> Any:
    (ingoing, currency), (outgoing, other) = read.get("input"), read.get("output")
    if currency != other:
        return cx.say(
            "bad-money",
            t("Both prices are in one currency."),
            read.at["output"],
            help=t("Write {currency}.", currency=currency),
        )
    return Price(
        input=ingoing, output=outgoing, currency=currency, dated=read.get("dated"), span=read.at.get("dated", read.span)
    )


_PRICE = Shape(
    mark("`price`"),
    (
        Key("input", Money(), "For a million tokens that are read.", required=True),
        Key("output", Money(), "For a million tokens that are written.", required=True),
        Key("dated", Word(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day", "2026-03-02", "bad-moment"), "The day of the price."),
    ),
    _price,
)


def _model(cx: Reader, read: Read) -> ModelSpec:
    return ModelSpec(
        name="",
        provider=read.get("provider"),
        model=read.get("model", ""),
        base_url=read.get("base_url"),
        key=read.get("key"),
        price=read.get("price"),
        capabilities=read.get("capabilities"),
        max_output_tokens=read.get("max_output_tokens"),
        context_tokens=read.get("context_tokens"),
        options={key: read.values[key] for key in _OPTIONS if key in read.values},
        span=read.span,
    )


_CAPABILITIES = (
    "json_schema", "json_object", "json_object_schema", "tools", "tool_choice_required", "tool_choice_named",
    "parallel_tools", "usage",
)  # fmt: skip
_MODEL = Shape(
    mark("a model"),
    (
        Key("provider", NAME, "openai, azure, gemini, examples and the like.", required=True),
        Key("model", Text(), "The provider's name of the model."),
        Key("base_url", Value(form="text"), "The address; may hold ${{ env.NAME }}."),
        Key("key", Value(form="text"), "Where the key is: ${{ env.NAME }} or ${{ secret.NAME }}."),
        Key("price", _PRICE, "What it costs; without it a `cost` limit cannot be kept."),
        Key("capabilities", Items(Choice(_CAPABILITIES)), "What the server can do."),
        Key("max_output_tokens", Number(1), "Longest reply."),
        Key("context_tokens", Number(1), "How much the model can read."),
        *(Key(name, Anything(), "An option of the provider.") for name in _OPTIONS),
    ),
    _model,
)

_ROLE = Shape(
    mark("a role"),
    (
        Key("members", Items(Text()), "Who has the role.", required=True),
        Key("within", Duration(), "Until when they answer."),
        Key("then", ROLE, "The role that is asked next; without it a late answer counts as no."),
    ),
    lambda cx, read: RoleSpec(
        members=read.get("members"),
        within=read.get("within"),
        then=read.get("then"),
        span=read.span,
        places=read.places,
    ),
)


def _trigger(cx: Reader, read: Read) -> Any:
    kinds = [kind for kind in KINDS if kind in read.values]
    if len(kinds) != 1:
        return cx.say(
            "missing-key" if not kinds else "several-verbs",
            t("A trigger has exactly one of {kinds}.", kinds=", ".join(KINDS)),
            short(read.span),
            help=t("Make a trigger of its own of each."),
        )
    return TriggerSpec(
        kind=kinds[0],
        source=read.get(kinds[0]),
        flow=read.get("flow"),
        with_=read.get("with"),
        options=read.get("options", {}),
        span=read.span,
    )


_SOURCES = {
    "webhook": "Its name in the address: /hooks/NAME.",
    "schedule": "When, like `0 7 * * 1-5`.",
    "mail": "The mail channel.",
    "folder": "The folder that is watched.",
    "event": "The event, NAME@N.",
}
_TRIGGER = Shape(
    mark("a trigger"),
    (
        *(Key(kind, Text(), about) for kind, about in _SOURCES.items()),
        Key("flow", NAME, "The flow that it starts.", required=True),
        Key("with", Value(form="map"), "The flow's input; it may read `event`."),
        Key("options", Anything(map_only=True), "What the channel needs besides."),
    ),
    _trigger,
)

_HALT = Shape(
    mark("`halt`"),
    (
        Key("tools", _TEXTS, "Tools that nothing may call now."),
        Key("flows", _TEXTS, "Flows that nothing may run now."),
        Key("subjects", _TEXTS, "Subjects that nothing may touch now."),
    ),
    lambda cx, read: Halt(**read.values, places=read.places),
)


def _limits(cx: Reader, read: Read) -> tuple[dict[str, float], Budget]:
    cost, currency = read.get("cost", (None, "USD"))
    ceiling = Budget(
        cost=cost,
        currency=currency,
        **read.pick("tokens", "model_calls", "tool_calls", "writes", "within"),
        span=read.span,
        at=read.at,
    )
    return {name: read.values[name] for name in ("turns", "at_once") if name in read.values}, ceiling


_LIMITS = Shape(
    mark("`limits`"),
    (
        Key("tokens", Number(), "How many tokens the models of one run may read and write together."),
        Key("cost", Money(), "What the models of one run may cost, like 0.10 USD."),
        Key("model_calls", Number(), "How often models may be asked in one run."),
        Key("tool_calls", Number(), "How many calls of tools one run may make."),
        Key("writes", Number(), "How many of them may write."),
        Key("within", Duration(), "How long one run may work; waiting does not count."),
        Key("turns", Number(1), "How many turns an `ask` may take."),
        Key("at_once", Number(1), "How many items of a `for_each` are done side by side."),
    ),
    _limits,
)

_MARK = Shape(
    mark("privacy of a mark"),
    (Key("to_model", Choice(("allow", "token", "deny")), "What a model sees of such fields.", required=True),),
    lambda cx, read: read.get("to_model"),
)


def _workspace(cx: Reader, read: Read) -> WorkspaceFile:
    models = {name: msgspec.structs.replace(model, name=name) for name, model in read.get("models", {}).items()}
    limits, ceiling = read.get("limits", ({}, None))
    return WorkspaceFile(
        models=models,
        tools=read.get("tools", ()),
        policies=read.get("policies", ()),
        roles=read.get("roles", {}),
        channels=read.get("channels", {}),
        triggers=read.get("triggers", ()),
        time_zone=read.get("time_zone", "UTC"),
        store=read.get("store"),
        limits=limits,
        ceiling=ceiling,
        modes=read.get("modes", {}),
        tables=read.get("tables", {}),
        privacy=read.get("privacy", {}),
        egress=read.get("egress"),
        halt=read.get("halt", Halt()),
        language=read.get("language", "en"),
        file=cx.source.file,
        span=read.span,
        at=read.at,
        places=read.places,
    )


WORKSPACE = Shape(
    mark("the workspace"),
    (
        Key("models", Named(_MODEL, NAME), "The models, the first one being the usual one."),
        Key("tools", Items(Text()), "Tool files, as paths or patterns."),
        Key("policies", Items(Text()), "Policy files that hold for all flows, as paths or patterns."),
        Key("roles", Named(_ROLE, NAME), "Who may approve and answer."),
        Key("channels", Named(Anything(map_only=True), NAME), "How people and customers are reached."),
        Key("triggers", Items(_TRIGGER), "What starts flows."),
        Key("time_zone", Text(), "The zone of days and times, like Europe/Berlin; UTC unless given."),
        Key("store", Text(), "Where runs are kept: sqlite:///… or postgresql://…"),
        Key("limits", _LIMITS, "What no run may pass, whatever its flow's budget says, and how much is done at once."),
        Key("modes", Named(Choice(("shadow", "supervised", "live"))), "The highest mode of each flow."),
        Key("tables", Named(Anything(), NAME), "Values that flows and policies look up."),
        Key("privacy", Named(_MARK), "What models see of marked fields."),
        Key("egress", Items(Text()), "Hosts that may be reached; absent: those of tools and models."),
        Key("halt", _HALT, "What nothing may touch now."),
        Key("language", Text(), "The language of pages and messages."),
    ),
    _workspace,
)
